#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with hummingbird-ml 0.4.12 and scikit-learn 1.9.1 (PyPI; with torch 2.15.0 and numpy 2.4.6), the latest.
#
# The kernel of SVC that is called "sigmoid" is by scikit-learn's documentation tanh(gamma <x, x'> + coef0). Hummingbird, which makes tensors of such models for
# PyTorch, has 1 / (1 + exp(-z)) there, the function of that name elsewhere, and other classes come out; the other kernels are right.
# StandardScaler(with_mean=False) has its mean subtracted all the same: scikit-learn keeps it as mean_, only does not use it. So it is for columns
# whose mean is 0, and for no others. OneHotEncoder(drop="first") keeps the columns that it drops. None of it is refused.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check hummingbird-ml==0.4.12 scikit-learn==1.9.1 torch==2.15.0 numpy==2.4.6
cat >see.py <<'P'
import warnings

warnings.filterwarnings("ignore")
import hummingbird.ml
import numpy
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

generator = numpy.random.default_rng(0)
x = generator.standard_normal((200, 3)).astype(numpy.float32)
y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int)
whole = generator.integers(0, 4, (200, 2))
tried = [(SVC(kernel="rbf"), x, True), (SVC(kernel="poly"), x, True), (SVC(kernel="sigmoid"), x, False), (SVC(kernel="sigmoid", gamma=0.1), x, False),
         (StandardScaler(), x + 5, True), (StandardScaler(with_std=False), x + 5, True), (StandardScaler(with_mean=False), x + 5, False),
         (OneHotEncoder(sparse_output=False), whole, True), (OneHotEncoder(sparse_output=False, drop="first"), whole, False)]
strange = False
for model, data, expected in tried:
    model.fit(data, y)
    converted = hummingbird.ml.convert(model, "torch", data[:4])
    right, found = (each.predict(data) if isinstance(model, SVC) else each.transform(data) for each in (model, converted))
    agrees = found.shape == right.shape and bool(abs(found - right).max() < 1e-4)
    detail = f"{list(found.shape)} for {list(right.shape)}" if found.shape != right.shape else f"{(abs(found - right) > 1e-4).sum()} of {right.size} differ, by up to {abs(found - right).max():.2g}"
    print(f"{model}: {'right' if agrees else 'wrong'}, {detail}")
    if isinstance(model, SVC) and model.kernel == "sigmoid":
        gamma = model._gamma
        for name, function in (("tanh", numpy.tanh), ("1 / (1 + exp(-z))", lambda z: 1 / (1 + numpy.exp(-z)))):
            sums = function(gamma * data.astype(float) @ model.support_vectors_.T + model.coef0) @ model.dual_coef_[0] + model.intercept_[0]
            same = [int(((sums > 0) == labels).sum()) for labels in (right, found)]
            print(f"  by {name} as many of 200 classes are those of scikit-learn and of Hummingbird: {same}")
            strange |= (same[0] == 200) != (name == "tanh") or (same[1] == 200) != (name != "tanh")
    strange |= agrees != expected
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
