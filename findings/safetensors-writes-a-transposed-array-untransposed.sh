#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with safetensors 0.8.0 (PyPI, the latest; with numpy 2.4.6).
#
# safetensors.numpy.save() and save_file() write the shape of a transposed array, and the bytes as they lie in memory: what is read back
# of a.T has the shape [3, 2] and the order of a. So have arrays in Fortran's order. Nothing is said. Up to 0.7.0 the numbers were put in
# order, and safetensors.torch refuses what is not contiguous; 0.8.0 hands over the address and the number of bytes alone. That is just what a script does that brings weights from a library that has them as [inputs, outputs] to one that has
# them as [outputs, inputs]: {"weight": kernel.T}. numpy.ascontiguousarray(kernel.T) helps.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >see.py <<'P'
import sys

import numpy
import safetensors
from safetensors.numpy import load, load_file, save, save_file

a = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
right = []
for name, array in ("a", a), ("a.T", a.T), ("a in Fortran's order", numpy.asfortranarray(a)), ("a.T made contiguous", numpy.ascontiguousarray(a.T)):
    save_file({"x": array}, "x.safetensors")
    found = load_file("x.safetensors")["x"]
    assert numpy.array_equal(found, load(save({"x": array}))["x"])
    right.append(found.shape == array.shape and bool((found == array).all()))
    print(f"safetensors {safetensors.__version__}: {name} {array.tolist()} is read back as {found.tolist()}")
if right != [True, sys.argv[1] == "right", sys.argv[1] == "right", True]:
    raise SystemExit("this is not what was seen")
P
for version in 0.7.0 0.8.0; do
    python3 -m venv venv-$version
    venv-$version/bin/pip install -q --disable-pip-version-check safetensors==$version numpy==2.4.6
done
venv-0.7.0/bin/python see.py right
venv-0.8.0/bin/python see.py wrong || exit 1
