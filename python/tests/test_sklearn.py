# SPDX-License-Identifier: MIT
"""The estimators, by scikit-learn's own checks; and networks that are pickled."""
import pickle

import numpy as np
import pytest

import soma

pytest.importorskip("sklearn")
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from soma.sklearn import SomaClassifier, SomaRegressor


@parametrize_with_checks([SomaClassifier(random_state=0), SomaRegressor(random_state=0)])
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


def test_classes_by_name_in_a_pipeline_and_a_search():
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    assert cross_val_score(make_pipeline(MinMaxScaler(), SomaClassifier(random_state=1)), x, names, cv=3).mean() > 0.92
    search = GridSearchCV(SomaClassifier(random_state=1, epochs=30), {"layers": ["", "dense 16 tanh"]}, cv=3).fit(x, names)
    assert set(search.best_estimator_.classes_) == set(names) and search.best_score_ > 0.8


def test_regression_beats_a_line_through_the_mean():
    x, y = load_diabetes(return_X_y=True)
    scores = cross_val_score(SomaRegressor("", random_state=1, validation_fraction=0.1, patience=20), x, y, cv=3)
    assert scores.mean() > 0.4
    both = SomaRegressor(random_state=1, epochs=3).fit(x, np.stack([y, -y], 1)).predict(x)
    assert both.shape == (len(x), 2)


@pytest.mark.parametrize("trained", [False, True])
def test_networks_are_pickled_with_all_that_they_are(trained):
    x = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
    network = soma.Network([soma.Dense(4, activation="relu"), soma.Residual(["dense 4"]), "dense 2 softmax"], device="cpu", seed=5)
    network.compile(soma.Adam(learning_rate=soma.Schedule("cosine", 0.01)), metrics=["accuracy", "top_k"], top_k=2)
    if trained:
        network.fit(x, x[:, 0] > 0, verbose=0)
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.predict(x), network.predict(x))
    assert again.evaluate(x, x[:, 0] > 0) == network.evaluate(x, x[:, 0] > 0)
    assert again.fit(x, x[:, 0] > 0, verbose=0).epoch == [0]
