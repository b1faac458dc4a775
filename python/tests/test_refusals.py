# SPDX-License-Identifier: MIT
"""What is said and would not be done is refused, or done: arguments of losses, optimizers, layers and callbacks."""
import numpy as np
import pytest
import soma

RANDOM = np.random.default_rng(7)
X = RANDOM.random((12, 3), np.float32)
Y = np.arange(12) % 3


def classes():
    network = soma.Network([soma.Dense(3, activation="softmax", input_shape=(3,))], device="cpu")
    network.compile(optimizer=soma.SGD(0.1), loss="categorical_crossentropy")
    return network


def two_heads():
    x = soma.Input((3,))
    return soma.Model(x, [soma.Dense(1, activation="sigmoid", name="a")(x), soma.Dense(3, activation="softmax", name="b")(x)], device="cpu")


def test_an_argument_of_one_loss_is_not_that_of_another():
    losses, smooth = soma.losses, soma.losses.CategoricalCrossentropy(label_smoothing=0.3)
    for other in (losses.BinaryCrossentropy(), "bce", losses.BinaryCrossentropy, losses.BinaryCrossentropy(label_smoothing=0.1)):
        with pytest.raises(ValueError, match="share one label_smoothing; got 0.[01] and 0.3"):
            two_heads().compile("sgd", [other, smooth])
    two_heads().compile("sgd", [losses.BinaryCrossentropy(label_smoothing=0.3), smooth])
    two_heads().compile("sgd", ["mse", smooth])
    two_heads().compile("sgd", ["none", smooth])
    with pytest.raises(ValueError, match="share one huber_delta; got 0.5 and 1.0"):
        two_heads().compile("sgd", [losses.Huber(0.5), "smooth_l1"])
    two_heads().compile("sgd", [losses.Huber(1.0), "smooth_l1"])
