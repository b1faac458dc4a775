# SPDX-License-Identifier: MIT
"""The package as people use it: building, training, predicting, weights, files, errors, callbacks."""
import math
import re

import numpy as np
import pytest

import soma


@pytest.fixture
def spirals():
    """Two classes of points that no line tells apart."""
    random = np.random.default_rng(1)
    angle = random.uniform(0, 2 * np.pi, 400)
    kind = np.arange(400) % 2
    radius = 1 + kind + random.normal(0, 0.1, 400)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype(np.float32), kind


def small(**arguments):
    network = soma.Network([soma.Dense(16, activation="relu"), soma.Dense(2, activation="softmax")], device="cpu", **arguments)
    network.compile(optimizer=soma.Adam(learning_rate=0.02), loss="categorical_crossentropy")
    return network


def test_the_class_is_learnt_and_figures_agree(spirals):
    x, y = spirals
    network = small()
    history = network.fit(x, y, epochs=30, verbose=0, validation_split=0.25)
    assert history.epoch == list(range(30))
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"}
    assert history["val_accuracy"][-1] > 0.95
    p = network.predict(x)
    assert p.shape == (400, 2) and p.dtype == np.float32
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    figures = network.evaluate(x, y)
    assert figures["accuracy"] == pytest.approx(np.mean(p.argmax(1) == y), abs=1e-6)
    assert figures["loss"] == pytest.approx(-np.mean(np.log(p[np.arange(400), y])), rel=1e-4)
    assert network.evaluate(x, y, return_dict=False) == [figures["loss"], figures["accuracy"]]
    np.testing.assert_array_equal(network.predict_classes(x), p.argmax(1))


def test_few_samples_go_straight_through_and_come_out_the_same(spirals):
    x, y = spirals
    network = small()
    network.fit(x, y, epochs=2, verbose=0)
    expected = network.predict(x)
    for rows in (1, 2, 7, 32, 33):
        np.testing.assert_allclose(network.predict(x[:rows]), expected[:rows], rtol=1e-6)
        np.testing.assert_array_equal(network.predict(x[:rows]), network.predict(x[:rows].astype(np.float64)))
    np.testing.assert_array_equal(network.predict(x[::100]), network.predict(x[::100].tolist()))
    with pytest.raises(soma.InvalidShapeError):
        network.predict(np.zeros((1, 3), np.float32))


def test_weights_are_read_and_set_by_name_and_do_what_the_formula_says(spirals):
    x, _ = spirals
    network = small()
    network.build((2,))
    assert list(network.weights) == ["dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias"]
    random = np.random.default_rng(2)
    new = {name: random.normal(size=values.shape) for name, values in network.get_weights().items()}
    network.set_weights(new)
    hidden = np.maximum(x @ new["dense_1.weight"] + new["dense_1.bias"], 0)
    logits = hidden @ new["dense_2.weight"] + new["dense_2.bias"]
    expected = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(network.predict(x), expected / expected.sum(1, keepdims=True), rtol=2e-4, atol=1e-6)
    with pytest.raises(ValueError, match="dense_1.bias"):
        network.weights["dense_1.bias"] = np.zeros(3)
    with pytest.raises(KeyError):
        network.weights["dense_9.bias"]


def test_the_same_seed_gives_the_same_bits(spirals):
    x, y = spirals
    first, second, other = small(seed=3), small(seed=3), small(seed=4)
    for network in (first, second, other):
        network.fit(x, y, epochs=2, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(first.weights.values(), second.weights.values()))
    assert not np.array_equal(first.weights["dense_1.weight"], other.weights["dense_1.weight"])


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx"])
def test_a_saved_network_predicts_the_same(spirals, tmp_path, name):
    x, y = spirals
    network = small()
    network.fit(x, y, epochs=1, verbose=0)
    network.save(tmp_path / name)
    again = soma.load(tmp_path / name, device="cpu")
    np.testing.assert_allclose(again.predict(x), network.predict(x), atol=1e-6)
    if name.endswith(".safetensors"):
        assert again.evaluate(x, y) == network.evaluate(x, y)


def test_whole_numbers_are_classes_under_a_cross_entropy_alone():
    x = np.arange(8, dtype=np.float32)[:, None]
    regression = soma.Network("dense 1", device="cpu")
    regression.compile(optimizer=soma.SGD(learning_rate=0.02))
    regression.fit(x, 3 * np.arange(8) + 1, epochs=400, verbose=0)
    np.testing.assert_allclose(regression.predict(x)[:, 0], 3 * x[:, 0] + 1, atol=0.1)
    classes = soma.Network("dense 3 softmax", device="cpu")
    classes.fit(x, np.arange(8) % 3, verbose=0)
    rows = classes.evaluate(x, np.eye(3)[np.arange(8) % 3])
    assert rows["loss"] == pytest.approx(classes.evaluate(x, np.arange(8) % 3)["loss"], rel=1e-6)
    with pytest.raises(ValueError, match="1.5"):
        classes.evaluate(x, np.full(8, 1.5))


@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "int64", "uint16", "bool", ">f4"])
def test_arrays_of_every_kind_and_layout_are_converted(dtype):
    values = (np.arange(24) % 5).reshape(4, 6).astype(dtype)
    if dtype == ">f4":
        with pytest.raises(TypeError, match="format"):
            soma.array(values)
        return
    for array in (values, values[:, ::2], values[::-1], values.T, np.asfortranarray(values)):
        np.testing.assert_array_equal(np.asarray(soma.array(array)), array.astype(np.float32))


def test_float16_has_every_value():
    bits = np.arange(65536, dtype=np.uint16).view(np.float16)
    np.testing.assert_array_equal(np.asarray(soma.array(bits)), bits.astype(np.float32))


def test_lists_are_arrays():
    np.testing.assert_array_equal(np.asarray(soma.array([[1, 2], [3, 4.5]])), np.float32([[1, 2], [3, 4.5]]))
    with pytest.raises(ValueError, match="different shapes"):
        soma.array([[1, 2], [3]])
    with pytest.raises(TypeError, match="numbers"):
        soma.array(["one"])


def test_bytes_are_scaled_as_those_of_files():
    network = soma.Network("flatten; dense 1", device="cpu")
    pictures = np.random.default_rng(1).integers(0, 256, (5, 4, 4), dtype=np.uint8)
    np.testing.assert_allclose(network.predict(pictures), network.predict(pictures.astype(np.float32) / 255), rtol=1e-5)


def test_a_network_may_branch_and_join():
    a, b = soma.Input((3,), name="a"), soma.Input((3,), name="b")
    shared = soma.Dense(4, activation="tanh")(a)
    joined = soma.Concatenate()([shared + soma.Dense(4)(b), soma.Multiply()([a, b])])
    network = soma.Network(inputs=[a, b], outputs=[soma.Dense(2, activation="softmax")(joined), soma.Dense(1)(shared)], device="cpu")
    network.compile(loss=["categorical_crossentropy", "mse"])
    random = np.random.default_rng(1)
    xs, y = [random.normal(size=(20, 3)) for _ in range(2)], [np.arange(20) % 2, np.arange(20.0)]
    assert network.fit({"a": xs[0], "b": xs[1]}, y, epochs=2, verbose=0).epoch == [0, 1]
    w = network.weights
    hidden = np.tanh(xs[0] @ w["dense_1.weight"] + w["dense_1.bias"])
    outputs = network.predict(xs)
    assert [output.shape for output in outputs] == [(20, 2), (20, 1)]
    np.testing.assert_allclose(outputs[1], hidden @ w["dense_4.weight"] + w["dense_4.bias"], rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match="2 inputs"):
        network.predict(xs[0])


def test_sequences_of_different_lengths():
    random = np.random.default_rng(1)
    x, y, lengths = random.normal(size=(6, 5, 2)).astype(np.float32), random.integers(0, 3, (6, 5)), np.array([5, 1, 2, 4, 3, 5])
    there = np.arange(5) < lengths[:, None]
    network = soma.Network("lstm 4; dense 3 softmax", device="cpu")
    network.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    network.fit(x, y, lengths=lengths, epochs=2, verbose=0, validation_data=(x, y, None, lengths))
    said = network.predict(x, lengths=lengths)
    x[~there], y[~there] = 1e9, -100
    np.testing.assert_array_equal(network.predict(x, lengths=lengths)[there], said[there])
    figures = network.evaluate(x, y, lengths=lengths)
    losses = -np.log(np.take_along_axis(said, np.where(there, y, 0)[..., None], 2))[..., 0]
    np.testing.assert_allclose(figures["loss"], losses[there].mean(), rtol=1e-5)
    np.testing.assert_allclose(figures["accuracy"], (said.argmax(2) == y)[there].mean(), rtol=1e-5)
    with pytest.raises(ValueError, match="2 inputs"):
        network.predict(x)
    plain = small()
    plain.build((5, 2))
    with pytest.raises(ValueError, match="masked=True"):
        plain.predict(x, lengths=lengths)


def test_a_step_that_is_not_there_has_no_class():
    x, mask = soma.Input((4, 2)), soma.Input((4,), "mask")
    network = soma.Network(inputs=[x, mask], outputs=soma.Activation("softmax")(soma.Mask()([x, mask])), device="cpu")
    network.compile(loss="categorical_crossentropy")
    values = np.float32([[[0, 1], [1, 0], [0, 1], [1, 0]], [[1, 0], [0, 1], [0, 1], [1, 0]]])
    np.testing.assert_array_equal(network.predict_sequences([values, [[1, 0, 1, 1], [0, 1, 1, 0]]]), [[1, -1, 1, 0], [-1, 1, 1, -1]])


def test_labels_without_a_step_each():
    x, y = np.random.default_rng(1).normal(size=(4, 6, 2)), np.array([[0, 1, 1], [1, -1, -1], [0, 0, -1], [-1, -1, -1]])
    network = soma.Network("lstm 4; dense 3 softmax", device="cpu")
    network.compile(loss="ctc", metrics=["accuracy", "label_error_rate"], optimizer=soma.Adam(learning_rate=0.05))
    first = network.evaluate(x, y)["loss"]
    network.fit(x, y, epochs=60, batch_size=4, verbose=0)
    figures, labels = network.evaluate(x, y), network.predict_sequences(x)
    assert figures["loss"] < first and labels.shape == (4, 6)
    assert figures["accuracy"] == np.mean([(row[:3] == wanted).all() and (row[3:] == -1).all() for row, wanted in zip(labels, y)])


def test_errors_are_exceptions_by_class_with_the_library_s_message():
    assert issubclass(soma.InvalidShapeError, soma.Error) and issubclass(soma.InvalidShapeError, ValueError)
    with pytest.raises(soma.InvalidArgumentError, match="sofmax"):
        soma.Network("dense 10 sofmax").build((4,))
    with pytest.raises(soma.NoDeviceError, match="nowhere"):
        soma.Device("nowhere")
    with pytest.raises(soma.IOError, match="/nonexistent/x.safetensors") as raised:
        soma.load("/nonexistent/x.safetensors")
    assert isinstance(raised.value, OSError)
    network = soma.Network([soma.Dense(2)], device="cpu")
    network.predict(np.zeros((1, 3)))
    with pytest.raises(soma.InvalidShapeError, match="3"):
        network.predict(np.zeros((1, 4)))
    with pytest.raises(soma.NotFiniteError):
        network.fit(np.full((8, 3), np.nan), np.zeros((8, 2)), verbose=0)
    with pytest.raises(ValueError, match="adamm.*adamw"):
        network.compile(optimizer="adamm")
    with pytest.raises(TypeError, match="steps"):
        network.compile(optimizer=soma.SGD(steps=3))


def test_callbacks_are_told_and_can_stop(spirals):
    x, y = spirals
    seen = []

    class Watcher(soma.Callback):
        def on_train_begin(self):
            seen.append("begin")

        def on_batch_end(self, batch, logs):
            seen.append((logs["epoch"], batch, logs["samples"]))

        def on_epoch_end(self, epoch, logs):
            seen.append((epoch, sorted(logs)))
            self.network.stop_training = epoch == 1

        def on_train_end(self):
            seen.append("end")

    history = small().fit(x, y, epochs=9, batch_size=300, callbacks=[Watcher()], verbose=0)
    figures = ["accuracy", "learning_rate", "loss", "seconds"]
    assert seen == ["begin", (0, 0, 300), (0, 1, 400), (0, figures), (1, 0, 300), (1, 1, 400), (1, figures), "end"]
    assert history.stopped and history.epoch == [0, 1]
    stopped = small().fit(x, y, callbacks=[soma.LambdaCallback(on_batch_end=lambda batch, logs: True)], verbose=0)
    assert stopped.stopped and not stopped.epoch

    def fail(epoch, logs):
        raise LookupError("of the callback")

    with pytest.raises(LookupError, match="of the callback"):
        small().fit(x, y, callbacks=[soma.LambdaCallback(on_epoch_end=fail)], verbose=0)


def test_callbacks_by_the_names_of_keras(spirals):
    x, y = spirals
    seen = []

    class Watcher(soma.Callback):
        def on_train_begin(self, logs=None):
            seen.append(self.model is network)

        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    class InVain(soma.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append("never")

    network = small()
    network.fit(x, y, epochs=1, batch_size=300, callbacks=[Watcher()], verbose=0)
    assert seen == [True, 0, 1]
    with pytest.raises(TypeError, match="InVain.on_train_batch_begin is never called; a soma.Callback has on_train_begin, on_epoch_begin, on_batch_end, .*on_train_end"):
        network.fit(x, y, callbacks=[InVain()], verbose=0)
    assert seen == [True, 0, 1]


def test_callbacks_of_keras_s_kind_are_taken_as_they_are(spirals):
    x, y = spirals
    seen = []

    class Watcher(soma.Callback):
        on_device = "cpu"  # no method

        def __init__(self):
            self.model = None

        def on_plateau(self):
            """A helper of its own."""

        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

        on_batch_end = on_train_batch_end

    class Both(soma.Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append("one")

        def on_train_batch_end(self, batch, logs=None):
            seen.append("other")

    network, watcher = small(), Watcher()
    network.fit(x, y, epochs=1, batch_size=300, callbacks=[watcher], verbose=0)
    assert seen == [0, 1] and watcher.model is network
    network.fit(x, y, epochs=1, batch_size=400, callbacks=[Both()], verbose=0)
    assert seen == [0, 1, "one", "other"]


def test_callbacks_of_functions_have_hooks_only(spirals):
    with pytest.raises(TypeError, match="a callback has no 'model'; it has on_train_begin"):
        soma.LambdaCallback(model=None)
    with pytest.raises(TypeError, match="a callback has no 'on_batch_begin'"):
        soma.LambdaCallback(on_batch_begin=print)


def test_early_stopping_puts_the_best_weights_back(spirals):
    x, y = spirals
    network = small()
    stop = soma.EarlyStopping(patience=3)
    history = network.fit(x, 1 - y * 0, validation_data=(x, y), epochs=50, callbacks=[stop], verbose=0)
    assert len(history.epoch) < 50 and history.restored
    assert network.evaluate(x, y)["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-5)


def test_the_best_network_is_kept(spirals, tmp_path):
    x, y = spirals
    best = soma.ModelCheckpoint(tmp_path / "best.safetensors", save_best_only=True)
    network = small()
    history = network.fit(x, 1 - y * 0, validation_data=(x, y), epochs=8, callbacks=[best], verbose=0)
    values = history["val_loss"]
    assert values.index(min(values)) < 7 and network.evaluate(x, y)["loss"] > min(values)
    kept = soma.load(tmp_path / "best.safetensors", device="cpu")
    assert kept.evaluate(x, y)["loss"] == pytest.approx(min(values), rel=1e-5)
    rising = soma.ModelCheckpoint(tmp_path / "rising.safetensors", "accuracy", save_best_only=True)
    accuracies = small().fit(x, y, epochs=6, callbacks=[rising], verbose=0)["accuracy"]
    assert rising.best == max(accuracies) > accuracies[0]
    with pytest.raises(ValueError, match="no 'val_loss' to monitor; there are loss, accuracy"):
        small().fit(x, y, callbacks=[best], verbose=0)
    with pytest.raises(ValueError, match="'rise'; accepted: 'auto', 'min' and 'max'"):
        soma.ModelCheckpoint("best.safetensors", mode="rise")


def test_a_callback_sets_the_learning_rate(spirals):
    x, y = spirals
    network, weights = small(), []

    def after(epoch, logs):
        weights.append(network.weights["dense_1.weight"].copy())
        network.learning_rate = 0.0 if epoch else 0.005

    history = network.fit(x, y, epochs=3, callbacks=[soma.LambdaCallback(on_epoch_end=after)], verbose=0)
    assert history["learning_rate"] == pytest.approx([0.02, 0.005, 0.0], rel=1e-6)
    assert not np.array_equal(weights[0], weights[1]) and np.array_equal(weights[1], weights[2])
    with pytest.raises(soma.InvalidArgumentError):
        network.learning_rate = -1.0
    with pytest.raises(soma.InvalidStateError):
        soma.Network("dense 1").learning_rate


def test_a_loop_of_one_s_own_makes_the_same_steps(spirals):
    x, y = spirals
    whole, own = small(), small()
    history = whole.fit(x, y, epochs=2, batch_size=len(x), shuffle=False, verbose=0)
    figures = [own.train_on_batch(x, y) for _ in range(2)]
    assert [step["loss"] for step in figures] == pytest.approx(history["loss"], rel=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(whole.weights.values(), own.weights.values()))
    assert own.train_on_batch(x, y, return_dict=False)[0] < figures[0]["loss"]


def test_training_goes_on_from_a_checkpoint(spirals, tmp_path):
    x, y = spirals
    file = tmp_path / "run.safetensors"
    whole, broken, resumed = small(), small(), small()
    whole.fit(x, y, epochs=4, verbose=0)
    broken.fit(x, y, epochs=2, callbacks=[soma.ModelCheckpoint(file)], verbose=0)
    resumed.fit(x, y, epochs=4, resume=file, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(whole.weights.values(), resumed.weights.values()))


def test_sample_and_class_weights_count():
    x, y = np.ones((2, 1), np.float32), np.array([0, 1])
    network = soma.Network("dense 2 softmax", device="cpu")
    plain = -np.log(network.predict(x)[[0, 1], y])
    assert network.evaluate(x, y, sample_weight=[3, 1])["loss"] == pytest.approx((3 * plain[0] + plain[1]) / 2, rel=1e-5)
    network.compile(class_weight={0: 0.0, 1: 1.0}, optimizer=soma.SGD(learning_rate=1.0))
    network.fit(x, y, epochs=50, verbose=0)
    assert network.predict(x)[0, 1] > 0.9


def test_a_coefficient_of_zero_is_zero():
    x, y = np.ones((4, 1), np.float32), np.zeros((4, 1), np.float32)
    weights = []
    for optimizer in (soma.Momentum(learning_rate=0.1, momentum=0), soma.SGD(learning_rate=0.1), soma.Momentum(learning_rate=0.1)):
        network = soma.Network("dense 1", device="cpu")
        network.compile(optimizer=optimizer)
        network.fit(x, y, epochs=3, verbose=0)
        weights.append(network.weights["dense_1.weight"][0, 0])
    assert weights[0] == pytest.approx(weights[1], rel=1e-6) and weights[0] != pytest.approx(weights[2], rel=1e-3)


def test_progress_is_a_line_for_each_epoch(spirals, capsys):
    small().fit(*spirals, epochs=2, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[1].startswith("Epoch 2/2  loss ")
    network = small()
    network.build((2,))
    network.summary()
    assert "dense_2" in capsys.readouterr().out


def test_a_device_takes_the_numbers_that_there_are():
    for given, most in (({"memory_limit": -1}, 2**64 - 1), ({"memory_limit": 2**64}, 2**64 - 1), ({"threads": -1}, 2**32 - 1), ({"threads": 2**32 + 1}, 2**32 - 1)):
        [(name, number)] = given.items()
        with pytest.raises(ValueError, match=f"{name} is {number}; accepted: whole numbers from 0 to {most}"):
            soma.Device("cpu", **given)
    with pytest.raises(TypeError, match="float"):
        soma.Device("cpu", memory_limit=1.5)
    assert soma.Device("cpu", threads=np.int64(1), memory_limit=2**40).selector == "cpu"
    with pytest.raises(ValueError, match="epochs is -1; accepted: whole numbers from 0 to 4294967295"):
        small().fit([[0.0, 0.0]], [0], epochs=-1, verbose=0)


def test_devices_are_listed():
    listed = {device["selector"]: device for device in soma.devices()}
    assert listed["cpu"]["usable"] and listed["cpu"]["kind"] == "cpu"
    assert soma.Device("cpu").selector == "cpu"


LAYERS = [
    (soma.Conv(4, 3, activation="relu", padding="same", use_bias=False), (8, 8, 2), (8, 8, 4)),
    (soma.Conv2D(4, (3, 5), strides=2, kernel_initializer="he_normal"), (8, 8, 2), (3, 2, 4)),
    (soma.Conv(4, 3, padding=((1, 2), (0, 0))), (8, 8, 2), (9, 6, 4)),
    (soma.Conv(4, 3), (8, 2), (6, 4)),
    (soma.DepthwiseConv2D(3, depth_multiplier=2), (8, 8, 2), (6, 6, 4)),
    (soma.SeparableConv(5, 3), (8, 8, 2), (6, 6, 5)),
    (soma.Conv2DTranspose(5, 2, strides=2), (8, 8, 2), (16, 16, 5)),
    (soma.MaxPooling2D(), (8, 8, 2), (4, 4, 2)),
    (soma.AveragePool(3, strides=1, padding="same", count_include_pad=True), (8, 8, 2), (8, 8, 2)),
    (soma.AdaptiveAveragePool((2, 2)), (8, 8, 2), (2, 2, 2)),
    (soma.GlobalAveragePooling2D(), (8, 8, 2), (2,)),
    (soma.GlobalMaxPool(), (8, 8, 2), (2,)),
    (soma.UpSampling2D(2, interpolation="bilinear"), (4, 4, 2), (8, 8, 2)),
    (soma.ZeroPadding2D(((1, 0), (0, 2))), (4, 4, 2), (5, 6, 2)),
    (soma.ReflectPad(1), (4, 4, 2), (6, 6, 2)),
    (soma.EdgePad(1), (4, 4, 2), (6, 6, 2)),
    (soma.Cropping2D(1), (4, 4, 2), (2, 2, 2)),
    (soma.Flatten(), (4, 4, 2), (32,)),
    (soma.Reshape((8, 4)), (4, 4, 2), (8, 4)),
    (soma.Activation("leaky_relu(1,0.1)"), (5,), (5,)),
    (soma.Embedding(9, 4, padding_idx=0, embeddings_initializer="uniform(0.1)"), (5,), (5, 4)),
    (soma.SimpleRNN(3, activation="relu", go_backwards=True), (5, 4), (3,)),
    (soma.LSTM(3, truncate=2), (5, 4), (3,)),
    (soma.LSTM(3, return_sequences=True, bidirectional=True), (5, 4), (5, 6)),
    (soma.GRU(3, reset_after=False, use_bias=False), (5, 4), (3,)),
    (soma.Positions(kind="sinusoidal"), (5, 4), (5, 4)),
    (soma.MultiHeadAttention(2, num_kv_heads=1, key_dim=4, causal=True, rotary=True, use_bias=False), (5, 4), (5, 4)),
    (soma.Transformer(2, intermediate_dim=8, dropout=0.1, postnorm=True, activation="relu"), (5, 4), (5, 4)),
    (soma.Transformer(2, num_kv_heads=1, causal=True, rotary=True, rmsnorm=True, swiglu=True, use_bias=False), (5, 4), (5, 4)),
    (soma.PReLU(), (5,), (5,)),
    (soma.PReLU(slope=0.1), (5,), (5,)),
    (soma.Dropout(0.5), (5,), (5,)),
    (soma.SpatialDropout2D(0.25), (4, 4, 2), (4, 4, 2)),
    (soma.BatchNormalization(epsilon=1e-3, center=False), (4, 4, 2), (4, 4, 2)),
    (soma.LayerNorm(epsilon=1e-6), (4, 4, 2), (4, 4, 2)),
    (soma.GroupNorm(2, scale=False), (4, 4, 4), (4, 4, 4)),
    (soma.InstanceNorm(), (4, 4, 2), (4, 4, 2)),
    (soma.RMSNorm(), (4, 4, 2), (4, 4, 2)),
    (soma.Residual([soma.Conv(2, 3, padding="same"), "relu"]), (4, 4, 2), (4, 4, 2)),
    (soma.Residual([soma.Conv(3, 3, padding="same")], shortcut=[soma.Conv(3, 1)]), (4, 4, 2), (4, 4, 3)),
]


@pytest.mark.parametrize("layer, before, after", LAYERS, ids=lambda value: repr(value) if isinstance(value, soma.layers.Layer) else "")
def test_every_layer_is_built(layer, before, after):
    network = soma.Network([layer])
    network.build(before)
    assert network.output_shape == after


def test_every_layer_of_the_library_has_a_class():
    with pytest.raises(soma.Error) as raised:
        soma.Network("nonsense").build((4,))
    said = set(re.findall(r"\w+", str(raised.value)))
    words = {row[1] for row in soma.layers.TABLE} - {""}
    assert words <= said
    listed = re.search(r"dense, [\w, ]*rmsnorm", str(raised.value))[0].split(", ")
    assert set(listed) - words == {"residual"}
    assert words - {"dense"} <= {layer.word for layer, _, _ in LAYERS}


def test_functions_are_layers_by_their_names():
    x = np.linspace(-3, 3, 12).reshape(2, 6)
    sigmoid = 1 / (1 + np.exp(-x))
    expected = {"ReLU": np.maximum(x, 0), "Softmax": np.exp(x) / np.exp(x).sum(1, keepdims=True), "Sigmoid": sigmoid, "Tanh": np.tanh(x),
                "ELU": np.where(x > 0, x, np.expm1(x)), "GELU": x * np.vectorize(lambda v: 0.5 * (1 + math.erf(v / math.sqrt(2))))(x),
                "SiLU": x * sigmoid, "Softplus": np.log1p(np.exp(x))}
    expected |= {"SELU": 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)), "LeakyReLU": np.where(x > 0, x, 0.01 * x), "Identity": x}
    assert set(expected) == set(soma.layers.FUNCTIONS)
    for name, values in expected.items():
        assert np.allclose(soma.Network([getattr(soma, name)()], device="cpu").predict(x), values, rtol=1e-5, atol=1e-6), name


def test_layers_say_which_arguments_they_take():
    with pytest.raises(TypeError, match="unitz"):
        soma.Dense(3, unitz=3)
    with pytest.raises(TypeError, match="units"):
        soma.Dense()
    assert repr(soma.Dense(3, activation="relu")).startswith("Dense(units=3, activation='relu'")


def test_a_seed_that_is_none_is_refused():
    for seed in (-1, 2**64):
        with pytest.raises(OverflowError, match=f"the seed is {seed};"):
            soma.Network("dense 2", seed=seed).build((2,))
    first, other, same = (soma.Network("dense 2", device="cpu", seed=seed) for seed in (2**64 - 1, 1, np.uint64(2**64 - 1)))
    for network in (first, other, same):
        network.build((2,))
    assert np.array_equal(first.weights["dense_1.weight"], same.weights["dense_1.weight"])
    assert not np.array_equal(first.weights["dense_1.weight"], other.weights["dense_1.weight"])
