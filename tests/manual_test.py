#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the manual page against the program: each command, option, exit status and environment variable that the program's
help names must be in the page, and the page must name no command, option or exit status beyond those.

Usage: manual_test.py SOMA soma.1
"""
import re
import subprocess
import sys

program, page = sys.argv[1:3]


def help_of(*words):
    return subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True).stdout


def section(text, title):
    return re.search(rf"^\.SH {title}\n(.*?)(?=^\.SH |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def tags(text):
    """The names set in bold right after each .TP."""
    return set(re.findall(r"^\.TP\n\.B (\S+)$", text, re.MULTILINE))


def documented_options(text):
    """Every --name, but for the placeholder in the explanation of how options are written."""
    names = re.findall(r"\\-\\-([a-z0-9](?:[a-z0-9]|\\-)*)", text)
    return {name.replace("\\-", "-") for name in names} - {"name"}


with open(page, encoding="utf-8") as file:
    manual = file.read()

overview = help_of()
commands = set(re.findall(r"^  ([a-z]+)  +\S", re.search(r"^Commands\n(.*?)\n\n", overview, re.M | re.S)[1], re.M))
options = set()
for command in commands:
    options |= set(re.findall(r"^  (?:-\w, )?--([\w-]+)", help_of(command), re.MULTILINE))

compared = {
    "command": (commands, tags(section(manual, "COMMANDS"))),
    "option": (options, documented_options(section(manual, "OPTIONS"))),
    "exit status": (set(re.findall(r"^ +(\d+)  ", overview, re.MULTILINE)), tags(section(manual, "EXIT STATUS"))),
    "environment variable": (set(re.findall(r"^  ([A-Z_]+) ", overview, re.MULTILINE)),
                             tags(section(manual, "ENVIRONMENT"))),
}
wrong = 0
for kind, (known, documented) in compared.items():
    # The library reads variables that are no business of the program.
    for name in sorted(known - documented if kind == "environment variable" else known ^ documented):
        wrong += 1
        print(f"{kind} {name}: in {'the program' if name in known else 'the manual page'} only")
    print(f"{len(known & documented)} of kind {kind} agree")
sys.exit(1 if wrong or not options else 0)
