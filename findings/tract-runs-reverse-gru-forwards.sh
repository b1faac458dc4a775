#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with tract 0.23.9, onnxruntime 1.32.0 and onnx 1.23.2 (PyPI; with numpy 2.4.6), the latest; on x86-64.
#
# tract runs an RNN or GRU with direction="reverse" forwards: the numbers are those of the same node without the attribute. So they are with clip, and with
# other activations: an RNN of Relu is one of Tanh. Nothing is refused or told, where sequence_lens of different lengths is.
#
# Functions of one line have slips of their own, which defaults or small numbers hide: Celu lacks its factor alpha, so that with 0.5 it falls to -1, where
# -0.5 is the end; Softplus is infinite from 89 on and 0 at -17, log(1 + exp(x)) as it is written; GlobalLpPool takes the mean where the norm
# has the sum, 3.5355 for 3 and -4, and with p=3, without the magnitude, NaN.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check tract==0.23.9 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxruntime
import tract
from onnx import helper, numpy_helper

GENERATOR = numpy.random.default_rng(1)
wrong = []


def compute(op, opset, x, outputs, weights, attributes):
    """The first output by onnxruntime and by tract."""
    names = [f"w{i}" for i in range(len(weights))]
    node = helper.make_node(op, ["x", *names], [f"y{i}" for i in range(outputs)], **attributes)

    def save(shape):
        graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, x.shape)],
                                  [helper.make_tensor_value_info("y0", onnx.TensorProto.FLOAT, shape)],
                                  [numpy_helper.from_array(weight, name) for weight, name in zip(weights, names)])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
        if shape is not None:
            onnx.checker.check_model(model)
        onnx.save(model, "one.onnx")

    save(None)
    expected = onnxruntime.InferenceSession("one.onnx", providers=["CPUExecutionProvider"]).run(["y0"], {"x": x})[0]
    save(expected.shape)
    return expected, tract.onnx().load("one.onnx").into_model().into_runnable().run([x])[0].to_numpy()


def see(op, opset, x, outputs=1, weights=(), **attributes):
    expected, found = compute(op, opset, x, outputs, weights, attributes)
    same = bool(numpy.allclose(found, expected, rtol=1e-4, atol=1e-12))
    plain = bool(attributes) and outputs == 2 and numpy.array_equal(found, compute(op, opset, x, outputs, weights, {"hidden_size": 2})[1])
    print(f"{op} {attributes}: {'as onnxruntime' if same else 'otherwise'}{', as without the attribute' if plain and len(attributes) > 1 else ''}",
          numpy.asarray(found).ravel()[:3], "for", expected.ravel()[:3])
    wrong.append(not same and (outputs == 1 or plain))
    return same


def row(*values):
    return numpy.array(values, numpy.float32)


def random(*shape):
    return GENERATOR.normal(size=shape).astype(numpy.float32)


x = random(4, 2, 3)
right = []
for op, gates, activations in ("RNN", 1, ["Relu"]), ("GRU", 3, ["Sigmoid", "Relu"]):
    weights = [random(1, 2 * gates, 3), random(1, 2 * gates, 2), random(1, 4 * gates)]
    right.append(see(op, 14, x, 2, weights, hidden_size=2))
    for attributes in {"direction": "reverse"}, {"clip": 0.3}, {"activations": activations}:
        see(op, 14, x, 2, weights, hidden_size=2, **attributes)
right += [see("Celu", 12, row(-5, -1, 1), alpha=1.0), see("Softplus", 13, row(-3, 0, 3))]
see("Celu", 12, row(-5, -1, 1), alpha=0.5)
see("Softplus", 13, row(-17, 89, 100))
for p in 2, 3:
    see("GlobalLpPool", 13, row(3, -4).reshape(1, 1, 2), p=p)
if not all(right) or sum(wrong) != 10:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
