#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnxruntime 1.32.0, openvino 2026.4.1 and onnx 1.23.2 (its ReferenceEvaluator; PyPI, with numpy 2.4.6), the latest.
#
# ONNX's Cast of 2.5 to INT8 is 2 everywhere: the fraction is cut off, as to all whole numbers since opset 1. Cast to INT4 and UINT4, which
# came with opset 21, is 3 in onnxruntime and OpenVINO: they round, halves away from zero, which no other Cast does, nor QuantizeLinear, which
# has halves to even. ONNX's own evaluator cuts off. So a model that has INT8 replaced by INT4 computes other numbers even where all
# of them are small. And 7.9, which cut off is an INT4, becomes -8 in onnxruntime and in OpenVINO 8, which is none.
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
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
READERS = {"onnx reference": lambda x: ReferenceEvaluator("cast.onnx").run(None, {"x": x})[0],
           "onnxruntime": lambda x: onnxruntime.InferenceSession("cast.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("cast.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0]}
SIGNED, UNSIGNED = [-3.75, -2.5, -0.5, 0.5, 1.5, 2.5, 3.25, 7.9], [0.5, 1.5, 2.5, 3.25, 7.9, 14.5]
CUT, CUT_UNSIGNED = [-3, -2, 0, 0, 1, 2, 3, 7], [0, 1, 2, 3, 7, 14]
EXPECTED = {"INT8": [CUT] * 3, "UINT8": [CUT_UNSIGNED] * 3, "INT32": [CUT] * 3,
            "INT4": [CUT, [-4, -3, -1, 1, 2, 3, 3, -8], [-4, -3, -1, 1, 2, 3, 3, 8]],
            "UINT4": [CUT_UNSIGNED, [1, 2, 3, 3, 8, 15], [1, 2, 3, 3, 8, 15]]}
failures = 0
for kind, expected in EXPECTED.items():
    nodes = [helper.make_node("Cast", ["x"], ["small"], to=getattr(TensorProto, kind)),
             helper.make_node("Cast", ["small"], ["y"], to=TensorProto.FLOAT)]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in "xy"]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "cast.onnx")
    numbers = UNSIGNED if kind.startswith("U") else SIGNED
    for (name, run), right in zip(READERS.items(), expected):
        found = run(numpy.array(numbers, numpy.float32)).astype(int).tolist()
        print(f"{kind}, {name}: {numbers} become {found}")
        failures += found != right
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
