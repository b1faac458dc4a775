# SPDX-License-Identifier: MIT
"""The words of Keras's tutorials: programs of their kind, and that what they say is what Keras says of it."""
import ast
import pathlib

import numpy as np
import pytest

import soma

PACKAGE = pathlib.Path(soma.__file__).parent
RANDOM = np.random.default_rng(2)
PICTURES, DIGITS = RANDOM.random((40, 12, 12, 1), np.float32), RANDOM.integers(0, 3, 40)
SERIES, NEXT = RANDOM.random((40, 6, 2), np.float32), RANDOM.random((40, 1), np.float32)
WORDS, MOODS = RANDOM.integers(0, 20, (40, 8)), RANDOM.integers(0, 2, 40)
TABLE, PRICES = RANDOM.random((40, 5), np.float32), RANDOM.random(40, np.float32)


def beginner():
    """The quickstart: layers in a list, the shape at the first of them, logits."""
    model = soma.models.Sequential([
        soma.layers.Flatten(input_shape=(12, 12)), soma.layers.Dense(16, activation="relu"), soma.layers.Dropout(0.2), soma.layers.Dense(3)])
    loss_fn = soma.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
    model.fit(PICTURES[..., 0], DIGITS, epochs=2, verbose=0)
    probability_model = soma.Sequential([soma.layers.Dense(3, name="whole"), soma.layers.Softmax()])
    assert model.evaluate(PICTURES[..., 0], DIGITS, verbose=2)["loss"] > 0
    return model, probability_model


def convolutional():
    """Pictures, one-hot targets, a saved model."""
    y = soma.utils.to_categorical(DIGITS, 3)
    model = soma.Sequential([
        soma.Input(shape=(12, 12, 1)), soma.layers.Conv2D(8, kernel_size=(3, 3), activation="relu"), soma.layers.MaxPooling2D(pool_size=(2, 2)),
        soma.layers.Conv2D(8, kernel_size=(3, 3), padding="same"), soma.layers.BatchNormalization(), soma.layers.LeakyReLU(negative_slope=0.2),
        soma.layers.GlobalAveragePooling2D(), soma.layers.Dropout(0.5), soma.layers.Dense(3, activation="softmax")], name="convnet")
    model.summary(print_fn=lambda text: None)
    model.compile(loss="categorical_crossentropy", optimizer=soma.optimizers.RMSprop(learning_rate=1e-3), metrics=["accuracy"])
    model.fit(PICTURES, y, batch_size=16, epochs=1, validation_split=0.1, verbose=0, callbacks=[soma.callbacks.EarlyStopping(monitor="val_loss", patience=3)])
    return model, np.argmax(model.predict(PICTURES), axis=1)


def functional():
    """Two inputs, two outputs, and how much each loss counts."""
    words, pictures = soma.layers.Input(shape=(8,), name="words"), soma.Input(shape=(12, 12, 1), name="pictures")
    text = soma.layers.LSTM(4)(soma.layers.Embedding(20, 4)(words))
    seen = soma.layers.GlobalMaxPooling2D()(soma.layers.Conv2D(4, 3, activation=soma.layers.ELU(alpha=0.5))(pictures))
    both = soma.layers.concatenate([text, seen])
    priority = soma.layers.Dense(1, activation="sigmoid", name="priority")(both)
    kind = soma.layers.Dense(3, activation="softmax", name="kind")(both)
    model = soma.Model(inputs=[words, pictures], outputs=[priority, kind])
    model.compile(optimizer=soma.Adam(1e-2), loss=[soma.losses.BinaryCrossentropy(), soma.losses.CategoricalCrossentropy()], loss_weights=[1.0, 0.2])
    model.fit({"words": WORDS, "pictures": PICTURES}, {"priority": MOODS, "kind": DIGITS}, epochs=1, batch_size=20, verbose=0)
    return model, model.predict([WORDS, PICTURES])


def sentiment():
    """Words, both ways, and a rate that falls."""
    model = soma.Sequential()
    model.add(soma.layers.Embedding(20, 8, input_shape=(8,)))
    model.add(soma.layers.Bidirectional(soma.layers.LSTM(6, return_sequences=True)))
    model.add(soma.layers.Bidirectional(soma.layers.GRU(3)))
    model.add(soma.layers.Dense(1, activation="sigmoid"))
    schedule = soma.optimizers.schedules.ExponentialDecay(initial_learning_rate=1e-2, decay_steps=100, decay_rate=0.9)
    model.compile(loss="binary_crossentropy", optimizer=soma.optimizers.Adam(learning_rate=schedule), metrics=["accuracy"])
    model.fit(WORDS, MOODS, epochs=1, class_weight={0: 1.0, 1: 2.0}, verbose=0)
    return model, model.predict(WORDS)


def regression():
    """A table, momentum, initial weights, a loss with an argument, a history."""
    model = soma.Sequential([soma.layers.Dense(8, kernel_initializer=soma.initializers.HeNormal(), input_shape=(5,)), soma.layers.ReLU(max_value=6),
                             soma.layers.Dense(1, name="price")])
    model.compile(optimizer=soma.optimizers.SGD(learning_rate=0.01, momentum=0.9, nesterov=True), loss=soma.losses.Huber(delta=0.5), metrics=["mae"])
    history = model.fit(TABLE, PRICES, epochs=3, sample_weight=np.ones(40), shuffle=True, verbose=0)
    assert len(history.history["mean_absolute_error"]) == 3 and model.get_layer("price").output_shape == (1,)
    return model, model.predict_on_batch(TABLE)


def forecast():
    """A series, by what a custom loop does."""
    model = soma.Sequential([soma.layers.LSTM(6, input_shape=(6, 2)), soma.layers.Dense(1)])
    model.compile(optimizer="rmsprop", loss="mse")
    for _ in range(2):
        figures = model.train_on_batch(SERIES, NEXT)
    assert model.test_on_batch(SERIES, NEXT)["loss"] < 10 * figures["loss"]
    return model, model(SERIES)


def transfer():
    """Layers that are trained already, and a new one on top."""
    base = convolutional()[0]
    base.layers[0].trainable = False
    base.get_layer(index=2).trainable = False
    before = base.layers[0].get_weights()
    base.optimizer.learning_rate = 1e-4
    base.fit(PICTURES, DIGITS, epochs=1, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, base.layers[0].get_weights()))
    return base, base.predict(PICTURES)


PROGRAMS = [beginner, convolutional, functional, sentiment, regression, forecast, transfer]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_programs_of_that_kind_run(program, tmp_path):
    model, _ = program()
    model.save(tmp_path / "model.safetensors")
    again = soma.models.load_model(tmp_path / "model.safetensors", device="cpu")
    assert again.count_params() == model.count_params() == sum(values.size for values in model.get_weights().values())
    assert [layer.kind for layer in again.layers] == [layer.kind for layer in model.layers]


# ------------------------------------------------------------------------------------------------------------------ networks


def test_networks_are_made_of_inputs_and_outputs():
    x = soma.Input((3,))
    y = soma.Dense(2)(x)
    assert soma.Model(x, y).output_shape == soma.Model([x], [y]).output_shape == soma.Model(inputs=x, outputs=y).output_shape == (2,)
    for arguments in ({"outputs": y}, {"inputs": x}, {"layers": x, "inputs": x, "outputs": y}):
        with pytest.raises(ValueError, match="inputs"):
            soma.Model(**arguments)
    model = soma.Sequential([soma.Dense(3, input_shape=(4,)), soma.Dense(9)])
    assert repr(model.pop()).startswith("Dense(units=9")
    assert model.layers[0].output_shape == (3,) and model.input_shape == (4,)
    with pytest.raises(soma.InvalidStateError, match="built already"):
        model.pop()
    with pytest.raises(ValueError, match="no layers"):
        soma.Sequential().pop()


def test_layers_are_found_and_their_weights_set():
    model = soma.Sequential([soma.Dense(3, activation="relu", name="hidden"), soma.Dense(2)])
    model.build((4,))
    hidden, last = model.layers
    assert (hidden.name, hidden.kind, last.name) == ("hidden", "dense", "dense_2")
    assert [values.shape for values in hidden.get_weights()] == [(4, 3), (3,)] and hidden.count_params() == 15 and model.count_params() == 23
    for found in (model.get_layer("hidden"), model.get_layer("dense_1"), model.get_layer(index=0), model.get_layer(index=-2)):
        assert (found.own, found.output_shape) == ("dense_1", (3,))
    new = [RANDOM.random((4, 3)), RANDOM.random(3)]
    hidden.set_weights(new)
    np.testing.assert_array_equal(model.weights["dense_1.weight"], np.float32(new[0]))
    with pytest.raises(ValueError, match="hidden has 2 parameters .dense_1.weight, dense_1.bias., got 1 arrays"):
        hidden.set_weights(new[:1])
    with pytest.raises(ValueError, match="no layer 'out'; there are hidden, dense_2"):
        model.get_layer("out")
    with pytest.raises(ValueError, match="the index is 2; accepted: from 0 to 1"):
        model.get_layer(index=2)
    with pytest.raises(ValueError, match="a name is wanted, or an index"):
        model.get_layer()


def test_frozen_layers_stay(tmp_path):
    model = soma.Sequential([soma.Dense(3, activation="relu", name="hidden"), soma.Dense(3, activation="relu"), soma.Dense(1)])
    model.build((5,))
    model.fit(TABLE, PRICES, verbose=0)
    model.get_layer("hidden").trainable = False
    model.freeze("dense_2.bias")
    assert [layer.trainable for layer in model.layers] == [False, True, True]
    before = model.get_weights()
    model.fit(TABLE, PRICES, verbose=0)
    stay = {name: np.array_equal(before[name], values) for name, values in model.get_weights().items()}
    assert stay == {"dense_1.weight": True, "dense_1.bias": True, "dense_2.weight": False, "dense_2.bias": True, "dense_3.weight": False, "dense_3.bias": False}
    model.save_weights(tmp_path / "model.safetensors")
    assert not soma.load(tmp_path / "model.safetensors").layers[0].trainable
    model.freeze(["hidden.bias", "hidden.weight", "dense_2"], frozen=False)
    assert all(layer.trainable for layer in model.layers)
    with pytest.raises(soma.InvalidArgumentError, match="conv_1.*dense_1.weight"):
        model.freeze("conv_1")
    with pytest.raises(ValueError, match="a name that ends in .safetensors"):
        model.save_weights(tmp_path / "model.weights.h5")


def test_names_that_were_given_come_before_those_of_the_library():
    def made():
        network = soma.Network([soma.Dense(3, name="first"), soma.Dense(3, name="dense_1"), soma.Dense(3, name="dense_3"), soma.Dense(1)], device="cpu")
        network.build((5,))
        return network

    network = made()
    assert [network.get_layer(name).own for name in ("first", "dense_1", "dense_3", "dense_2", "dense_4")] == ["dense_1", "dense_2", "dense_3", "dense_2", "dense_4"]
    network.layers[0].trainable = False
    assert network._net.frozen() == ["dense_1.weight", "dense_1.bias"] and [layer.trainable for layer in network.layers] == [False, True, True, True]
    network = made()
    network.freeze("dense_1")
    assert network._net.frozen() == ["dense_2.weight", "dense_2.bias"]
    with pytest.raises(ValueError, match="'dense_1.bias' is a parameter of the layer that was named 'dense_1', and in network.weights one of another"):
        network.freeze("dense_1.bias")


def test_what_is_frozen_before_it_is_built_stays():
    still = soma.Dense(3, activation="relu")
    still.trainable = False
    model = soma.Sequential([still, soma.Dense(1)])
    model.fit(TABLE, PRICES, verbose=0)
    assert model._net.frozen() == ["dense_1.weight", "dense_1.bias"] and [layer.trainable for layer in model.layers] == [False, True]
    with pytest.raises(soma.InvalidStateError, match="a network is built of it.*network.get_layer"):
        still.trainable = True
    model.trainable = False
    assert len(model._net.frozen()) == 4 and not model.trainable
    with pytest.raises(soma.InvalidStateError, match="all parameters are frozen"):
        model.fit(TABLE, PRICES, verbose=0)
    model.trainable = True
    assert not model._net.frozen() and model.trainable

    whole = soma.Sequential([soma.Dense(3)])
    whole.trainable = False
    whole.add(soma.Dense(1))
    assert not whole.trainable
    whole.build((5,))
    assert len(whole._net.frozen()) == 4
    one = soma.Dense(5)
    one.trainable = False
    with pytest.raises(ValueError, match="Dense.*has trainable=False within Residual; accepted: trainable of the whole"):
        soma.Network([soma.Residual([one])]).build((5,))


def test_layers_that_would_share_parameters_are_refused():
    x, dense, relu = soma.Input((3,)), soma.Dense(4, name="twin"), soma.ReLU()
    with pytest.raises(ValueError, match="twin is there twice.*cannot share"):
        soma.Network(x, dense(dense(x)))
    with pytest.raises(ValueError, match="Dense.units=4.* is there twice"):
        soma.Network([soma.Dense(4)] * 2).build((3,))
    assert len(soma.Network(x, relu(soma.Dense(3)(relu(x)))).layers) == 3


def test_weights_are_set_all_or_none():
    network = soma.Network([soma.Dense(3), soma.Dense(2)], device="cpu")
    network.build((4,))
    before = network.get_weights()
    good, bad = np.full((4, 3), 9.0, np.float32), np.ones(5, np.float32)
    for set_them in (lambda: network.set_weights([good, bad, np.ones((3, 2), np.float32), np.ones(2, np.float32)]),
                     lambda: network.set_weights({"dense_1.weight": good, "dense_9.weight": good}), lambda: network.layers[0].set_weights([good, bad])):
        with pytest.raises((ValueError, KeyError)):
            set_them()
        assert all(np.array_equal(before[name], values) for name, values in network.get_weights().items())


def test_each_output_has_one_weight_of_its_loss():
    x = soma.Input((3,))
    two = soma.Network(x, [soma.Dense(1)(x), soma.Dense(2)(x)], device="cpu")
    for network, weights, words in ((two, [0.5], "loss_weights are 1 .0.5., the network has 2 outputs"), (two, [0.5, 1, 7], "loss_weights are 3"),
                                    (soma.Network([soma.Dense(1)]), [1, 2], "loss_weights are 2 .*the network has 1 output; accepted: one for each")):
        with pytest.raises(ValueError, match=words):
            network.compile(loss_weights=weights)
    two.compile(loss_weights=[0.5, 2])


def test_the_shape_of_the_input_is_of_the_layers_that_are_there():
    network = soma.Network([soma.Dense(4, input_shape=(3,))], device="cpu")
    network.pop()
    network.add(soma.Dense(4, input_shape=(5,)))
    network.add(soma.Dense(2, input_shape=(4,)))
    network.count_params()
    assert network.input_shape == (5,)
    kept = soma.Network([soma.Input((3,)), soma.Dense(4, input_shape=(3,))], device="cpu")
    kept.pop()
    kept.add(soma.Dense(2, input_shape=5, name="out"))
    with pytest.raises(ValueError, match="out: input_shape is .5,., what comes to it has the shape .3,."):
        kept.count_params()
    with pytest.raises(ValueError, match="Dense.units=2.*: input_shape is .3,., what comes to it has the shape .4,."):
        soma.Network([soma.Dense(4), soma.Dense(2, input_shape=(3,))]).build((3,))


def test_a_layer_that_makes_several_keeps_its_name():
    x = soma.Input((6, 6, 1))
    dense = soma.Dense(3, name="fc")(soma.Conv2D(2, 3, name="picture")(x))
    mean = soma.Average(name="mean")([dense, soma.Dense(3, name="other")(x)])
    network = soma.Network(x, soma.Text("dense 4; dense 2", name="two")(mean), device="cpu")
    fc, both = network.get_layer("fc"), network.get_layer("mean")
    assert (fc.kind, fc.output_shape, len(fc.parameters)) == ("dense", (3,), 2) and network.get_layer("other").kind == "dense" and both.kind == "linear"
    network.freeze("fc")
    assert network._net.frozen() == fc.parameters
    with pytest.raises(ValueError, match="there is no layer 'two'; there are picture, flatten_1, fc"):
        network.get_layer("two")


def test_patterns_are_held_against_the_names_that_were_given():
    network = soma.Network([soma.Dense(3, name="block_1"), soma.Dense(3, name="block_2"), soma.Dense(3, name="head[1]"), soma.Dense(1)], device="cpu")
    network.build((5,))
    for pattern, frozen in (("block_*", [1, 2]), ("head[*", [3]), ("dense_*", [1, 2, 3, 4]), ("*", [1, 2, 3, 4]), ("b*_2", [2])):
        network.freeze(pattern)
        assert network._net.frozen() == [f"dense_{i}.{role}" for i in frozen for role in ("weight", "bias")]
        network.freeze(pattern, frozen=False)
        assert not network._net.frozen()
    network.freeze("block_*.bias")
    assert network._net.frozen() == ["dense_1.bias", "dense_2.bias"]
    with pytest.raises(soma.InvalidArgumentError, match="blok_.*dense_1.weight"):
        network.freeze("blok_*")


def test_weights_of_classes_may_come_with_the_data():
    def trained(at_compile=None, at_fit=None):
        network = soma.Network("dense 3 softmax", device="cpu")
        network.compile(optimizer="sgd", class_weight=at_compile)
        network.fit(TABLE, DIGITS, epochs=2, verbose=0, class_weight=at_fit)
        return network.get_weights()["dense_1.weight"]

    assert np.array_equal(trained([1, 5, 2]), trained(at_fit={2: 2, 1: 5.0}))
    assert np.array_equal(trained([1, 5, 2]), trained([1, 1, 1], np.array([1, 5, 2])))
    assert not np.array_equal(trained([1, 5, 2]), trained())
    assert np.array_equal(trained({1: 5.0, 2: 1}), trained([1, 5, 1]))


# -------------------------------------------------------------------------------------------------------------------- layers


def test_functions_take_their_arguments():
    x = np.linspace(-3, 9, 24, dtype=np.float32).reshape(4, 6)
    expected = [
        (soma.ReLU(max_value=6), np.clip(x, 0, 6)), (soma.ReLU(negative_slope=0.2), np.where(x > 0, x, 0.2 * x)), (soma.LeakyReLU(0.1), np.where(x > 0, x, 0.1 * x)), (soma.LeakyReLU(), np.where(x > 0, x, 0.01 * x)),
        (soma.ELU(alpha=0.5), np.where(x > 0, x, 0.5 * np.expm1(x))),
        (soma.Activation(soma.LeakyReLU(0.3)), np.where(x > 0, x, 0.3 * x))]
    for layer, values in expected:
        np.testing.assert_allclose(soma.Network([layer], device="cpu").predict(x), values, rtol=1e-5, atol=1e-6, err_msg=repr(layer))
    network = soma.Network([soma.Dense(2, activation=soma.LeakyReLU(0.25))], device="cpu")
    straight = soma.Network([soma.Dense(2)], device="cpu")
    network.build((6,))
    straight.build((6,))
    straight.set_weights(network.get_weights())
    before = straight.predict(x)
    np.testing.assert_allclose(network.predict(x), np.where(before > 0, before, before / 4), rtol=1e-5, atol=1e-6)
    for make, words in ((lambda: soma.ReLU(max_value=5), "max_value is 5; accepted: 6"), (lambda: soma.ReLU(6, 0.1), "max_value and negative_slope; accepted: one"),
                        (lambda: soma.Softmax(axis=1), "axis is 1; accepted: -1")):
        with pytest.raises(ValueError, match=words):
            soma.Network([make()]).build((5,))


@pytest.mark.parametrize("cell", [soma.SimpleRNN, soma.LSTM, soma.GRU])
@pytest.mark.parametrize("whole", [False, True])
def test_both_ways_are_one_and_the_other(cell, whole):
    both = soma.Network([soma.Bidirectional(cell(3, return_sequences=whole), name="ways")], device="cpu")
    result = both.predict(SERIES)
    assert both.layers[0].name == "ways"
    parts = []
    for backwards in (False, True):
        one = soma.Network([cell(3, return_sequences=True, go_backwards=backwards)], device="cpu")
        one.build((6, 2))
        own = list(one.weights)
        prefix = own[0].rpartition(".")[0]
        for name in own:
            role = name.rpartition(".")[2]
            one.weights[name] = both.weights[f"{prefix}.{'reverse_' * backwards}{role}"]
        steps = one.predict(SERIES)  # at each step what the way back says of it and of those behind
        parts.append(steps if whole else steps[:, 0 if backwards else -1])
    np.testing.assert_allclose(result, np.concatenate(parts, -1), rtol=1e-5, atol=1e-6)


def test_both_ways_go_for_what_has_ways():
    with pytest.raises(TypeError, match="accepted: SimpleRNN, LSTM and GRU"):
        soma.Bidirectional(soma.Dense(3))
    with pytest.raises(ValueError, match="merge_mode is 'sum'; accepted: 'concat'"):
        soma.Bidirectional(soma.LSTM(3), merge_mode="sum")
    with pytest.raises(ValueError, match="goes backwards"):
        soma.Bidirectional(soma.LSTM(3, go_backwards=True))


def test_tensors_are_joined_by_functions():
    a, b = RANDOM.random((4, 3), np.float32), RANDOM.random((4, 3), np.float32)
    expected = {"add": a + b, "subtract": a - b, "multiply": a * b, "maximum": np.maximum(a, b), "minimum": np.minimum(a, b), "average": (a + b) / 2,
                "concatenate": np.concatenate([a, b], 1)}
    for name, values in expected.items():
        inputs = [soma.Input((3,)), soma.Input((3,))]
        network = soma.Model(inputs, getattr(soma.layers, name)(inputs), device="cpu")
        np.testing.assert_allclose(network.predict([a, b]), values, rtol=1e-6, err_msg=name)
    with pytest.raises(ValueError, match="axis 3; samples have 1 dimensions, accepted: from 1 to 1, or from -1 to -1"):
        soma.Model(inputs, soma.Concatenate(axis=3)(inputs))
    with pytest.raises(ValueError, match="axis -2"):
        soma.Model(inputs, soma.Concatenate(axis=-2)(inputs))


def test_initial_weights_have_their_names():
    def weights(initializer):
        network = soma.Network([soma.Dense(60, kernel_initializer=initializer)], device="cpu")
        network.build((40,))
        return network.weights["dense_1.weight"]

    initializers = soma.initializers
    assert (weights(initializers.Ones()) == 1).all() and (weights(initializers.Zeros()) == 0).all() and (weights(initializers.Constant(0.5)) == 0.5).all()
    assert np.std(weights(initializers.RandomNormal(stddev=0.02))) == pytest.approx(0.02, rel=0.1)
    assert 0.28 < np.abs(weights(initializers.RandomUniform(-0.3, 0.3))).max() <= 0.3
    for make, variance in ((initializers.GlorotUniform, 2 / 100), (initializers.GlorotNormal, 2 / 100), (initializers.HeUniform, 2 / 40), (initializers.HeNormal, 2 / 40),
                           (initializers.LecunUniform, 1 / 40), (initializers.LecunNormal, 1 / 40)):
        assert np.var(weights(make())) == pytest.approx(variance, rel=0.15), make.__name__
    rows = weights(initializers.Orthogonal())
    np.testing.assert_allclose(rows @ rows.T, np.eye(40), atol=1e-5)
    for make in (lambda: initializers.RandomNormal(mean=1), lambda: initializers.RandomUniform(0, 1)):
        with pytest.raises(ValueError, match="accepted"):
            make()


# ------------------------------------------------------------------------------------------------------- losses and optimizers


def test_losses_take_their_arguments():
    logits = RANDOM.normal(size=(9, 3)).astype(np.float32)
    classes, ones = RANDOM.integers(0, 3, 9), RANDOM.integers(0, 2, (9, 3)).astype(np.float32)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    sigmoid = 1 / (1 + np.exp(-logits))
    rows = np.eye(3)[classes]
    smooth = 0.9 * rows + 0.1 / 3
    half = 0.9 * ones + 0.05
    true = ones * sigmoid + (1 - ones) * (1 - sigmoid)
    binary = -(ones * np.log(sigmoid) + (1 - ones) * np.log(1 - sigmoid))
    error = logits - ones
    levels = np.stack([np.where(e >= 0, q * e, (q - 1) * e) for q, e in ((0.1, ones[:, 0] - logits[:, 0]), (0.5, ones[:, 0] - logits[:, 1]), (0.9, ones[:, 0] - logits[:, 2]))])
    losses = soma.losses
    expected = [
        (losses.SparseCategoricalCrossentropy(from_logits=True), classes, -np.log(p[np.arange(9), classes])),
        (losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), rows, -(smooth * np.log(p)).sum(1)),
        (losses.BinaryCrossentropy(from_logits=True), ones, binary),
        (losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), ones, -(half * np.log(sigmoid) + (1 - half) * np.log(1 - sigmoid))),
        (losses.CategoricalFocalCrossentropy(gamma=1.5, from_logits=True), rows, -(rows * (1 - p) ** 1.5 * np.log(p)).sum(1)),
        (losses.BinaryFocalCrossentropy(gamma=0.0, alpha=0.25, from_logits=True), ones, (0.25 * ones + 0.75 * (1 - ones)) * binary),
        (losses.BinaryFocalCrossentropy(from_logits=True), ones, (1 - true) ** 2 * binary),
        (losses.MeanSquaredError(), ones, error ** 2), (losses.MeanAbsoluteError, ones, abs(error)),
        (losses.Huber(delta=0.5), ones, np.where(abs(error) <= 0.5, error ** 2 / 2, 0.5 * (abs(error) - 0.25))),
        (losses.Quantile([0.1, 0.5, 0.9]), ones[:, :1], levels)]
    for loss, targets, values in expected:
        network = soma.Network("identity", device="cpu")
        network.compile(loss=loss)
        assert network.evaluate(logits, targets)["loss"] == pytest.approx(np.mean(values), rel=2e-5), loss
    with pytest.raises(TypeError, match="a loss is wanted, or the name of one; got 3"):
        network.compile(loss=3)
    with pytest.raises(ValueError, match="top_k is -1; accepted: whole numbers from 0 to 4294967295"):
        network.compile(loss="categorical_crossentropy", top_k=-1)


def test_losses_of_several_outputs_count_what_is_said():
    x = soma.Input((3,))
    a, b = soma.Dense(1, name="a")(x), soma.Dense(1, name="b")(x)
    network = soma.Model(x, [a, b], device="cpu")
    values = RANDOM.random((8, 3), np.float32)
    targets = [RANDOM.random((8, 1), np.float32), RANDOM.random((8, 1), np.float32)]
    each = [np.mean((p - t) ** 2) for p, t in zip(network.predict(values), targets)]
    network.compile(loss=["mse", "mse"], loss_weights=[2, 0.25])
    assert network.evaluate(values, targets)["loss"] == pytest.approx(2 * each[0] + each[1] / 4, rel=1e-5)
    with pytest.raises(ValueError, match="loss_weights are .1.0, 0.0.; accepted: numbers above 0"):
        network.compile(loss=["mse", "mse"], loss_weights=[1, 0])
    with pytest.raises(ValueError, match="share one huber_delta; got 1 and 2"):
        network.compile(loss=[soma.losses.Huber(1), soma.losses.Huber(2)])


def steps_of(optimizer, count, start=1.0):
    """The weight of y = w x after each step on x = 1, y = 0, whose gradient is 2 w."""
    network = soma.Network([soma.Dense(1, use_bias=False)], device="cpu")
    network.compile(optimizer=optimizer, loss="mse")
    network.build((1,))
    network.weights["dense_1.weight"] = [[start]]
    seen, rates = [], []
    for _ in range(count):
        network.train_on_batch(np.float32([[1]]), np.float32([[0]]))
        seen.append(float(network.weights["dense_1.weight"][0, 0]))
        rates.append(network.learning_rate)
    return seen, rates


def test_descent_has_a_momentum_where_it_is_given_one():
    for nesterov in (False, True):
        w, m, expected = 1.0, 0.0, []
        for _ in range(4):
            g = 2 * w
            m = 0.5 * m + g
            w -= 0.1 * (g + 0.5 * m if nesterov else m)
            expected.append(w)
        np.testing.assert_allclose(steps_of(soma.SGD(0.1, momentum=0.5, nesterov=nesterov), 4)[0], expected, rtol=1e-5)
    np.testing.assert_allclose(steps_of(soma.SGD(0.1), 3)[0], [0.8, 0.64, 0.512], rtol=1e-5)
    with pytest.raises(ValueError, match="nesterov goes with a momentum"):
        soma.SGD(nesterov=True)


def test_adam_with_a_decay_is_the_one_that_decays():
    # The first step of Adam is one of the rate's length; before it the weight shrinks by rate times decay.
    np.testing.assert_allclose(steps_of(soma.Adam(0.01, weight_decay=0.5), 1, 2.0)[0], [2 - 0.01 * 0.5 * 2 - 0.01], rtol=1e-5)
    np.testing.assert_allclose(steps_of(soma.Adam(0.01), 1, 2.0)[0], [1.99], rtol=1e-5)


def test_schedules_by_their_names():
    schedules = soma.optimizers.schedules
    steps = np.arange(6)
    for schedule, expected in (
            (schedules.ExponentialDecay(0.1, 4, 0.5), 0.1 * 0.5 ** (steps / 4)), (schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True), 0.1 * 0.5 ** (steps // 2)),
            (schedules.CosineDecay(0.1, 4, alpha=0.2), 0.1 * (0.2 + 0.8 * (1 + np.cos(np.pi * np.minimum(steps, 4) / 4)) / 2)),
            (schedules.CosineDecay(0.0, 4, warmup_target=0.1, warmup_steps=2), [0.05, 0.1, *(0.1 * (1 + np.cos(np.pi * np.arange(4) / 4)) / 2)])):
        np.testing.assert_allclose(steps_of(soma.SGD(schedule), 6)[1], expected, rtol=1e-5, atol=1e-8)
    with pytest.raises(ValueError, match="rises from 0.1; accepted: from 0"):
        schedules.CosineDecay(0.1, 4, warmup_target=0.2, warmup_steps=2)
    with pytest.raises(ValueError, match="warmup_steps goes with warmup_target"):
        schedules.CosineDecay(0.1, 4, warmup_steps=2)


# ---------------------------------------------------------------------------------------------------------------------- data


def test_classes_become_rows():
    for given in (DIGITS, DIGITS.astype(np.uint8), DIGITS[:, None], DIGITS.tolist()):
        rows = soma.utils.to_categorical(given)
        np.testing.assert_array_equal(rows, np.eye(DIGITS.max() + 1)[DIGITS])
        assert rows.dtype == np.float32
    np.testing.assert_array_equal(soma.utils.to_categorical([[0, 1], [2, 3]], num_classes=5), np.eye(5)[[[0, 1], [2, 3]]])
    for given, words in (([0, 3], "class 3; accepted: from 0 to 2"), ([-1], "class -1; accepted: from 0 to 2")):
        with pytest.raises(ValueError, match=words):
            soma.utils.to_categorical(given, 3)


# ----------------------------------------------------------------------------------------------------------------- structure


def imported(file):
    """Modules of the package that a file of it imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found |= {node.module} if node.module else {alias.name for alias in node.names}
    return found


def test_no_module_imports_what_imports_it():
    arrows = {file.stem: imported(file) for file in PACKAGE.glob("*.py") if file.stem != "__init__"}
    left = {name: {to for to in targets if to in arrows} for name, targets in arrows.items()}
    while left:
        free = {name for name, targets in left.items() if not targets}
        assert free, f"a circle among {', '.join(sorted(left))}"
        left = {name: targets - free for name, targets in left.items() if name not in free}
