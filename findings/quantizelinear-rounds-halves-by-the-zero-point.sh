#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with openvino 2026.4.1, tinygrad 0.14.0, onnxruntime 1.32.0 and onnx 1.23.2 (its ReferenceEvaluator), all from PyPI and the
# latest.
#
# ONNX's QuantizeLinear rounds x / scale to the nearest, halves to the even one, and then adds the zero point. OpenVINO adds first and
# rounds then: with an odd zero point every half goes the other way, 1.5 to 1 and 2.5 to 3, off by 1 from what onnxruntime has. With an
# even one, 0 or 128, as most tests have, nothing shows. tinygrad has halves go up, to UINT8 alone, with the zero point 0 but from 2.5
# on: it adds 0.4999999 and cuts off, and 2.5 + 0.4999999 is 3 in float32. Numbers of 8 bits, quantised again with a scale of 2, are
# halves every second time.
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
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from tinygrad.nn.onnx import OnnxRunner

onnxruntime.set_default_logger_severity(4)
READERS = {"onnx reference": lambda x: ReferenceEvaluator("quantize.onnx").run(None, {"x": x})[0],
           "onnxruntime": lambda x: onnxruntime.InferenceSession("quantize.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("quantize.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0],
           "tinygrad": lambda x: OnnxRunner("quantize.onnx")({"x": x})["y"].numpy()}
X = numpy.array([1, 3, 5, 7, 9], numpy.float32)
EVEN, ODD = [0, 2, 2, 4, 4], [1, 1, 3, 3, 5]
failures = 0
for kind in numpy.int8, numpy.uint8:
    for zero in 0, 100, 3, 101:
        weights = [numpy_helper.from_array(numpy.float32(2), "scale"), numpy_helper.from_array(kind(zero), "zero")]
        code = helper.np_dtype_to_tensor_dtype(numpy.dtype(kind))
        values = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5]), helper.make_tensor_value_info("y", code, [5])]
        graph = helper.make_graph([helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["y"])], "g", values[:1], values[1:], weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, "quantize.onnx")
        for name, run in READERS.items():
            found = (run(X).astype(int) - zero).tolist()
            print(f"{kind.__name__}, zero point {zero}, {name}: {(X / 2).tolist()} become {found}, the zero point taken off")
            expected = ODD if name == "openvino" and zero % 2 else EVEN
            if name == "tinygrad" and kind is numpy.uint8:
                expected = [1, 2, 3, 4, 5] if zero else [0, 1, 3, 4, 5]
            failures += found != expected
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
