#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnx 1.23.2 (its ReferenceEvaluator), onnxruntime 1.32.0, openvino 2026.4.1 and tinygrad 0.14.0, all from PyPI and the
# latest.
#
# LayerNormalization and RMSNormalization of 16-bit floats are computed in 32 bits: their attribute stash_type says so, unless it is told
# otherwise. ONNX's own evaluator squares in 16 bits all the same; from 256 on a square is infinite, and what is divided by infinity is
# 0. So of a row with numbers of 300, as they are in the middle of a language model, it has zeros, where three runtimes have 1 and -1. With
# stash_type=1 written into the file it is no different. Rows of small numbers, which ONNX's test vectors have, are right.
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
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from tinygrad.nn.onnx import OnnxRunner

onnxruntime.set_default_logger_severity(4)
READERS = {"onnx reference": lambda x: ReferenceEvaluator("normal.onnx").run(None, {"x": x})[0],
           "onnxruntime": lambda x: onnxruntime.InferenceSession("normal.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("normal.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0],
           "tinygrad": lambda x: OnnxRunner("normal.onnx")({"x": x})["y"].numpy()}
failures = 0
for op in "LayerNormalization", "RMSNormalization":
    for size in 3, 300:
        for attributes in {}, {"stash_type": 1}:
            x = numpy.array([[size, -size, size, -size]], numpy.float16)
            values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT16, [1, 4]) for name in "xy"]
            weights = [numpy_helper.from_array(numpy.ones(4, numpy.float16), "scale")]
            graph = helper.make_graph([helper.make_node(op, ["x", "scale"], ["y"], **attributes)], "g", values[:1], values[1:], weights)
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
            onnx.checker.check_model(model, full_check=True)
            onnx.save(model, "normal.onnx")
            for name, run in READERS.items():
                found = run(x).ravel().tolist()
                print(f"{op} {attributes or ''} of {x[0].tolist()}, {name}: {found}")
                right = [0.0] * 4 if name == "onnx reference" and size == 300 else [1, -1, 1, -1]
                failures += not numpy.allclose(found, right, atol=2e-3)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python -W ignore see.py || exit 1
