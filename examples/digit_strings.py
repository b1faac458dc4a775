#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes strings of digits side by side from the single digits that come with soma: pictures to read labels off without knowing where each is.

Training strings are made of the digits to train on alone, those to test on of the others. x is [strings, columns, rows], columns from left to
right, dark where nothing is; y has the digits of each, label_lengths how many. docs/sequences.md trains a network on them.

Usage: digit_strings.py FILE.npz [STRINGS]
"""
import gzip
import io
import os
import random
import struct
import sys
import zipfile
from pathlib import Path

LEAST, MOST, SIDE = 3, 6, 8
DIGITS = Path(os.environ.get("SOMA_DATA_DIR", Path(__file__).resolve().parent.parent / "data")) / "digits"


def read(part):
    """The pictures of a part, each as its columns, and what they show."""
    images = gzip.decompress((DIGITS / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((DIGITS / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
    pictures = [images[i:i + SIDE * SIDE] for i in range(0, len(images), SIDE * SIDE)]
    return [[picture[column::SIDE] for column in range(SIDE)] for picture in pictures], labels


def strings(part, count, draw):
    """Pictures, labels and lengths, as the bytes of arrays."""
    pictures, labels = read(part)
    x, y, lengths = bytearray(), bytearray(), []
    for _ in range(count):
        chosen = [draw.randrange(len(pictures)) for _ in range(draw.randint(LEAST, MOST))]
        row = b"".join(column for number in chosen for column in pictures[number])
        x += row.ljust(MOST * SIDE * SIDE, b"\0")
        y += struct.pack(f"<{MOST}i", *(labels[number] for number in chosen), *[-1] * (MOST - len(chosen)))
        lengths.append(len(chosen))
    return {"x": ("|u1", (count, MOST * SIDE, SIDE), bytes(x)), "y": ("<i4", (count, MOST), bytes(y)),
            "label_lengths": ("<i4", (count,), struct.pack(f"<{count}i", *lengths))}


def npy(kind, shape, values):
    """NumPy's format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"""
    head = str({"descr": kind, "fortran_order": False, "shape": shape}).encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + values


def main(path, count=12000):
    draw = random.Random(1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, name, number in (("train", "train", count), ("t10k", "test", 1000)):
            for array, form in strings(part, number, draw).items():
                archive.writestr(f"{array}_{name}.npy", io.BytesIO(npy(*form)).getvalue())
    print(f"{count} strings to train on and 1000 to test on in {path}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], *map(int, sys.argv[2:]))
