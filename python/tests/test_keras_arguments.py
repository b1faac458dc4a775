# SPDX-License-Identifier: MIT
"""Arguments that users of Keras type: what they do here, or why not."""
import itertools

import numpy as np
import pytest

import soma

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(48, 3)).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.int32)
STILL = soma.LearningRateScheduler(lambda epoch: 0.0)  # nothing becomes better


def network_of(**options):
    network = soma.Network("dense 4 tanh; dense 2 softmax", device="cpu", seed=3)
    network.compile(soma.SGD(0.1), "categorical_crossentropy", **options)
    return network


def endless():
    return itertools.cycle([(X[first:first + 16], Y[first:first + 16]) for first in (0, 16, 32)])


def fitted(*callbacks, network=None, **options):
    return (network or network_of()).fit(X, Y, epochs=9, batch_size=16, validation_data=(X, Y), verbose=0, callbacks=list(callbacks), **options)


# ------------------------------------------------------------------------------------------------------------ callbacks

@pytest.mark.parametrize("given, epochs", [
    ({"patience": 2, "start_from_epoch": 3}, 6),  # epoch 3 is the first that counts, two more bring nothing
    ({"patience": 2, "start_from_epoch": 99}, 9), ({"patience": 2, "baseline": -1.0}, 2),  # none is better than the baseline
    ({"patience": 2, "baseline": 10.0}, 3), ({"patience": 3, "verbose": 1}, 4), ({"patience": 2, "baseline": 2.0, "monitor": "val_accuracy"}, 2),
    ({"patience": 2, "baseline": -1.0, "monitor": "val_accuracy"}, 3)])
@pytest.mark.parametrize("by_batches", [False, True])
def test_training_ends_early_by_a_baseline_and_from_an_epoch_on(given, epochs, by_batches, capsys):
    stopping = soma.EarlyStopping(**given)
    if by_batches:
        history = network_of().fit(endless(), epochs=9, steps_per_epoch=3, validation_data=(X, Y), verbose=0, callbacks=[STILL, stopping])
    else:
        history = fitted(STILL, stopping)
    assert len(history["loss"]) == epochs and (epochs == 9) == (stopping.stopped_epoch == 0)
    said = capsys.readouterr().out
    assert said == ("Epoch 4: early stopping\nRestored the weights of epoch 1, the best\n" if given.get("verbose") else "")


def test_without_validation_the_training_is_watched():
    history = network_of().fit(X, Y, epochs=9, shuffle=False, verbose=0, callbacks=[STILL, soma.EarlyStopping(patience=2, baseline=10.0)])
    assert len(history["loss"]) == 3


def test_the_best_weights_are_put_back_of_the_epochs_that_count():
    kept = []
    network = network_of()
    rates = soma.LearningRateScheduler(lambda epoch: [0.1, 0.1, 0.1, 0.0, -0.0, 0.0, 0.0, 0.0, 0.0][epoch])
    keep = soma.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(network.get_weights()))
    history = fitted(rates, keep, soma.EarlyStopping(patience=2, start_from_epoch=1), network=network)
    best = min(range(1, len(history["val_loss"])), key=lambda epoch: history["val_loss"][epoch])
    assert history.best == best and history.restored
    for name, values in network.get_weights().items():
        np.testing.assert_array_equal(values, kept[best][name])


def test_files_have_the_epoch_and_figures_in_their_names(tmp_path, capsys):
    network, kept = network_of(), []
    keep = soma.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append((logs["val_loss"], network.get_weights())))
    history = fitted(keep, soma.ModelCheckpoint(tmp_path / "{epoch:02d}-{val_loss:.4f}.safetensors", save_weights_only=True, verbose=1), network=network)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"{epoch + 1:02d}-{value:.4f}.safetensors" for epoch, value in enumerate(history["val_loss"])]
    assert f"Epoch 1: saved {files[0]}\n" in capsys.readouterr().out
    other = network_of()
    other.build((3,))
    other.load_weights(files[4])
    for name, values in other.get_weights().items():
        np.testing.assert_array_equal(values, kept[4][1][name])


def test_only_what_is_better_than_a_threshold_is_written(tmp_path):
    fitted(soma.ModelCheckpoint(tmp_path / "a.safetensors", save_best_only=True, initial_value_threshold=0.0),
           soma.ModelCheckpoint(tmp_path / "b.safetensors", save_best_only=True, save_weights_only=True, initial_value_threshold=99.0))
    assert [file.name for file in tmp_path.iterdir()] == ["b.safetensors"]


def test_a_training_is_written_by_steps(tmp_path):
    file = tmp_path / "run.safetensors"
    fitted(soma.ModelCheckpoint(file, save_freq=4))
    again = network_of().fit(X, Y, epochs=10, batch_size=16, validation_data=(X, Y), verbose=0, resume=file)
    assert len(again["loss"]) >= 1


@pytest.mark.parametrize("given, said", [
    ({"save_freq": 0}, "save_freq is 0; accepted: 'epoch', or a number"), ({"save_freq": "batch"}, "save_freq is 'batch'"), ({"save_freq": 2, "every": 3}, "one of them"),
    ({"filepath": "{epoch}.safetensors"}, "one file; accepted: a name without"), ({"filepath": "w.weights.h5", "save_weights_only": True}, "ends in .safetensors"),
    ({"save_weights_only": True, "every": 3}, "every is 3.*after each epoch"), ({"save_best_only": True, "save_freq": 3}, "save_freq is 3")])
def test_what_a_checkpoint_does_not_do_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        soma.ModelCheckpoint(**{"filepath": "x.safetensors"} | given)


def test_a_name_of_no_figure_is_refused(tmp_path):
    with pytest.raises(ValueError, match="val_auc.*accepted: epoch, loss"):
        fitted(soma.ModelCheckpoint(tmp_path / "{val_auc}.safetensors", save_weights_only=True))


def test_ends_of_a_training_are_told_as_keras_tells_them():
    seen = []
    callback = soma.LambdaCallback(on_train_begin=lambda logs: seen.append(logs), on_train_end=lambda logs: seen.append(logs), on_epoch_begin=None)
    history = fitted(callback)
    assert seen[0] == {} and seen[1]["val_loss"] == history["val_loss"][-1]


# ------------------------------------------------------------------------------------------ compile, evaluate, predict

def test_how_steps_are_executed_changes_nothing():
    plain = fitted()
    for given in ({"jit_compile": True}, {"jit_compile": False}, {"steps_per_execution": 8}, {"steps_per_execution": "auto"}, {"run_eagerly": None}, {"auto_scale_loss": False}):
        assert fitted(network=network_of(**given))["loss"] == plain["loss"]
    for given, said in (({"run_eagerly": True}, "run_eagerly is True; accepted: False.*train_on_batch"), ({"steps_per_execution": 0}, "steps_per_execution is 0; accepted"),
                        ({"jit_compile": "yes"}, "jit_compile is 'yes'; accepted")):
        with pytest.raises(ValueError, match=said):
            network_of(**given)


def test_epochs_are_validated_where_they_are_due():
    for freq, due in ((1, [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), ([1, 5], [1, 5]), ((5, 1, 5), [1, 5]), ([9], [])):
        plain = network_of().fit(X, Y, epochs=6, batch_size=16, validation_data=(X, Y), verbose=0)
        for history in (network_of().fit(endless(), epochs=6, steps_per_epoch=3, validation_data=(X, Y), validation_freq=freq, validation_batch_size=7, verbose=0),
                        network_of().fit(X, Y, epochs=6, batch_size=16, validation_data=(X, Y), validation_freq=freq, validation_batch_size=7, verbose=0)):
            assert len(history["loss"]) == 6 and len(history.history.get("val_loss", ())) == len(due)
        assert history["loss"] == plain["loss"] and history.history.get("val_loss", []) == [plain["val_loss"][epoch - 1] for epoch in due]


def test_epochs_count_from_the_initial_one_and_part_of_the_data_is_held_out():
    history = network_of().fit(X, Y, epochs=9, initial_epoch=4, batch_size=16, validation_split=0.25, validation_freq=3, verbose=0)
    assert len(history["loss"]) == 5 and len(history["val_loss"]) == 2  # 6 and 9 of 5 to 9
    assert "val_loss" not in network_of().fit(X, Y, epochs=2, validation_freq=2, verbose=0).history  # there is nothing to validate on


def test_what_python_measures_is_measured_where_it_is_due():
    history = network_of(metrics=["accuracy", soma.metrics.AUC()]).fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=2, verbose=0)
    assert [len(history[name]) for name in ("auc", "val_auc", "val_accuracy")] == [4, 2, 2]


def test_a_plot_has_figures_at_their_epochs():
    lines = {}

    class Axes:
        def plot(self, epochs, values, label):
            lines[label] = (list(epochs), len(values))

        def set_xlabel(self, text):
            pass

        def legend(self):
            pass

    fitted(validation_freq=4).plot(Axes())
    every = ([1, 2, 3, 4, 5, 6, 7, 8, 9], 9)
    assert lines == {"loss": every, "accuracy": every, "val_loss": ([4, 8], 2), "val_accuracy": ([4, 8], 2)}


def test_a_training_goes_on_with_what_was_validated(tmp_path):
    path, whole = tmp_path / "training.safetensors", fitted(soma.EarlyStopping(patience=9), validation_freq=2)
    first = network_of()
    first.fit(X, Y, epochs=5, batch_size=16, validation_data=(X, Y), validation_freq=2, verbose=0, callbacks=[soma.ModelCheckpoint(path), soma.EarlyStopping(patience=9)])
    second = network_of()
    rest = fitted(soma.EarlyStopping(patience=9), network=second, validation_freq=2, resume=path)
    assert rest["val_loss"] == whole["val_loss"][2:] and rest["loss"] == whole["loss"][5:] and rest.best == whole.best


def test_arguments_of_the_validation_are_checked():
    assert fitted(validation_batch_size=7)["val_loss"] == pytest.approx(fitted()["val_loss"])
    for given, said in (({"validation_freq": 0}, "validation_freq is 0; accepted: 1 and more"), ({"validation_freq": []}, "a list of epochs from 1 on"), ({"validation_freq": [0]}, "from 1 on"), ({"validation_batch_size": 0}, "validation_batch_size is 0")):
        with pytest.raises(ValueError, match=said):
            fitted(**given)


def by_batches(*callbacks, freq=2, **options):
    return network_of(**options).fit(endless(), epochs=9, steps_per_epoch=3, validation_data=(X, Y), validation_freq=freq, verbose=0, callbacks=list(callbacks))


def by_arrays(*callbacks, freq=2, **options):
    return fitted(*callbacks, network=network_of(**options), validation_freq=freq)


@pytest.mark.parametrize("train", [by_batches, by_arrays])
@pytest.mark.parametrize("given", [{}, {"verbose": 1}, {"monitor": "val_accuracy", "baseline": 2.0}])
def test_epochs_that_are_not_validated_count_for_nothing(given, train):
    stopping = soma.EarlyStopping(patience=2, **given)
    history = train(STILL, stopping, metrics=["accuracy"])
    # Validated are epochs 2, 4, 6 and 8: after the first two more bring nothing, or with a baseline that is never reached it and another.
    assert len(history["loss"]) == (4 if "baseline" in given else 6) and history.best == 1


@pytest.mark.parametrize("by_array", [False, True])
def test_the_weights_put_back_are_of_a_validated_epoch(by_array):
    network, kept = network_of(), []
    keep = soma.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append((logs.get("val_loss", float("inf")), network.get_weights())))
    data = {"x": X, "y": Y, "batch_size": 16} if by_array else {"x": endless(), "steps_per_epoch": 3}
    history = network.fit(**data, epochs=5, validation_data=(X, Y), validation_freq=2, verbose=0, callbacks=[keep, soma.EarlyStopping(patience=9)])
    best = min(range(5), key=lambda epoch: kept[epoch][0])
    assert history.best == best == 3
    for name, values in network.get_weights().items():
        np.testing.assert_array_equal(values, kept[best][1][name])


@pytest.mark.parametrize("train", [by_batches, by_arrays])
def test_rates_and_files_go_by_validated_epochs(tmp_path, train):
    plateau = soma.ReduceLROnPlateau(patience=2, min_delta=1e9)  # the first is better than infinity, two more are not
    history = train(plateau, soma.ModelCheckpoint(tmp_path / "best.safetensors", save_best_only=True),
                         soma.ModelCheckpoint(tmp_path / "{epoch}-{val_loss:.2f}.safetensors", save_weights_only=True))
    assert [rate == pytest.approx(0.1) for rate in history["learning_rate"]] == [True] * 6 + [False] * 3
    assert sorted(file.name.split("-")[0] for file in tmp_path.iterdir()) == ["2", "4", "6", "8", "best.safetensors"]


@pytest.mark.parametrize("metric, monitor", [("accuracy", "val_accuracy"), ("acc", "val_acc"), ("sparse_categorical_accuracy", "val_sparse_categorical_accuracy")])
def test_a_metric_is_the_first_one_whoever_stops(metric, monitor):
    told = [fitted(soma.EarlyStopping(monitor, patience=2, **given), network=network_of(metrics=[metric])) for given in ({}, {"verbose": 1})]
    assert told[0].best == told[1].best and told[0]["loss"] == told[1]["loss"]


@pytest.mark.parametrize("given, said", [({"baseline": "x"}, "baseline is 'x'"), ({"baseline": float("nan")}, "baseline is nan; accepted: a finite"), ({"start_from_epoch": 1.5}, "start_from_epoch is 1.5"),
                                         ({"patience": -1}, "patience is -1; accepted: whole numbers")])
def test_what_early_stopping_does_not_take_is_named(given, said):
    with pytest.raises(ValueError, match=said):
        soma.EarlyStopping(**given)


def test_batches_are_predicted_one_by_one():
    network = network_of()
    fitted(network=network)
    whole = network.predict(X)
    np.testing.assert_allclose(network.predict(X[i:i + 5] for i in range(0, 48, 5)), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(network.predict(endless(), steps=2), whole[:32], rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="steps goes with data in batches"):
        network.predict(X, steps=2)
    with pytest.raises(ValueError, match="lengths goes with arrays"):
        network.predict(endless(), steps=2, lengths=[1])


def test_evaluation_and_prediction_are_told():
    seen, network = [], network_of()
    callback = soma.LambdaCallback(on_test_begin=lambda logs: seen.append(dict(logs)), on_test_end=seen.append, on_predict_begin=lambda: seen.append("begin"), on_predict_end=lambda logs: seen.append(logs["outputs"]))
    network.build((3,))
    figures = network.evaluate(X, Y, callbacks=[callback])
    assert seen == [{}, figures]
    assert network.evaluate(endless(), steps=3, callbacks=[callback]) == pytest.approx(figures)
    seen.clear()
    outputs = network.predict(X[:4], callbacks=[callback])
    assert seen[0] == "begin" and seen[1] is outputs

    class Each(soma.Callback):
        def on_test_batch_end(self, batch, logs=None):
            pass

    with pytest.raises(TypeError, match="Each.on_test_batch_end is never called.*accepted: on_test_begin and on_test_end"):
        network.evaluate(X, Y, callbacks=[Each()])
    with pytest.raises(TypeError, match=r"on_test_begin is never called; .*evaluate\(callbacks=\) has it"):
        fitted(callback)
