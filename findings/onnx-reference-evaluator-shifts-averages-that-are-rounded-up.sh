#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnx 1.23.2 (its ReferenceEvaluator), onnxruntime 1.32.0, openvino 2026.4.1 and tinygrad 0.14.0, all from PyPI and the
# latest.
#
# AveragePool with ceil_mode=1 has a last window that reaches past the end of its input. ONNX's own evaluator puts half of what is missing
# before the beginning instead, and so shifts every window: of 1 to 7 by windows of 3, every 3, it has 1.5, 4 and 6, where the averages of
# 1 2 3, 4 5 6 and 7 are 2, 5 and 7. It does so as soon as two or more numbers are missing; ONNX's test vectors have one missing. MaxPool is
# right. LpPool, with p=1 the sum of each window, is shifted as well; and the evaluator and OpenVINO count a number that is not there as
# the mean of those that are, so that 7 alone sums to 21. onnxruntime has 7.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 tinygrad==0.14.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from tinygrad.nn.onnx import OnnxRunner

onnxruntime.set_default_logger_severity(4)
READERS = {"onnx reference": lambda x: ReferenceEvaluator("pool.onnx").run(None, {"x": x})[0],
           "onnxruntime": lambda x: onnxruntime.InferenceSession("pool.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("pool.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0],
           "tinygrad": lambda x: OnnxRunner("pool.onnx")({"x": x})["y"].numpy()}
# Who has what, by op, numbers and window.
EXPECTED = {("AveragePool", 8, 3): {"onnx reference": [2, 5, 7.5], "onnxruntime": [2, 5, 7.5], "openvino": [2, 5, 7.5], "tinygrad": [2, 5, 7.5]},
            ("AveragePool", 7, 3): {"onnx reference": [1.5, 4, 6], "onnxruntime": [2, 5, 7], "openvino": [2, 5, 7], "tinygrad": [2, 5, 7]},
            ("AveragePool", 5, 4): {"onnx reference": [2, 4], "onnxruntime": [2.5, 5], "openvino": [2.5, 5], "tinygrad": [2.5, 5]},
            ("MaxPool", 7, 3): {"onnx reference": [3, 6, 7], "onnxruntime": [3, 6, 7], "openvino": [3, 6, 7], "tinygrad": [3, 6, 7]},
            ("LpPool", 7, 2): {"onnx reference": [3, 7, 11, 14], "onnxruntime": [3, 7, 11, 7], "openvino": [3, 7, 11, 14]},
            ("LpPool", 7, 3): {"onnx reference": [3, 12, 18], "onnxruntime": [6, 15, 7], "openvino": [6, 15, 21]}}
failures = 0
for (op, width, window), expected in EXPECTED.items():
    attributes = {"p": 1} if op == "LpPool" else {}
    node = helper.make_node(op, ["x"], ["y"], kernel_shape=[1, window], strides=[1, window], ceil_mode=1, **attributes)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 1, size]) for name, size in (("x", width), ("y", "n"))]
    model = helper.make_model(helper.make_graph([node], "g", values[:1], values[1:]), opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "pool.onnx")
    for name, numbers in expected.items():
        found = READERS[name](numpy.arange(1, width + 1, dtype=numpy.float32).reshape(1, 1, 1, width)).ravel().round(4).tolist()
        print(f"{op} of 1 to {width}, windows of {window}, every {window}, {name}: {found}")
        failures += found != numbers
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
