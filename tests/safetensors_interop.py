#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exchanges safetensors files with the format's own Python package, both ways.

Usage: safetensors_interop.py TOOL     (tests/safetensors_tool.c)
Exits with 77, which Meson counts as skipped, where the packages safetensors and numpy are not installed.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy
    from safetensors import safe_open
    from safetensors.numpy import save_file
except ImportError as missing:
    print(f"skipped: {missing}; pip install safetensors numpy")
    sys.exit(77)


def theirs_reads_ours(tool, path):
    subprocess.run([tool, "write", path], check=True)
    shapes = {"dense_1.weight": (3, 4, 5), "dense_1.bias": (7,), "scalar": (), "empty": (0, 3), "Wärme": (1, 9)}
    with safe_open(path, "np") as file:
        assert set(file.keys()) == set(shapes), file.keys()
        assert file.metadata() == {"format": "soma", "graph": '{"layers": ["∑"]}'}, file.metadata()
        for name, shape in shapes.items():
            tensor = file.get_tensor(name)
            expected = ((numpy.arange(numpy.prod(shape, dtype=int)) - 5) / 8).astype(numpy.float32).reshape(shape)
            assert tensor.dtype == numpy.float32 and tensor.shape == shape, (name, tensor.dtype, tensor.shape)
            assert numpy.array_equal(tensor, expected), (name, tensor)


def ours_reads_theirs(tool, path):
    random = numpy.random.default_rng(1)
    tensors = {
        "matrix": random.standard_normal((17, 31)).astype(numpy.float32),
        "special": numpy.array([numpy.inf, -numpy.inf, numpy.nan, -0.0, 1e-45, 3.4028235e38], numpy.float32),
        "scalar": numpy.array(2.5, numpy.float32),
        "empty": numpy.zeros((4, 0), numpy.float32),
        "five": random.standard_normal((1, 2, 3, 2, 1)).astype(numpy.float32),
        "half": random.standard_normal((3, 3)).astype(numpy.float16),
        "double": random.standard_normal(3),
        "bytes": numpy.arange(5, dtype=numpy.uint8),
        "integers": numpy.arange(4, dtype=numpy.int64),
        "truth": numpy.array([True, False]),
    }
    names = {"float32": "F32", "float16": "F16", "float64": "F64", "uint8": "U8", "int64": "I64", "bool": "BOOL"}
    save_file(tensors, path, metadata={"note": "ünïcode"})
    lines = subprocess.run([tool, "print", path], check=True, capture_output=True, encoding="utf-8").stdout.split("\n")
    assert lines[len(tensors)] == "ünïcode", lines
    seen = set()
    for line in lines[: len(tensors)]:
        name, dtype, shape, values = line.split("\t")
        tensor = tensors[name]
        seen.add(name)
        assert dtype == names[tensor.dtype.name], line
        assert tuple(map(int, shape.split())) == tensor.shape, line
        if dtype == "F32":
            read = numpy.array([float.fromhex(value.replace("-nan", "nan")) for value in values.split()], numpy.float32)
            assert numpy.array_equal(read, tensor.ravel(), equal_nan=True), line
    assert seen == set(tensors), seen


def main():
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "file.safetensors")
        theirs_reads_ours(sys.argv[1], path)
        ours_reads_theirs(sys.argv[1], path)
    print("both ways")


if __name__ == "__main__":
    main()
