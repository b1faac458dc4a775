#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with keras 3.15.1 on jax 0.10.2 and on openvino 2026.4.1 (PyPI; with numpy 2.4.6), the latest.
#
# The same Keras layer Resizing with interpolation="nearest" makes 4 pixels of 10 of those at 1, 3, 6 and 8 on JAX (and on numpy), the middle
# of each quarter, and on OpenVINO of those at 2, 4, 7 and 9. Made larger, or smaller by a whole number, pictures are the same, so
# that what was tried with half the size shows nothing. With "bicubic" OpenVINO passes over antialias=True, which it heeds with
# "bilinear", and repeats the edge, where the others leave out what is beyond it; UpSampling2D has other numbers there as well.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check keras==3.15.1 jax==0.10.2 openvino==2026.4.1 numpy==2.4.6
cat >see.py <<'P'
import os
import sys

os.environ["KERAS_BACKEND"] = sys.argv[1]

import keras
import numpy

# On JAX and on OpenVINO, by how, width, new width and antialias.
EXPECTED = {("nearest", 10, 4, False): ([1, 3, 6, 8], [2, 4, 7, 9]), ("nearest", 6, 4, False): ([0, 2, 3, 5], [1, 3, 4, 5]),
            ("nearest", 10, 5, False): ([1, 3, 5, 7, 9], [1, 3, 5, 7, 9]), ("nearest", 4, 6, False): ([0, 1, 1, 2, 3, 3], [0, 1, 1, 2, 3, 3]),
            ("bilinear", 10, 4, False): ([0.75, 3.25, 5.75, 8.25], [0.75, 3.25, 5.75, 8.25]),
            ("bilinear", 10, 4, True): ([1, 3.24, 5.76, 8], [1, 3.24, 5.76, 8]),
            ("bicubic", 10, 4, False): ([0.71, 3.25, 5.75, 8.29], [0.727, 3.25, 5.75, 8.273]),
            ("bicubic", 10, 4, True): ([0.8, 3.206, 5.794, 8.2], [0.727, 3.25, 5.75, 8.273])}
failures = 0
for (how, width, target, antialias), expected in EXPECTED.items():
    layer = keras.layers.Resizing(1, target, interpolation=how, antialias=antialias)
    x = numpy.arange(width, dtype=numpy.float32).reshape(1, 1, width, 1)
    found = keras.ops.convert_to_numpy(layer(x)).ravel()
    words = ", ".join(f"{number:.4g}" for number in found)
    print(f"{keras.backend.backend()}: 0 to {width - 1} resized to {target}, {how}{', antialias' * antialias}: {words}")
    failures += not numpy.allclose(found, expected[keras.backend.backend() == "openvino"], atol=1e-3)
if failures:
    raise SystemExit("this is not what was seen")
P
for backend in jax openvino; do venv/bin/python see.py $backend || exit 1; done
