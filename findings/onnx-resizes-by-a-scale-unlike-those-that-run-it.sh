#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnx 1.23.2 (its shape inference, its ReferenceEvaluator and its test vectors), onnxruntime 1.32.0, openvino 2026.4.1
# and tinygrad 0.14.0, all from PyPI and the latest.
#
# 5 numbers resized by 2.6 are 13 in onnxruntime and OpenVINO, which multiply in float32 (and in PyTorch, of whose scale_factor=2.6 such
# a file comes); ONNX's own shape inference and evaluator and tinygrad multiply the float32 2.6 in double precision and get 12.
#
# From corner to corner (align_corners), 4 numbers by 0.6 are 2, the first and the last, in onnxruntime, OpenVINO and tinygrad (and in
# PyTorch). In ONNX's evaluator the last of them is 3.14 for 1, 2, 3, 4: it divides by 4 x 0.6 - 1 where the others divide by 2 - 1.
# The specification says "the length of the resized tensor", which is 2, but its test vector test_resize_downsample_scales_linear_align_corners
# has 3.142857: a vector that none of three runtimes passes.
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

READERS = {"onnxruntime": lambda x: onnxruntime.InferenceSession("resize.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("resize.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0],
           "tinygrad": lambda x: OnnxRunner("resize.onnx")({"x": x})["y"].numpy(),
           "onnx reference": lambda x: ReferenceEvaluator("resize.onnx").run(None, {"x": x})[0]}
onnxruntime.set_default_logger_severity(4)


def save(width, scale, **attributes):
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 1, 1, width])],
                              [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 1, 1, "n"])],
                              [numpy_helper.from_array(numpy.array([1, 1, 1, scale], numpy.float32), "scales")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "resize.onnx")
    model.graph.output[0].CopyFrom(helper.make_empty_tensor_value_info("y"))
    return onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[3].dim_value


seen = {"inferred": save(5, 2.6, mode="nearest")}
print(f"5 by 2.6, onnx.shape_inference: {seen['inferred']} numbers")
for name, run in READERS.items():
    seen[name] = run(numpy.ones((1, 1, 1, 5), numpy.float32)).size
    print(f"5 by 2.6, {name}: {seen[name]} numbers")
save(4, 0.6, mode="linear", coordinate_transformation_mode="align_corners")
for name, run in READERS.items():
    seen[name] = seen[name], [round(float(number), 4) for number in run(numpy.array([[[[1, 2, 3, 4]]]], numpy.float32)).ravel()]
    print(f"1, 2, 3, 4 by 0.6 from corner to corner, {name}: {seen[name][1]}")
if seen != {"inferred": 12, "onnxruntime": (13, [1.0, 4.0]), "openvino": (13, [1.0, 4.0]), "tinygrad": (12, [1.0, 4.0]),
            "onnx reference": (12, [1.0, 3.1429])}:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
