#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnx 1.23.2 (its ReferenceEvaluator), onnxruntime 1.32.0, openvino 2026.4.1 and tinygrad 0.14.0, all from PyPI and the
# latest.
#
# LpNormalization with p=1 divides by the sum of magnitudes. ONNX's own evaluator, by which others test what they compute, divides by the
# sum: it raises to the power p without taking the magnitude first, which is right for p=2 only. 3, -4, 2 become 3, -4, 2, as
# their sum is 1, and 1, -1 become 0, 0, since a norm of 0 has zeros for its result. ONNX's test vectors for p=1 have positive numbers alone.
#
# Expected values are from numpy.
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
READERS = {"onnx reference": lambda x: ReferenceEvaluator("norm.onnx").run(None, {"x": x})[0],
           "onnxruntime": lambda x: onnxruntime.InferenceSession("norm.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("norm.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0],
           "tinygrad": lambda x: OnnxRunner("norm.onnx")({"x": x})["y"].numpy()}
failures = 0
for p in 1, 2:
    for row in [3, 4, 2], [3, -4, 2], [1, -1, 0]:
        node = helper.make_node("LpNormalization", ["x"], ["y"], p=p, axis=1)
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in "xy"]
        model = helper.make_model(helper.make_graph([node], "g", values[:1], values[1:]), opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, "norm.onnx")
        x = numpy.array([row], numpy.float32)
        right = x / numpy.linalg.norm(x, p, axis=1, keepdims=True)
        total = x.sum() or numpy.inf
        for name, run in READERS.items():
            found = run(x)
            expected = x / total if p == 1 and name == "onnx reference" else right
            means = "" if numpy.allclose(found, right) else f", not {[f'{number:.3f}' for number in right[0]]}"
            print(f"LpNormalization p={p} of {row}, {name}: {[f'{number:.3f}' for number in found[0]]}{means}")
            failures += not numpy.allclose(found, expected)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python -W ignore see.py || exit 1
