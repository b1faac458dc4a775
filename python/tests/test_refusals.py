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


@pytest.mark.parametrize("kind, arguments, takes", [
    (soma.SGD, {"weight_decay": 0.5}, "learning_rate, schedule, momentum, nesterov, l1, l2, clipnorm, clipvalue"),
    (soma.RMSprop, {"momentum": 0.9}, "learning_rate, schedule, rho, epsilon, l1"), (soma.Adagrad, {"weight_decay": 0.5}, "schedule, epsilon, l1"),
    (soma.Adam, {"momentum": 0.5}, "schedule, beta_1, beta_2, epsilon, weight_decay, l1"), (soma.Momentum, {"nesterov": True}, "schedule, momentum, l1"),
    (soma.Adam, {"amsgrad": True}, "beta_1")])
def test_an_optimizer_refuses_what_its_rule_does_not_have(kind, arguments, takes):
    with pytest.raises(TypeError, match=f"{kind.__name__} has no {next(iter(arguments))}; it takes .*{takes}"):
        kind(0.1, **arguments)
    kind(0.1, **dict.fromkeys(arguments))  # None says nothing


def test_lr_is_the_learning_rate():
    network = soma.Network([soma.Dense(1, input_shape=(3,))], device="cpu")
    network.compile(soma.SGD(lr=0.25), "mse")
    network.build((3,))
    assert network.learning_rate == 0.25
    with pytest.raises(TypeError, match="another name of learning_rate"):
        soma.SGD(0.1, lr=0.2)
