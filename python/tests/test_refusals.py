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
    (soma.SGD, {"weight_decay": 0.5}, "learning_rate, schedule, momentum, nesterov, l1, l2, clipnorm, clipvalue, global_clipnorm"),
    (soma.RMSprop, {"momentum": 0.9}, "learning_rate, schedule, rho, epsilon, l1"), (soma.Adagrad, {"weight_decay": 0.5}, "schedule, epsilon, l1"),
    (soma.Adam, {"momentum": 0.5}, "schedule, beta_1, beta_2, epsilon, weight_decay, l1"), (soma.Momentum, {"nesterov": True}, "schedule, momentum, l1"),
    (soma.Adam, {"amsgrad": True}, "beta_1")])
def test_an_optimizer_refuses_what_its_rule_does_not_have(kind, arguments, takes):
    with pytest.raises(TypeError, match=f"{kind.__name__} has no {next(iter(arguments))}; it takes .*{takes}"):
        kind(0.1, **arguments)
    kind(0.1, **dict.fromkeys(arguments))  # None says nothing


def test_gradients_are_cut_off_by_the_length_of_all():
    def moved(**clip):
        network = soma.Network([soma.Dense(1, use_bias=False, name="a"), soma.Dense(1, use_bias=False, name="b")], device="cpu")
        network.compile(soma.SGD(1.0, **clip), "mse")
        network.build((1,))
        network.set_weights([np.float32([[1]]), np.float32([[3]])])
        network.train_on_batch(np.float32([[1]]), np.float32([[0]]))  # gradients of 9 w1 w1 ..: 2 * 3 * 3 and 2 * 3 * 1
        return [1 - float(network.weights["dense_1.weight"][0, 0]), 3 - float(network.weights["dense_2.weight"][0, 0])]

    whole = np.hypot(18, 6)
    for clip, expected in (({}, [18, 6]), ({"clipnorm": 0.0}, [18, 6]), ({"clipnorm": None}, [18, 6]), ({"clipvalue": 0.0}, [18, 6]), ({"clipvalue": 7.0}, [7, 6]),
                           ({"clipnorm": 2.0}, [36 / whole, 12 / whole]), ({"global_clipnorm": 2.0}, [36 / whole, 12 / whole]),
                           ({"global_clipnorm": 2.0, "clipnorm": 0}, [36 / whole, 12 / whole]), ({"clipnorm": 2.0, "global_clipnorm": 0.0}, [36 / whole, 12 / whole]),
                           ({"clipnorm": 0, "global_clipnorm": 2.0}, [36 / whole, 12 / whole]), ({"clipnorm": 0, "global_clipnorm": 0}, [18, 6])):
        np.testing.assert_allclose(moved(**clip), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="clipnorm and global_clipnorm are the same, of all weights together"):
        soma.SGD(0.1, clipnorm=1.0, global_clipnorm=2.0)
    with pytest.raises(ValueError, match="eps and epsilon are the same; accepted: one of them"):
        soma.Adam(eps=1e-7, epsilon=1e-8)


def test_lr_is_the_learning_rate():
    network = soma.Network([soma.Dense(1, input_shape=(3,))], device="cpu")
    network.compile(soma.SGD(lr=0.25), "mse")
    network.build((3,))
    assert network.learning_rate == 0.25
    with pytest.raises(TypeError, match="another name of learning_rate"):
        soma.SGD(0.1, lr=0.2)


@pytest.mark.parametrize("made, message", [
    (lambda: soma.SGD(0.0), "SGD: the learning rate is 0.0; accepted: above 0, or None"), (lambda: soma.Adam(-1.0), "Adam: the learning rate is -1.0"),
    (lambda: soma.SGD(float("nan")), "SGD: the learning rate is nan"), (lambda: soma.Schedule("step", 0.0, period=2), "Schedule: the learning rate is 0.0"),
    (lambda: soma.Schedule("step", 0.1, period=2, factor=0.0), "Schedule: factor is 0.0"), (lambda: soma.Schedule("plateau", patience=0), "Schedule: patience is 0"),
    (lambda: soma.optimizers.schedules.CosineDecay(0.0, 10), "initial_learning_rate is 0.0; accepted: above 0; a rate that rises from 0 has a warmup_target"),
    (lambda: soma.optimizers.schedules.CosineDecay(0.1, 0), "CosineDecay: decay_steps is 0"),
    (lambda: soma.optimizers.schedules.ExponentialDecay(0.1, 4, 0.0), "ExponentialDecay: decay_rate is 0.0"),
    (lambda: soma.initializers.RandomNormal(stddev=0.0), "RandomNormal: stddev is 0.0; accepted: above 0; Zeros"),
    (lambda: soma.initializers.RandomUniform(0, 0), "RandomUniform: maxval is 0"), (lambda: soma.initializers.RandomUniform(0.5, -0.5), "RandomUniform: maxval is -0.5"),
    (lambda: soma.losses.Huber(0.0), "Huber: delta is 0.0; accepted: above 0"), (lambda: soma.losses.Quantile([]), "levels are ..; accepted: from one"),
    (lambda: soma.losses.Quantile([0.0]), "levels are .0.0."), (lambda: soma.losses.BinaryFocalCrossentropy(alpha=0.0), "alpha is 0.0; accepted: above 0 and below 1, or None")])
def test_a_zero_is_not_the_default(made, message):
    with pytest.raises(ValueError, match=message):
        made()


def test_a_rate_rises_from_zero():
    schedule = soma.optimizers.schedules.CosineDecay(0.0, 10, warmup_target=0.5, warmup_steps=4)
    assert schedule.learning_rate == 0.5 and schedule.options["warmup"] == 4


def test_a_constant_of_zero_is_zero():
    network = soma.Network([soma.Dense(2, kernel_initializer=soma.initializers.Constant(0.0), input_shape=(3,))], device="cpu")
    network.build((3,))
    assert not np.any(network.weights["dense_1.weight"])
    relu = soma.Network([soma.LeakyReLU(0.0)], device="cpu")
    relu.build((2,))
    assert relu.predict(np.array([[-1, 7]], np.float32)).tolist() == [[0, 7]]


@pytest.mark.parametrize("made, message", [
    (lambda: soma.LSTM(8, "tanh"), r"LSTM: too many positional arguments; accepted: LSTM.units, \*, return_sequences"), (lambda: soma.SimpleRNN(8, "relu"), "too many positional"), (lambda: soma.BatchNormalization(1), "too many positional"),
    (lambda: soma.MultiHeadAttention(2, 4), "too many positional"), (lambda: soma.Conv2D(4, 3, 1, "same", "channels_last"), "too many positional"),
    (lambda: soma.LSTM(8, return_sequences="tanh"), "LSTM: return_sequences is 'tanh'; accepted: True and False"),
    (lambda: soma.losses.BinaryFocalCrossentropy(True, 0.25, 2.0), "positional"), (lambda: soma.losses.CategoricalFocalCrossentropy(0.25, 2.0), "positional"),
    (lambda: soma.losses.CategoricalCrossentropy(0.1), "from_logits is 0.1; accepted: True and False"), (lambda: soma.EarlyStopping("val_loss", 0, 5), "positional"),
    (lambda: soma.ModelCheckpoint("f", "val_loss", 1, True), "positional"), (lambda: soma.SGD(0.1, 0.9, 0.5), "SGD: nesterov is 0.5")])
def test_arguments_in_the_order_of_keras_or_by_name(made, message):
    with pytest.raises(TypeError, match=message):
        made()


def test_what_keras_has_in_the_same_order_is_taken():
    assert soma.Conv2D(4, 3, 2, "same").text((8, 8, 1)) == soma.Conv2D(4, 3, strides=2, padding="same").text((8, 8, 1))
    assert soma.Dense(4, "relu", False).text((3,)) == soma.Dense(4, activation="relu", use_bias=False).text((3,))
    assert soma.LSTM(8, return_sequences=np.bool_(True)).text((5, 3)) == soma.LSTM(8, return_sequences=True).text((5, 3))


def test_early_stopping_without_patience_ends_at_the_first_epoch_that_is_no_better():
    network = classes()
    assert network.fit(X, Y, epochs=9, verbose=0, callbacks=[soma.EarlyStopping(patience=0, min_delta=9.0)]).epoch == [0, 1]
    assert network.fit(iter([(X, Y)] * 9), steps_per_epoch=1, epochs=9, verbose=0, callbacks=[soma.EarlyStopping(patience=0, min_delta=9.0)]).epoch == [0, 1]


def test_epochs_is_the_number_of_the_last_one(capsys):
    assert classes().fit(X, Y, epochs=4, initial_epoch=2, verbose=1).epoch == [2, 3]
    assert [text.split()[1] for text in capsys.readouterr().out.splitlines()] == ["3/4", "4/4"]
    assert classes().fit(iter([(X, Y)] * 9), steps_per_epoch=1, epochs=4, initial_epoch=2, verbose=0).epoch == [2, 3]
    for first in (4, 5, -1):
        with pytest.raises(ValueError, match=f"initial_epoch is {first}, and epochs, the number of the last one, 4; accepted: from 0 to 3"):
            classes().fit(X, Y, epochs=4, initial_epoch=first, verbose=0)


def test_of_an_optimizer_at_work_the_rate_alone_may_be_set():
    network = classes()
    network.build((3,))
    network.optimizer.lr = 0.5
    assert network.learning_rate == network.optimizer.lr == network.optimizer.learning_rate == 0.5
    for name in ("momentum", "learning_rte"):
        with pytest.raises(AttributeError, match=f"has no {name} that could be set; accepted: learning_rate"):
            setattr(network.optimizer, name, 0.9)


def test_a_backup_that_was_never_written_need_not_be_deleted(tmp_path):
    callbacks = [soma.TerminateOnNaN(), soma.BackupAndRestore(tmp_path / "backup")]
    history = classes().fit(np.full_like(X, np.nan), Y, epochs=3, verbose=0, callbacks=callbacks)
    assert history.stopped or not history.epoch


def test_classes_without_a_weight_count_one():
    def trained(weights, layers="dense 3 softmax", y=Y, loss=None):
        network = soma.Network(layers, device="cpu")
        network.compile(optimizer="sgd", loss=loss)
        network.fit(X, y, epochs=2, verbose=0, class_weight=weights)
        return network.get_weights()["dense_1.weight"]

    labels = RANDOM.integers(0, 2, (12, 3))
    for given, whole, arguments in [
            ({0: 2.0}, [2, 1, 1], {}), ({np.int64(1): 3}, [1, 3, 1], {}), ({0: 2.0}, [2, 1, 1], {"layers": "dense 3", "loss": "cce_logits"}), ({}, None, {}),
            ({0: 2.0}, [2, 1], {"layers": "dense 1 sigmoid", "y": labels[:, :1]}), ({1: 2.0}, [1, 2], {"layers": "dense 3 sigmoid", "y": labels}),
            ({3: 2.0}, [1, 1, 1, 2, 1, 1], {"layers": "dense 3 sigmoid", "y": labels})]:
        assert np.array_equal(trained(given, **arguments), trained(whole, **arguments)), given
    for most in (3, 5, 6):
        with pytest.raises(ValueError, match=f"has 3 classes, got {most + 1}"):
            trained({most: 1.0})
    for wrong in ({-1: 2.0}, {"a": 2.0}, {0.5: 2.0}):
        with pytest.raises(ValueError, match="class_weight has .* as a class; accepted: whole numbers from 0 on"):
            trained(wrong)
