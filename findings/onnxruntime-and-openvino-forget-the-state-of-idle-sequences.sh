#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnxruntime 1.32.0 and openvino 2026.4.0 (PyPI; models made by onnx 1.23.2), the latest; on x86-64.
#
# RNN, GRU and LSTM with a length of 0 for a sequence (sequence_lens) give back 0 for its state, not the state that was given in. Who
# feeds many streams together in pieces, and carries initial_h and initial_c on from piece to piece, loses the memory of each stream that
# has nothing to say in a round; the others in the batch are right. PyTorch refuses such lengths; ONNX says of Y_h only that it is the last
# value.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
UNITS, STEPS, BATCH = 2, 3, 2
random = numpy.random.default_rng(1)


def by_onnxruntime(feed, outputs):
    return onnxruntime.InferenceSession("idle.onnx", providers=["CPUExecutionProvider"]).run(outputs, feed)


def by_openvino(feed, outputs):
    model = openvino.Core().compile_model("idle.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = model(feed)
    return [numpy.array(found[model.output(name)]) for name in outputs]


failures = 0
for op, gates in GATES.items():
    feed = {"X": random.normal(size=(STEPS, BATCH, 1)).astype("f"), "W": random.normal(size=(1, gates * UNITS, 1)).astype("f"),
            "R": random.normal(size=(1, gates * UNITS, UNITS)).astype("f"), "lengths": numpy.array([0, STEPS], "i4"),
            "h": numpy.array([[[0.25, 0.5], [0.25, 0.5]]], "f")}
    inputs, outputs = ["X", "W", "R", "", "lengths", "h"], ["Y", "Y_h"]
    if op == "LSTM":
        feed["c"] = feed["h"] + 1
        inputs, outputs = [*inputs, "c"], [*outputs, "Y_c"]
    kinds = {"f": TensorProto.FLOAT, "i": TensorProto.INT32}
    graph = helper.make_graph([helper.make_node(op, inputs, outputs, hidden_size=UNITS)], "g",
                              [helper.make_tensor_value_info(name, kinds[array.dtype.kind], array.shape) for name, array in feed.items()],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10), "idle.onnx")
    for name, run in (("onnxruntime", by_onnxruntime), ("openvino", by_openvino)):
        states = [state[0, 0].tolist() for state in run(feed, outputs)[1:]]
        print(f"{name}: {op} over 0 steps from h = 0.25, 0.5{', c = 1.25, 1.5' if op == 'LSTM' else ''}: {states}")
        failures += any(value != 0 for state in states for value in state)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
