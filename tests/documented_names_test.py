#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the documentation and the program's help against the tables of names in the code: every value that people choose from has its row,
with all of its other names, and there are no rows beyond those.

Usage: documented_names_test.py NAMES-TOOL SOMA DOCS-DIRECTORY     (tests/names_tool.c, the program)
"""
import re
import subprocess
import sys
from pathlib import Path

tool, program, docs = sys.argv[1:4]

# Where a table of names is: file, heading, the option whose help lists the names. "default" and "none" may be left out of a table.
PLACES = {
    "loss": ("training.md", "Losses", "loss"),
    "metric": ("training.md", "Metrics", "metric"),
    "optimizer": ("training.md", "Optimizers", "optimizer"),
    "schedule": ("training.md", "Learning rate", "schedule"),
    "initializer": ("networks.md", "Initial weights", None),
}
ABOUT_OTHERS = {"default", "none"}


def names_of_code():
    tables = {}
    for line in subprocess.run([tool], capture_output=True, text=True, check=True).stdout.splitlines():
        title, name, words = line.split("\t")
        tables.setdefault(title, {})[name] = set(words.split())
    return tables


def names_of_docs(file, heading):
    """Of the table under the heading, whose last column is for the other names: {name: other names}."""
    text = (Path(docs) / file).read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert re.split(r"(?<!\\)\|", lines[0])[-2].strip() == "other names", f"{file}, {heading}: {lines[0]}"
    rows = {}
    for line in lines[2:]:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        name = re.fullmatch(r"`(\w+)(?:\(\w+\))?`", cells[0])
        assert name, f"{file}, {heading}: {cells[0]} is no name"
        rows[name[1]] = set(re.findall(r"`([^`]+)`", cells[-1]))
    return rows


def names_of_help(option):
    """Of the list at the end of the option's help: "name (other, other), name, ..."."""
    text = subprocess.run([program, "train", "--help"], capture_output=True, text=True, check=True).stdout
    entry = re.search(rf"^  (?:-\w, )?--{option}=\w+(.*?)(?=^  -|^\S|\Z)", text, re.MULTILINE | re.DOTALL)[1]
    listed = " ".join(entry.split()).split(": ")[-1]
    listed = re.sub(r" \(default \w+\)$", "", listed)
    rows = {}
    for name, words in re.findall(r"(\w+)(?: \(([^)]*)\))?(?:, |$)", listed):
        rows[name] = set(words.split(", ")) - {""}
    return rows


def main():
    wrong = 0
    for title, expected in names_of_code().items():
        file, heading, option = PLACES[title]
        sources = {f"{file}, {heading}": names_of_docs(file, heading)}
        if option:
            sources[f"soma train --help, --{option}"] = names_of_help(option)
        for source, found in sources.items():
            for name in sorted(expected.keys() | found.keys()):
                if name in ABOUT_OTHERS and name not in found or (title == "loss" and name == "none" and option):
                    continue
                if found.get(name) != expected.get(name):
                    wrong += 1
                    print(f"{source}: {name}: the code has {expected.get(name)}, this {found.get(name)}")
        print(f"{title}: {len(expected)} names")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
