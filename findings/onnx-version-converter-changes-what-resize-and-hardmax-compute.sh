#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnx 1.23.2 and onnxruntime 1.32.0 (PyPI), the latest.
#
# onnx.version_converter knows that Softmax means something else from opset 13 on (it was over all axes from `axis` on) and writes
# Flatten, Softmax, Reshape. Of ops that changed their meaning in the same way it does not: without a word,
#   Hardmax 11 becomes Hardmax 13, over the last axis alone;
#   Resize 10, whose positions are `asymmetric`, becomes a Resize 11 that does not say so, of which half_pixel is the default;
#   Upsample 9, which is converted to that Resize 10, likewise.
# So a model of 2019 or before, converted to be read by a newer program, computes other numbers; what was a picture twice as large is shifted.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxruntime
from onnx import helper, numpy_helper, version_converter

GENERATOR = numpy.random.default_rng(1)
FLOAT = onnx.TensorProto.FLOAT


def run(model, x):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def see(op, opset, target, shape, weights, **attributes):
    x = GENERATOR.normal(size=shape).astype(numpy.float32)
    node = helper.make_node(op, ["x", *weights], ["y"], **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", FLOAT, shape)], [helper.make_tensor_value_info("y", FLOAT, [None] * len(shape))],
                              [numpy_helper.from_array(numpy.array(value, numpy.float32), name) for name, value in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    before = run(model, x)
    later = version_converter.convert_version(model, target)
    later.ir_version = 10
    onnx.checker.check_model(later)
    off = abs(run(later, x) - before).max()
    result = "the same" if off < 1e-6 else "other numbers"
    print(f"{op} {opset} to {target}: {' '.join(node.op_type for node in later.graph.node)}: {result}, off by {off:.3g} of {abs(before).max():.3g}")
    return result


seen = [see("Softmax", 11, 13, [2, 3, 4], {}, axis=1), see("Hardmax", 11, 13, [2, 3, 4], {}, axis=1),
        see("Resize", 10, 13, [1, 1, 4, 4], {"scales": [1, 1, 2, 2]}, mode="linear"),
        see("Upsample", 9, 13, [1, 1, 4, 4], {"scales": [1, 1, 2, 2]}, mode="linear")]
if seen != ["the same", "other numbers", "other numbers", "other numbers"]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
