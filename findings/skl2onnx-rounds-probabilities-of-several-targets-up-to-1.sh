#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with skl2onnx 1.20.0, scikit-learn 1.9.1 and onnxruntime 1.32.0 (PyPI; with onnx 1.23.2 and numpy 2.4.6), the latest.
#
# A single decision tree that has several targets becomes an ONNX model whose probabilities are each 0 or 1, and often both of a target are
# 1: they pass through a Cast to bool on their way, so that all but 0 is 1. 0.928 and 0.072 become 1 and 1. The labels are taken before it and
# right, so that a test of these tells nothing, as does a tree that has grown until its leaves are pure. A forest of one such tree (or more)
# has the right probabilities, and so has a tree of one target.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnxruntime
from onnx import TensorProto
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

onnxruntime.set_default_logger_severity(4)
generator = numpy.random.default_rng(0)
x, others = generator.standard_normal((2, 200, 4)).astype(numpy.float32)
two = numpy.stack([x[:, 0] + x[:, 1] / 2 > 0, x[:, 3] * x[:, 2] > 0.5], axis=1).astype(int)
tried = [("a tree of two targets", DecisionTreeClassifier(max_depth=2, random_state=0), two, True),
         ("an extra tree of two targets", ExtraTreeClassifier(max_depth=2, random_state=0), two, True),
         ("a forest of one such tree", RandomForestClassifier(n_estimators=1, max_depth=2, random_state=0), two, False),
         ("a tree of one target", DecisionTreeClassifier(max_depth=2, random_state=0), two[:, 0], False)]
strange = False
for name, model, y, cast in tried:
    model.fit(x, y)
    converted = to_onnx(model, x[:1], options={id(model): {"zipmap": False}})
    labels, found = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": others})
    right = numpy.asarray(model.predict_proba(others))
    bools = any(node.op_type == "Cast" and node.attribute[0].i == TensorProto.BOOL for node in converted.graph.node)
    error = abs(found.reshape(right.shape) - right).max()
    same = (labels.reshape(y.shape) == model.predict(others)).all()
    first = found.reshape(-1, found.shape[-1])[0]
    print(f"{name}: {right.reshape(-1, right.shape[-1])[0].round(3)} is {first.round(3)}, off by up to {error:.2g}, cast to bool: {bools}, labels right: {same}")
    ones = numpy.array_equal(found.reshape(right.shape), right > 0)
    strange |= not same or bools != cast or ones != cast or (error < 1e-5) == cast
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
