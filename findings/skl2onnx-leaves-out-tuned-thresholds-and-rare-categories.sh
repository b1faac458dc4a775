#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with skl2onnx 1.20.0, scikit-learn 1.9.1 and onnxruntime 1.32.0 (PyPI; with onnx 1.23.2 and numpy 2.4.6), the latest.
#
# Of TunedThresholdClassifierCV skl2onnx converts the classifier within and leaves out the threshold, which is all that was tuned: scikit-learn
# labels 105 of 300 samples 1, the model 41, as at 0.5. OrdinalEncoder with max_categories or min_frequency gathers rare categories into one
# number; the model takes those that are rare in the first column for the rare ones of all columns. MaxAbsScaler(clip=True)
# does not clip, SimpleImputer(add_indicator=True) adds no columns. None of it is refused, as OneHotEncoder with rare categories is, and
# MinMaxScaler(clip=True), SimpleImputer and OrdinalEncoder without these options, or of one column, are right.
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
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder

onnxruntime.set_default_logger_severity(4)


def run(model, x, **options):
    converted = to_onnx(model, x[:1], options={id(model): options} if options else None)
    return onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"X": x})[0]


generator = numpy.random.default_rng(0)
x, others = generator.standard_normal((2, 300, 4)).astype(numpy.float32)
y = (x[:, 0] + generator.standard_normal(300) / 2 > 1).astype(int)
tuned = TunedThresholdClassifierCV(LogisticRegression(), scoring="balanced_accuracy").fit(x, y)
labels, right, plain = run(tuned, others, zipmap=False), tuned.predict(others), tuned.estimator_.predict(others)
print(f"threshold {tuned.best_threshold_:.2g}: {right.sum()} of 300 are labelled 1, by the ONNX model {labels.sum()}, by the classifier within at 0.5 {plain.sum()}")
strange = right.sum() < 2 * plain.sum() or not (labels == plain).all()

counts = [2, 90, 3, 100, 4], [80, 2, 110, 3, 4]
each = numpy.repeat([[3], [5], [7], [11], [13]], 2, axis=1)
kinds = numpy.stack([numpy.repeat(each[:, 0], how_many) for how_many in counts], axis=1)
missing = numpy.where(x > 1, numpy.float32(numpy.nan), x)
tried = [(OrdinalEncoder(), kinds, each, True), (OrdinalEncoder(max_categories=3), kinds[:, 1:], each[:, 1:], True),
         (OrdinalEncoder(max_categories=3), kinds, each, False), (OrdinalEncoder(min_frequency=10), kinds, each, False),
         (MinMaxScaler(clip=True), x, others * 2, True), (MaxAbsScaler(), x, others * 2, True), (MaxAbsScaler(clip=True), x, others * 2, False),
         (SimpleImputer(), missing, missing, True), (SimpleImputer(add_indicator=True), missing, missing, False)]
for model, learned, asked, agrees in tried:
    right, found = model.fit(learned).transform(asked), run(model, asked)
    same = found.shape == right.shape and numpy.allclose(found, right, atol=1e-5)
    told = f"{right.T.astype(int).tolist()} and {found.T.astype(int).tolist()}" if len(right) < 9 else f"{right.shape} up to {right.max():.3g} and {found.shape} up to {found.max():.3g}"
    print(f"{model}: scikit-learn and the ONNX model {told}")
    strange |= same != agrees
try:
    run(OneHotEncoder(max_categories=3, sparse_output=False).fit(kinds), each)
    strange = True
except NotImplementedError as error:
    print(f"OneHotEncoder(max_categories=3): {error}")
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
