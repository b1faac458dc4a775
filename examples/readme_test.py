#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fails where the C program in README.md is not, to the letter, the one that is built here as readme.c.

Usage: readme_test.py README.md readme.c
"""
import difflib
import re
import sys

readme, source = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
shown = re.findall(r"^```c\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
built = source[source.index("#include") :]  # below its head comment
if built in shown:
    sys.exit(0)
print("".join(difflib.unified_diff(built.splitlines(True), (shown or [""])[0].splitlines(True), *sys.argv[2:0:-1])))
print(f"{len(shown)} C programs in the README, none of them is the one that is built")
sys.exit(1)
