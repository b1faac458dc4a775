#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with skl2onnx 1.20.0, scikit-learn 1.9.1 and onnxruntime 1.32.0 (PyPI), the latest.
#
# scikit-learn's MLPClassifier of several labels that hold or not, each by itself, has a probability for each: predict_proba() is
# [samples, labels]. skl2onnx converts three labels so, but takes two for the two classes of one label, and puts the complements before the
# probabilities: [samples, 4], though the file itself says [samples, 2] of that output. Who takes its two columns has the probability
# that a label does not hold. That is with the option zipmap=False; as to_onnx() converts two labels without options the model can be
# loaded, but not run: its last node, ZipMap, counts more numbers than classes. The labels themselves are right in each case.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import warnings

import numpy
import onnxruntime
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")  # that 60 epochs are few
onnxruntime.set_default_logger_severity(4)
X = numpy.random.default_rng(0).normal(size=(100, 4)).astype(numpy.float32)
LABELS = {"2 classes of one label": (X[:, 0] > 0).astype(int), "2 labels": (X[:, :2] > 0).astype(int), "3 labels": (X[:, :3] > 0).astype(int)}
seen = []
for name, y in LABELS.items():
    network = MLPClassifier(8, max_iter=60, random_state=0).fit(X, y)
    expected = network.predict_proba(X)
    model = to_onnx(network, X[:1], options={"zipmap": False})
    declared = model.graph.output[1].type.tensor_type.shape.dim[1].dim_value
    label, found = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": X})
    assert (label == network.predict(X)).all()
    if found.shape == expected.shape:
        numbers = "the same" if abs(found - expected).max() < 1e-5 else "others"
    else:
        numbers = "1 - p, p" if abs(found - numpy.hstack([1 - expected, expected])).max() < 1e-5 else "others"
    try:
        onnxruntime.InferenceSession(to_onnx(network, X[:1]).SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": X})
        plain = "runs"
    except Exception as error:
        plain = "number of classlabels" in str(error) and "is refused by ZipMap" or str(error)
    seen.append((expected.shape[1], declared, found.shape[1], numbers, plain))
    print(f"{name}: scikit-learn has {expected.shape[1]} probabilities, the file declares {declared} and gives {found.shape[1]}: {numbers}; without options it {plain}")
if seen != [(2, 2, 2, "the same", "runs"), (2, 2, 4, "1 - p, p", "is refused by ZipMap"), (3, 3, 3, "the same", "runs")]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
