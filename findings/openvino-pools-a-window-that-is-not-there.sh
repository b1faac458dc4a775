#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with openvino 2026.4.1, opencv-python-headless 5.0.0.93, onnxruntime 1.32.0 and onnx 1.23.2 (PyPI), the latest.
#
# Windows of 2, every 3, rounded up, over 6 numbers: the third window would begin at the 7th. ONNX says since opset 22 that such a window
# is left out, as PyTorch does, and onnxruntime leaves it out in all opsets. OpenVINO leaves it out of AveragePool but not of MaxPool of
# the same attributes, in opset 22, too; the maximum of no numbers that it puts there is -3.4028235e+38. OpenCV's new engine has the
# third window in both, with NaN for the average. onnx.shape_inference says 2 for a file of opset 22 and 3 for the same nodes in opset 19.
# So a network that adds both poolings, or flattens one, either cannot be built, or has the lowest float among its numbers.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 opencv-python-headless==5.0.0.93 numpy==2.4.6
cat >see.py <<'P'
import cv2
import numpy
import onnx
import onnxruntime
import openvino

X = numpy.arange(1, 7, dtype=numpy.float32).reshape(1, 1, 6)
LOWEST = float(numpy.finfo(numpy.float32).min)


def through_opencv():
    net = cv2.dnn.readNetFromONNX("pool.onnx")
    net.setInput(X, "x")
    return net.forward("y")


READERS = {"onnxruntime": lambda: onnxruntime.InferenceSession("pool.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": X})[0],
           "openvino": lambda: openvino.Core().compile_model("pool.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(X)[0],
           "opencv": through_opencv}
onnxruntime.set_default_logger_severity(4)
seen = {}
for op in "MaxPool", "AveragePool":
    for opset in 19, 22:
        node = onnx.helper.make_node(op, ["x"], ["y"], kernel_shape=[2], strides=[3], ceil_mode=1)
        values = [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 1, 6]),
                  onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 1, "n"])]
        model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], values[1:]),
                                       opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=9)
        onnx.checker.check_model(model)
        onnx.save(model, "pool.onnx")
        bare = onnx.helper.make_model(onnx.helper.make_graph([node], "g", values[:1], [onnx.helper.make_empty_tensor_value_info("y")]),
                                      opset_imports=[onnx.helper.make_opsetid("", opset)])
        seen[op, opset, "inferred"] = onnx.shape_inference.infer_shapes(bare).graph.output[0].type.tensor_type.shape.dim[2].dim_value
        print(f"{op}, opset {opset}, onnx.shape_inference: {seen[op, opset, 'inferred']} numbers")
        for name, run in READERS.items():
            seen[op, opset, name] = str([float(number) for number in run().ravel()])
            print(f"{op}, opset {opset}, {name}: {seen[op, opset, name]}")
expected = {}
for opset in 19, 22:
    for op, two, third in ("MaxPool", [2.0, 5.0], LOWEST), ("AveragePool", [1.5, 4.5], float("nan")):
        expected[op, opset, "inferred"] = 3 if opset == 19 else 2
        expected[op, opset, "onnxruntime"] = str(two)
        expected[op, opset, "openvino"] = str(two + [third] if op == "MaxPool" else two)
        expected[op, opset, "opencv"] = str(two + [third])
if seen != expected:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
