#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exchanges safetensors files with the format's own Python package, both ways.

Usage: safetensors_interop.py TOOL [SOMA]     (tests/safetensors_tool.c, the program)
Exits with 77, which Meson counts as skipped, where the packages safetensors and numpy are not installed.
"""
import json
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy
    from safetensors import deserialize, safe_open
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
        if dtype in ("F32", "F16", "F64"):
            read = numpy.array([float.fromhex(value.replace("-nan", "nan")) for value in values.split()], numpy.float32)
            assert numpy.array_equal(read, tensor.ravel().astype(numpy.float32), equal_nan=True), line
    assert seen == set(tensors), seen


def types_of_the_format(tool, path):
    """Every type that the package knows, and how many bytes eight elements of it take."""
    def file_of(dtype, size):
        header = json.dumps({"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, size]}}).encode()
        return struct.pack("<Q", len(header)) + header + bytes(size)

    def accepts(dtype, size):
        try:
            deserialize(file_of(dtype, size))
        except Exception:
            return False
        return True

    try:
        deserialize(file_of("no type", 8))
        raise AssertionError("the package knows a type called so")
    except Exception as error:
        types = re.findall(r"`(\w+)`", str(error).split("expected one of")[1])
    for dtype in types:
        size = next(size for size in range(1, 129) if accepts(dtype, size))
        Path(path).write_bytes(file_of(dtype, size))
        line = subprocess.run([tool, "print", path], check=True, capture_output=True, text=True).stdout.split("\n")[0]
        assert line.startswith(f"a\t{dtype}\t8\t"), line
    print(f"{len(types)} types are known on both sides")


def networks_of_torch(program, directory):
    """An MLP of torch, in each type of its weights: the program's outputs for it are torch's."""
    try:
        import torch
        from safetensors.torch import save_file as save_torch
    except ImportError as missing:
        print(f"without torch: {missing}")
        return
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Linear(12, 12), torch.nn.Tanh(), torch.nn.Linear(12, 5))
    x = torch.randn(40, 12)
    numpy.savez(directory / "x.npz", x=x.numpy(), y=numpy.zeros((40, 5), "f4"))
    for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.float64):
        rounded = {name: value.to(dtype).contiguous() for name, value in module.state_dict().items()}
        save_torch(rounded, directory / "mlp")
        module.load_state_dict({name: value.float() for name, value in rounded.items()})
        with torch.no_grad():
            expected = module.double()(x.double()).numpy()
        module.float()
        # A learning rate that moves no weight: what is saved is what was loaded.
        subprocess.run([program, "train", "--device=cpu", "--quiet", "--data", directory / "x.npz", "--net", "dense 12 tanh; dense 5",
                        "--weights", directory / "mlp", "--weights-map", "dense_1 0 transposed; dense_2 2 transposed",
                        "--optimizer=sgd", "--lr=1e-30", "--epochs=1", "--save", directory / "model"],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run([program, "predict", "--device=cpu", "--quiet", "--data", directory / "x.npz", "--part=all", "--raw", "--model",
                        directory / "model", "--output", directory / "y.npy"], check=True, stdout=subprocess.DEVNULL)
        # Sums of 12 products below 4 in each layer, the second of which sees the first's errors: below 200 roundings.
        assert numpy.abs(numpy.load(directory / "y.npy") - expected).max() < 200 * 2.0**-24, dtype
    print("networks of torch agree")


def main():
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "file.safetensors")
        theirs_reads_ours(sys.argv[1], path)
        ours_reads_theirs(sys.argv[1], path)
        types_of_the_format(sys.argv[1], path)
        if len(sys.argv) > 2:
            networks_of_torch(sys.argv[2], Path(directory))
    print("both ways")


if __name__ == "__main__":
    main()
