#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the public headers to tools/api-reference, and proves that its check can fail: a small header for each rule.

Usage: api_reference_test.py API-REFERENCE HEADER...
"""
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT, *HEADERS = sys.argv[1:]

SOUND = """/* SPDX-License-Identifier: MIT */
/*
 * soma/some.h - what it is for.
 */
#ifndef SOMA_SOME_H

/* -------------------------------------------------------------------------- a heading */

typedef struct soma_some soma_some;

/* Makes one; see soma_some_free(). */
SOMA_API soma_status soma_some_make(soma_some **some,
                                    int more);
/*
 * Frees it.
 */
SOMA_API void soma_some_free(soma_some *some);

/* Is told of one. */
typedef void soma_some_visitor(void *context, const soma_some *some);

/* Of a small one. */
static inline int soma_some_size(void) {
    return soma_some_make(0, 0) || soma_some_size();
}
"""

# What is changed in the sound header, and what the check then says.
OFFENCES = {
    "a function without a comment": ("/*\n * Frees it.\n */\n", "", "14: function soma_some_free has no comment"),
    "a comment with a line between": ("see soma_some_free(). */\n", "see soma_some_free(). */\n\n", "function soma_some_make has no comment"),
    "a heading is no comment": ("/* Of a small one. */", "/* ---------------- small ones */", "function soma_some_size has no comment"),
    "a comment behind a declaration is no comment of the next": ("/*\n * Frees it.\n */\n", "int a; /* a */\n", "soma_some_free has no comment"),
    "a callback without a comment": ("/* Is told of one. */\n", "", "callback soma_some_visitor has no comment"),
    "a word about a function that there is not": ("see soma_some_free()", "see soma_some_destroy()", "11: there is no function soma_some_destroy()"),
    "a header that does not say what it is for": ("soma/some.h - what it is for.", "Something.", "the header's own comment is missing"),
    "a header under another name": ("soma/some.h - ", "soma/other.h - ", "the header's own comment is missing"),
}


def check(text):
    with tempfile.TemporaryDirectory() as directory:
        header = Path(directory) / "soma" / "some.h"
        header.parent.mkdir()
        header.write_text(text)
        return subprocess.run([sys.executable, SCRIPT, "check", header], capture_output=True, text=True, check=False)


def main():
    wrong = 0
    done = subprocess.run([sys.executable, SCRIPT, "check", *HEADERS], capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr, sep="", end="")
    wrong += done.returncode != 0
    sound = check(SOUND)
    if sound.returncode != 0:
        wrong += 1
        print(f"the sound header is refused: {sound.stdout}{sound.stderr}")
    for what, (old, new, said) in OFFENCES.items():
        assert SOUND.count(old) == 1, what
        result = check(SOUND.replace(old, new))
        if result.returncode != 1 or said not in result.stdout:
            wrong += 1
            print(f"{what}: exit {result.returncode}, {result.stdout}{result.stderr}")
    # What Doxygen sees: its own forms of comments, nothing of headings, columns as they stand.
    with tempfile.TemporaryDirectory() as directory:
        header = Path(directory) / "some.h"
        header.write_text(SOUND.replace("Frees it.", "Frees it:\n *   NULL   is <accepted>"))
        seen = subprocess.run([sys.executable, SCRIPT, "filter", header], capture_output=True, text=True, check=True).stdout
    for part in ("/** @file\nsoma/some.h - what", "/**\nMakes one;", "@verbatim\n  NULL   is <accepted>\n@endverbatim", "SOMA_API void soma_some_free("):
        if part not in seen:
            wrong += 1
            print(f"the filter leaves out {part!r}:\n{seen}")
    if "a heading" in seen:
        wrong += 1
        print("the filter keeps a heading")
    print(f"{len(OFFENCES)} offences tried")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
