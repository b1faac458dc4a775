#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that tools/check-families can fail: the names of the source tree's files, with one missing, or one too many.

Usage: check_families_test.py CHECK_FAMILIES SOURCE_ROOT
"""
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT, SOURCE = sys.argv[1], Path(sys.argv[2])
FILES = [file.relative_to(SOURCE) for pattern in ("src/**/*.c", "kernels/*.cl", "tests/test_*.c") for file in SOURCE.glob(pattern)]

# title -> (file to take away, file to put in, what the one offence says)
TREES = {
    "the tree as it is": (None, None, None),
    "a member of the reference is missing": ("src/device/reference/reduce.c", None, "misses this member"),
    "a kernel is missing": ("kernels/softmax.cl", None, "misses this member"),
    "a folder's only file of a family is missing": ("src/device/cpu/gemm/gemm.c", None, "misses this member"),
    "a rule of the graph is missing": ("src/graph/ops/transpose.c", None, "misses this member"),
    "a test is missing": ("tests/test_prelu.c", None, "misses this member"),
    "a test more": (None, "tests/test_softmax.c", "has no row for this room"),
    "a member more": (None, "src/nn/layers/transpose.c", "has no row for this room"),
    "a new family without a row": (None, "src/graph/ops/unknown.c", "belongs to no family"),
    "machinery that is gone": ("src/io/onnx/wire.c", None, "is not there"),
}

failures = 0
for title, (removed, added, words) in TREES.items():
    with tempfile.TemporaryDirectory() as directory:
        for file in [*FILES, *([Path(added)] if added else [])]:
            if file.as_posix() != removed:
                (Path(directory) / file).parent.mkdir(parents=True, exist_ok=True)
                (Path(directory) / file).touch()
        done = subprocess.run([sys.executable, SCRIPT, directory], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    good = done.returncode == (1 if words else 0) and len(lines) == (2 if words else 1)
    if not good or (words and (words not in lines[0] or not lines[0].startswith(removed or added))):
        failures += 1
        print(f"{title}: status {done.returncode}:\n{done.stdout}{done.stderr}")
print(f"{len(TREES)} trees, {failures} wrong answers")
sys.exit(1 if failures else 0)
