# SPDX-License-Identifier: MIT
"""Layers around layers, layers that scale their input, and arguments of Keras's that say what is so anyway."""
import numpy as np
import pytest

import soma

RANDOM = np.random.default_rng(7)
FILM = RANDOM.random((4, 5, 8, 6, 3), np.float32)  # samples, steps, height, width, channels


def built(layers, shape):
    network = soma.Network(layers, device="cpu")
    network.build(shape)
    return network


def test_a_dense_layer_works_on_each_step():
    x = RANDOM.random((4, 5, 3), np.float32)
    network = built([soma.layers.TimeDistributed(soma.layers.Dense(2, activation="relu"), name="steps")], (5, 3))
    w, b = network.get_layer("steps").get_weights()
    assert w.shape == (3, 2)
    np.testing.assert_allclose(network.predict(x), np.maximum(x @ w + b, 0), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"each step has the shape \(3, 4\); accepted: one dimension, as behind TimeDistributed\(Flatten\(\)\)"):
        built([soma.TimeDistributed(soma.Dense(2))], (5, 3, 4))


@pytest.mark.parametrize("layer", [
    lambda: soma.Conv2D(2, 3, padding="same", activation="relu"), lambda: soma.Conv2D(2, (3, 2), strides=(2, 1), padding=1), lambda: soma.Conv2D(2, 3, dilation_rate=2),
    lambda: soma.DepthwiseConv2D(3, depth_multiplier=2), lambda: soma.SeparableConv2D(4, 3), lambda: soma.Conv2DTranspose(2, 3, strides=2, padding="same"),
    lambda: soma.MaxPooling2D(2), lambda: soma.AveragePooling2D((2, 3), strides=1), lambda: soma.UpSampling2D(2), lambda: soma.ZeroPadding2D(((1, 2), (0, 1))),
    lambda: soma.Cropping2D(1), lambda: soma.Flatten(), lambda: soma.Reshape((6, -1)), lambda: soma.GlobalAveragePooling2D(), lambda: soma.GlobalMaxPooling2D(),
    lambda: soma.LayerNormalization(), lambda: soma.LeakyReLU(0.1), lambda: soma.Softmax(), lambda: soma.Dropout(0.5)],
    ids=lambda layer: type(layer()).__name__)
def test_a_layer_sees_each_step_as_a_sample(layer):
    if type(layer()).__name__ == "Reshape":
        whole, inner = built([soma.TimeDistributed(layer())], FILM.shape[1:]), None
        np.testing.assert_array_equal(whole.predict(FILM), FILM.reshape(4, 5, 6, 24))
        return
    whole, inner = built([soma.TimeDistributed(layer())], FILM.shape[1:]), built([layer()], FILM.shape[2:])
    inner.set_weights([values.reshape(own.shape) for values, own in zip(whole.get_weights().values(), inner.get_weights().values())])
    expected = inner.predict(np.ascontiguousarray(FILM.reshape(20, 8, 6, 3)))
    np.testing.assert_allclose(whole.predict(FILM), expected.reshape(4, 5, *expected.shape[1:]), rtol=1e-5, atol=1e-6)


def test_a_network_of_pictures_goes_on_each_of_a_film():
    pictures = soma.Sequential([soma.Conv2D(4, 3, activation="relu"), soma.MaxPooling2D(2), soma.Flatten()])
    network = soma.Sequential([soma.Input((5, 8, 6, 3)), soma.TimeDistributed(pictures), soma.LSTM(3), soma.Dense(2, activation="softmax")], device="cpu")
    network.fit(FILM, [0, 1, 0, 1], epochs=1, verbose=0)
    assert network.predict(FILM).shape == (4, 2) and network.layers[-2].kind == "lstm"


def test_what_does_not_go_on_each_step_is_refused():
    for layer in (soma.LSTM(3), soma.MultiHeadAttention(2), soma.Text("dense 3"), soma.GroupNorm(2)):
        with pytest.raises(TypeError, match="does not go on each step by itself; accepted: Dense"):
            soma.TimeDistributed(layer)
    with pytest.raises(ValueError, match="accepted: .steps, ...."):
        built([soma.TimeDistributed(soma.ReLU())], (4,))
    with pytest.raises(ValueError, match="accepted: .positions, channels."):
        built([soma.TimeDistributed(soma.Conv1D(2, 3))], (5, 4))
    with pytest.raises(ValueError, match="TimeDistributed: a network that is built"):
        soma.TimeDistributed(built([soma.Dense(2)], (3,)))


def test_features_are_there_at_each_step():
    x = RANDOM.random((3, 2), np.float32)
    np.testing.assert_array_equal(soma.Network([soma.RepeatVector(4)], device="cpu").predict(x), np.repeat(x[:, None], 4, 1))


def test_rescaling_is_a_line():
    x = RANDOM.random((6, 4, 3), np.float32)
    for layer, expected in ((soma.Rescaling(2.5), 2.5 * x), (soma.Rescaling(2.0, offset=-1), 2 * x - 1), (soma.Rescaling(1.0, [1, 2, 3]), x + np.float32([1, 2, 3])),
                            (soma.layers.Rescaling(np.float32([1, -2, 3]), 0.5), x * np.float32([1, -2, 3]) + np.float32(0.5))):
        np.testing.assert_allclose(soma.Network([layer], device="cpu").predict(x), expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match="weight has 2 numbers, what comes has 3 channels; accepted: one, or one for each channel"):
        built([soma.Rescaling([1, 2], 1)], (4, 3))


def test_normalization_goes_by_the_data_and_stays(tmp_path):
    x = (RANDOM.normal(3, [1, 5, 0.1], (200, 3))).astype(np.float32)
    layer = soma.layers.Normalization()
    with pytest.raises(soma.InvalidStateError, match=r"call adapt\(data\) first"):
        built([layer], (3,))
    layer.adapt(x)
    network = soma.Network([layer, soma.Dense(1)], device="cpu")
    scaled = (x - x.mean(0)) / x.std(0)
    network.fit(x, scaled.sum(1), epochs=2, verbose=0)
    w, b = network.get_layer("dense_1").get_weights()
    expected = (x.astype(np.float64) - x.mean(0, dtype=np.float64)) / x.std(0, dtype=np.float64) @ w + b
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-4, atol=1e-4)
    network.save(tmp_path / "n.safetensors")
    np.testing.assert_array_equal(soma.load(tmp_path / "n.safetensors", device="cpu").predict(x), network.predict(x))
    with pytest.raises(soma.InvalidStateError, match="adapt.. goes before its first data"):
        layer.adapt(x)


def test_normalization_takes_figures():
    x = RANDOM.random((5, 2), np.float32)
    there, back = soma.Normalization(mean=[1, 2], variance=[4, 9]), soma.Normalization(mean=[1, 2], variance=[4, 9], invert=True)
    np.testing.assert_allclose(soma.Network([there], device="cpu").predict(x), (x - [1, 2]) / [2, 3], rtol=1e-5)
    np.testing.assert_allclose(soma.Network([back], device="cpu").predict(x), x * [2, 3] + [1, 2], rtol=1e-5)
    together = soma.Normalization(axis=None)
    together.adapt(x)
    np.testing.assert_allclose(soma.Network([together], device="cpu").predict(x), (x - x.mean()) / x.std(), rtol=1e-4, atol=1e-5)
    constant = soma.Normalization()
    constant.adapt(np.float32([[1, 3], [2, 3]]))
    assert soma.Network([constant], device="cpu").predict(np.float32([[1, 3]]))[0, 1] == 0
    for arguments, words in (({"axis": 1}, "axis is 1; accepted: -1"), ({"mean": 0}, "mean and variance go together"), ({"mean": 0, "variance": -1}, "variance is .-1.0.; accepted: 0 and more")):
        with pytest.raises(ValueError, match=words):
            soma.Normalization(**arguments)
    with pytest.raises(ValueError, match="nothing to train"):
        there.trainable = True


def test_bytes_are_not_scaled_twice():
    pictures = RANDOM.integers(0, 256, (6, 4, 4, 1), np.uint8)
    network = soma.Sequential([soma.Rescaling(1 / 255), soma.Flatten(), soma.Dense(2)], device="cpu")
    for use in (lambda: network.fit(pictures, np.zeros((6, 2)), verbose=0), lambda: network.predict(pictures),
                lambda: network.fit(iter([(pictures, np.zeros((6, 2)))]), verbose=0)):
        with pytest.raises(ValueError, match="begins with a Rescaling, which would scale them again; accepted: numbers of another type"):
            use()
    network.fit(pictures.astype(np.float32), np.zeros((6, 2)), verbose=0)
    behind = soma.Sequential([soma.Flatten(), soma.ReLU(), soma.Rescaling(2.0)], device="cpu")
    np.testing.assert_allclose(behind.predict(pictures), pictures.reshape(6, 16) / 255 * 2, rtol=1e-5)


def test_one_position_has_two_sides():
    x = np.ones((1, 3, 1), np.float32)
    for layer in (soma.ZeroPadding1D(padding=(1, 2)), soma.ZeroPadding1D((1, 2))):
        np.testing.assert_array_equal(soma.Network([layer], device="cpu").predict(x)[0, :, 0], [0, 1, 1, 1, 0, 0])
    assert soma.Network([soma.Cropping1D(cropping=(0, 2))], device="cpu").predict(x).shape == (1, 1, 1)
    pictures = np.ones((1, 2, 2, 1), np.float32)
    assert soma.Network([soma.ZeroPadding2D(padding=(1, 2))], device="cpu").predict(pictures).shape == (1, 4, 6, 1)


def test_arguments_that_say_what_is_so_are_taken():
    network = soma.Sequential([
        soma.layers.Conv2D(4, 3, data_format="channels_last", bias_initializer="zeros", kernel_constraint=None, trainable=False, dtype="float32"),
        soma.layers.BatchNormalization(axis=-1, gamma_initializer="ones"), soma.layers.GlobalAvgPool2D(keepdims=False), soma.layers.Dropout(0.1, seed=None), soma.layers.Identity(),
        soma.layers.Dense(2)], device="cpu")
    network.build((6, 6, 1))
    assert network._net.frozen() == ["conv_1.weight", "conv_1.bias"]
    built([soma.LSTM(3, activation="tanh", recurrent_activation="sigmoid", dropout=0.0, stateful=False, unroll=True)], (4, 2))
    assert soma.Sequential([soma.Dense(3, input_dim=5), soma.Dense(1)], device="cpu").count_params() == 22
    for make, words in ((lambda: soma.Conv2D(4, 3, data_format="channels_first"), "Conv: data_format is 'channels_first'; accepted: None and 'channels_last'; channels come last"),
                        (lambda: soma.LSTM(3, activation="relu"), "LSTM: activation is 'relu'; accepted: None and 'tanh'"),
                        (lambda: soma.GRU(3, return_state=True), "GRU: return_state is True; accepted: False; network.stream"),
                        (lambda: soma.LSTM(3, dropout=0.2), "LSTM: dropout is 0.2; accepted: 0; a Dropout before"),
                        (lambda: soma.Dropout(0.2, seed=3), "Dropout: seed is 3; accepted: None; Network.seed=. is that of all layers"),
                        (lambda: soma.Dense(3, dtype="float16"), "Dense: dtype is 'float16'")):
        with pytest.raises(ValueError, match=words):
            make()
    for make in (lambda: soma.Dense(3, data_format="channels_last"), lambda: soma.ReLU(axis=-1), lambda: soma.MaxPool(2, seed=None), lambda: soma.Dense(3, trainable=1)):
        with pytest.raises(TypeError, match="accepted"):
            make()
