#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with MNN 3.6.1 and onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2, with numpy 2.4.6), the latest; on x86-64.
#
# What MNN makes of these ops of an ONNX model goes by a formula that is nearly theirs, without a word:
#   Det has no sign where rows were exchanged on its way: that of [[0, 1], [1, 0]] is 1, though that of [[1, 2], [3, 4]] is -2;
#   Shrink below 0 is turned round: what is to become 0 there, from -lambd on, stays, and what is to stay, beyond it, becomes 0, so that -100 is 0;
#   Mod of floats with fmod=1 takes the sign of the divisor, which is what the op has without it (and only for whole numbers, where MNN is right);
#   GRU as it is unless told otherwise (linear_before_reset=0) resets h R in place of h, as linear_before_reset=1 does, but without the bias
#   that is added there: a third GRU, which is neither; that of linear_before_reset=1, PyTorch's, is right;
#   Einsum of "ii->", the trace, is the sum of all numbers of the matrix.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import os

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper, parser

import _tools  # MNN's converter without its command
import MNN.expr
import MNN.nn

TYPES = {"float32": MNN.expr.float, "int32": MNN.expr.int}
generator = numpy.random.default_rng(0)
weights = {name: generator.uniform(-1, 1, shape).astype(numpy.float32) for name, shape in (("w", (1, 9, 2)), ("r", (1, 9, 3)), ("b", (1, 18)))}


def build(text):
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g {text}')
    if "GRU" in text:
        model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in weights.items())
    onnx.checker.check_model(model, full_check=True)
    return model


def mnn(model, feeds):
    onnx.save(model, "model.onnx")
    if os.path.exists("model.mnn"):
        os.remove("model.mnn")
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", "model.onnx", "--MNNModel", "model.mnn"])
    network = MNN.nn.load_module_from_file("model.mnn", list(feeds), ["y"])
    found = network.forward([MNN.expr.const(array, list(array.shape), MNN.expr.NCHW, TYPES[str(array.dtype)]) for array in feeds.values()])
    return numpy.array(MNN.expr.convert(found[0], MNN.expr.NCHW).read())


def onnxruntime_has(model, feeds):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(["y"], feeds)[0]


def third(x):
    (w, r, b), h, states = (weights[name].astype(float)[0] for name in "wrb"), numpy.zeros(3), []
    for step in x.astype(float)[:, 0]:
        inputs, recurrent = w @ step + b[:9] + b[9:], r @ h
        update, reset = 1 / (1 + numpy.exp(-(inputs + recurrent)[:6])).reshape(2, 3)
        h = (1 - update) * numpy.tanh(inputs[6:] + reset * recurrent[6:]) + update * h
        states.append(h)
    return numpy.array(states).reshape(4, 1, 1, 3)


numbers = numpy.array([-100, -5.75, -0.5, 0.5, 1.5, 100], numpy.float32)
divided, divisors = numpy.array([5.5, -5.5, 5.5, -5.5], numpy.float32), numpy.array([3, 3, -3, -3], numpy.float32)
steps = {"x": generator.uniform(-1, 1, (4, 1, 2)).astype(numpy.float32)}
det, trace = "(float[2,2] x) => (float y) { y = Det(x) }", '(float[2,2] x) => (float y) { y = Einsum<equation="%s">(x) }'
mod = "(%s[4] a, %s[4] b) => (%s[4] y) { y = Mod<fmod=%d>(a, b) }"
gru = "(float[4,1,2] x) => (float[4,1,1,3] y) { y, last = GRU<hidden_size=3, linear_before_reset=%d>(x, w, r, b) }"
exchanged, square = ({"x": numpy.array(rows, numpy.float32)} for rows in ([[0, 1], [1, 0]], [[1, 2], [3, 4]]))
floats = {"a": divided, "b": divisors}
whole = {name: array.astype(numpy.int32) for name, array in floats.items()}
# With what comes out in place of what is right, where something else does.
TRIED = [(det, square, None), (det, exchanged, 1), ("(float[6] x) => (float[6] y) { y = Shrink<lambd=1.0>(x) }", {"x": numbers}, numpy.where((numbers > 1) | (abs(numbers + 0.5) < 0.5), numbers, 0)),
         (mod % (*["int32"] * 3, 0), whole, None), (mod % (*["int32"] * 3, 1), whole, None), (mod % (*["float"] * 3, 1), floats, numpy.mod(divided, divisors)),
         (gru % 1, steps, None), (gru % 0, steps, third(steps["x"])), (trace % "ij->", square, None), (trace % "ii->", square, 10)]
strange, told = False, []
for text, feeds, expected in TRIED:
    model = build(text)
    right, found = onnxruntime_has(model, feeds), mnn(model, feeds)
    agrees = bool(numpy.allclose(found, right, rtol=1e-3, atol=1e-4))
    words = [" ".join(f"{number:.4g}" for number in values.ravel()[-6:]) for values in (found, right)]
    told.append(f"{text.split('= ')[-1].strip(' }')} of {next(iter(feeds.values())).dtype}: {words[0]}{'' if agrees else ', not ' + words[1]}")
    strange |= agrees != (expected is None) or not numpy.allclose(found, right if expected is None else expected, rtol=1e-3, atol=1e-4)
print(*told, sep="\n")
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
