#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program on oclgrind, an OpenCL device that watches every access, and fails if it reports anything.

usage: simulate_opencl.py OCLGRIND WIDTH PROGRAM [ARGUMENT...]

WIDTH is the number of floats in the kernels' vectors: 1, 4, 8 or 16.
"""
import os
import subprocess
import sys
import tempfile

OPTIONS = ["--data-races", "--uninitialized", "--check-api", "--max-errors", "20"]


def main(oclgrind, width, program, *arguments):
    environment = dict(os.environ)
    environment["SOMA_OPENCL_WIDTH"] = width
    environment["SOMA_OPENCL_GEMM"] = "soma"
    environment["SOMA_OPENCL_PROBE"] = "off"  # another process would write its reports into the same log
    # The simulator does not know the "freeze" instruction, which the compiler writes where it optimises.
    environment["SOMA_OPENCL_BUILD_OPTIONS"] = "-cl-opt-disable -DSIMULATED"
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "log")
        status = subprocess.call([oclgrind, *OPTIONS, "--log", log, program, *arguments], env=environment)
        with open(log, encoding="utf-8", errors="replace") as file:
            reports = file.read().strip()
    if status == 77:
        return 77
    if reports:
        print(f"oclgrind reports:\n{reports[:10000]}")
    return 1 if status or reports else 0


if len(sys.argv) < 4:
    sys.exit(__doc__)
sys.exit(main(*sys.argv[1:]))
