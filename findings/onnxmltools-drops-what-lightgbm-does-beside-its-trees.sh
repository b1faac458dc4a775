#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnxmltools 1.16.0, lightgbm 4.7.0 and onnxruntime 1.32.0 (PyPI; with onnx 1.23.2, scikit-learn 1.9.1 and numpy 2.4.6), the latest.
#
# What LightGBM does with its trees besides adding their leaves up is left out of the ONNX model without a word: linear models in the leaves
# (linear_tree), the mean over the trees of a random forest (boosting_type="rf"), the square of a target whose root was learnt (reg_sqrt), the
# slope of the sigmoid (sigmoid=2), the normalised sigmoids of multiclassova, and that 0 goes the way of what is missing (zero_as_missing).
# The numbers are plausible ones, and wrong. With the options left at what they are by themselves the models agree.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnxmltools==1.16.0 lightgbm==4.7.0 onnx==1.23.2 onnxruntime==1.32.0 scikit-learn==1.9.1 numpy==2.4.6
cat >see.py <<'P'
import warnings

import lightgbm
import numpy
import onnxruntime
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

warnings.filterwarnings("ignore")
onnxruntime.set_default_logger_severity(4)
generator = numpy.random.default_rng(0)
x = generator.standard_normal((300, 6)).astype(numpy.float32)
x[generator.random(x.shape) < 0.3] = 0
target = 2 * x[:, 0] + numpy.sin(3 * x[:, 2])
two, three = (x[:, 0] + x[:, 1] > 0).astype(int), (x[:, 0] + x[:, 1] * x[:, 2] > 0) + (x[:, 3] > 0.5).astype(int)
bagging = {"bagging_freq": 1, "bagging_fraction": 0.7}
tried = [("Regressor", {}, target, True), ("Regressor", {"linear_tree": True}, target, False), ("Regressor", {"boosting_type": "rf", **bagging}, target, False),
         ("Regressor", {"reg_sqrt": True}, target, False), ("Regressor", {"zero_as_missing": True}, target, False), ("Regressor", {"objective": "poisson"}, abs(target), True),
         ("Classifier", {}, two, True), ("Classifier", {"sigmoid": 2.0}, two, False), ("Classifier", {"boosting_type": "rf", **bagging}, two, False),
         ("Classifier", {}, three, True), ("Classifier", {"objective": "multiclassova"}, three, False)]
strange = False
for kind, options, y, expected in tried:
    model = getattr(lightgbm, "LGBM" + kind)(n_estimators=20, verbose=-1, n_jobs=1, random_state=1, **options).fit(x, y)
    converted = convert_lightgbm(model, initial_types=[("x", FloatTensorType([None, 6]))], zipmap=False)
    found = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[-1]
    right = model.predict_proba(x) if kind == "Classifier" else model.predict(x)
    error = abs(found.reshape(right.shape) - right).max()
    print(f"LGBM{kind} {options}: off by {error:.2g}, numbers up to {abs(right).max():.2g}")
    strange |= (error < 1e-4) != expected
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
