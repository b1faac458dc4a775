#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with emlearn 0.23.2 and scikit-learn 1.9.1 (PyPI; with numpy 2.4.6), the latest; it compiles by the machine's C compiler.
#
# scikit-learn's trees go left where a number is at most the threshold. The C of emlearn goes left where it is less. As thresholds lie in the middle between
# two numbers of the training, whole numbers meet them: a tree of 0, 2, 4 and 6 has other answers for 1, 3 and 5. Numbers as they
# were trained with are right, so that a test with these tells nothing; with the trees of a forest, each of which has seen a part of them, it is
# some of these, too.
# And unless dtype="float" is written the numbers are those of C's int16_t, and the thresholds as well: of features between 0 and 1 nothing is left,
# all 400 samples are of one class, without a warning.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check emlearn==0.23.2 scikit-learn==1.9.1 numpy==2.4.6
cat >see.py <<'P'
import warnings

import emlearn
import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.simplefilter("error", UserWarning)


def compiled(model, x, **options):
    return numpy.asarray(emlearn.convert(model, method="inline", **options).predict(x)).ravel()


strange = False
x = numpy.array([[0], [2], [4], [6]], float)
asked = numpy.arange(7.0)[:, None]
for kind, y in (DecisionTreeClassifier, [0, 1, 2, 0]), (DecisionTreeRegressor, [0, 1.5, 3, 0]):
    model = kind(random_state=0).fit(x, y)
    for dtype in "float", "int16_t":
        right, found = model.predict(asked), compiled(model, asked, dtype=dtype)
        print(f"{kind.__name__}, {dtype}: 0 to 6 are {found.tolist()}, not {right.tolist()}")
        strange |= not numpy.array_equal(found, [y[0], y[1], y[1], y[2], y[2], y[3], y[3]]) or not numpy.array_equal(right, [y[0], y[0], y[1], y[1], y[2], y[2], y[3]])
generator = numpy.random.default_rng(0)
x = generator.random((400, 3))
model = RandomForestClassifier(10, max_depth=6, random_state=0).fit(x, x[:, 0] + x[:, 1] > 1)
right, plain, floats = model.predict(x), compiled(model, x), compiled(model, x, dtype="float")
print(f"features between 0 and 1: of 400 classes {(floats == right).sum()} are right with dtype='float', {(plain == right).sum()} without, where the classes are {sorted(set(plain.tolist()))}")
strange |= (floats == right).sum() < 380 or len(set(plain.tolist())) != 1 or len(set(right.tolist())) != 2
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
