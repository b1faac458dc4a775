#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds what soma reads against what Python reads: MNIST's published checksums, the digits' table, tables of numbers.

Usage: dataset_interop.py TOOL     (tests/dataset_tool.c)
Needs the real data where SOMA_DATA points; exits with 77, which Meson counts as skipped, where it is not set.
"""
import array
import csv
import gzip
import hashlib
import os
import struct
import subprocess
import sys
from pathlib import Path


def load(tool, *arguments):
    """(samples, width, dtype, classes), class names, inputs, class numbers."""
    output = subprocess.run([tool, *map(str, arguments)], check=True, capture_output=True).stdout
    first, names, content = output.split(b"\n", 2)
    samples, width, dtype, classes = first.decode().split()
    samples, width, classes = int(samples), int(width), int(classes)
    size = samples * width * (1 if dtype == "uint8" else 4)
    inputs = content[:size] if dtype == "uint8" else array.array("f", content[:size])
    numbers = array.array("i", content[size:])
    assert len(numbers) == samples
    return (samples, width, dtype, classes), names.decode().split(",") if names else [], inputs, numbers


def check_checksums(tool, directory):
    sums = dict(reversed(line.split()[:2]) for line in (directory / "SHA256SUMS.decompressed").read_text().splitlines())
    for part in ("train", "t10k"):
        images, labels = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        shape, _, pixels, numbers = load(tool, "idx", directory / (images + ".gz"), directory / (labels + ".gz"))
        assert shape[1:] == (784, "uint8", 10), shape
        image_file = struct.pack(">4I", 0x803, shape[0], 28, 28) + pixels
        label_file = struct.pack(">2I", 0x801, shape[0]) + bytes(numbers.tolist())
        assert hashlib.sha256(image_file).hexdigest() == sums[images], images
        assert hashlib.sha256(label_file).hexdigest() == sums[labels], labels
    print(f"{directory.name}: checksums agree")


def check_digits(tool, table):
    """Both parts together are the table; pixels times 15."""
    with gzip.open(table, "rt", newline="") as file:
        rows = sorted(tuple(map(int, row)) for row in csv.reader(file))
    ours = []
    for part, count in (("train", 1437), ("test", 360)):
        shape, _, pixels, numbers = load(tool, "digits", part)
        assert shape == (count, 64, "uint8", 10), shape
        ours += [tuple(p // 15 for p in pixels[64 * i : 64 * i + 64]) + (n,) for i, n in enumerate(numbers)]
        assert all(p % 15 == 0 for p in pixels)
    assert sorted(ours) == rows
    print("digits: both parts are the table")


def check_table(tool, path):
    opened = gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="")
    with opened as file:
        rows = list(csv.reader(file))
    names = rows.pop(0)[2:] if path.suffix != ".gz" else []
    shape, our_names, inputs, numbers = load(tool, "csv", path)
    assert shape == (len(rows), len(rows[0]) - 1, "float32", len({row[-1] for row in rows})), shape
    assert our_names == (names or [str(i) for i in range(len({row[-1] for row in rows}))]), our_names
    assert list(numbers) == [int(row[-1]) for row in rows]
    expected = array.array("f", (float(field) for row in rows for field in row[:-1]))
    assert inputs == expected
    print(f"{path.name}: {len(rows)} rows agree")


def main():
    if not os.environ.get("SOMA_DATA"):
        print("skipped: SOMA_DATA does not say where the real data are")
        sys.exit(77)
    tool, data = sys.argv[1], Path(os.environ["SOMA_DATA"])
    for name in ("mnist", "fashion-mnist"):
        check_checksums(tool, data / name)
    for name in ("iris.csv", "wine_data.csv", "breast_cancer.csv", "digits.csv.gz"):
        check_table(tool, data / "tabular" / name)
    check_digits(tool, data / "tabular" / "digits.csv.gz")


if __name__ == "__main__":
    main()
