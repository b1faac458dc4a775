#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the shared library exports is the checked-in list, no more and no less; the static one defines no foreign name.

Usage: symbols_test.py NM LIST SHARED STATIC [FEATURE ...]

Each line of the list is a symbol, and after it, where it is there in some configurations only, the feature it needs.
"""
import subprocess
import sys

SKIP = 77


def defined(nm, *arguments, weak=True):
    """The defined global symbols, without the version that follows some; weak=False: without weak ones."""
    done = subprocess.run([nm, "--defined-only", *arguments], capture_output=True, text=True, check=True)
    words = (line.split() for line in done.stdout.splitlines())
    return {(parts[2].split("@")[0], "@" in parts[2]) for parts in words if len(parts) == 3 and parts[1] != "A" and (weak or parts[1] not in "WV")}


def main():
    nm, symbols, shared, static, *features = sys.argv[1:]
    if not nm:
        print("skipped: there is no nm")
        return SKIP
    with open(symbols, encoding="utf-8") as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    expected = {line[0] for line in lines if all(feature in features for feature in line[1:])}
    exported = defined(nm, "-D", shared)
    found = {name for name, _ in exported}
    for name in sorted(expected - found):
        print(f"{name} is listed and not exported")
    for name in sorted(found - expected):
        print(f"{name} is exported and not listed")
    unversioned = sorted(name for name, versioned in exported if not versioned)
    if unversioned:
        print("without a version:", *unversioned)
    # Names that a sanitizer or the compiler itself makes belong to the implementation; weak ones give way.
    foreign = sorted(name for name, _ in defined(nm, "-g", static, weak=False) if not name.startswith(("soma_", "_")))
    if foreign:
        print("names of the static library that could collide with a program's:", *foreign)
    print(f"{len(found)} symbols exported, {len(expected)} listed")
    return 1 if expected != found or unversioned or foreign else 0


if __name__ == "__main__":
    sys.exit(main())
