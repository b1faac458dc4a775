#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds what docs/architecture.md says that a new function, layer and primitive take against the files in which those that are there stand.

Usage: counted_files_test.py SOURCE_ROOT
"""
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1])
ROOMS = ("include", "src", "kernels", "tools", "python/soma")
# Functions whose names mean nothing else anywhere.
FUNCTIONS = ("mish", "hard_swish", "relu6", "softsign", "celu", "thresholded_relu")


def files_with(pattern):
    """The files of the house, but for those that read ONNX, in which the pattern is found."""
    found = set()
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*")):
            if file.is_file() and "onnx" not in file.parts and file.suffix not in (".pyc", ".pyi", ".so"):
                if re.search(pattern, file.read_text(encoding="utf-8", errors="replace")):
                    found.add(file.relative_to(ROOT).as_posix())
    return found


def row(title):
    """Of the table in architecture.md: the cells behind the title."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    line = re.search(rf"^\| {title}[^|]*\|(.*)\|$", text, re.MULTILINE)
    assert line, f"docs/architecture.md has no row {title}"
    return [cell.strip() for cell in line[1].split("|")]


def named(cell):
    return set(re.findall(r"`([^`]+)`", cell))


def main():
    wrong = []
    own, lists, _ = row("a function of one number")
    for function in FUNCTIONS:
        # Some are also known where they are written out as products, which asks for no line of a new one.
        found = files_with(rf"(?i)\b(?:SOMA_)?{function}\b") - {"src/graph/fuse_formula.c"}
        if lists != "none" or found != {"include/" + name for name in named(own)}:
            wrong.append(f"the function {function} stands in {sorted(found)}; the document says {own}, lists: {lists}")
    own, lists, _ = row("a layer made of ops that exist")
    found = files_with(r"\b(?:soma_)?prelu\b")
    code, others = {file for file in found if Path(file).stem == "prelu"}, {Path(file).name for file in found if Path(file).stem != "prelu"}
    if str(len(code)) != own or others != named(lists):
        wrong.append(f"the layer prelu stands in {sorted(found)}; the document says {own}, lists: {lists}")
    own, lists, _ = row("a primitive")
    code = {file.relative_to(ROOT).as_posix() for room in ("src/device", "kernels") for file in (ROOT / room).rglob("mix.c*")}
    found = files_with(r"\bX\(MIX, mix, \d|\bsoma_call_mix\b|'mix(\.cl)?'|\"mix\":")
    found = {file for file in found if not file.startswith("src/graph/")}  # its op has a row of its own
    others = sorted(Path(file).name for file in found - code)
    if not own.startswith(f"{len(code)}:") or others != sorted([*named(lists), "meson.build", "meson.build"]):
        wrong.append(f"the primitive MIX has {sorted(code)} and stands in {sorted(found)}; the document says {own}, lists: {lists}")
    print("\n".join(wrong) if wrong else f"{len(FUNCTIONS)} functions, a layer and a primitive are where the document says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
