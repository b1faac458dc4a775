#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What src/data/tokenizer/unicode_tables.c has of each character, against Python's own copy of Unicode's database.

Usage: unicode_tables_test.py TABLES

Python's database and the tables are of several versions of Unicode: letters, numbers, spaces and what words are made of are of 16, decompositions
of 14, and punctuation, marks and what is left out of 9 and earlier. So characters that are as old as Unicode 3.2 must be the same in all, but for
those that have been given another category lately. Later ones may lack what is of an old version, and all where Python's is newer than the
tables', but have nothing else.
"""
import re
import string
import sys
import unicodedata

LETTER, NUMBER, SPACE, WORD, PUNCTUATION, MARK, NONSPACING, OTHER, DIGIT = (1 << bit for bit in range(9))
OF_OLD_VERSIONS = PUNCTUATION | MARK | NONSPACING | OTHER
LATELY = {0x166D, 0x1734, 0x1885, 0x1886, 0x1CF2, 0x1CF3, 0x111C9}
CHARACTERS = [c for c in range(1, 0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs") and c not in LATELY]
OLD = {c for c in CHARACTERS if unicodedata.ucd_3_2_0.category(chr(c)) != "Cn"}
VERSION = int(unicodedata.unidata_version.split(".")[0])
# Letters in circles and squares, which are symbols by their category.
ENCLOSED = {*range(0x24B6, 0x24EA), *range(0x1F130, 0x1F14A), *range(0x1F150, 0x1F16A), *range(0x1F170, 0x1F18A)}


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
    joins = c in (0x200C, 0x200D)
    number = category[0] == "N"
    return (LETTER * (category[0] == "L") | NUMBER * number | DIGIT * number
            | SPACE * (character.isspace() and not 0x1C <= c <= 0x1F)
            | WORD * (category[0] in "LM" or category in ("Nd", "Nl", "Pc") or joins or c in ENCLOSED)
            | PUNCTUATION * (category[0] == "P" or character in string.punctuation)
            | MARK * (category[0] == "M") | NONSPACING * (category == "Mn")
            | OTHER * (category in ("Cc", "Cf", "Co") and character not in "\t\n\r" or c == 0xFFFD))


def are_right(c, bits):
    expected = expected_bits(c)
    lacking = 0 if c in OLD else OF_OLD_VERSIONS if VERSION <= 16 or bits else -1
    return (bits ^ expected) & ~(expected & lacking) == 0


def main():
    with open(sys.argv[1]) as file:
        text = file.read()
    wrong = []
    bits = spread(rows(text, "character_ranges"))
    wrong += [f"U+{c:04X} ({unicodedata.category(chr(c))}): bits {bits[c]:#x}, expected {expected_bits(c):#x}"
              for c in CHARACTERS if not are_right(c, bits[c])]
    combining, small = spread(rows(text, "combining_ranges")), dict(rows(text, "small_letters"))
    of_tables = [c for c in CHARACTERS if VERSION <= 14 or c in OLD]
    wrong += [f"U+{c:04X}: combining class {combining[c]}" for c in of_tables if combining[c] != unicodedata.combining(chr(c))]
    wrong += [f"U+{c:04X}: small letter {small.get(c, c):#x}" for c in of_tables
              if c != 0x130 and len(chr(c).lower()) == 1 and small.get(c, c) != ord(chr(c).lower())]
    parts = {whole: (first, second) for whole, first, second in rows(text, "decompositions")}
    for c in of_tables:
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
