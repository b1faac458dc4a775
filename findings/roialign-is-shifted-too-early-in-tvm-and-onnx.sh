#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with apache-tvm 0.27.0.post1, onnxruntime 1.32.0 and onnx 1.23.2 (its ReferenceEvaluator; PyPI, with numpy 2.4.6), the latest.
#
# RoiAlign has since opset 16 an attribute by which regions are shifted by half a pixel, as they are unless told otherwise (half_pixel), and before was the
# same without that shift (output_half_pixel, as ONNX's converter of versions writes). ONNX's own evaluator, by which others test, shifts those of opset 10, too.
# TVM shifts the corners before they are multiplied by spatial_scale, where onnxruntime, ONNX and PyTorch do so afterwards: right at a scale of 1, an eighth in
# place of a half at 1/4, as a detector has it, whose regions are in pixels of the picture. On a picture whose pixels are the numbers of their columns each average
# is a column to be read off.
#
# IsInf with detect_negative=0 is true for minus infinity in TVM, which passes over that attribute, and over detect_positive.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check apache-tvm==0.27.0.post1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxruntime
import tvm
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from tvm import relax
from tvm.relax.frontend.onnx import from_onnx


def see(op, opset, x, constants, **attributes):
    """What TVM, onnxruntime and ONNX's evaluator compute."""
    initializers = [numpy_helper.from_array(constant, f"c{i}") for i, constant in enumerate(constants)]
    node = helper.make_node(op, ["x", *(each.name for each in initializers)], ["y"], **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, x.shape)], [onnx.ValueInfoProto(name="y")], initializers)
    model = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), strict_mode=True)
    onnx.checker.check_model(model)
    module = relax.transform.LegalizeOps()(relax.transform.DecomposeOpsForInference()(from_onnx(model, keep_params_in_input=False)))
    machine = relax.VirtualMachine(tvm.compile(module, tvm.target.Target("llvm")), tvm.cpu())
    peers = [onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0], ReferenceEvaluator(model).run(None, {"x": x})[0]]
    return [machine["main"](tvm.runtime.tensor(x)).numpy(), *peers]


columns = numpy.tile(numpy.arange(12, dtype=numpy.float32), (1, 1, 12, 1))
strange = False
for opset, mode, scale, expected in ((10, None, 1.0, 0), (16, "output_half_pixel", 1.0, 0), (16, "output_half_pixel", 0.25, 0),
                                     (16, "half_pixel", 1.0, 0), (16, None, 1.0, 0), (16, None, 0.25, 0.375)):
    corners = numpy.array([[2, 2, 6, 6]], numpy.float32)
    attributes = {"output_height": 1, "output_width": 2, "sampling_ratio": 2, "spatial_scale": scale, **({"coordinate_transformation_mode": mode} if mode else {})}
    found = [y.ravel() for y in see("RoiAlign", opset, columns, [(corners / scale).astype(numpy.float32), numpy.zeros(1, numpy.int64)], **attributes)]
    right = numpy.array([3, 5]) - (0.5 if opset == 16 and mode != "output_half_pixel" else 0)
    early = 0.5 if opset == 10 else 0
    print(f"RoiAlign of opset {opset}, {mode or 'no mode given'}, scale {scale}: TVM {found[0].tolist()}, onnxruntime {found[1].tolist()}, ONNX {found[2].tolist()}")
    strange |= not (numpy.allclose(found[0], right + expected) and numpy.allclose(found[1], right) and numpy.allclose(found[2], right - early))
infinities = numpy.array([numpy.inf, -numpy.inf, 1], numpy.float32)
for attributes, wrong in (({}, False), ({"detect_negative": 0}, True), ({"detect_positive": 0}, True)):
    found = [y.astype(bool).tolist() for y in see("IsInf", 10, infinities, [], **attributes)]
    print(f"IsInf {attributes} of {infinities.tolist()}: TVM {found[0]}, onnxruntime {found[1]}, ONNX {found[2]}")
    strange |= found[1] != found[2] or (found[0] != found[1]) != wrong
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
