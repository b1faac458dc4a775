#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnx2torch 1.5.15, torch 2.15.0 and onnxruntime 1.32.0 (PyPI; with torchvision 0.29.2, onnx 1.23.2 and numpy 2.4.6), the latest.
#
# onnx2torch makes a module of PyTorch of an ONNX model. Of these it makes other ones than the model, without a word:
#   CumSum sums from the last to the first unless reverse=0 is written down, which is what leaving it out means, and what all exporters do;
#   NonZero has the indices by rows, where ONNX has them by dimensions, so that of as many numbers as dimensions not even the shape tells;
#   ReduceMax, ReduceMin and ReduceProd over [-2, -1] without keepdims take the batch in place of the last dimension; ReduceSum does not;
#   PRelu with a slope for each column takes them for those of the channels, where there are as many of both;
#   ConvTranspose passes over output_shape, and IsInf over detect_negative.
# The same with other axes, sizes or attributes comes out right. Expected values are from onnxruntime.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check torch==2.15.0 torchvision==0.29.2 onnx2torch==1.5.15 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import warnings

import numpy
import onnx
import onnx2torch
import onnxruntime
import torch
from onnx import helper, numpy_helper

warnings.filterwarnings("error", module="onnx2torch")
GENERATOR = numpy.random.default_rng(1)


def normal(*shape):
    return GENERATOR.normal(size=shape).astype(numpy.float32)


def see(op, opset, x, *constants, **attributes):
    """Whether PyTorch computes what onnxruntime does."""
    initializers = [numpy_helper.from_array(constant, f"c{i}") for i, constant in enumerate(constants)]
    node = helper.make_node(op, ["x", *(each.name for each in initializers)], ["y"], **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, x.shape)], [onnx.ValueInfoProto(name="y")], initializers)
    model = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), strict_mode=True)
    onnx.checker.check_model(model)
    expected = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    with torch.no_grad():
        found = onnx2torch.convert(model)(torch.from_numpy(x)).numpy()
    right = found.shape == expected.shape and numpy.allclose(found, expected, 1e-4, 1e-5)
    shown = f"{found.tolist()} for {expected.tolist()}" if found.size <= 4 else f"{list(found.shape)} for {list(expected.shape)}"
    print(f"{op} of {list(x.shape)} {attributes}: {'right' if right else 'wrong'}, {shown}")
    return right


four = numpy.array([1, 2, 3, 4], numpy.float32)
axis = numpy.array(0, numpy.int64)
square = normal(2, 3, 3, 3)
places = numpy.array([[0, 0, 5], [7, 0, 0]], numpy.float32)
right = [see("CumSum", 14, four, axis, reverse=0), see("CumSum", 14, four, axis, reverse=1), see("ReduceMax", 13, normal(3, 3, 3), axes=[1, 2], keepdims=0),
         see("ReduceMax", 13, normal(3, 3, 3), axes=[-2, -1]), see("ReduceMean", 13, normal(3, 3, 3), axes=[-2, -1], keepdims=0),
         see("PRelu", 16, square, normal(3, 1, 1)), see("ConvTranspose", 11, normal(1, 1, 3, 3), normal(1, 1, 3, 3), strides=[2, 2]),
         see("IsInf", 10, numpy.array([numpy.inf, 1], numpy.float32))]
wrong = [see("CumSum", 14, four, axis), see("CumSum", 14, four, axis, exclusive=1), see("NonZero", 13, places),
         *(see(op, 13, normal(3, 3, 3), axes=[-2, -1], keepdims=0) for op in ("ReduceMax", "ReduceMin", "ReduceProd")),
         see("PRelu", 16, square, normal(3)), see("ConvTranspose", 11, normal(1, 1, 3, 3), normal(1, 1, 3, 3), strides=[2, 2], output_shape=[6, 6]),
         see("IsInf", 10, numpy.array([numpy.inf, -numpy.inf, 1], numpy.float32), detect_negative=0)]
if not all(right) or any(wrong):
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
