# SPDX-License-Identifier: MIT
"""Weights to and from PyTorch and Keras: the same numbers come out of the other library, and back to the bit."""
import os

import numpy as np
import pytest

import soma

os.environ.setdefault("KERAS_BACKEND", "numpy")
RANDOM = np.random.default_rng(5)


def scrambled(network):
    """All weights as numbers that no symmetry hides; variances positive."""
    network.set_weights({name: RANDOM.uniform(0.5, 1.5, values.shape) if name.endswith("var") else RANDOM.normal(0, 0.5, values.shape)
                         for name, values in network.get_weights().items()})
    return network


def network_of(text, shape):
    network = soma.Network(text, device="cpu")
    network.compile(loss="mse")
    network.build(shape)
    return scrambled(network)


def expect_round_trip(network, model, **how):
    """What the model was given comes back to the bit, into a network that had other weights."""
    before = network.get_weights()
    scrambled(network)
    network.take_weights(model, **how)
    for name, values in network.get_weights().items():
        np.testing.assert_array_equal(values, before[name], name)


def test_names_that_were_given_come_first():
    own, called = ["dense_1", "dense_2"], {"dense_1": "dense_2", "dense_2": "out"}  # the first was called as the library calls the second
    pairs = soma.exchange.pairs
    assert pairs(own, ["a", "b"], {"dense_2": "a", "out": "b"}, called) == [("dense_1", "a"), ("dense_2", "b")]
    assert pairs(own, ["dense_2", "b"], {"out": "b"}, called) == [("dense_1", "dense_2"), ("dense_2", "b")]
    assert pairs(own, ["a", "out"], {"dense_1": "a"}, called) == [("dense_1", "a"), ("dense_2", "out")]  # the library's, which nothing else is called
    assert pairs(own, ["dense_2", "out"], None, called) == [("dense_1", "dense_2"), ("dense_2", "out")]
    with pytest.raises(ValueError, match="dense_1 and dense_2 would both go with the model's dense_2. Say which is which"):
        pairs(own, ["dense_2"], None, {"dense_1": "dense_2"})
    with pytest.raises(ValueError, match="no layers third"):
        pairs(own, ["dense_2", "out"], {"third": "out"}, called)


TORCH = {
    "pictures": ("conv 6 3x3 pad 1 tanh; batchnorm; maxpool 2x2; conv 4 3x3 groups 2; flatten; dense 5 tanh; prelu; dense 3", (8, 6, 2)),
    "transposed": ("convtranspose 4 3x3 stride 2 nobias; groupnorm 2; depthwise 3x3; globalavgpool; dense 2", (5, 4, 3)),
    "lstm": ("lstm 4 bidirectional; layernorm; lstm 3 last; dense 2", (5, 3)),
    "gru": ("gru 4 bidirectional; gru 3 last", (5, 3)),
    "rnn": ("rnn 4 last; dense 2", (5, 3)),
}


def torch_model(which):
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Last(nn.Module):
        def __init__(self, layer, whole=False):
            super().__init__()
            self.layer, self.whole = layer, whole

        def forward(self, x):
            y = self.layer(x)[0]
            return y if self.whole else y[:, -1]

    models = {
        "pictures": lambda: nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.Tanh(), nn.BatchNorm2d(6), nn.MaxPool2d(2), nn.Conv2d(6, 4, 3, groups=2),
                                          nn.Flatten(), nn.Linear(8, 5), nn.Tanh(), nn.PReLU(5), nn.Linear(5, 3)),
        "transposed": lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 3, stride=2, bias=False), nn.GroupNorm(2, 4), nn.Conv2d(4, 4, 3, groups=4),
                                            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)),
        "lstm": lambda: nn.Sequential(Last(nn.LSTM(3, 4, bidirectional=True, batch_first=True), True), nn.LayerNorm(8),
                                      Last(nn.LSTM(8, 3, batch_first=True)), nn.Linear(3, 2)),
        "gru": lambda: nn.Sequential(Last(nn.GRU(3, 4, bidirectional=True, batch_first=True), True), Last(nn.GRU(8, 3, batch_first=True))),
        "rnn": lambda: nn.Sequential(Last(nn.RNN(3, 4, batch_first=True)), nn.Linear(4, 2)),
    }
    return models[which]().eval()


@pytest.mark.parametrize("which", TORCH)
def test_a_module_of_pytorch_computes_the_same(which):
    model = torch_model(which)
    import torch

    text, shape = TORCH[which]
    network = network_of(text, shape)
    network.give_weights(model, names="order")
    x = RANDOM.normal(size=(3, *shape)).astype(np.float32)
    first = np.moveaxis(x, -1, 1) if len(shape) == 3 else x
    with torch.no_grad():
        theirs = model(torch.from_numpy(np.ascontiguousarray(first))).numpy()
    np.testing.assert_allclose(network.predict(x), theirs, rtol=1e-4, atol=1e-5)
    expect_round_trip(network, model, names="order")


@pytest.mark.parametrize("causal", [False, True])
def test_attention_of_pytorch_computes_the_same(causal):
    torch = pytest.importorskip("torch")
    model = torch.nn.MultiheadAttention(8, 4, batch_first=True).eval()
    network = network_of("attention heads 4" + causal * " causal", (5, 8))
    network.give_weights(model, names="order")
    x = RANDOM.normal(size=(3, 5, 8)).astype(np.float32)
    hidden = torch.ones(5, 5, dtype=torch.bool).triu(1) if causal else None
    with torch.no_grad():
        theirs = model(*3 * [torch.from_numpy(x)], attn_mask=hidden)[0].numpy()
    np.testing.assert_allclose(network.predict(x), theirs, rtol=1e-4, atol=1e-5)
    expect_round_trip(network, model, names="order")


@pytest.mark.parametrize("first", [False, True])
def test_a_block_of_pytorch_computes_the_same(first):
    torch = pytest.importorskip("torch")
    model = torch.nn.TransformerEncoderLayer(8, 2, 6, dropout=0, activation="gelu", norm_first=first, batch_first=True)
    network = network_of("transformer heads 2 hidden 6" + " postnorm" * (not first), (5, 8))
    names = {"attention_1": "self_attn", "layernorm_1": "norm1", "layernorm_2": "norm2", "dense_1": "linear1", "dense_2": "linear2"}
    network.give_weights(model, names=names)
    x = RANDOM.normal(size=(3, 5, 8)).astype(np.float32)
    with torch.no_grad():
        theirs = model(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(network.predict(x), theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())
    expect_round_trip(network, model, names=names)


def test_layers_of_pytorch_are_found_by_their_names():
    torch = pytest.importorskip("torch")

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.second, self.first = torch.nn.Linear(4, 2), torch.nn.Linear(3, 4)

        def forward(self, x):
            return self.second(torch.relu(self.first(x)))

    model, network = Model(), soma.Network([soma.Dense(4, activation="relu", name="first"), soma.Dense(2, name="out")], device="cpu")
    network.build((3,))
    network.take_weights(model, names={"out": "second"})
    x = RANDOM.normal(size=(3, 3)).astype(np.float32)
    np.testing.assert_allclose(network.predict(x), model(torch.from_numpy(x)).detach().numpy(), rtol=1e-5, atol=1e-6)
    before = network.get_weights()
    with pytest.raises(ValueError, match="no layers out; it has second, first"):
        network.take_weights(model)
    with pytest.raises(ValueError, match=r"dense_1.weight has the shape \(3, 4\), what the model has for it \(4, 2\)"):
        network.take_weights(model, names="order")
    with pytest.raises(ValueError, match="no layers last"):
        network.take_weights(model, names={"last": "second"})
    with pytest.raises(ValueError, match="layers with parameters"):
        network.take_weights(torch.nn.Sequential(torch.nn.Linear(3, 4)), names="order")
    with pytest.raises(TypeError, match="Bilinear"):
        network.take_weights(torch.nn.Bilinear(4, 2, 2))
    with pytest.raises(ValueError, match="of other widths"):
        network.take_weights(torch.nn.MultiheadAttention(4, 2, kdim=3))
    for name, values in network.get_weights().items():
        np.testing.assert_array_equal(values, before[name])
    kept = model.second.weight.clone()
    other = network_of("dense 4; dense 3", (3,))
    with pytest.raises(ValueError, match=r"second.weight has the shape \(2, 4\)"):
        other.give_weights(model, names={"dense_1": "first", "dense_2": "second"})
    assert torch.equal(kept, model.second.weight)


KERAS = {
    "pictures": ("conv 6 3x3 tanh; batchnorm; depthwise 2x2 multiplier 2; separable 5 2x2; convtranspose 3 2x2; flatten; dense 4; prelu", (7, 6, 2)),
    "lstm": ("lstm 4 bidirectional; lstm 3 last; layernorm; dense 2", (5, 3)),
    "gru": ("gru 4; gru 3 last", (5, 3)),
    "rnn": ("rnn 4 last; dense 2", (5, 3)),
}


def keras_model(which):
    keras = pytest.importorskip("keras")
    layers, shape = keras.layers, KERAS[which][1]
    stacks = {
        "pictures": lambda: [layers.Conv2D(6, 3, activation="tanh"), layers.BatchNormalization(epsilon=1e-5), layers.DepthwiseConv2D(2, depth_multiplier=2),
                             layers.SeparableConv2D(5, 2), layers.Conv2DTranspose(3, 2), layers.Flatten(), layers.Dense(4), layers.PReLU()],
        "lstm": lambda: [layers.Bidirectional(layers.LSTM(4, return_sequences=True)), layers.LSTM(3), layers.LayerNormalization(epsilon=1e-5),
                         layers.Dense(2)],
        "gru": lambda: [layers.GRU(4, return_sequences=True), layers.GRU(3)],
        "rnn": lambda: [layers.SimpleRNN(4), layers.Dense(2)],
    }
    return keras.Sequential([keras.Input(shape), *stacks[which]()])


@pytest.mark.parametrize("which", KERAS)
def test_a_model_of_keras_computes_the_same(which):
    model = keras_model(which)
    text, shape = KERAS[which]
    network = network_of(text, shape)
    network.give_weights(model, names="order")
    x = RANDOM.normal(size=(3, *shape)).astype(np.float32)
    theirs = np.asarray(model.predict(x, verbose=0))
    np.testing.assert_allclose(network.predict(x), theirs, rtol=1e-4, atol=1e-5)
    expect_round_trip(network, model, names="order")


def test_what_is_no_model_is_refused():
    network = network_of("dense 2", (3,))
    with pytest.raises(TypeError, match="torch.nn.Module or a Keras model is wanted, got dict"):
        network.take_weights({})
