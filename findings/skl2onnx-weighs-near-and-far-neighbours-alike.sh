#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with skl2onnx 1.20.0, scikit-learn 1.9.1 and onnxruntime 1.32.0 (PyPI; with onnx 1.23.2 and numpy 2.4.6), the latest.
#
# scikit-learn's KNeighborsClassifier and KNeighborsRegressor with weights="distance" weigh each neighbour by 1 / its distance. The model that
# skl2onnx makes of them has all the nodes for that, and computes what weights="uniform" gives, to the last digit: the distances are
# turned negative (as once was needed to have the smallest of them from TopK, which now is asked for the smallest), raised to
# 1e-6 at least, and so are all 1e-6. What was learned by heart is no longer known, and what lies between is another number.
# With weights="uniform" the model is right.
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
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

onnxruntime.set_default_logger_severity(4)
generator = numpy.random.default_rng(0)
X, others = generator.normal(size=(2, 200, 4)).astype(numpy.float32)
classes = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def run(model, x, **options):
    converted = to_onnx(model, X[:1], options={id(model): options} if options else None)
    return onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": x})


seen = []
for kind, compute, options in (KNeighborsClassifier, "predict_proba", {"zipmap": False}), (KNeighborsRegressor, "predict", {}):
    models = {weights: kind(4, weights=weights).fit(X, classes) for weights in ("uniform", "distance")}
    for weights, model in models.items():
        found = run(model, others, **options)[-1]
        off = {name: abs(found - getattr(other, compute)(others).reshape(found.shape)).max() for name, other in models.items()}
        seen.append([name for name in off if off[name] < 1e-5])
        print(f"{kind.__name__}, weights={weights}: off by " + ", ".join(f"{value:.2g} from scikit-learn's {name}" for name, value in off.items()))
        right = [float((labels.ravel() == classes).mean()) for labels in (model.predict(X), run(model, X, **options)[0])]
        if kind is KNeighborsClassifier:
            seen.append([weights, right[0] == 1, right[1] == 1])
            print(f"  of what it learned from scikit-learn knows {right[0]:.3f}, the ONNX model {right[1]:.3f}")
if seen != [["uniform"], ["uniform", False, False], ["uniform"], ["distance", True, False], ["uniform"], ["uniform"]]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
