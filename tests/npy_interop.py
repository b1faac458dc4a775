#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the arrays that soma reads and writes against NumPy's own.

Usage: npy_interop.py DATASET_TOOL [SOMA]     (tests/dataset_tool.c; the program, if it can train)
Exits with 77, which Meson counts as skipped, where numpy is not installed.
"""
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}; pip install numpy")
    sys.exit(77)

TYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]


def read(tool, *arguments):
    """Inputs as they are in memory, and the classes."""
    output = subprocess.run([tool, *map(str, arguments)], check=True, capture_output=True).stdout
    first, _, content = output.split(b"\n", 2)
    samples, width, dtype, classes = first.decode().split()
    size = int(samples) * int(width) * (1 if dtype == "uint8" else 4)
    return numpy.frombuffer(content[:size], dtype).reshape(int(samples), -1), numpy.frombuffer(content[size:], "i4"), int(classes)


def check_types(tool, directory):
    random = numpy.random.default_rng(1)
    count = 0
    for name, order, layout, shape in itertools.product(TYPES, "<>", "CF", [(7,), (5, 3), (4, 2, 3), (3, 2, 1, 4, 2)]):
        values = random.integers(0, 100, shape) if name[0] in "ub" else random.normal(0, 50, shape)
        array = numpy.asarray(values.astype(order + name), order=layout)
        numpy.save(directory / "x.npy", array)
        numpy.save(directory / "y.npy", random.integers(0, 9, shape[0]).astype(order + "i4"))
        inputs, classes, _ = read(tool, "npy", directory / "x.npy", directory / "y.npy")
        expected = array if name == "u1" else array.astype(numpy.float32)
        assert numpy.array_equal(inputs.reshape(shape), expected), (name, order, layout, shape)
        assert numpy.array_equal(classes, numpy.load(directory / "y.npy")), (name, order)
        count += 1
    print(f"{count} arrays agree")


def check_halves(tool, directory):
    """All numbers that half precision has."""
    halves = numpy.arange(65536, dtype=numpy.uint16).view(numpy.float16)
    halves = halves[numpy.isfinite(halves)]
    numpy.save(directory / "x.npy", halves)
    numpy.save(directory / "y.npy", numpy.zeros(len(halves), "u1"))
    inputs, _, _ = read(tool, "npy", directory / "x.npy", directory / "y.npy")
    assert numpy.array_equal(inputs.ravel().view("u4"), halves.astype(numpy.float32).view("u4"))
    print(f"{len(halves)} halves agree")


def check_archives(tool, directory):
    random = numpy.random.default_rng(2)
    x = random.integers(0, 256, (50, 6, 4)).astype("u1")
    y = random.integers(0, 7, 50)
    for save in (numpy.savez, numpy.savez_compressed):
        save(directory / "one.npz", x=x, y=y)
        save(directory / "two.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])
        for file, part, count in (("one", "train", 50), ("two", "train", 50), ("two", "test", 20)):
            inputs, classes, _ = read(tool, "npz", directory / f"{file}.npz", part)
            assert numpy.array_equal(inputs.reshape(count, 6, 4), x[:count]), (save, file, part)
            assert numpy.array_equal(classes, y[:count]), (save, file, part)
    print("archives agree, stored and deflated")


def check_predictions(program, directory):
    """A training on an archive; its predictions, in each form, are NumPy's to read."""
    random = numpy.random.default_rng(3)
    x = random.normal(size=(200, 5)).astype("f4")
    numpy.savez_compressed(directory / "data.npz", x=x, y=(x[:, 0] > 0) + 2 * (x[:, 1] > 0))

    def soma(*arguments):
        subprocess.run([program, *map(str, arguments), "--device=cpu", "--quiet"], check=True, stdout=subprocess.DEVNULL)

    model = directory / "model"
    soma("train", "--data", directory / "data.npz", "--epochs=3", "--save", model, "--net", "dense 8 relu; dense 4 softmax")
    common = ["predict", "--data", directory / "data.npz", "--part=all", "--model", model]
    soma(*common, "--output", directory / "classes.npy")
    soma(*common, "--output", directory / "outputs.npy", "--raw")
    soma(*common, "--output", directory / "all.npz")
    classes, outputs = numpy.load(directory / "classes.npy"), numpy.load(directory / "outputs.npy")
    assert outputs.shape == (200, 4) and outputs.dtype == numpy.float32 and numpy.allclose(outputs.sum(1), 1, atol=1e-6)
    assert numpy.array_equal(classes, outputs.argmax(1))
    with numpy.load(directory / "all.npz") as archive:
        assert set(archive.files) == {"dense_2", "classes"}, archive.files
        assert numpy.array_equal(archive["dense_2"], outputs) and numpy.array_equal(archive["classes"], classes)
    print("predictions agree")


def main():
    tool, *program = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        check_types(tool, Path(directory))
        check_halves(tool, Path(directory))
        check_archives(tool, Path(directory))
        if program:
            check_predictions(program[0], Path(directory))


if __name__ == "__main__":
    main()
