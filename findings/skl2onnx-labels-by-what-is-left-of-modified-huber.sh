#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with skl2onnx 1.20.0, scikit-learn 1.9.1 and onnxruntime 1.32.0 (PyPI; with onnx 1.23.2 and numpy 2.4.6), the latest.
#
# SGDClassifier with loss="modified_huber" has probabilities that are cut off at 0 and 1, so that of three classes often all are 0 or
# two are 1. scikit-learn takes the label from the scores before they are cut; the model that skl2onnx makes takes it from the
# probabilities, and has the first of the classes between which they do not tell: 76 of 100 right become 51. The probabilities themselves
# are the same, and with loss="log_loss" or two classes so are the labels.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnxruntime
from skl2onnx import to_onnx
from sklearn.linear_model import SGDClassifier

onnxruntime.set_default_logger_severity(4)
X = numpy.random.default_rng(0).normal(size=(200, 4)).astype(numpy.float32)
CLASSES = {2: (X[:, 0] > 0).astype(int), 3: (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)}
seen = []
for loss in "log_loss", "modified_huber":
    for count, y in CLASSES.items():
        model = SGDClassifier(loss=loss, random_state=0).fit(X, y)
        converted = to_onnx(model, X[:1], options={"zipmap": False})
        labels, found = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": X})
        assert abs(found - model.predict_proba(X)).max() < 1e-5
        other = labels != model.predict(X)
        maximum = found.max(1, keepdims=True)
        tied = (found == maximum).sum(1) > 1
        seen.append((bool(other.any()), bool(tied[other].all()), bool((labels[tied] == (found == maximum)[tied].argmax(1)).all())))
        print(f"{loss}, {count} classes: {(model.predict(X) == y).mean():.3f} right in scikit-learn, {(labels == y).mean():.3f} in ONNX; "
              f"{other.sum()} labels of {len(y)} are others, {(other & tied).sum()} of them where probabilities are equal")
if seen != [(False, True, True), (False, True, True), (False, True, True), (True, True, True)]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
