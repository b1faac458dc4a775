#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with skl2onnx 1.20.0, scikit-learn 1.9.1 and onnxruntime 1.32.0 (PyPI; with onnx 1.23.2 and numpy 2.4.6), the latest.
#
# BaggingClassifier over estimators without predict_proba, as LinearSVC, lets them vote on each sample. In skl2onnx's model of it each
# estimator's votes are counted over all samples of the call instead: there are as many answers as estimators, however many samples were
# asked about, and the "probabilities" of 200 samples by 5 estimators are 5 rows that add up to 40. With as many samples as estimators
# the shape is right and the answers change with the others of the call. Over estimators that have predict_proba the model is right.
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
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier
from sklearn.svm import LinearSVC

onnxruntime.set_default_logger_severity(4)
generator = numpy.random.default_rng(0)
x, others = generator.standard_normal((2, 200, 4)).astype(numpy.float32)
y = (x[:, 0] + x[:, 1] * x[:, 2] > 0) + (x[:, 3] > 0.5).astype(int)
# The first five are of different classes.
others[:5] = x[[numpy.flatnonzero(y == label)[index] for label, index in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))]]
strange = False
for kind, right in (LinearSVC, False), (Perceptron, False), (RidgeClassifier, False), (LogisticRegression, True):
    model = BaggingClassifier(kind(), n_estimators=5, random_state=0).fit(x, y)
    converted = to_onnx(model, x[:1], options={id(model): {"zipmap": False}})
    session = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = []
    for count in 1, 5, 200:
        labels, found = session.run(None, {"X": others[:count]})
        expected = model.predict_proba(others[:count])
        rows.append(len(found))
        sums = found.sum(axis=1)
        print(f"5 of {kind.__name__}, {count} samples: {len(labels)} labels, probabilities {found.shape}, each row adds up to {sums.mean():.3g}")
        strange |= (found.shape == expected.shape and numpy.allclose(found, expected, atol=1e-5)) != right
        strange |= not right and not numpy.allclose(sums, count / 5)
    # The same 5 samples, the last of them another.
    changed = numpy.concatenate([others[:4], others[:1]])
    moved = max(abs(session.run(None, {"X": changed})[1] - session.run(None, {"X": others[:5]})[1])[:4].ravel())
    mine = abs(model.predict_proba(changed) - model.predict_proba(others[:5]))[:4].max()
    print(f"  of 5 samples the last is changed: the first four change by {moved:.2f} in the ONNX model, by {mine:.2f} in scikit-learn")
    strange |= rows != ([1, 5, 200] if right else [5, 5, 5]) or (moved < 1e-6) != right or mine > 1e-12
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
