#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds examples/README.md against the directory: each example has one row, each row an example, and says how it is called as the example
does itself.

Usage: examples_index_test.py EXAMPLES-DIRECTORY
"""
import re
import sys
from pathlib import Path

NO_EXAMPLES = {"README.md", "meson.build", "readme_test.py", "model.h", "picture.h", "sentence.h", "sound.h"}


def main():
    directory = Path(sys.argv[1])
    wrong = []
    text = (directory / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[([^\]]+)\]\(([^)]+)\) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    there = {entry.name for entry in directory.iterdir()} - NO_EXAMPLES - {"python"}
    there |= {f"python/{entry.name}" for entry in (directory / "python").glob("*.py")}
    listed = [link for _, link, _, _ in rows]
    wrong += [f"{name}: in the directory only" for name in sorted(there - set(listed))]
    wrong += [f"{name}: in README.md only" for name in sorted(set(listed) - there)]
    wrong += [f"{name}: more than one row" for name in sorted(set(listed)) if listed.count(name) > 1]
    for name, link, _, call in rows:
        if name.rstrip("/") != link:
            wrong.append(f"{name}: its link is {link}")
        if (directory / link).is_file():
            usage = re.search(r"Usage: (.+)", (directory / link).read_text(encoding="utf-8"))
            expected = usage[1].strip() if usage else Path(link).stem
            if f"`{expected}`" != call.strip():
                wrong.append(f"{name}: is called by `{expected}`, README.md says {call.strip()}")
    print("\n".join(wrong) if wrong else f"{len(rows)} examples are listed")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
