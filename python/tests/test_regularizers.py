# SPDX-License-Identifier: MIT
"""Regularizers of layers: a step of plain descent by hand, and what the library's one decay cannot serve."""
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


def test_all_kinds_of_layers_have_them():
    l2 = L2(1e-3)
    network = soma.Network([
        soma.Embedding(9, 4, embeddings_regularizer=l2), soma.Bidirectional(soma.LSTM(3, return_sequences=True, kernel_regularizer=l2, recurrent_regularizer=l2)),
        soma.LayerNormalization(), soma.TimeDistributed(soma.Dense(3, kernel_regularizer=l2)), soma.Residual([soma.Dense(3, kernel_regularizer=l2)]),
        soma.SeparableConv1D(4, 2, depthwise_regularizer=l2, pointwise_regularizer=l2), soma.PReLU(), soma.Dense(2, trainable=False), soma.Dense(1, kernel_regularizer=L2(1e-3))], device="cpu")
    network.compile("sgd", "mse")
    network.build((6,))
    assert network._regularizer == l2


@pytest.mark.parametrize("layers, said", [
    ([soma.Dense(3, kernel_regularizer=L2(0.1)), soma.Dense(1, name="out")], "dense_1's kernel_regularizer is L1L2.l1=0.0, l2=0.1., out's kernel_regularizer is None; accepted: the same for all"),
    ([soma.Dense(3, kernel_regularizer=L2(0.1)), soma.Dense(1, kernel_regularizer=L2(0.2))], "l2=0.1., dense_2's kernel_regularizer is L1L2.l1=0.0, l2=0.2."),
    ([soma.Reshape((2, 1)), soma.LSTM(3, kernel_regularizer=L2(0.1))], "lstm_1's recurrent_regularizer is None"),
    ([soma.Dense(3, kernel_regularizer=L2(0.1)), "dense 2"], "dense_2 is None"),
    ([soma.TimeDistributed(soma.Dense(3, kernel_regularizer=L2(0.1))), soma.Flatten(), soma.Dense(1)], "is None; accepted")])
def test_what_is_not_the_same_everywhere_is_refused(layers, said):
    shape = (2, 2) if isinstance(layers[0], soma.TimeDistributed) else (2,)
    with pytest.raises(ValueError, match=said):
        soma.Network(layers).build(shape)


def test_what_is_no_regularizer_is_refused():
    for make, words in ((lambda: soma.Dense(3, kernel_regularizer="l3"), "Dense: kernel_regularizer is 'l3'; accepted: None, soma.regularizers.L1"), (lambda: soma.Dense(3, kernel_regularizer=0.1), "is 0.1; accepted"),
                        (lambda: L2(-1), "L2: l2 is -1; accepted: 0 and more"), (lambda: soma.Dense(3, bias_regularizer="l2"), "Dense: bias_regularizer is 'l2'; accepted: None; biases do not decay")):
        with pytest.raises(ValueError, match=words):
            make()
    with pytest.raises(TypeError, match="kernel_regularizer"):
        soma.MaxPool(2, kernel_regularizer="l2")
    both = soma.Network([soma.Dense(3, kernel_regularizer="l2")], device="cpu")
    both.compile(soma.SGD(0.1, l2=0.1), "mse")
    with pytest.raises(ValueError, match="the layers have L1L2.l1=0.0, l2=0.01., and the optimizer l1 or l2; accepted: one of them"):
        both.fit(X, Y, verbose=0)


def test_words_are_what_the_classes_are_without_arguments():
    for word, made, l1, l2 in (("l1", soma.regularizers.l1(), 0.01, 0), ("l2", soma.regularizers.l2(), 0, 0.01), ("l1_l2", soma.regularizers.l1_l2(), 0, 0), ("L1L2", L1L2(), 0, 0)):  # Keras 3's defaults
        for given in (word, made, type(made)):
            assert soma.regularizers.of("x", given) == L1L2(l1, l2)
