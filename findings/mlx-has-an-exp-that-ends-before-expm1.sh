#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with mlx 0.32.4 and mlx-cpu 0.32.4 (PyPI; with numpy 2.4.6), the latest; on x86-64.
#
# exp(x) of 32-bit floats is infinite from 88.72 on, where the largest of them is passed. On MLX's processor device it is from just above 88 on, for the upper half of
# what lies below the largest; expm1, sinh and cosh go on to where they should, so that expm1(88.6) is 3e38 and exp(88.6) infinite. Towards
# the other end it is 0 from -87.7 on, where 32-bit floats have subnormal numbers to -103.
# erf has steps of 2^-23 or so around 0: erf(1e-7) is 0, that of 2.4e-7 one and a half times what it should be, and 1e-5 is off by 2 in a hundred, as of
# something that is taken from 1. Its inverse, erfinv, has all digits there, and so have tanh, sinh and log1p.
#
# Expected values are from Python's math, in double precision.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check mlx==0.32.4 mlx-cpu==0.32.4 numpy==2.4.6
cat >see.py <<'P'
import math

import mlx.core
import numpy

mlx.core.set_default_device(mlx.core.cpu)
# What is right to 1e-4, and what is not.
TRIED = [("exp", [-87, 1, 80, 88], True), ("exp", [88.1, 88.6], False), ("exp", [-87.8, -88.5], False), ("expm1", [88.1, 88.6], True), ("sinh", [88.1, 88.6, 89], True),
         ("cosh", [88.1, 88.6, 89], True), ("erf", [0.01, 0.1, 1], True), ("erf", [1e-5, 2.4e-7, 1e-7, 1e-9], False),
         ("tanh", [1e-5, 2.4e-7, 1e-7, 1e-9], True), ("log1p", [1e-5, 2.4e-7, 1e-7, 1e-9], True)]
strange = False
for name, numbers, expected in TRIED:
    x = numpy.array(numbers, numpy.float32)
    right = [getattr(math, name)(float(number)) for number in x]
    found = numpy.array(getattr(mlx.core, name)(mlx.core.array(x)))
    for number, truth, value in zip(numbers, right, found.tolist()):
        agrees = abs(value - truth) <= 1e-4 * abs(truth)
        print(f"{name}({number:g}) is {value:.6g}" + ("" if agrees else f", not {truth:.6g}"))
        strange |= agrees != expected
inverse = numpy.array(mlx.core.erfinv(mlx.core.array([1e-7, 1e-5])))
print(f"erfinv(1e-07) and erfinv(1e-05) are {inverse.tolist()}")
strange |= not numpy.allclose(inverse, numpy.array([1e-7, 1e-5]) * math.sqrt(math.pi) / 2, rtol=1e-4, atol=0)
ends = [mlx.core.exp(mlx.core.array(number)).item() for number in (88.1, 88.6, -87.8, -88.5)]
steps = [mlx.core.erf(mlx.core.array(number)).item() for number in (1e-7, 1e-9)]
strange |= ends != [math.inf, math.inf, 0, 0] or steps != [0, 0]
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
