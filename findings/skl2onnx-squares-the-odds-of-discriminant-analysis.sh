#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with skl2onnx 1.20.0, scikit-learn 1.9.1 and onnxruntime 1.32.0 (PyPI; with onnx 1.23.2 and numpy 2.4.6), the latest.
#
# Of LinearDiscriminantAnalysis with two classes skl2onnx makes a model that is surer than what it was made of: scikit-learn's
# probability is 1 / (1 + exp(-d)), and the model has a softmax of -d and d, 1 / (1 + exp(-2 d)), whose odds are the square. 0.89
# becomes 0.986. All labels are right, as is the area under the curve, so that a test of these tells nothing; the log loss, a
# threshold other than 0.5 and what is averaged with other models do. With three classes the probabilities are right, and so they are with
# two of LogisticRegression, which becomes the same node.
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
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

onnxruntime.set_default_logger_severity(4)
generator = numpy.random.default_rng(0)
X = generator.normal(size=(200, 4)).astype(numpy.float32)
noisy = X[:, :2] + generator.normal(size=(200, 2))
CLASSES = {2: (noisy[:, 0] > 0).astype(int), 3: (noisy > 0).sum(1)}
seen = []
for kind in LinearDiscriminantAnalysis, LogisticRegression:
    for count, y in CLASSES.items():
        model = kind().fit(X, y)
        converted = to_onnx(model, X[:1], options={"zipmap": False})
        labels, found = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": X})
        expected = model.predict_proba(X)
        squared = expected ** 2 / (expected ** 2).sum(1, keepdims=True)
        means = "the same" if abs(found - expected).max() < 1e-4 else "odds squared" if abs(found - squared).max() < 1e-4 else "others"
        seen.append((count, bool((labels == model.predict(X)).all()), means))
        print(f"{kind.__name__}, {count} classes: labels {'the same' if seen[-1][1] else 'others'}, probabilities {means}, "
              f"{expected[0, 0]:.3f} in scikit-learn, {found[0, 0]:.3f} in ONNX, and so on; "
              f"log loss {log_loss(y, expected):.3f} and {log_loss(y, found):.3f}")
if seen != [(2, True, "odds squared"), (3, True, "the same"), (2, True, "the same"), (3, True, "the same")]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
