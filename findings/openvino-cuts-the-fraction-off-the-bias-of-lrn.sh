#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with openvino 2026.4.1 (PyPI, the latest; models made by onnx 1.23.2).
#
# OpenVINO reads LRN's bias, a float in ONNX, as a whole number: with a bias of 1.5 it computes what 1.0 gives, with 0.5 what 0 gives,
# which is thousands of times as much where the inputs are small. Networks as they are published have 1 or 2, which come out right.
# Nothing is refused or told.
#
# Expected values are from the formula of the specification, in double precision.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 openvino==2026.4.1 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import openvino

ALPHA, BETA = 0.5, 0.75
X = numpy.random.default_rng(1).normal(size=(1, 6, 4, 4)).astype(numpy.float32)


def formula(bias):
    squares = numpy.zeros(X.shape)
    for channel in range(6):
        first, last = channel - 1, channel + 1
        squares[:, channel] = (X[:, max(0, first):last + 1].astype(float) ** 2).sum(1)
    return X / (bias + ALPHA / 3 * squares) ** BETA


def run(bias):
    node = onnx.helper.make_node("LRN", ["x"], ["y"], size=3, alpha=ALPHA, beta=BETA, bias=bias)
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, X.shape) for name in "xy"]
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:]), opset_imports=[onnx.helper.make_opsetid("", 13)])
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "lrn.onnx")
    compiled = openvino.Core().compile_model("lrn.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(X)[0]


def same(found, expected):
    return bool(abs(found - expected).max() < 1e-4 * abs(expected).max())


seen = []
for bias in 1.0, 2.0, 1.5, 0.5:
    found = run(bias)
    seen.append((same(found, formula(bias)), same(found, formula(int(bias)))))
    print(f"bias {bias}: right: {seen[-1][0]}; the formula with a bias of {int(bias)}: {seen[-1][1]}")
if seen != [(True, True), (True, True), (False, True), (False, True)]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
