#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnxruntime 1.32.0 and openvino 2026.4.1 (PyPI; models made by onnx 1.23.2), the latest; on x86-64.
#
# ReduceMax of 1, NaN, 3, 4 is neither NaN nor 4 in onnxruntime but 3: the 4 is lost with the NaN. So it is with one in ten rows
# of 8 random numbers among which a NaN is. If the NaN is first the result is NaN, in other places mostly the largest of the others.
# MaxPool and GlobalMaxPool have NaN if it is the last, Max of four inputs wherever it is, and ArgMax if it is the first: one runtime,
# on one device, with one row. So what a network that went wrong has to show goes by the place where it went wrong.
# OpenVINO makes numbers of NaN in ops before that, too: Relu has 0, Clip without bounds the lowest of all floats, and Softmax of a
# row with one NaN has NaN there and 0 for all the others.
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
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
READERS = {"onnxruntime": lambda x: onnxruntime.InferenceSession("nan.onnx", providers=["CPUExecutionProvider"]).run(None, x)[0],
           "openvino": lambda x: openvino.Core().compile_model("nan.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0]}
# What comes of a NaN in the first place to the last.
EXPECTED = {
    ("onnxruntime", "ReduceMax"): "nan 3 4 3", ("onnxruntime", "ReduceMin"): "nan 1 1 1", ("onnxruntime", "MaxPool"): "4 4 4 nan",
    ("onnxruntime", "GlobalMaxPool"): "4 4 4 nan", ("onnxruntime", "Max"): "nan nan nan nan", ("onnxruntime", "ArgMax"): "0 3 3 2",
    ("onnxruntime", "Relu"): "nan,2,3,4 1,nan,3,4 1,2,nan,4 1,2,3,nan", ("onnxruntime", "Softmax"): "nan,nan,nan,nan " * 3 + "nan,nan,nan,nan",
    ("openvino", "Relu"): "0,2,3,4 1,0,3,4 1,2,0,4 1,2,3,0", ("openvino", "Clip"): "-3.4e+38,2,3,4 1,-3.4e+38,3,4 1,2,-3.4e+38,4 1,2,3,-3.4e+38",
    ("openvino", "Softmax"): "nan,0,0,0 0,nan,0,0 0,0,nan,0 0,0,0,nan",
}
ATTRIBUTES = {"MaxPool": {"kernel_shape": [1, 4]}, "ArgMax": {"axis": 3}}
failures = 0
for (name, op), expected in EXPECTED.items():
    inputs = ["a", "b", "c", "d"] if op == "Max" else ["x", "axes"] if op.startswith("Reduce") else ["x"]
    weights = [numpy_helper.from_array(numpy.array([3]), "axes")] if "axes" in inputs else []
    values = [helper.make_tensor_value_info(value, TensorProto.FLOAT, [1] if op == "Max" else [1, 1, 1, 4]) for value in inputs if value != "axes"]
    shape = [1] if op == "Max" else [1, 1, 1, 1 if "Max" in op or "Min" in op else 4]
    output = helper.make_tensor_value_info("y", TensorProto.INT64 if op == "ArgMax" else TensorProto.FLOAT, shape)
    node = helper.make_node(op, inputs, ["y"], **ATTRIBUTES.get(op, {}))
    model = helper.make_model(helper.make_graph([node], "g", values, [output], weights), opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "nan.onnx")
    found = []
    for place in range(4):
        x = numpy.arange(1, 5, dtype=numpy.float32)
        x[place] = numpy.nan
        feed = {letter: x[index:index + 1] for index, letter in enumerate("abcd")} if op == "Max" else {"x": x.reshape(1, 1, 1, 4)}
        found.append(",".join(f"{number:.2g}" for number in READERS[name](feed).ravel()))
    print(f"{name}: {op} of 1, 2, 3, 4 with NaN for one of them after the other: {' '.join(found)}")
    failures += " ".join(found) != expected
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
