#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnx 1.23.2 (its ReferenceEvaluator), onnxruntime 1.32.0, openvino 2026.4.1, opencv-python-headless 5.0.0.93 and
# tinygrad 0.14.0, all from PyPI and the latest.
#
# Up to opset 12 Softmax with axis=1 of values [2, 3, 4] is over all 12 numbers of a sample; from 13 on it is over the 3 along axis 1.
# That is the best known change of meaning in ONNX, and exporters still write opset 11. Of five that read such a file only onnxruntime
# computes what it says. The others take the meaning of 13, whichever opset stands in the file, without a word; ONNX's own reference
# evaluator is among them. Of LogSoftmax OpenVINO knows the difference, of Softmax it does not.
#
# Expected values are from numpy.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 opencv-python-headless==5.0.0.93 tinygrad==0.14.0 numpy==2.4.6
cat >see.py <<'P'
import cv2
import numpy
import onnx
import onnxruntime
import openvino
from onnx.reference import ReferenceEvaluator
from tinygrad.nn.onnx import OnnxRunner

X = numpy.random.default_rng(1).normal(size=(2, 3, 4)).astype(numpy.float32)


def softmax(axes):
    e = numpy.exp(X.astype(float))
    return e / e.sum(axes, keepdims=True)


def through_opencv():
    net = cv2.dnn.readNetFromONNX("softmax.onnx")
    net.setInput(X, "x")
    return net.forward("y")


READERS = {"onnxruntime": lambda: onnxruntime.InferenceSession("softmax.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": X})[0],
           "onnx reference": lambda: ReferenceEvaluator("softmax.onnx").run(None, {"x": X})[0],
           "openvino": lambda: openvino.Core().compile_model("softmax.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(X)[0],
           "opencv": through_opencv,
           "tinygrad": lambda: OnnxRunner("softmax.onnx")({"x": X})["y"].numpy()}
seen = {}
for op, function in ("Softmax", lambda y: y), ("LogSoftmax", numpy.log):
    meanings = {"opset 11": function(softmax((1, 2))), "opset 13": function(softmax(1))}
    for opset in 11, 13:
        node = onnx.helper.make_node(op, ["x"], ["y"], axis=1)
        values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, X.shape) for name in "xy"]
        model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:]),
                                       opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=7)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, "softmax.onnx")
        for name, run in READERS.items():
            found = run()
            means = [meaning for meaning, expected in meanings.items() if abs(found - expected).max() < 1e-5]
            seen[op, opset, name] = means[0] if len(means) == 1 else "neither"
            print(f"{op}, a file of opset {opset}, {name}: as in {seen[op, opset, name]}")
expected = {key: f"opset {key[1]}" if key[2] == "onnxruntime" or key[::2] == ("LogSoftmax", "openvino") else "opset 13" for key in seen}
if seen != expected:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
