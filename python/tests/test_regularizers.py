# SPDX-License-Identifier: MIT
"""Regularizers of layers: a step of plain descent by hand, of each layer by its own."""
import numpy as np
import pytest

import soma
from soma.regularizers import L1, L2, L1L2

X, Y = np.float32([[1, 2], [3, -1], [0.5, 1]]), np.float32([[1], [0], [2]])


def stepped(regularizer, **optimizer):
    """The weights and biases of two dense layers before and after a step of gradient descent, and of the same without a regularizer."""
    networks = []
    for given in (regularizer, None):
        network = soma.Network([soma.Dense(3, activation="tanh", kernel_regularizer=given), soma.Dense(1, kernel_regularizer=given)], device="cpu", seed=4)
        network.compile(soma.SGD(0.1, **(optimizer if given is None else {})), "mse")
        network.build((2,))
        networks.append(network)
    networks[1].set_weights(networks[0].get_weights())
    before = networks[0].get_weights()
    for network in networks:
        network.train_on_batch(X, Y)
    return before, networks[0].get_weights(), networks[1].get_weights()


@pytest.mark.parametrize("regularizer, l1, l2", [(L2(0.05), 0, 0.05), (L1(0.02), 0.02, 0), (L1L2(0.02, 0.03), 0.02, 0.03), ("l2", 0, 0.01), (L2, 0, 0.01), (soma.regularizers.l2(0.3), 0, 0.3)])
def test_a_step_goes_down_the_penalty_too(regularizer, l1, l2):
    before, after, plain = stepped(regularizer)
    for name, values in before.items():
        gradient = l1 * np.sign(values) + 2 * l2 * values if name.endswith("weight") else 0  # of l1 sum |w| + l2 sum w^2
        np.testing.assert_allclose(after[name], plain[name] - 0.1 * gradient, rtol=1e-5, atol=1e-6)


def decays(layers, shape, **optimizer):
    """By how much each parameter of a network decays, as (l1, l2) of the penalty l1 Σ|w| + l2 Σw²: from two steps of plain descent that the same gradient is in."""
    given, plain = (soma.Network(layers(soma.regularizers.of if on else lambda what, value: None), device="cpu", seed=4) for on in (True, False))
    x, y = np.ones((4, *shape), np.float32), np.float32([[1], [0], [2], [3]])
    for network in (given, plain):
        network.compile(soma.SGD(0.5, **(optimizer if network is given else {})), "mse")
        network.build(shape)
    start = {name: np.full_like(values, 0.25) for name, values in plain.get_weights().items()}
    found = {}
    moved = []
    for scale in (1, 3):  # l1 sign(w) + 2 l2 w at w and at 3 w are two equations
        for network in (given, plain):
            network.set_weights({name: scale * values for name, values in start.items()})
            network.train_on_batch(x, y)
        a, b = given.get_weights(), plain.get_weights()
        moved.append({name: float(np.mean(b[name] - a[name])) / 0.5 for name in a})
    for name in start:
        l2 = (moved[1][name] - moved[0][name]) / (2 * 0.5)
        found[name] = (moved[0][name] - 2 * l2 * 0.25, l2)
    return found


def expect(found, wanted):
    for name, values in found.items():
        np.testing.assert_allclose(values, wanted.get(name, (0, 0)), atol=2e-4, err_msg=name)
    assert set(wanted) <= set(found)


def test_each_layer_goes_by_its_own():
    def layers(of):
        return [soma.Dense(3, activation="tanh", kernel_regularizer=of("", L2(0.1)), bias_regularizer=of("", L1(0.05))), soma.Dense(3, kernel_regularizer=of("", "l1")), "dense 2",
                soma.LayerNormalization(gamma_regularizer=of("", L2(0.3))), soma.Dense(1, bias_regularizer=of("", L2(0.2)))]
    wanted = {"dense_1.weight": (0, 0.1), "dense_1.bias": (0.05, 0), "dense_2.weight": (0.01, 0), "layernorm_1.weight": (0, 0.3), "dense_4.bias": (0, 0.2)}
    expect(decays(layers, (2,)), wanted)
    common = {name: (0, 0.15) for name in ("dense_3.weight", "dense_4.weight")}  # the optimizer's, of what has none of its own
    expect(decays(layers, (2,), l2=0.3), wanted | common)


def test_a_regularizer_of_nothing_stands_in_place_of_the_optimizers():
    """That of a layer without one is the optimizer's, l2 as SGD has it: 0.3 w is the gradient of 0.15 w^2."""
    common = {name: (0, 0.15) for name in ("dense_2.weight", "dense_3.weight")}
    expect(decays(lambda of: [soma.Dense(3, kernel_regularizer=of("", L2(0.0))), soma.Dense(2, bias_regularizer=of("", L1(0.0))), soma.Dense(1, kernel_regularizer=of("", None))], (2,), l2=0.3), common)
    expect(decays(lambda of: [soma.LSTM(2, recurrent_regularizer=of("", "l1_l2")), soma.Dense(1, kernel_regularizer=of("", L1L2), bias_regularizer=of("", L2(0.1)))], (3, 2), l2=0.3),
           {"lstm_1.weight": (0, 0.15), "dense_1.bias": (0, 0.1)})


def test_weights_of_one_layer_may_differ():
    expect(decays(lambda of: [soma.Bidirectional(soma.LSTM(2, kernel_regularizer=of("", L2(0.1)))), soma.Dense(1)], (3, 2)), {"lstm_1.weight": (0, 0.1), "lstm_1.reverse_weight": (0, 0.1)})
    expect(decays(lambda of: [soma.GRU(2, recurrent_regularizer=of("", L2(0.1)), bias_regularizer=of("", L2(0.2)), reset_after=False), soma.Dense(1)], (3, 2)),
           {"gru_1.recurrent_weight": (0, 0.1), "gru_1.bias": (0, 0.2)})
    expect(decays(lambda of: [soma.SeparableConv1D(3, 2, pointwise_regularizer=of("", L1(0.1))), soma.Flatten(), soma.Dense(1)], (4, 2)), {"separable_1.pointwise": (0.1, 0)})
    expect(decays(lambda of: [soma.DepthwiseConv1D(2, depthwise_regularizer=of("", L1(0.1))), soma.Flatten(), soma.Dense(1)], (4, 2)), {"depthwise_1.weight": (0.1, 0)})
    expect(decays(lambda of: [soma.MultiHeadAttention(1, kernel_regularizer=of("", L2(0.1))), soma.Flatten(), soma.Dense(1)], (3, 2)),
           {f"attention_1.{role}_weight": (0, 0.1) for role in ("query", "key", "value", "output")})
    expect(decays(lambda of: [soma.Embedding(5, 2, embeddings_regularizer=of("", L2(0.1))), soma.Flatten(), soma.Dense(1)], (3,)), {"embedding_1.weight": (0, 0.1)})
    expect(decays(lambda of: [soma.TimeDistributed(soma.Dense(2, kernel_regularizer=of("", L2(0.1)), bias_regularizer=of("", L2(0.2)))), soma.Flatten(), soma.Dense(1)], (3, 2)),
           {"dense_1.weight": (0, 0.1), "dense_1.bias": (0, 0.2)})
    expect(decays(lambda of: [soma.Residual([soma.Dense(2, kernel_regularizer=of("", L2(0.1))), soma.Dense(2)]), soma.Dense(1)], (2,)), {"dense_1.weight": (0, 0.1)})


def test_files_keep_them(tmp_path):
    network = soma.Network([soma.Dense(3, kernel_regularizer=L2(0.125), bias_regularizer=L1(0.5)), soma.Dense(1)], device="cpu")
    network.compile("sgd", "mse")
    network.build((2,))
    network.save(tmp_path / "a.safetensors")
    loaded = soma.load(tmp_path / "a.safetensors", device="cpu")
    loaded.compile("sgd", "mse")
    assert "l2 0.25" in loaded._net.summary(1) and "l1 0.5" in loaded._net.summary(1)


def test_what_a_text_cannot_say_is_refused_within_others():
    network = soma.Network([soma.Residual([soma.Dense(2, bias_regularizer="l2"), soma.Dense(2)])], device="cpu")
    with pytest.raises(ValueError, match="within Residual: bias_regularizer is L1L2.*accepted: the same for all its weights and none for its biases"):
        network.build((2,))


def test_what_is_no_regularizer_is_refused():
    for make, words in ((lambda: soma.Dense(3, kernel_regularizer="l3"), "Dense: kernel_regularizer is 'l3'; accepted: None, soma.regularizers.L1"), (lambda: soma.Dense(3, kernel_regularizer=0.1), "is 0.1; accepted"),
                        (lambda: L2(-1), "L2: l2 is -1; accepted: 0, and more"), (lambda: soma.Dense(3, bias_regularizer="l3"), "Dense: bias_regularizer is 'l3'"),
                        (lambda: L1(1e-60), "L1: l1 is 1e-60; accepted: 0, and more that float32 holds"), (lambda: L1L2(l2=1e39), "L1L2: l2 is 1e\\+39; accepted")):
        with pytest.raises(ValueError, match=words):
            make()
    with pytest.raises(TypeError, match="kernel_regularizer"):
        soma.MaxPool(2, kernel_regularizer="l2")


def test_words_are_what_the_classes_are_without_arguments():
    for word, made, l1, l2 in (("l1", soma.regularizers.l1(), 0.01, 0), ("l2", soma.regularizers.l2(), 0, 0.01), ("l1_l2", soma.regularizers.l1_l2(), 0, 0), ("L1L2", L1L2(), 0, 0)):  # Keras 3's defaults
        for given in (word, made, type(made)):
            assert soma.regularizers.of("x", given) == L1L2(l1, l2)
