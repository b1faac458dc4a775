#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with mlx 0.32.4 (with mlx-cpu 0.32.4) and safetensors 0.8.0 (PyPI; with ml-dtypes 0.6.0 and numpy 2.4.6), the latest.
#
# Of a safetensors file whose weights are 8-bit floats F8_E4M3, as quantised models have them, mx.load makes an array of uint8, the bits as
# whole numbers: 1 is read as 56, -2 as 192. So are the scales F8_E8M0. Nothing is said, and it computes with them as with any
# others; saved again they are U8, and no reader can tell any more. F8_E5M2, its sibling, and F64 it refuses, and what BF16 holds is right.
# mx.from_fp8() makes numbers of the first, by one who knows that it has to.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mlx==0.32.4 mlx-cpu==0.32.4 safetensors==0.8.0 ml-dtypes==0.6.0 numpy==2.4.6
cat >see.py <<'P'
import json

import ml_dtypes
import mlx.core as mx
import numpy
from safetensors.numpy import save_file


def written(path):
    with open(path, "rb") as file:
        return json.loads(file.read(int.from_bytes(file.read(8), "little")))["x"]["dtype"]


NUMBERS = numpy.array([1, 2, 4, 0.5], numpy.float32)
SIGNED = numpy.array([1, -2, 448, 0.5], numpy.float32)
EXPECTED = {"float8_e4m3fn": (SIGNED, "uint8", [56, 192, 126, 48], "U8"), "float8_e8m0fnu": (NUMBERS, "uint8", [127, 128, 129, 126], "U8"),
            "bfloat16": (SIGNED, "bfloat16", [1, -2, 448, 0.5], "BF16"), "float8_e5m2": (SIGNED, "refused", None, None)}
failures = 0
for name, (numbers, kind, values, again) in EXPECTED.items():
    save_file({"x": numbers.astype(getattr(ml_dtypes, name))}, "x.safetensors")
    before = written("x.safetensors")
    try:
        x = mx.load("x.safetensors")["x"]
    except RuntimeError as error:
        print(f"{before}: {error}")
        failures += kind != "refused"
        continue
    mx.save_safetensors("again.safetensors", {"x": x})
    found = str(x.dtype).rpartition(".")[2], x.tolist(), written("again.safetensors")
    print(f"{before}: {numbers.tolist()} are read as {found[0]} {found[1]}, their sum is {mx.sum(x).item()}, and saved again as {found[2]}")
    failures += found != (kind, values, again)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
