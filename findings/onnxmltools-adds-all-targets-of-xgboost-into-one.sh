#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnxmltools 1.16.0, xgboost 3.2.0 and onnxruntime 1.32.0 (PyPI, with Python 3.11, for which pip takes this xgboost; with onnx 1.23.2, scikit-learn 1.9.1 and numpy 2.4.6).
#
# XGBoost grows trees for each target, or quantile, in turn. The ONNX model of it has as many targets, but the trees of all of them are
# added into the first. Of the others nothing is left: ONNX's own evaluator has their base value there, onnxruntime 0. Random forests of
# several classes mix these up, too, and reg:logistic gives the number before the sigmoid. None of it is refused.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnxmltools==1.16.0 xgboost==3.2.0 onnx==1.23.2 onnxruntime==1.32.0 scikit-learn==1.9.1 numpy==2.4.6
cat >see.py <<'P'
import warnings

import numpy
import onnxruntime
import xgboost
from onnx.reference import ReferenceEvaluator
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

warnings.filterwarnings("ignore")
onnxruntime.set_default_logger_severity(4)
x = numpy.random.default_rng(0).standard_normal((300, 6)).astype(numpy.float32)
target = 2 * x[:, 0] + numpy.sin(3 * x[:, 2])
two, three = (x[:, 0] + x[:, 1] > 0).astype(int), (x[:, 0] + x[:, 1] * x[:, 2] > 0) + (x[:, 3] > 0.5).astype(int)
both = numpy.stack([target, x[:, 1]], 1)
tried = [("XGBRegressor", {}, target, True), ("XGBRegressor", {}, both, False), ("XGBRegressor", {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.9]}, target, False),
         ("XGBRegressor", {"objective": "reg:logistic"}, two, False), ("XGBClassifier", {}, three, True), ("XGBRFClassifier", {}, three, False)]
strange = False
for kind, options, y, expected in tried:
    model = getattr(xgboost, kind)(n_estimators=20, n_jobs=1, random_state=1, **options).fit(x, y)
    converted = convert_xgboost(model, initial_types=[("x", FloatTensorType([None, 6]))])
    found = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[-1]
    right = model.predict_proba(x) if "Classifier" in kind else model.predict(x)
    error = abs(found.reshape(right.shape) - right).max()
    print(f"{kind} {options}, {right.shape}: off by {error:.2g}, numbers up to {abs(right).max():.2g}")
    strange |= (error < 1e-4) != expected
    if right.ndim == 2 and "Regressor" in kind:
        by_onnx = ReferenceEvaluator(converted).run(None, {"x": x})[-1]
        print(f"  the second target is {found[:, 1].min():.3g} to {found[:, 1].max():.3g} by onnxruntime, {by_onnx[:, 1].min():.3g} to {by_onnx[:, 1].max():.3g} by ONNX's evaluator")
        strange |= bool(found[:, 1].any()) or numpy.ptp(by_onnx[:, 1]) > 0 or not by_onnx[0, 1]
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
