#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2), the latest; on x86-64.
#
# Unique of NaN, 1, 2 is one value in onnxruntime, NaN, which it counts three times: 1 and 2 are gone. Where a number stands first the
# NaN is gone instead, and counted as that number or another one. Its TopK has no such trouble: there NaN is behind all numbers wherever
# it stands, and so has ONNX's reference evaluator it in Unique, as one value of its own. So a list of ids with a gap at its
# head has one id, and the counts, which sum up to the length either way, show nothing of it.
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
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
nan = numpy.nan
# The values and how often each is there, by onnxruntime and by the reference evaluator.
EXPECTED = [
    ([nan, 1, 2], "nan; 3", "1 2 nan; 1 1 1"),
    ([1, nan, 2], "1 2; 2 1", "1 2 nan; 1 1 1"),
    ([3, 2, nan, 1, 2], "1 2 3; 1 3 1", "1 2 3 nan; 1 2 1 1"),
    ([1, nan, 1, 3, nan, 0], "0 1 3; 1 4 1", "0 1 3 nan; 1 2 1 2"),
    ([1, 2, 1, 3], "1 2 3; 2 1 1", "1 2 3; 2 1 1"),
]
OUTPUTS = [helper.make_tensor_value_info(name, kind, [None]) for name, kind in
           (("y", TensorProto.FLOAT), ("first", TensorProto.INT64), ("inverse", TensorProto.INT64), ("counts", TensorProto.INT64))]
node = helper.make_node("Unique", ["x"], [one.name for one in OUTPUTS], sorted=1)
graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None])], OUTPUTS)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
evaluator = ReferenceEvaluator(model)
failures = 0
for numbers, *expected in EXPECTED:
    x = {"x": numpy.array(numbers, dtype=numpy.float32)}
    found = []
    for values, _, _, counts in (session.run(None, x), evaluator.run(None, x)):
        found.append(" ".join(f"{value:g}" for value in values) + "; " + " ".join(str(count) for count in counts))
    print(f"Unique of {numbers}: onnxruntime has {found[0]}, the reference evaluator {found[1]}")
    failures += found != expected
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
