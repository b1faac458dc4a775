#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What src/data/tokenizer/unicode_tables.c has of each character, against Python's own copy of Unicode's database.

Usage: unicode_tables_test.py TABLES

What is known of letters, numbers and marks is of several versions of Unicode, none of them Python's: compared are characters that are as old as
Unicode 3.2, but for those that have been given another category lately.
"""
import re
import string
import sys
import unicodedata

LETTER, NUMBER, SPACE, PUNCTUATION, NONSPACING, DIGIT = 1, 2, 4, 16, 64, 256
LATELY = {0x166D, 0x1734, 0x1885, 0x1886}
CHARACTERS = [c for c in range(1, 0x110000)
              if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co") and unicodedata.ucd_3_2_0.category(chr(c)) != "Cn" and c not in LATELY]


def rows(text, name):
    body = re.search(rf"soma_{name}\[\] = \{{(.*?)\}};", text, re.S)[1]
    return [tuple(int(number, 16) for number in re.findall(r"0x[0-9a-f]+", row)) for row in re.findall(r"\{[^{}]*\}|0x[0-9a-f]+", body)]


def spread(ranges):
    """The value of each character, from the first of each run."""
    values, ends = [0] * 0x110000, [first >> 11 for first, in ranges[1:]] + [0x110000]
    for (first,), end in zip(ranges, ends):
        values[first >> 11:end] = [first & 0x7FF] * (end - (first >> 11))
    return values


def expected_bits(c):
    category, character = unicodedata.category(chr(c)), chr(c)
    return (LETTER * (category[0] == "L") | NUMBER * (category[0] == "N") | NONSPACING * (category == "Mn")
            | SPACE * (character.isspace() and not 0x1C <= c <= 0x1F)
            | PUNCTUATION * (category[0] == "P" or character in string.punctuation))


def main():
    with open(sys.argv[1]) as file:
        text = file.read()
    wrong = []
    bits, known = spread(rows(text, "character_ranges")), LETTER | NUMBER | NONSPACING | SPACE | PUNCTUATION
    for c in CHARACTERS:
        if bits[c] & known != expected_bits(c):
            wrong.append(f"U+{c:04X} ({unicodedata.category(chr(c))}): bits {bits[c]:#x}")
        if bits[c] & DIGIT and not bits[c] & NUMBER:
            wrong.append(f"U+{c:04X}: a digit that is no number")
    combining = spread(rows(text, "combining_ranges"))
    wrong += [f"U+{c:04X}: combining class {combining[c]}" for c in CHARACTERS if combining[c] != unicodedata.combining(chr(c))]
    small = dict(rows(text, "small_letters"))
    wrong += [f"U+{c:04X}: small letter {small.get(c, c):#x}" for c in CHARACTERS
              if c != 0x130 and len(chr(c).lower()) == 1 and small.get(c, c) != ord(chr(c).lower())]
    parts = {whole: (first, second) for whole, first, second in rows(text, "decompositions")}
    for c in CHARACTERS:
        codes = unicodedata.decomposition(chr(c)).split()
        found = tuple(int(code, 16) for code in codes) if codes and not codes[0].startswith("<") else ()
        if parts.get(c, ()) != (found + (0,))[:2]:
            if found or c in parts:
                wrong.append(f"U+{c:04X}: decomposition {parts.get(c)}")
    composed = [(a, b, c) for c, (a, b) in parts.items() if b and unicodedata.normalize("NFC", chr(c)) == chr(c)]
    if rows(text, "compositions") != [(c, a, b) for a, b, c in sorted(composed)]:
        wrong.append("the compositions are not the decompositions that NFC leaves whole")
    if wrong:
        sys.exit("\n".join([*wrong[:20], f"{len(wrong)} differ from Unicode {unicodedata.unidata_version}"]))


main()
