# SPDX-License-Identifier: MIT
"""Callbacks by Keras's names, beyond those of test_api.py: learning rates, files, ends, and what they are told."""
import csv
import itertools

import numpy as np
import pytest

import soma

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(48, 3)).astype(np.float32)
Y = (X.sum(1) > 0).astype(np.int32)


def network_of(rate=0.1, **options):
    network = soma.Network("dense 4 tanh; dense 2 softmax", device="cpu", **options)
    network.compile(optimizer=soma.SGD(learning_rate=rate), loss="categorical_crossentropy")
    return network


def batches():
    while True:
        for first in range(0, len(X), 16):
            yield X[first:first + 16], Y[first:first + 16]


def test_epochs_begin_before_their_batches():
    seen = []

    class Watcher(soma.Callback):
        def on_train_begin(self, logs=None):
            seen.append("train")

        def on_epoch_begin(self, epoch, logs=None):
            seen.append(("begins", epoch, self.model.learning_rate))

        def on_batch_end(self, batch, logs):
            seen.append(batch)

        def on_epoch_end(self, epoch, logs):
            seen.append(("ends", epoch))

    rate = float(np.float32(0.1))
    expected = ["train", ("begins", 3, rate), 0, 1, ("ends", 3), ("begins", 4, rate), 0, 1, ("ends", 4)]
    network_of().fit(X, Y, epochs=5, batch_size=24, initial_epoch=3, callbacks=[Watcher()], verbose=0)
    assert seen == expected
    seen.clear()
    network_of().fit(((X[i:i + 24], Y[i:i + 24]) for i in itertools.cycle((0, 24))), steps_per_epoch=2, epochs=5, initial_epoch=3, callbacks=[Watcher()], verbose=0)
    assert seen == expected  # the network is built by the first batch, before all of it


def test_batches_tell_loss_and_metrics_of_the_epoch_so_far():
    kept = []

    def watch(batch, logs):
        logs = logs or {}
        kept.append((logs["loss"], logs.get("accuracy"), logs.get("val_loss"), dict(logs)))

    history = network_of().fit(X, Y, epochs=2, batch_size=16, callbacks=[soma.LambdaCallback(on_batch_end=watch)], verbose=0)
    assert len(kept) == 6
    for epoch in range(2):  # after the last batch it is the epoch's
        loss, accuracy, absent, logs = kept[3 * epoch + 2]
        assert (loss, accuracy, absent) == (history["loss"][epoch], history["accuracy"][epoch], None)
        assert logs == {"epoch": epoch, "samples": 48, "batches": 3, "loss": loss, "accuracy": accuracy}
    given = []
    network = network_of()
    network.fit(batches(), steps_per_epoch=3, callbacks=[soma.LambdaCallback(on_batch_end=lambda batch, logs: given.append(logs["loss"]))], verbose=0)
    other, mean = network_of(), []
    for first in range(0, 48, 16):
        mean.append(other.train_on_batch(X[first:first + 16], Y[first:first + 16])["loss"])
    np.testing.assert_allclose(given, np.cumsum(mean) / [1, 2, 3], rtol=1e-6)


@pytest.mark.parametrize("data", [(X, Y), (batches,)])
def test_a_function_gives_the_rate_of_each_epoch(data, capsys):
    seen = []

    def halve(epoch, rate):
        seen.append(epoch)
        return rate / 2 if epoch else rate

    arguments = dict(epochs=4, verbose=0, **({} if len(data) == 2 else {"steps_per_epoch": 3}))
    given = data if len(data) == 2 else (data[0](),)
    history = network_of(0.4).fit(*given, callbacks=[soma.LearningRateScheduler(halve)], **arguments)
    np.testing.assert_allclose(history["learning_rate"], [0.4, 0.2, 0.1, 0.05], rtol=1e-6)
    assert seen == [0, 1, 2, 3]
    given = data if len(data) == 2 else (data[0](),)
    history = network_of().fit(*given, callbacks=[soma.LearningRateScheduler(lambda epoch: 0.01 * (epoch + 1), verbose=1)], **arguments)
    np.testing.assert_allclose(history["learning_rate"], [0.01, 0.02, 0.03, 0.04], rtol=1e-6)
    assert capsys.readouterr().out.splitlines()[1] == "Epoch 2: learning rate 0.02"


def test_one_thing_sets_the_rate():
    network = network_of()
    network.compile(optimizer=soma.SGD(soma.Schedule("step", 0.1, period=2)))
    for callback in (soma.LearningRateScheduler(lambda epoch: 0.1), soma.ReduceLROnPlateau()):
        with pytest.raises(ValueError, match=f"{type(callback).__name__} sets the learning rate, and the optimizer has a schedule"):
            network.fit(X, Y, callbacks=[callback], verbose=0)


def rates_on(callback, values, monitor="val_loss"):
    """The rate after each epoch with these figures, from 1."""
    class Told:
        learning_rate, _options = 1.0, {}

    callback.network = Told()
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {monitor: value})
        rates.append(callback.network.learning_rate)
    return rates


def test_the_rate_falls_on_a_plateau():
    # By Keras's description of it, worked out by hand.
    reduce = soma.ReduceLROnPlateau
    assert rates_on(reduce(factor=0.5, patience=2), [3, 2, 2, 2, 2, 2, 1, 1, 1]) == [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]
    assert rates_on(reduce(factor=0.5, patience=1, cooldown=2), [1, 1, 1, 1, 1, 1]) == [1, 0.5, 0.5, 0.25, 0.25, 0.125]
    assert rates_on(reduce(factor=0.1, patience=1, min_lr=0.05), [1, 1, 1, 1]) == [1, 0.1, 0.05, 0.05]
    assert rates_on(reduce(patience=1, factor=0.5, min_delta=0.5), [2, 1.6, 1.4]) == [1, 0.5, 0.5]
    assert rates_on(reduce("val_accuracy", patience=1, factor=0.5), [0.5, 0.6, 0.6], "val_accuracy") == [1, 1, 0.5]
    assert rates_on(reduce(patience=1, factor=0.5, mode="max"), [1, 0.5]) == [1, 0.5]
    history = network_of(1e-9).fit(X, Y, epochs=4, verbose=0, callbacks=[reduce("loss", factor=0.5, patience=1)])  # nothing is learnt
    np.testing.assert_allclose(history["learning_rate"], [1e-9, 1e-9, 5e-10, 2.5e-10], rtol=1e-6)
    with pytest.raises(ValueError, match="no 'val_loss' to monitor; there are loss, accuracy"):
        network_of().fit(X, Y, verbose=0, callbacks=[reduce()])
    with pytest.raises(ValueError, match="the factor is 1; accepted: above 0, below 1"):
        reduce(factor=1)
    with pytest.raises(ValueError, match="the mode is 'least'; accepted"):
        reduce(mode="least")


def test_epochs_are_lines_of_a_table(tmp_path):
    file = tmp_path / "log.csv"
    network = network_of()
    first = network.fit(X, Y, epochs=2, validation_data=(X, Y), verbose=0, callbacks=[soma.CSVLogger(file, separator=";")])
    more = soma.CSVLogger(file, separator=";", append=True)
    second = network.fit(X, Y, epochs=3, validation_data=(X, Y), initial_epoch=2, verbose=0, callbacks=[more])
    rows = list(csv.DictReader(file.open(encoding="utf-8"), delimiter=";"))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    for name in first.history:
        assert [float(row[name]) for row in rows] == first[name] + second[name]
    with pytest.raises(ValueError, match="log.csv has the columns epoch, loss, .*; this training has epoch, loss, accuracy, learning_rate, seconds"):
        network.fit(X, Y, verbose=0, callbacks=[more])
    network.fit(X, Y, verbose=0, callbacks=[soma.CSVLogger(file)])
    assert len(file.read_text().splitlines()) == 2
    with pytest.raises(FileNotFoundError):
        network.fit(X, Y, verbose=0, callbacks=[soma.CSVLogger(tmp_path / "nowhere" / "log.csv")])


@pytest.mark.parametrize("batch_by_batch", [False, True])
def test_a_loss_that_is_none_may_be_the_end(batch_by_batch):
    x = np.float32([[1e18], [1e18]])

    def fit(*callbacks):
        network = soma.Network("dense 1", device="cpu")
        network.compile(optimizer=soma.SGD(learning_rate=1e10))
        data = (itertools.repeat((x, x)),) if batch_by_batch else (x, x)
        return network, lambda: network.fit(*data, epochs=9, verbose=0, callbacks=callbacks, **({"steps_per_epoch": 1} if batch_by_batch else {}))

    _, training = fit()
    with pytest.raises(soma.NotFiniteError):
        training()
    network, training = fit(soma.TerminateOnNaN())
    history = training()
    assert history.stopped and len(history.epoch) < 9
    assert all(np.isfinite(values).all() for values in network.weights.values())


def test_an_interrupted_training_goes_on_when_it_is_started_again(tmp_path):
    def train(*callbacks):
        network = network_of(seed=3)
        return network, lambda: network.fit(X, Y, epochs=5, batch_size=16, verbose=0, callbacks=callbacks)

    def interrupt(epoch, logs):
        if epoch == 2:
            raise KeyboardInterrupt

    whole, training = train()
    training()
    file = tmp_path / "backup" / "training.safetensors"
    _, training = train(soma.BackupAndRestore(tmp_path / "backup"), soma.LambdaCallback(on_epoch_end=interrupt))
    with pytest.raises(KeyboardInterrupt):
        training()
    assert file.exists()
    seen = []
    again, training = train(soma.BackupAndRestore(tmp_path / "backup"), soma.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)))
    training()
    assert seen[-1] == 4 and seen[0] > 0 and not file.exists()
    assert all(np.array_equal(again.weights[name], values) for name, values in whole.weights.items())
    kept, training = train(soma.BackupAndRestore(tmp_path / "backup", save_freq=2, delete_checkpoint=False))
    training()
    assert file.exists() and all(np.array_equal(kept.weights[name], values) for name, values in whole.weights.items())
    with pytest.raises(ValueError, match="goes on from its own file; accepted: it, or resume="):
        kept.fit(X, Y, verbose=0, resume=file, callbacks=[soma.BackupAndRestore(tmp_path)])
    with pytest.raises(ValueError, match="save_freq is 0; accepted: 'epoch', or a number of steps"):
        soma.BackupAndRestore(tmp_path, save_freq=0)


def test_one_checkpoint_is_written(tmp_path):
    with pytest.raises(ValueError, match="ModelCheckpoint and BackupAndRestore: one file to go on from is written"):
        network_of().fit(X, Y, verbose=0, callbacks=[soma.ModelCheckpoint(tmp_path / "a.safetensors"), soma.BackupAndRestore(tmp_path)])
    best = [soma.ModelCheckpoint(tmp_path / f"{name}.safetensors", monitor=name, save_best_only=True) for name in ("loss", "accuracy")]
    network_of().fit(X, Y, verbose=0, callbacks=[*best, soma.ModelCheckpoint(tmp_path / "a.safetensors")])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.safetensors", "accuracy.safetensors", "loss.safetensors"]
    with pytest.raises(ValueError, match="BackupAndRestore: goes with arrays"):
        network_of().fit(batches(), steps_per_epoch=1, verbose=0, callbacks=[soma.BackupAndRestore(tmp_path)])
