#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with hummingbird-ml 0.4.12, treelite 4.8.1 and scikit-learn 1.9.1 (PyPI; with torch 2.15.0 and numpy 2.4.6), the latest.
#
# Trees of scikit-learn that were fitted with missing values have learnt on which side of each split these go. Hummingbird, which makes tensors of them
# for PyTorch, sends all of them to the right, as NaN is not less than any number: most rows with a NaN are wrong, rows without are right. Of the exponential
# after the trees of HistGradientBoostingRegressor (poisson, gamma) nothing is left, so that counts come out below 0, and the sets of categories that
# categorical_features splits by it compares as thresholds. treelite has all of these.
# Of GradientBoostingClassifier(loss="exponential"), whose probability is the sigmoid of twice the sum of its trees, both take the sigmoid of the sum: the
# classes are the same, the probabilities nearer to 0.5. None of it is refused; with the other losses they agree with scikit-learn.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check hummingbird-ml==0.4.12 treelite==4.8.1 scikit-learn==1.9.1 torch==2.15.0 numpy==2.4.6
cat >see.py <<'P'
import warnings

warnings.filterwarnings("ignore")
import hummingbird.ml
import numpy
import sklearn.ensemble
import sklearn.tree
import treelite

generator = numpy.random.default_rng(0)
x = generator.standard_normal((300, 6)).astype(numpy.float32)
missing = x.copy()
missing[generator.random(x.shape) < 0.15] = numpy.nan
target = 2 * x[:, 0] + numpy.sin(3 * x[:, 2]) + numpy.isnan(missing[:, 1])
categories = x.copy()
categories[:, 0] = generator.integers(0, 6, 300)
two = (target > 0).astype(int)
tried = [("ensemble.RandomForestRegressor", {"n_estimators": 10}, x, target, True, True), ("ensemble.RandomForestRegressor", {"n_estimators": 10}, missing, target, False, None),
         ("tree.DecisionTreeRegressor", {}, x, target, True, None), ("tree.DecisionTreeRegressor", {}, missing, target, False, None),
         ("ensemble.HistGradientBoostingRegressor", {}, x, target, True, True), ("ensemble.HistGradientBoostingRegressor", {}, missing, target, False, True),
         ("ensemble.HistGradientBoostingRegressor", {"categorical_features": [0]}, categories, (categories[:, 0] % 3 == 1) * 3 + x[:, 2], False, True),
         ("ensemble.HistGradientBoostingRegressor", {"loss": "poisson"}, x, abs(target), False, True),
         ("ensemble.HistGradientBoostingRegressor", {"loss": "gamma"}, x, abs(target) + 0.1, False, True),
         ("ensemble.GradientBoostingClassifier", {}, x, two, True, True), ("ensemble.GradientBoostingClassifier", {"loss": "exponential"}, x, two, False, False)]
strange = False
for name, options, data, y, *expected in tried:
    folder, kind = name.split(".")
    model = getattr(getattr(sklearn, folder), kind)(random_state=0, **options).fit(data, y)
    right = model.predict_proba(data)[:, 1] if kind.endswith("Classifier") else model.predict(data)
    converted = hummingbird.ml.convert(model, "torch", data[:4])
    found = [converted.predict_proba(data)[:, 1] if kind.endswith("Classifier") else converted.predict(data)]
    if expected[1] is not None:
        found.append(treelite.gtil.predict(treelite.sklearn.import_model(model), data).reshape(len(data), -1)[:, -1])
    whole = ~numpy.isnan(data).any(1)
    for tool, numbers, agrees in zip(("hummingbird", "treelite"), found, expected):
        error = abs(numbers.reshape(right.shape) - right)
        print(f"{tool}: {kind} {options}{'' if whole.all() else ' with missing values'}: off by {error.max():.2g}, in rows without missing values "
              f"by {error[whole].max():.2g}; least {numbers.min():.2g} for {right.min():.2g}")
        strange |= (error.max() < 1e-3) != agrees or (not whole.all() and error[whole].max() > 1e-3)
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
