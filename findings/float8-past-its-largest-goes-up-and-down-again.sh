#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnxruntime 1.32.0, openvino 2026.4.1 and onnx 1.23.2 (its ReferenceEvaluator; PyPI, with numpy 2.4.6), the latest.
#
# ONNX's Cast to an 8-bit float has the largest that there is for what is beyond it, and with saturate=0 NaN (E4M3FN) or infinity (E5M2).
# onnxruntime with saturate=0 does neither throughout: to E4M3FN, whose largest is 448, 479 becomes NaN, 480 to 495 become 448 and
# 496 becomes NaN again; to E5M2, whose largest is 57344, what is from 61440 to 65535 becomes NaN, and infinity only what is more than that.
# So has its QuantizeLinear. Only the format's last step is concerned; a test with 1000 or 1e6 sees what it expects.
# OpenVINO passes over saturate: Cast never saturates, though that is what it does unasked, and QuantizeLinear always does. And it
# rounds twice, 61439 to the 16-bit 61440 and that to infinity, where the nearest is 57344.
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
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
READERS = {"onnx reference": lambda x: ReferenceEvaluator("cast.onnx").run(None, {"x": x})[0],
           "onnxruntime": lambda x: onnxruntime.InferenceSession("cast.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("cast.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0]}
TYPES = {"FLOAT8E4M3FN": [448, 464, 479, 480, 495, 496, 1000], "FLOAT8E5M2": [57344, 61439, 61440, 65535, 65536, 1e6]}
EXPECTED = {
    ("FLOAT8E4M3FN", "Cast", 0): ["448 448 nan nan nan nan nan", "448 448 nan 448 448 nan nan", "448 448 nan nan nan nan nan"],
    ("FLOAT8E4M3FN", "Cast", 1): ["448 448 448 448 448 448 448", "448 448 448 448 448 448 448", "448 448 nan nan nan nan nan"],
    ("FLOAT8E4M3FN", "QuantizeLinear", 0): ["448 448 nan nan nan nan nan", "448 448 nan 448 448 nan nan", "448 448 448 448 448 448 448"],
    ("FLOAT8E4M3FN", "QuantizeLinear", 1): ["448 448 448 448 448 448 448"] * 3,
    ("FLOAT8E5M2", "Cast", 0): ["57344 57344 inf inf inf inf", "57344 57344 nan nan inf inf", "57344 inf inf inf inf inf"],
    ("FLOAT8E5M2", "Cast", 1): ["57344 57344 57344 57344 57344 57344"] * 2 + ["57344 inf inf inf inf inf"],
    ("FLOAT8E5M2", "QuantizeLinear", 0): ["57344 57344 inf inf inf inf", "57344 57344 nan nan inf inf", "57344 57344 57344 57344 57344 57344"],
    ("FLOAT8E5M2", "QuantizeLinear", 1): ["57344 57344 57344 57344 57344 57344"] * 3,
}
failures = 0
for (kind, op, saturate), expected in EXPECTED.items():
    code = getattr(TensorProto, kind)
    if op == "Cast":
        nodes = [helper.make_node("Cast", ["x"], ["small"], to=code, saturate=saturate),
                 helper.make_node("Cast", ["small"], ["y"], to=TensorProto.FLOAT)]
    else:
        nodes = [helper.make_node(op, ["x", "scale", "zero"], ["small"], saturate=saturate),
                 helper.make_node("DequantizeLinear", ["small", "scale", "zero"], ["y"])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in "xy"]
    weights = [numpy_helper.from_array(numpy.float32(1), "scale"), helper.make_tensor("zero", code, [], [0.0])]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], weights if op == "QuantizeLinear" else [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "cast.onnx")
    for (name, run), numbers in zip(READERS.items(), expected):
        found = " ".join(f"{number:.0f}" for number in run(numpy.array(TYPES[kind], numpy.float32)))
        print(f"{op} to {kind}, saturate={saturate}, {name}: {' '.join(f'{number:.0f}' for number in TYPES[kind])} become {found}")
        failures += found != numbers
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
