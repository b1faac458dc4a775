# SPDX-License-Identifier: MIT
"""Metrics as objects: those of the devices by other names, those that Python computes, and what watches them. Expected values are scikit-learn's where it is there, and sums by hand."""
import math

import numpy as np
import pytest

import soma
from soma import metrics

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(60, 4)).astype(np.float32)
Y = (X[:, 0] + 0.5 * RANDOM.normal(size=60) > 0).astype(np.int32)
CLASSES = RANDOM.integers(0, 3, 60)
X_TEST, Y_TEST = X[:20], Y[:20]


def binary(metrics=None, **arguments):
    network = soma.Sequential([soma.Dense(6, activation="relu"), soma.Dense(1, activation="sigmoid")], device="cpu", seed=2)
    network.compile(optimizer=soma.Adam(learning_rate=0.02), loss="binary_crossentropy", metrics=metrics, **arguments)
    return network


def test_counts_and_areas_by_hand():
    true, said = [1, 1, 0, 0, 1, 0], [0.9, 0.4, 0.6, 0.1, 0.8, 0.4]
    precision, recall, area = metrics.Precision(), metrics.Recall(thresholds=0.3), metrics.AUC()
    assert precision(true, said) == pytest.approx(2 / 3)
    assert recall(true, said) == 1
    assert area(true, said) == pytest.approx((3 + 1.5 + 3) / 9)  # 0.9 above three zeros, 0.4 above one and beside another, 0.8 above three
    assert metrics.Precision()([0, 1], [0.1, 0.2]) == 0 and math.isnan(metrics.AUC()([1, 1], [0.1, 0.2]))
    assert metrics.Recall()(true, said, [2, 1, 1, 1, 1, 1]) == pytest.approx(3 / 4)
    assert metrics.AUC()([1, 0, 0], [0.5, 0.4, 0.6], [1, 3, 1]) == pytest.approx(3 / 4)
    assert metrics.MeanSquaredError()([[1, 2], [3, 4]], [[1, 1], [1, 4]]) == pytest.approx(5 / 4)
    assert metrics.RootMeanSquaredError()([0, 0], [3, 4]) == pytest.approx(math.sqrt(12.5))
    assert metrics.R2Score()([[1], [2], [3]], [[1], [2], [4]]) == pytest.approx(0.5)
    precision.reset_state()
    with pytest.raises(soma.InvalidStateError, match="there are no samples yet"):
        precision.result()
    for part in (slice(0, 2), slice(2, 6)):
        precision.update_state(true[part], said[part])
    assert precision.result() == pytest.approx(2 / 3)


def test_they_are_scikit_learn_s():
    sklearn = pytest.importorskip("sklearn.metrics")
    said = np.round(RANDOM.random((60, 3)), 1)  # with many that are equal
    said /= said.sum(1, keepdims=True)
    weights, rows = RANDOM.random(60), np.eye(3)[CLASSES]
    np.testing.assert_allclose(metrics.AUC()(Y, said[:, 0], weights), sklearn.roc_auc_score(Y, said[:, 0], sample_weight=weights))
    np.testing.assert_allclose(metrics.AUC(multi_label=True)(CLASSES, said), sklearn.roc_auc_score(rows, said, average="macro"))
    np.testing.assert_allclose(metrics.AUC()(rows, said), sklearn.roc_auc_score(rows, said, average="micro"))
    for average in ("micro", "macro", "weighted"):
        np.testing.assert_allclose(metrics.F1Score(average)(CLASSES, said, weights), sklearn.f1_score(CLASSES, said.argmax(1), average=average, sample_weight=weights))
    for class_id in range(3):
        np.testing.assert_allclose(metrics.Precision(0.4, class_id=class_id)(CLASSES, said), sklearn.precision_score(CLASSES == class_id, said[:, class_id] > 0.4))
    y = RANDOM.normal(size=(60, 3))
    np.testing.assert_allclose(metrics.R2Score()(y, said, weights), sklearn.r2_score(y, said, sample_weight=weights))


def test_what_they_are_told_is_checked():
    for make, words in ((lambda: metrics.AUC("PR"), "curve is 'PR'; accepted: 'ROC'"), (lambda: metrics.F1Score(None), "average is None; accepted: 'micro'"),
                        (lambda: metrics.Precision([0.1, 0.2]), "accepted: one number"), (lambda: metrics.BinaryAccuracy(threshold=0.3), "accepted: 0.5"),
                        (lambda: metrics.TopKCategoricalAccuracy(0), "k is 0; accepted: from 1 on"), (lambda: metrics.Recall(dtype="float64"), "accepted: None and 'float32'"),
                        (lambda: metrics.Precision()([0, 3], [[0.5, 0.5], [1, 0]]), "classes go from 0 to 3; accepted: from 0 to 1"),
                        (lambda: metrics.Recall()([0.5, 1], np.eye(2)), "the classes have 0.5; accepted: whole numbers from 0 to 1"),
                        (lambda: metrics.AUC()([[0, 1.25]], [np.eye(2)]), "the classes have 1.25"),
                        (lambda: metrics.F1Score()([1, math.nan], np.eye(2)), "the classes have nan"),
                        (lambda: metrics.AUC()([[1, 0]], [[1, 0, 1]]), "shape .1, 2., the predictions .1, 3."),
                        (lambda: metrics.F1Score()([1, 0], [0.3, 0.2]), "accepted: a threshold"),
                        (lambda: metrics.Recall(class_id=4)([1, 0], [[0.3, 0.2], [1, 0]]), "class_id is 4; accepted: from 0 to 1"),
                        (lambda: binary([metrics.AUC(), metrics.AUC()]), "the name 'auc' is there twice"),
                        (lambda: binary(weighted_metrics=["accuracy"]), "weighted_metrics: 'accuracy' is computed by the library"),
                        (lambda: binary([metrics.TopKCategoricalAccuracy(2), metrics.TopKCategoricalAccuracy(3)]), "share one top_k; got 2 and 3")):
        with pytest.raises(ValueError, match=words):
            make()
    with pytest.raises(TypeError, match="a metric is wanted"):
        binary([3])


def test_the_library_s_have_the_names_that_they_were_given():
    network = soma.Network("dense 3 softmax", device="cpu")
    network.compile(metrics=[metrics.SparseTopKCategoricalAccuracy(k=2, name="best_two"), metrics.SparseCategoricalAccuracy, "ppl"])
    history = network.fit(X, CLASSES, epochs=2, validation_data=(X[:9], CLASSES[:9]), verbose=0)
    assert list(history.history) == [f"{when}{name}" for when in ("", "val_") for name in ("loss", "best_two", "sparse_categorical_accuracy", "perplexity")] + ["learning_rate", "seconds"]
    figures, said = network.evaluate(X, CLASSES), network.predict(X)
    assert figures["best_two"] == pytest.approx(np.mean([c in np.argsort(-row)[:2] for c, row in zip(CLASSES, said)]))
    assert figures["sparse_categorical_accuracy"] == pytest.approx(np.mean(said.argmax(1) == CLASSES))
    assert set(network.train_on_batch(X, CLASSES)) == set(figures)


def test_training_tells_what_python_computes():
    def half(y_true, y_pred):
        return np.abs(np.ravel(y_true) - np.ravel(y_pred)) < 0.5

    network = binary(["accuracy", metrics.AUC(), metrics.Recall(0.3, name="found"), half])
    seen = []
    history = network.fit(X, Y, epochs=3, validation_data=(X_TEST, Y_TEST), verbose=0, callbacks=[soma.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(dict(logs)))])
    assert list(seen[0]) == ["loss", "accuracy", "auc", "found", "half", "val_loss", "val_accuracy", "val_auc", "val_found", "val_half", "learning_rate", "seconds"]
    for when, x, y in (("", X, Y), ("val_", X_TEST, Y_TEST)):
        said = network.predict(x)[:, 0]
        pairs = [(a > b) + (a == b) / 2 for a in said[y == 1] for b in said[y == 0]]
        assert history[f"{when}auc"][-1] == pytest.approx(np.mean(pairs))
        assert history[f"{when}found"][-1] == pytest.approx(np.mean(said[y == 1] > 0.3))
        assert history[f"{when}half"][-1] == pytest.approx(np.mean((said > 0.5) == y))
    assert network.evaluate(X_TEST, Y_TEST)["auc"] == pytest.approx(history["val_auc"][-1])
    plain = binary(["accuracy"])
    plain.fit(X, Y, epochs=3, validation_data=(X_TEST, Y_TEST), verbose=0)  # which is the same training
    for name, values in plain.get_weights().items():
        np.testing.assert_array_equal(network.get_weights()[name], values)


def test_weights_count_where_they_are_asked_for():
    weights = RANDOM.random(60).astype(np.float32)
    network = binary([metrics.AUC(name="plain")], weighted_metrics=[metrics.AUC()])
    figures = network.evaluate(X, Y, sample_weight=weights)
    said = network.predict(X)[:, 0]
    assert figures["plain"] == pytest.approx(metrics.AUC()(Y, said)) and figures["auc"] == pytest.approx(metrics.AUC()(Y, said, weights)) and figures["plain"] != figures["auc"]


def test_batches_are_counted_one_by_one():
    def batches():
        for first in range(0, 60, 20):
            yield X[first:first + 20], Y[first:first + 20]

    class Source:
        def __iter__(self):
            return batches()

    network, other, said = binary([metrics.AUC()]), binary(), []
    history = network.fit(Source(), epochs=1, validation_data=Source(), verbose=0)
    for x, y in batches():
        said.append(other.predict(x)[:, 0])  # before the step, as Keras does
        other.train_on_batch(x, y)
    assert history["auc"] == [pytest.approx(metrics.AUC()(Y, np.concatenate(said)))]
    assert history["val_auc"] == [pytest.approx(metrics.AUC()(Y, other.predict(X)[:, 0]))] == [pytest.approx(network.evaluate(Source())["auc"])]


def test_what_watches_a_metric_goes_by_it():
    kept, seen = [], []

    class Told(metrics.Metric):
        """Says what it is told to, epoch by epoch; of training samples 0."""

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.validation = len(y_true) == 20

        def result(self):
            return float(next(kept[0])) if self.validation else 0.0

    def run(callback, values, **arguments):
        kept[:] = [iter(values)]
        network = binary([Told("told")])
        seen.clear()
        keep = soma.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(network.get_weights()))
        return network, network.fit(X, Y, epochs=6, validation_data=(X_TEST, Y_TEST), verbose=0, callbacks=[keep, callback], **arguments)

    network, history = run(soma.EarlyStopping("val_told", patience=2, mode="max"), [1, 3, 2, 2, 9, 9])
    assert (len(history.epoch), history.best, history.restored) == (4, 1, True)
    for name, values in network.get_weights().items():
        np.testing.assert_array_equal(values, seen[1][name])
    network, history = run(soma.EarlyStopping("val_told", patience=2, mode="min", restore_best_weights=False), [1, 3, 2, 2, 9, 9])
    assert (len(history.epoch), history.best, history.restored) == (3, 0, False)
    with pytest.raises(ValueError, match="whether val_told is to rise or to fall is not known; accepted: the mode 'min', or 'max'"):
        run(soma.EarlyStopping("val_told"), [1] * 6)
    with pytest.raises(ValueError, match="whether val_told is to rise or to fall is not known"):
        run(soma.ReduceLROnPlateau("val_told"), [1] * 6)
    Told.higher = True
    network, history = run(soma.ReduceLROnPlateau("val_told", factor=0.5, patience=2), [1, 2, 3, 2, 2, 2])
    np.testing.assert_allclose(history["learning_rate"], [0.02] * 5 + [0.01], rtol=1e-6)
    assert (len(run(soma.EarlyStopping("val_told", patience=1), [3, 2, 9, 9, 9, 9])[1].epoch)) == 2


def test_what_python_cannot_compute_is_refused():
    with pytest.raises(ValueError, match="validation_split with auc, which Python computes; accepted: validation_data"):
        binary([metrics.AUC()]).fit(X, Y, validation_split=0.2, verbose=0)
    x = soma.Input((4,))
    two = soma.Network(x, [soma.Dense(1)(x), soma.Dense(1)(x)], device="cpu")
    two.compile(loss=["mse", "mse"], metrics=[metrics.RootMeanSquaredError()])
    with pytest.raises(ValueError, match="root_mean_squared_error go with networks of one output"):
        two.evaluate(X, [X[:, :1], X[:, 1:2]])
    with pytest.raises(ValueError, match="val_loss with the mode 'max'; accepted: 'auto', or 'min' for a loss"):
        binary().fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=[soma.EarlyStopping(mode="max")])


@pytest.mark.parametrize("make", [metrics.AUC, lambda: metrics.AUC(multi_label=True), lambda: metrics.Precision(0.3, class_id=1), lambda: metrics.Recall(0.3, class_id=2), metrics.F1Score,
                                  lambda: metrics.F1Score("weighted"), metrics.R2Score, metrics.MeanSquaredError])
def test_steps_of_sequences_are_rows_of_their_own(make):
    said, classes, weights = RANDOM.random((20, 4, 3)), RANDOM.integers(0, 3, (20, 4)), RANDOM.random(20)
    said /= said.sum(-1, keepdims=True)
    rows, steps = np.eye(3)[classes], np.repeat(weights, 4)
    assert make()(rows, said) == pytest.approx(make()(rows.reshape(-1, 3), said.reshape(-1, 3)))
    assert make()(rows, said, weights) == pytest.approx(make()(rows.reshape(-1, 3), said.reshape(-1, 3), steps))
    assert make()(rows, said, steps.reshape(20, 4)) == pytest.approx(make()(rows, said, weights))
    if make()._classes:
        assert make()(classes, said, weights) == pytest.approx(make()(rows, said, weights))
        assert make()(classes[..., None], said) == pytest.approx(make()(rows, said))


def test_what_does_not_fit_a_sequence_is_refused():
    for true, weights, words in ((np.zeros((2, 3)), None, "the targets have the shape .2, 3., the predictions .2, 4, 3."), (np.zeros(2), None, "the targets have the shape .2,., the"),
                                 (np.zeros((2, 1, 4, 5)), None, "the targets have the shape .2, 1, 4, 5., the"), (np.zeros((2, 4, 3)), [1, 1, 1], "there are 3 weights of 2 samples")):
        with pytest.raises(ValueError, match=words):
            metrics.F1Score()(true, np.zeros((2, 4, 3)), weights)
    assert metrics.MeanSquaredError()([[1, 2, 3, 4]], [[[1, 2], [3, 2]]]) == 1  # targets that are flattened
    assert metrics.AUC()([[1, 0], [0, 1]], [[[0.9], [0.5]], [[0.7], [0.6]]]) == pytest.approx(3 / 4)  # of one unit targets may lack its axis


@pytest.mark.parametrize("make", [metrics.AUC, lambda: metrics.AUC(multi_label=True), metrics.Precision, metrics.Recall, lambda: metrics.Recall(class_id=0), metrics.F1Score, lambda: metrics.F1Score("micro", 0.5),
                                  metrics.MeanSquaredError, metrics.RootMeanSquaredError, metrics.R2Score])
def test_nan_is_no_figure(make):
    true, said = np.eye(2)[[0, 1, 0, 1]], np.float32([[0.2, 0.8], [0.4, 0.6], [0.7, 0.3], [0.5, 0.5]])
    assert math.isfinite(make()(true, said))
    said[1, 1] = np.nan
    assert math.isnan(make()(true, said))


def test_an_epoch_of_nan_is_never_the_best(tmp_path):
    class Predictions(metrics.AUC):
        epochs = iter([math.nan, 0.1, 0.9, 0.5])

        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(y_true, y_pred if len(y_true) > 20 else np.full(y_pred.shape, next(self.epochs)))

    network, seen = binary([Predictions()]), []
    stopping = soma.EarlyStopping("val_auc", patience=3, mode="max")
    saving = soma.ModelCheckpoint(tmp_path / "best.safetensors", "val_auc", save_best_only=True, mode="max")
    watch = soma.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((logs["val_auc"], (tmp_path / "best.safetensors").exists())))
    history = network.fit(X, Y, epochs=2, validation_data=(X_TEST, Y_TEST), verbose=0, callbacks=[stopping, saving, watch])
    assert math.isnan(seen[0][0]) and seen[0][1] is False and seen[1] == (0.5, True)
    assert history.best == 1


@pytest.mark.parametrize("given, words", [
    ([metrics.CategoricalAccuracy(name="loss")], "one is called 'loss', which says something else; accepted: other names than loss, learning_rate, seconds"),
    ([metrics.AUC(name="learning_rate")], "called 'learning_rate'"), ([metrics.AUC(name="seconds")], "called 'seconds'"), ([metrics.TopKCategoricalAccuracy(2, name="val_loss")], "called 'val_loss'"),
    ([metrics.CategoricalAccuracy(), metrics.SparseCategoricalAccuracy()], "categorical_accuracy and sparse_categorical_accuracy are the same, accuracy; accepted: one of them"),
    ([metrics.CategoricalAccuracy(), "acc"], "categorical_accuracy and acc are the same"), (["accuracy", "sparse_categorical_accuracy"], "are the same, accuracy"),
    ([metrics.CategoricalAccuracy(name="a"), metrics.TopKCategoricalAccuracy(2, name="a")], "the name 'a' is there twice"), ([metrics.CategoricalAccuracy(name="a"), metrics.AUC(name="a")], "'a' is there twice"),
    (["accuracy", metrics.TopKCategoricalAccuracy(2, name="accuracy")], "the name 'accuracy' is there twice"), (["categorical_accuracy", metrics.AUC(name="accuracy")], "the name 'accuracy' is there twice")])
def test_names_that_would_overwrite_others_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        soma.Network("dense 3 softmax", device="cpu").compile(metrics=given)


def test_names_that_the_library_chose_are_not_overwritten():
    for make in (lambda: binary([metrics.AUC(name="accuracy")]), lambda: binary(["binary_accuracy", metrics.AUC(name="accuracy")])):
        for use in (lambda network: network.fit(X, Y, verbose=0), lambda network: network.evaluate(X, Y), lambda network: network.train_on_batch(X, Y)):
            with pytest.raises(ValueError, match="the name 'accuracy' is there twice"):
                use(make())


@pytest.mark.parametrize("callback", [soma.EarlyStopping("val_auc"), soma.ModelCheckpoint("none.safetensors", "val_auc", save_best_only=True), soma.ReduceLROnPlateau("val_auc")])
def test_what_no_validation_will_measure_is_refused_before_the_first_step(callback):
    class Source:
        def __iter__(self):
            yield X, Y

    for data in ((X, Y), (Source(),)):
        network, begun = binary([metrics.AUC()]), []
        watch = soma.LambdaCallback(on_train_begin=lambda: begun.append(1))
        with pytest.raises(ValueError, match=f"{type(callback).__name__}: there is no '{callback.monitor}' to monitor without validation data; accepted: validation data, or '{callback.monitor[4:]}'"):
            network.fit(*data, verbose=0, callbacks=[watch, callback])
        assert not begun
    assert binary([metrics.AUC()]).fit(X, Y, verbose=0, callbacks=[soma.EarlyStopping("val_accuracy"), soma.EarlyStopping("auc")]).epoch == [0]


def test_ranks_do_not_measure_by_themselves():
    class Alone(soma.Communicator):
        def start_sum(self, values):
            return None

        def wait(self, begun):
            pass

        def broadcast(self, values, root):
            pass

    with pytest.raises(ValueError, match="communicator with auc, which Python computes; accepted: metrics by name"):
        binary([metrics.AUC()]).fit(X, Y, communicator=Alone(), verbose=0)
    assert binary(["accuracy"]).fit(X, Y, communicator=Alone(), verbose=0).epoch == [0]
