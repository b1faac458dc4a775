#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnx 1.23.2 (PyPI, with numpy 2.4.6), the latest.
#
# ONNX's own ReferenceEvaluator, by which others test what they compute, normalises in LRN only as many channels as the batch has
# samples, and leaves the others as if their sums of squares were 0: it counts channels by shape[0] (onnx/reference/ops/op_lrn.py).
# With 1 sample of 6 channels only the first channel is right; with 8 samples it raises an IndexError. ONNX's test vectors do not show
# it, since test_lrn and test_lrn_default are of 5 samples of 5 channels.
#
# Expected values are from the formula of the specification, in double precision.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
from onnx.reference import ReferenceEvaluator

SIZE, ALPHA, BETA, BIAS = 3, 0.5, 0.75, 1.0


def formula(x):
    """Y = X / (bias + alpha / size * sum of squares of the channels around) ^ beta."""
    squares = numpy.zeros(x.shape)
    for channel in range(x.shape[1]):
        first, last = max(0, channel - (SIZE - 1) // 2), channel + SIZE // 2
        squares[:, channel] = (x[:, first:last + 1].astype(float) ** 2).sum(1)
    return x / (BIAS + ALPHA / SIZE * squares) ** BETA


node = onnx.helper.make_node("LRN", ["x"], ["y"], size=SIZE, alpha=ALPHA, beta=BETA, bias=BIAS)
values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 6, 4, 4]) for name in "xy"]
model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:]), opset_imports=[onnx.helper.make_opsetid("", 13)])
onnx.checker.check_model(model, full_check=True)
right = []
for samples in 1, 2, 4, 6, 8:
    x = numpy.random.default_rng(1).normal(size=(samples, 6, 4, 4)).astype(numpy.float32)
    try:
        found = ReferenceEvaluator(model).run(None, {"x": x})[0]
    except IndexError as error:
        right.append("IndexError")
        print(f"{samples} samples of 6 channels: IndexError: {error}")
        continue
    off = abs(found - formula(x)).max(axis=(0, 2, 3))
    right.append([channel for channel in range(6) if off[channel] < 1e-5])
    print(f"{samples} samples of 6 channels: right in channels {right[-1]}, else off by up to {off.max():.3f}")
if right != [[0], [0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5], "IndexError"]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
