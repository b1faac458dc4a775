#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnx 1.23.2, onnxruntime 1.32.0, skl2onnx 1.20.0 and scikit-learn 1.9.1 (PyPI; with numpy 2.4.6), the latest.
#
# Of Normalizer of ai.onnx.ml the specification says X / max(X) for MAX and X / sum(X) for L1, with no word of sizes. onnxruntime takes the
# largest as it says, but the sum of the sizes: with MAX -1, -2, -4 become 1, 2, 4, and 0.5, -4, 1 stay as they are. ONNX's own evaluator
# divides by the largest size, as does scikit-learn, whose Normalizer("max") skl2onnx makes this node of: converted and run by onnxruntime,
# it is right for rows whose largest in size is above 0, as of pictures or counts, and for no others. L1 and L2 agree in all three.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnxruntime
from onnx.reference import ReferenceEvaluator
from skl2onnx import to_onnx
from sklearn.preprocessing import Normalizer

onnxruntime.set_default_logger_severity(4)
X = numpy.array([[1, 2, 4], [-1, -2, -4], [0.5, -4, 1], [0, -2, -1]], numpy.float32)
# What onnxruntime gives for MAX; the evaluator and scikit-learn give X / the largest size.
SIGNED = [[0.25, 0.5, 1], [1, 2, 4], [0.5, -4, 1], [0, -2, -1]]
strange = False
for norm in "max", "l1", "l2":
    model = Normalizer(norm)
    converted = to_onnx(model.fit(X), X[:1])
    assert [node.op_type for node in converted.graph.node] == ["Normalizer"]
    ran = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": X})[0]
    evaluated = ReferenceEvaluator(converted).run(None, {"X": X})[0]
    right = model.transform(X)
    for row, *found in zip(X, right, evaluated, ran):
        print(f"{norm} of {row}: " + ", ".join(f"{name} {numbers.round(3)}" for name, numbers in zip(("scikit-learn", "evaluator", "onnxruntime"), found)))
    strange |= not numpy.allclose(evaluated, right, atol=1e-6) or not numpy.allclose(ran, SIGNED if norm == "max" else right, atol=1e-6)
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
