#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnxruntime 1.32.0, openvino 2026.4.1, apache-tvm 0.27.0.post1 and onnx 1.23.2 (its ReferenceEvaluator; PyPI, with
# numpy 2.4.6), the latest.
#
# RoiAlign reads a picture at points between its pixels and has of each bin the average of these numbers, or with mode="max" the largest.
# With one point to a bin both are that one number, 8.75, and OpenVINO and TVM have it. onnxruntime and ONNX's own evaluator have
# 3.9375: of the four pixels around a point they take the largest product of pixel and weight, not the sum of the four, so that the
# maximum is less than the mean, and of a picture of ones less than 1, by where its region lies. ONNX's test vector has it so, too. All
# agree about "avg".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 apache-tvm==0.27.0.post1 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxruntime
import openvino
import tvm
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from tvm import relax
from tvm.relax.frontend.onnx import from_onnx

onnxruntime.set_default_logger_severity(4)


def through_tvm(x):
    machine = relax.VirtualMachine(tvm.compile(from_onnx(onnx.load("align.onnx")), target="llvm"), tvm.cpu())
    return machine["main"](tvm.runtime.tensor(x)).numpy()


READERS = {"onnx reference": lambda x: ReferenceEvaluator("align.onnx").run(None, {"x": x})[0],
           "onnxruntime": lambda x: onnxruntime.InferenceSession("align.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x})[0],
           "openvino": lambda x: openvino.Core().compile_model("align.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0],
           "tvm": through_tvm}
RAMP = numpy.arange(36, dtype=numpy.float32).reshape(1, 1, 6, 6)
failures = 0
for mode in "avg", "max":
    # The region from 1, 1 to 4, 4 begins at 0.5; a bin is 1.5 wide, and its point is in the middle, at 1.25 and 2.75 in both directions.
    for name, x, right, wrong in (("0 to 35", RAMP, [8.75, 10.25, 17.75, 19.25], [3.9375, 5.0625, 10.6875, 11.8125]),
                                  ("ones", numpy.ones_like(RAMP), [1, 1, 1, 1], [0.5625] * 4)):
        node = helper.make_node("RoiAlign", ["x", "regions", "of"], ["y"], output_height=2, output_width=2, sampling_ratio=1, mode=mode)
        values = [helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, 1, size, size]) for value, size in (("x", 6), ("y", 2))]
        weights = [numpy_helper.from_array(numpy.array([[1, 1, 4, 4]], numpy.float32), "regions"), numpy_helper.from_array(numpy.array([0]), "of")]
        graph = helper.make_graph([node], "g", values[:1], values[1:], weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, "align.onnx")
        for reader, run in READERS.items():
            found = run(x).ravel().tolist()
            print(f"{reader}: mode={mode} of {name}: {found}")
            failures += not numpy.allclose(found, wrong if mode == "max" and "onnx" in reader else right, atol=1e-3)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
