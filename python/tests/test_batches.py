# SPDX-License-Identifier: MIT
"""Data that come batch by batch: the same steps as of a data set, in the memory of one batch."""
import gc
import itertools
import os

import numpy as np
import pytest

import soma
from soma import batches

X = np.random.default_rng(1).normal(size=(100, 6)).astype(np.float32)
Y = (X[:, 0] > X[:, 1]).astype(np.int64)
WEIGHTS = np.random.default_rng(2).uniform(0.5, 2, 100).astype(np.float32)


def made(**arguments):
    network = soma.Network("dense 16 relu; dropout 0.3; dense 2 softmax", device="cpu", seed=3)
    network.compile(soma.Adam(learning_rate=0.01), **arguments)
    return network


class Again:
    """Batches of 32 that can be iterated over again, the last of 4."""

    def __init__(self, *parts):
        self.parts = parts

    def __iter__(self):
        return (tuple(part[at:at + 32] for part in self.parts) for at in range(0, 100, 32))


class Sequence:
    """As Keras's PyDataset has them."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return X[32 * index:32 * index + 32], Y[32 * index:32 * index + 32]


def endless():
    return itertools.cycle(Again(X, Y))


def assert_same_bits(network, other):
    for name, values in other.weights.items():
        np.testing.assert_array_equal(network.weights[name], values, err_msg=name)


@pytest.mark.parametrize("source, steps", [(lambda: Again(X, Y), None), (Sequence, None), (endless, 4), (lambda: Again(X, Y), 2)])
def test_the_steps_are_those_of_the_data_set_to_the_bit(source, steps):
    expected, network = made(), made()
    of_arrays = expected.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    of_batches = network.fit(source(), epochs=6 if steps == 2 else 3, steps_per_epoch=steps, verbose=0)
    assert_same_bits(network, expected)
    assert of_batches.steps == 12 and not of_batches.stopped
    if steps != 2:  # figures of the same epochs, summed in another order
        assert set(of_batches.history) == {"loss", "accuracy", "learning_rate", "seconds"}
        for name in ("loss", "accuracy", "learning_rate"):
            np.testing.assert_allclose(of_batches[name], of_arrays[name], rtol=1e-6)


class Lengthless(Again):
    """As a DataLoader over an IterableDataset: it has a len(), which raises."""

    def __len__(self):
        raise TypeError("object of type 'IterableDataset' has no len()")


def test_what_raises_in_len_is_iterated_over():
    told = []
    history = made().fit(Lengthless(X, Y), epochs=2, verbose=0, callbacks=[soma.LambdaCallback(on_batch_end=lambda batch, logs: told.append(logs["batches"]))])
    assert history.steps == 8 and told == [0] * 8  # how many there are is not known


def test_a_sequence_is_told_of_its_epochs():
    class Told(Sequence):
        def __init__(self):
            self.told = []

        def __getitem__(self, index):
            self.told.append(index)
            return super().__getitem__(index)

        def on_epoch_begin(self):
            self.told.append("begin")

        def on_epoch_end(self):
            self.told.append("end")

    trained, validated = Told(), Told()
    made().fit(trained, epochs=2, verbose=0, validation_data=validated, validation_steps=1)
    assert trained.told == ["begin", 0, 1, 2, 3, "end"] * 2
    assert validated.told == ["begin", 0, "end"] * 2


def test_a_first_loss_that_is_no_number_is_not_the_best():
    class Net:
        def parameters(self):
            return []

    watch = batches._Watch(soma.EarlyStopping(patience=2))
    assert [watch.takes(epoch, {"loss": loss}, Net()) for epoch, loss in enumerate((float("nan"), 0.5, float("nan"), 0.6))] == [False, False, False, True]
    assert (watch.best, watch.epoch) == (0.5, 1)


def test_weights_of_samples_count():
    expected, network = made(), made()
    expected.fit(X, Y, sample_weight=WEIGHTS, shuffle=False, verbose=0)
    network.fit(Again(X, Y, WEIGHTS), verbose=0)
    assert_same_bits(network, expected)
    figures, whole = network.evaluate(Again(X, Y, WEIGHTS)), network.evaluate(X, Y, sample_weight=WEIGHTS)
    assert figures == pytest.approx(whole, rel=1e-6)
    assert network.evaluate(Again(X, Y)) == pytest.approx(network.evaluate(X, Y), rel=1e-6)
    assert network.evaluate(endless(), steps=1) == pytest.approx(network.evaluate(X[:32], Y[:32]), rel=1e-6)


def test_validation_callbacks_and_early_stopping():
    seen = []
    network = made()
    history = network.fit(Again(X, Y), epochs=7, verbose=0, validation_data=(X[:40], Y[:40]), initial_epoch=5,
                          callbacks=[soma.LambdaCallback(on_batch_end=lambda batch, logs: seen.append((logs["epoch"], batch, logs["samples"])))])
    assert seen == [(5 + epoch, batch, samples) for epoch in range(2) for batch, samples in enumerate((32, 64, 96, 100))]
    assert history.epoch == [5, 6]
    assert history["val_loss"][-1] == pytest.approx(network.evaluate(X[:40], Y[:40])["loss"], rel=1e-6)
    in_batches = made().fit(Again(X, Y), epochs=2, verbose=0, validation_data=Again(X, Y), validation_steps=1)
    of_arrays = made().fit(X, Y, epochs=2, verbose=0, shuffle=False, validation_data=(X[:32], Y[:32]))
    assert in_batches["val_loss"] == pytest.approx(of_arrays["val_loss"], rel=1e-6)
    # Labels that are noise are not learnt for others: the best epoch comes early, and its weights are put back.
    noise = np.random.default_rng(4).integers(0, 2, 200)
    x = np.random.default_rng(5).normal(size=(200, 6)).astype(np.float32)
    arguments = {"epochs": 60, "verbose": 0, "validation_data": (x[100:], noise[100:]), "callbacks": [soma.EarlyStopping(patience=3)]}
    expected, network = made(), made()
    of_arrays = expected.fit(x[:100], noise[:100], shuffle=False, **arguments)
    of_batches = network.fit(Again(x[:100], noise[:100]), **arguments)
    assert len(of_batches.epoch) == len(of_arrays.epoch) < 60
    assert of_batches.best == of_arrays.best and of_batches.restored
    assert_same_bits(network, expected)


def test_a_callback_ends_it_after_the_batch():
    network = made()
    history = network.fit(endless(), epochs=9, steps_per_epoch=4, verbose=0, callbacks=[soma.LambdaCallback(on_batch_end=lambda batch, logs: batch == 1)])
    assert history.stopped and history.steps == 2 and history.epoch == []


def test_what_does_not_go_is_refused_by_name():
    network = made()
    for arguments, words in (({"validation_split": 0.1}, "validation_split"), ({"callbacks": [soma.ModelCheckpoint("m")]}, "ModelCheckpoint"),
                             ({"callbacks": [soma.EarlyStopping("val_accuracy")]}, "val_loss"), ({"shards": 4}, "shards")):
        with pytest.raises(ValueError, match=words):
            network.fit(Again(X, Y), verbose=0, **arguments)
    with pytest.raises(ValueError, match="0 batches came.*at least one"):
        network.fit(iter(Again(X, Y)), epochs=2, verbose=0)
    with pytest.raises(ValueError, match="4 batches came.*5 for each epoch"):
        network.fit(iter(Again(X, Y)), steps_per_epoch=5, verbose=0)
    with pytest.raises(ValueError, match="0 batches came"):
        network.evaluate(iter(()))
    with pytest.raises(ValueError, match="a batch is"):
        network.fit([X].__iter__(), verbose=0)
    with pytest.raises(ValueError, match="steps_per_epoch"):
        network.fit(X, Y, steps_per_epoch=3, verbose=0)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"steps_per_epoch.*{wrong}"):
            network.fit(Again(X, Y), steps_per_epoch=wrong, verbose=0)
        with pytest.raises(ValueError, match=f"validation_steps.*{wrong}"):
            network.fit(Again(X, Y), validation_data=Again(X, Y), validation_steps=wrong, verbose=0)
        with pytest.raises(ValueError, match=f"steps.*{wrong}"):
            network.evaluate(Again(X, Y), steps=wrong)
    with pytest.raises(ValueError, match="validation_steps"):
        network.fit(Again(X, Y), validation_data=(X, Y), validation_steps=2, verbose=0)
    with pytest.raises(ValueError, match="steps"):
        network.evaluate(X, Y, steps=2)
    for name in ("steps_per_epoch", "validation_steps"):
        with pytest.raises(ValueError, match=name):
            network.fit(X, Y, verbose=0, **{name: 0})
    plateau = soma.Network("dense 2 softmax", device="cpu")
    for schedule, good in (("plateau", False), ("cosine", False), ("step", True)):
        plateau.compile(soma.SGD(soma.Schedule(schedule, 0.1, **({"period": 2} if good else {}))))
        if good:
            assert plateau.fit(Again(X, Y), verbose=0)["learning_rate"][0] < 0.1
        else:
            with pytest.raises(ValueError, match="period"):
                plateau.fit(Again(X, Y), verbose=0)
            with pytest.raises(ValueError, match=f"'{schedule}' goes by epochs.*period"):
                plateau.train_on_batch(X, Y)
    rates = []
    for _ in range(4):
        plateau.train_on_batch(X, Y)
        rates.append(plateau.learning_rate)
    assert rates[0] > rates[-1]


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")
def test_memory_is_that_of_a_batch():
    device = soma.Device("cpu", threads=1)
    network = soma.Network("dense 2 softmax", device=device)
    network.compile("sgd")

    def batches(count):
        for number in range(count):
            yield np.full((64, 4096), number, np.float32) / count, np.zeros(64, np.int64)  # 1 MiB

    network.fit(batches(10), verbose=0)
    gc.collect()
    before, allocated = resident(), device.memory["allocated"]
    network.fit(batches(400), verbose=0)
    gc.collect()
    assert resident() - before < 40 << 20
    assert device.memory["allocated"] == allocated and device.memory["peak"] < 40 << 20
