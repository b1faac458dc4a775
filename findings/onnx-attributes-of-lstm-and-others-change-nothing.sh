#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnx 1.23.2 (its ReferenceEvaluator), openvino 2026.4.1 and onnxruntime 1.32.0 (PyPI; with numpy 2.4.6), the latest.
#
# Each node here is computed with an attribute or input and without it. In onnxruntime each changes the result, as the specification has
# it. ONNX's own evaluator computes the same numbers with and without, and refuses nothing, for
#   RNN, GRU, LSTM: sequence_lens, so that what pads a short sequence runs through it, and clip;
#   GRU, LSTM: activations, whose names it does not even read; LSTM: input_forget.
# OpenVINO does so for
#   LSTM: the peepholes P, whole weights of the network, and input_forget;
#   Resize: exclude_outside, and keep_aspect_ratio_policy, so that even the shape is another.
# Activations that it does not have OpenVINO does refuse.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxruntime
import openvino
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
GENERATOR = numpy.random.default_rng(1)
HIDDEN, INPUT, LENGTH, BATCH = 3, 2, 4, 2
READERS = {"onnx reference": lambda x: ReferenceEvaluator("node.onnx").run(None, {"x": x})[0],
           "onnxruntime": lambda x: onnxruntime.InferenceSession("node.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("node.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0]}


def run(reader, op, x, inputs, attributes):
    names = ["x"] + ["" if value is None else f"i{index}" for index, value in enumerate(inputs)]
    weights = [numpy_helper.from_array(value, f"i{index}") for index, value in enumerate(inputs) if value is not None]
    graph = helper.make_graph([helper.make_node(op, names, ["y"], **attributes)], "g", [helper.make_tensor_value_info("x", 1, x.shape)],
                              [helper.make_tensor_value_info("y", 1, [None] * 4)], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "node.onnx")
    return READERS[reader](x)


def numbers(*shape):
    return GENERATOR.normal(size=shape).astype(numpy.float32)


CASES = []
for op, gates in ("RNN", 1), ("GRU", 3), ("LSTM", 4):
    x, base = numbers(LENGTH, BATCH, INPUT), [numbers(1, gates * HIDDEN, INPUT), numbers(1, gates * HIDDEN, HIDDEN), None, None]
    plain = {"hidden_size": HIDDEN}
    wrong = ["onnx reference"]
    CASES.append((op, "sequence_lens", x, (base, plain), ([*base[:3], numpy.array([4, 2], numpy.int32)], plain), wrong))
    CASES.append((op, "clip", x, (base, plain), (base, {**plain, "clip": 0.2}), wrong))
    if op == "GRU":
        CASES.append((op, "activations", x, (base, plain), (base, {**plain, "activations": ["Sigmoid", "Relu"]}), wrong))
    if op == "LSTM":
        CASES.append((op, "activations", x, (base, plain), (base, {**plain, "activations": ["Sigmoid", "Relu", "Tanh"]}), wrong))
        CASES.append((op, "input_forget", x, (base, plain), (base, {**plain, "input_forget": 1}), ["onnx reference", "openvino"]))
        CASES.append((op, "P", x, (base, plain), ([*base, None, None, numbers(1, 3 * HIDDEN)], plain), ["openvino"]))
x, scales, sizes = numbers(1, 1, 4, 6), [None, numpy.array([1, 1, 1.5, 1.5], numpy.float32)], [None, None, numpy.array([8, 8])]
CASES.append(("Resize", "exclude_outside", x, (scales, {"mode": "cubic"}), (scales, {"mode": "cubic", "exclude_outside": 1}), ["openvino"]))
linear = {"mode": "linear", "axes": [2, 3]}
CASES.append(("Resize", "keep_aspect_ratio_policy", x, (sizes, linear), (sizes, {**linear, "keep_aspect_ratio_policy": "not_larger"}), ["openvino"]))

failures = 0
for op, name, x, without, given, wrong in CASES:
    for reader in READERS:
        before, after = run(reader, op, x, *without), run(reader, op, x, *given)
        same = before.shape == after.shape and bool(abs(before - after).max() < 1e-6)
        how = "the same numbers as" if same else "other numbers than" if before.shape == after.shape else "another shape than"
        print(f"{op} with {name}, {reader}: {how} without")
        failures += same != (reader in wrong)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
