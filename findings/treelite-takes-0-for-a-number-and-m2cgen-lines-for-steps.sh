#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with treelite 4.8.1, m2cgen 0.10.0 and lightgbm 4.7.0 (PyPI; with scikit-learn 1.9.1, scipy 1.17.1 and numpy 2.4.6), the latest.
#
# LightGBM with zero_as_missing=True sends a 0 the way that each split has learnt for what is missing. treelite compares 0 with the threshold,
# and NaN, which LightGBM sends the same way as 0, comes out wrong as well: the rows without either are right, most of the others not. m2cgen refuses such a model.
# With linear_tree=True the leaves are linear models. treelite refuses these; m2cgen writes code with a constant for each leaf, as if they had none.
# What else LightGBM does with its trees (the mean of boosting_type="rf", reg_sqrt) both have right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check treelite==4.8.1 m2cgen==0.10.0 lightgbm==4.7.0 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
cat >see.py <<'P'
import warnings

import lightgbm
import m2cgen
import numpy
import treelite

warnings.filterwarnings("ignore")
generator = numpy.random.default_rng(0)
x = generator.standard_normal((400, 3))
x[generator.random(x.shape) < 0.4] = 0
y = 2 * x[:, 0] + 3 * (x[:, 1] == 0) + numpy.sin(3 * x[:, 2])


def by_treelite(model, x):
    return treelite.gtil.predict(treelite.frontend.from_lightgbm(model.booster_), x).reshape(len(x))


def by_m2cgen(model, x):
    names = {}
    exec(m2cgen.export_to_python(model), names)
    return numpy.array([names["score"](row.tolist()) for row in x])


numbers = (x != 0).all(1)
missing = numpy.where(x == 0, numpy.nan, x)
# With what is right: rows without 0 and rows with it.
TRIED = [({}, by_treelite, True, True), ({}, by_m2cgen, True, True),
         ({"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, by_treelite, True, True), ({"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, by_m2cgen, True, True),
         ({"reg_sqrt": True}, by_treelite, True, True), ({"reg_sqrt": True}, by_m2cgen, True, True),
         ({"zero_as_missing": True}, by_treelite, True, False), ({"zero_as_missing": True}, by_m2cgen, None, None),
         ({"linear_tree": True}, by_treelite, None, None), ({"linear_tree": True}, by_m2cgen, False, False)]
strange = False
for options, reader, *expected in TRIED:
    model = lightgbm.LGBMRegressor(n_estimators=10, min_child_samples=5, verbose=-1, random_state=0, **options).fit(x, y)
    right = model.predict(x)
    try:
        error = abs(reader(model, x) - right)
        told = [bool((error[rows] < 1e-6).all()) for rows in (numbers, ~numbers)]
        words = f"rows without 0 off by up to {error[numbers].max():.2g}, {(error[~numbers] > 1e-6).sum()} of the {(~numbers).sum()} rows with 0 by up to {error[~numbers].max():.2g}"
        if "zero_as_missing" in options:
            other = abs(reader(model, missing) - right).max()
            words += f", and with NaN for 0 by {other:.2g} (LightGBM by {abs(model.predict(missing) - right).max():.2g})"
            strange |= other < 0.1 or not numpy.array_equal(model.predict(missing), right)
    except (ValueError, treelite.TreeliteError) as refusal:
        told, words = [None, None], f"refused, {str(refusal).strip().splitlines()[0][:60]}"
    print(f"{reader.__name__[3:]}, {options}: {words}")
    strange |= told != expected
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
