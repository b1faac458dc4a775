#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each public header compiles alone, as C11 and as C++17, without a warning.

Usage: headers_test.py INCLUDE-DIRECTORY WITH-OPENCL MPI-FLAGS C-COMPILER C++-COMPILER-OR-EMPTY    (compilers as one argument each)
"""
import subprocess
import sys
from pathlib import Path

WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror"]


def main():
    include, with_opencl, mpi, *compilers = sys.argv[1:]
    mpi = mpi.split()
    languages = [("c", "-std=c11"), ("c++", "-std=c++17")]
    failures = count = 0
    for header in sorted(Path(include, "soma").glob("*.h")):
        if header.name == "opencl.h" and with_opencl != "true":
            print("soma/opencl.h is left out: there are no OpenCL headers")
            continue
        if header.name == "mpi.h" and not mpi:
            print("soma/mpi.h is left out: there is no MPI")
            continue
        for compiler, (language, standard) in zip(compilers, languages):
            if not compiler:
                continue
            # Twice, since a header that is included twice must not mind.
            source = f"#include <soma/{header.name}>\n" * 2 + "int main(void) { return 0; }\n"
            command = compiler.split() + [standard, *WARNINGS, f"-I{include}", *(mpi if header.name == "mpi.h" else []), "-fsyntax-only", "-x", language, "-"]
            done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
            count += 1
            if done.returncode != 0 or done.stderr:
                failures += 1
                print(f"soma/{header.name} as {language}:\n{done.stderr}")
    print(f"{count} compilations, {failures} failed")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
