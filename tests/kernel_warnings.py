#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every OpenCL kernel of vectors anew and fails if a compiler warns of anything. (Of those without, tools/kernel-report --check does.)

usage: kernel_warnings.py PROGRAM WIDTH[,WIDTH...] [CLANG]

PROGRAM (opencl_programs) has the kernels built on the first OpenCL device, with vectors of WIDTH floats, in empty caches: no build log
may have a warning, and nothing may appear on standard error, where some drivers let their compiler write. With CLANG the same
programs are compiled for the x86-64 processors whose vectors are that wide, which need not be the one that runs this: what a
driver's compiler warns of depends on it. Of several widths it takes one, and another one after each commit.
"""
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
import kernel_programs
from turning import turn

# Widest vectors of floats that the registers hold, and processors that have them.
PROCESSORS = {"4": ["x86-64"], "8": ["x86-64-v3"], "16": ["x86-64-v4"]}


def main(program, width, clang=None):
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        built, complaints = kernel_programs.build_anew(program, width, directory)
        print(f"{len(built)} programs built with a width of {width}")
        for processor in PROCESSORS[width] if clang else []:
            for source, options in built:
                said = kernel_programs.compile_by_clang(clang, processor, directory / "sources" / source, options)
                complaints += [f"for {processor}: {line}" for line in said]
            print(f"and compiled for {processor}")
    if complaints:
        sys.exit("compilers complain:\n" + "\n".join(sorted(set(complaints))))


widths = sys.argv[2].split(",") if 3 <= len(sys.argv) <= 4 else []
if not widths or not set(widths) <= set(PROCESSORS):
    sys.exit(__doc__)
main(sys.argv[1], widths[turn(len(widths))], *sys.argv[3:])
