#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with openvino 2026.4.1 and onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2, with numpy 2.4.6), the latest.
#
# OpenVINO's CPU computes ReduceMax, ReduceSum and MatMul of INT32 in float32: the largest of 16777216 and 16777217 is 16777216, though Max
# of the two as two inputs, Add and Mul are exact. Of UINT8, 200 + 100 is 255, where the others wrap round to 44. Of INT64 it
# drops the upper half, whose numbers look like results: 9007199254740993 + 1 is 2. Of DOUBLE it does not go to infinity where its
# float32 ends: exp(100) is 3.4028235e+38. The outputs are of the types that the model says, int64 and float64, so that nothing shows it;
# the accuracy asked for, f32 here, is of floats alone.
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
from onnx import helper

onnxruntime.set_default_logger_severity(4)
READERS = {"onnxruntime": lambda x: onnxruntime.InferenceSession("whole.onnx", providers=["CPUExecutionProvider"]).run(None, x)[0],
           "openvino": lambda x: openvino.Core().compile_model("whole.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0]}
ODD = 2**24 + 1
CASES = [("ReduceMax", numpy.int32, [[ODD - 1, ODD]], ODD, ODD - 1), ("ReduceSum", numpy.int32, [[ODD - 1, 1, 1, 1]], ODD + 2, ODD - 1),
         ("MatMul", numpy.int32, [[[ODD]], [[1]]], ODD, ODD - 1), ("Max", numpy.int32, [[ODD - 1], [ODD]], ODD, ODD),
         ("Add", numpy.int32, [[ODD], [2]], ODD + 2, ODD + 2), ("Mul", numpy.int32, [[ODD], [3]], 3 * ODD, 3 * ODD),
         ("Add", numpy.uint8, [[200], [100]], 44, 255), ("Add", numpy.int64, [[2**53 + 1], [1]], 2**53 + 2, 2),
         ("Exp", numpy.float64, [[100]], float(numpy.exp(100.0)), float(numpy.finfo(numpy.float32).max))]
failures = 0
for op, kind, numbers, right, wrong in CASES:
    x = {letter: numpy.array(values, kind) for letter, values in zip("ab", numbers)}
    code = helper.np_dtype_to_tensor_dtype(numpy.dtype(kind))
    values = [helper.make_tensor_value_info(name, code, value.shape) for name, value in x.items()]
    attributes = {"keepdims": 1} if op.startswith("Reduce") else {}
    node = helper.make_node(op, list(x), ["y"], **attributes)
    shape = [1, 1] if op == "MatMul" else [1]
    model = helper.make_model(helper.make_graph([node], "g", values, [helper.make_tensor_value_info("y", code, shape)]),
                              opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "whole.onnx")
    for name, run in READERS.items():
        found = run(x)
        print(f"{name}: {op} of {numbers} in {numpy.dtype(kind)} is {found.item()!r}, of type {found.dtype}")
        expected = wrong if name == "openvino" else right
        failures += found.dtype != kind or not numpy.isclose(found.item(), expected, rtol=1e-6 if kind == numpy.float64 else 0, atol=0)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
