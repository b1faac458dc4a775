#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What soma calls of OpenCL is what driver/loader.c hands on, no more and no less: a function that is called and not in the list would
be found missing when a wheel is loaded, by those who have no OpenCL.

Called by Meson: opencl_functions_test.py SOURCE-ROOT"""
import pathlib
import re
import sys

room = pathlib.Path(sys.argv[1], "src/device/opencl")
loader = room / "driver/loader.c"
listed = re.findall(r"^ +(?:CODE|OBJECT)\((?:[\w *]+, )?(cl[A-Z]\w+), \(", loader.read_text(), re.M)
called = set()
for file in sorted(room.rglob("*.[ch]")):
    if file != loader:
        code = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.S)
        called |= set(re.findall(r"\b(cl[A-Z]\w+)\b(?=\()", code))
problems = [f"{name} is called, but not in the list of driver/loader.c" for name in sorted(called - set(listed))]
problems += [f"{name} is in the list of driver/loader.c, but nobody calls it" for name in sorted(set(listed) - called)]
if sorted(set(listed)) != listed or len(called) < 20:
    problems.append("the list of driver/loader.c is not in order, or the calls were not found")
print("\n".join(problems) or f"{len(listed)} functions of OpenCL")
sys.exit(bool(problems))
