#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnxruntime 1.32.0, openvino 2026.4.1 and onnx 1.23.2 (its ReferenceEvaluator), all from PyPI and the latest.
#
# Resize by a scale of 1.1 makes 7 numbers of 7, since 7.7 is rounded down. Where each of them comes from is said by the scale that was given:
# the nearest below i / 1.1 is 0, 0, 1, 2, 3, 4, 5. So has it ONNX's evaluator. onnxruntime and OpenVINO see that the size stays and give the input as it is, where they
# use a scale that does change the size, 0.95 of 9 numbers, as the others do: an exported model computes something else, of one size of its
# inputs and not of the next.
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
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

READERS = {"onnxruntime": lambda x: onnxruntime.InferenceSession("resize.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("resize.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0],
           "onnx reference": lambda x: ReferenceEvaluator("resize.onnx").run(None, {"x": x})[0]}
print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, openvino {openvino.__version__}")


def resize(width, scale):
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 1, 1, width])],
                              [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 1, 1, "n"])],
                              [numpy_helper.from_array(numpy.array([1, 1, 1, scale], numpy.float32), "scales")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "resize.onnx")
    x = numpy.arange(width, dtype=numpy.float32).reshape(1, 1, 1, width)
    found = {name: [int(number) for number in run(x).ravel()] for name, run in READERS.items()}
    for name, numbers in found.items():
        print(f"{width} numbers by {scale}, {name}: {numbers}")
    return found


copied, moved = list(range(7)), [0, 0, 1, 2, 3, 4, 5]
stays, changes = resize(7, 1.1), resize(9, 0.95)
if stays != {"onnxruntime": copied, "openvino": copied, "onnx reference": moved} or len({tuple(numbers) for numbers in changes.values()}) != 1:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
