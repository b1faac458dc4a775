#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A function that a primitive's row needs, and no file has, is an error of the link: in each room.

A row without anything behind it is added to a copy of the list of primitives. The files whose tables are made from the list are compiled with
that, by the commands of the build, and linked with the library: what the linker then misses, beyond what it misses without the row, must be the
functions of that room, no less and no more.

Usage: left_out_test.py SOURCE_ROOT BUILD_ROOT LIBRARY
"""
import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE, BUILD, LIBRARY = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), Path(sys.argv[3]).resolve()
HEADER = next(path for path in sorted((SOURCE / "include/soma").iterdir()) if "#define SOMA_PRIMITIVE_LIST(X)" in path.read_text())
LAST_ROW = re.compile(r"(#define SOMA_PRIMITIVE_LIST\(X\)(?:[^\n]*\\\n)+[^\n]*)\n")
# file of the table -> what of the row `orphan` it refers to; the planners have the instruction set in their names
ROOMS = {
    "src/device/contract/table.c": {r"soma_contract_orphan"},
    "src/device/reference/reference.c": {r"soma_reference_orphan"},
    "src/device/conformance/suite.c": {r"soma_orphan_cases", r"soma_orphan_speeds"},
    "src/device/cpu/planners.c": {r"soma_cpu_plan_orphan_\w+"},
    "src/device/opencl/device/prepare.c": {r"soma_cl_write_orphan"},
}


def commands():
    """How the build compiles each of its files, the first time where that is several times: (folder, words)."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        file = (Path(entry["directory"]) / entry["file"]).resolve()
        if file.is_relative_to(SOURCE):
            found.setdefault(file.relative_to(SOURCE).as_posix(), (entry["directory"], shlex.split(entry["command"])))
    return found


def run(words, folder):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)


def missed(folder, words, headers, made):
    """The symbols that the linker misses of this file, with `headers` looked at first; None where it does not compile."""
    first = next(i for i, word in enumerate(words) if word.startswith("-"))
    command = words[:first] + [f"-I{headers}"] + words[first:]
    command[command.index("-o") + 1] = str(made)
    for option in "-MF", "-MQ":
        if option in command:
            command[command.index(option) + 1] = f"{made}.d"
    compiled = run(command, folder)
    if compiled.returncode:
        print(f"{shlex.join(command)}:\n{compiled.stdout}{compiled.stderr}")
        return None
    linked = run([*words[:first], "-shared", "-Wl,-z,defs", "-o", f"{made}.so", str(made), str(LIBRARY)], folder)
    return set(re.findall(r"undefined (?:reference to [`']|symbol: )(\w+)", linked.stdout + linked.stderr))


def main():
    text = HEADER.read_text()
    wrong = []
    built, rooms = commands(), 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in ("as it is", text), ("with a row", LAST_ROW.sub(r"\1 X(ORPHAN, orphan, 2, ALWAYS)\n", text)):
            (Path(scratch) / name / "soma").mkdir(parents=True)
            (Path(scratch) / name / "soma" / HEADER.name).write_text(content)
        for file, expected in ROOMS.items():
            if file not in built:
                continue  # a build without OpenCL
            rooms += 1
            before, after = (missed(*built[file], Path(scratch) / name, Path(scratch) / f"{name}.o") for name in ("as it is", "with a row"))
            found = (after or set()) - (before or set())
            if before is None or after is None or len(found) != len(expected) or not all(
                    any(re.fullmatch(pattern, symbol) for symbol in found) for pattern in expected):
                wrong.append(f"{file}: the linker misses {sorted(found)} of a row that has nothing; expected {sorted(expected)}")
    if rooms < len(ROOMS) - 1:
        wrong.append(f"only {rooms} of {len(ROOMS)} files are compiled by {BUILD}/compile_commands.json")
    print("\n".join(wrong) if wrong else f"what a row lacks is missed by the linker in {rooms} rooms")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
