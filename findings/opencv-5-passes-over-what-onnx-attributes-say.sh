#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with opencv-python-headless 5.0.0.93, with its new engine for networks (models made by
# onnx 1.23.2, expected values by onnxruntime 1.32.0; all from PyPI and the latest).
#
# What OpenCV cannot compute it usually refuses with an exception. Of ops that it has it passes over these attributes in silence, even
# over the shape that the file gives its output:
#   ConvTranspose: output_shape and auto_pad, so that 6x6 becomes 8x8 or 5x5;
#   Conv, MaxPool: auto_pad=SAME_LOWER is taken for SAME_UPPER, which shifts what windows of even length see by one;
#   Gelu: approximate=tanh, off in the fourth digit; Swish: alpha;
#   Resize: antialias=1 (OpenVINO 2026.4.1 passes over that as well).
# Without the attribute each of these comes out right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 openvino==2026.4.1 numpy==2.4.6
cat >see.py <<'P'
import cv2
import numpy
import onnx
import onnxruntime
import openvino
from onnx import helper, numpy_helper

GENERATOR = numpy.random.default_rng(1)


def through_opencv(x):
    net = cv2.dnn.readNetFromONNX("one.onnx")
    net.setInput(x, "x")
    return net.forward("y")


def through_openvino(x):
    return openvino.Core().compile_model("one.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0]


def see(op, opset, shape, weight=None, inputs=None, run=through_opencv, **attributes):
    """Whether it comes out right, and with which shape."""
    x = GENERATOR.normal(size=shape).astype(numpy.float32)
    weights = {} if weight is None else {"w": numpy.asarray(weight, numpy.float32)}

    def make(output):
        node = helper.make_node(op, inputs or ["x", *weights], ["y"], **attributes)
        graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
                                  [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, output)],
                                  [numpy_helper.from_array(value, name) for name, value in weights.items()])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
        onnx.checker.check_model(model)
        onnx.save(model, "one.onnx")

    make([f"d{i}" for i in range(len(shape))])
    expected = onnxruntime.InferenceSession("one.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    make(expected.shape)
    found = run(x)
    right = found.shape == expected.shape and bool(abs(found - expected).max() < 2e-5)
    detail = f"{list(found.shape)} for {list(expected.shape)}" if found.shape != expected.shape else f"off by {abs(found - expected).max():.2g}"
    print(f"{run.__name__.split('_')[1]}: {op} {attributes}: {'right' if right else 'wrong'}, {detail}")
    return right


three, two = GENERATOR.normal(size=(1, 1, 3, 3)), GENERATOR.normal(size=(1, 1, 2, 2))
half = {"weight": [1, 1, 0.5, 0.5], "inputs": ["x", "", "w"], "mode": "linear"}
right = [see("ConvTranspose", 11, (1, 1, 3, 3), three, strides=[2, 2]), see("Conv", 11, (1, 1, 4, 4), two, auto_pad="SAME_UPPER"),
         see("MaxPool", 12, (1, 1, 4, 4), kernel_shape=[2, 2], auto_pad="SAME_UPPER"), see("Gelu", 20, (2, 6)), see("Swish", 24, (2, 6)),
         see("Resize", 18, (1, 1, 6, 6), **half), see("Resize", 18, (1, 1, 6, 6), run=through_openvino, **half)]
wrong = [see("ConvTranspose", 11, (1, 1, 3, 3), three, strides=[2, 2], output_shape=[6, 6]),
         see("ConvTranspose", 11, (1, 1, 3, 3), three, strides=[2, 2], auto_pad="SAME_UPPER"), see("Conv", 11, (1, 1, 4, 4), two, auto_pad="SAME_LOWER"),
         see("MaxPool", 12, (1, 1, 4, 4), kernel_shape=[2, 2], auto_pad="SAME_LOWER"), see("Gelu", 20, (2, 6), approximate="tanh"),
         see("Swish", 24, (2, 6), alpha=2.0), see("Resize", 18, (1, 1, 6, 6), antialias=1, **half),
         see("Resize", 18, (1, 1, 6, 6), run=through_openvino, antialias=1, **half)]
if not all(right) or any(wrong):
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
