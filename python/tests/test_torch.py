# SPDX-License-Identifier: MIT
"""Held against PyTorch, where it is installed: gradients of recurrent layers, attention and CTC, by one step of plain gradient descent each."""
import copy

import numpy as np
import pytest

import soma

torch = pytest.importorskip("torch")
nn = torch.nn
RATE = 0.5


class Last(nn.Module):
    """What a recurrent module says, of the last step or of all."""

    def __init__(self, layer, whole=False):
        super().__init__()
        self.layer, self.whole = layer, whole

    def forward(self, x):
        y = self.layer(x)[0]
        return y if self.whole else y[:, -1]


class Attention(nn.Module):
    def __init__(self, causal):
        super().__init__()
        self.layer, self.causal = nn.MultiheadAttention(8, 4, batch_first=True), causal

    def forward(self, x):
        hidden = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if self.causal else None
        return self.layer(x, x, x, attn_mask=hidden, need_weights=False)[0]


def network_of(text, shape, loss, seed, **how):
    network = soma.Network(text, device="cpu")
    network.compile(loss=loss, optimizer=soma.SGD(learning_rate=RATE))
    network.build(shape, **how)
    random = np.random.default_rng(seed)
    network.set_weights({name: random.normal(0, 0.4, values.shape) for name, values in network.get_weights().items()})
    return network


def gradients_of(model, network, names):
    """The gradients of a module under the names, and in the order, of the network's weights."""
    of = copy.deepcopy(model)
    with torch.no_grad():
        for (name, parameter), source in zip(of.named_parameters(), model.parameters(), strict=True):
            parameter.copy_(source.grad)
            # The two biases of these have one sum here, whose gradient is that of either.
            if "bias_hh" in name and not any(isinstance(module, nn.GRU) for module in model.modules()):
                parameter.zero_()
    network.take_weights(of, names=names)
    return network.get_weights()


def expect_same_step(text, shape, model, x, y, *, names="order", loss="mse", their_loss=None, seed=3, lengths=None):
    """One step of both from the same weights; where the loss is None, the mean of squares."""
    network = network_of(text, shape, loss, seed, **({} if lengths is None else {"masked": True}))
    network.give_weights(model, names=names)
    before = network.get_weights()
    value = their_loss(model(torch.from_numpy(x))) if their_loss else nn.functional.mse_loss(model(torch.from_numpy(x)), torch.from_numpy(y))
    value.backward()
    said = network.evaluate(x, y, verbose=0, lengths=lengths)["loss"]
    assert said == pytest.approx(value.item(), rel=1e-5)
    network.fit(x, y, epochs=1, batch_size=len(x), verbose=0, lengths=lengths)
    after = network.get_weights()
    for name, theirs in gradients_of(model, network, names).items():
        ours = (np.asarray(before[name], np.float64) - after[name]) / RATE
        # Sums of up to some hundred products of numbers of about 1, and the rounding of the weights that moved.
        tolerance = 2e-5 * np.abs(theirs).max() + 2e-7 * np.abs(before[name]).max() / RATE
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance, err_msg=name)


RECURRENT = {
    "lstm": ("lstm 4 bidirectional; lstm 3 last; dense 2",
             lambda: nn.Sequential(Last(nn.LSTM(3, 4, bidirectional=True, batch_first=True), True), Last(nn.LSTM(8, 3, batch_first=True)), nn.Linear(3, 2))),
    "gru": ("gru 4 bidirectional; gru 3 last; dense 2",
            lambda: nn.Sequential(Last(nn.GRU(3, 4, bidirectional=True, batch_first=True), True), Last(nn.GRU(8, 3, batch_first=True)), nn.Linear(3, 2))),
    "rnn": ("rnn 4; rnn 3 last; dense 2",
            lambda: nn.Sequential(Last(nn.RNN(3, 4, batch_first=True), True), Last(nn.RNN(4, 3, batch_first=True)), nn.Linear(3, 2))),
}


@pytest.mark.parametrize("which", RECURRENT)
def test_gradients_through_time_are_pytorchs(which):
    text, make = RECURRENT[which]
    random = np.random.default_rng(1)
    x, y = random.normal(size=(6, 11, 3)).astype(np.float32), random.normal(size=(6, 2)).astype(np.float32)
    expect_same_step(text, (11, 3), make(), x, y)


class Pieces(nn.Module):
    """A recurrent module whose state is detached every so many steps."""

    def __init__(self, layer, length):
        super().__init__()
        self.layer, self.length = layer, length

    def forward(self, x):
        state, parts = None, []
        for piece in x.split(self.length, dim=1):
            y, state = self.layer(piece, state)
            state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
            parts.append(y)
        return torch.cat(parts, 1)


@pytest.mark.parametrize("which", ["LSTM", "GRU", "RNN"])
def test_truncated_gradients_are_those_of_a_state_that_is_detached(which):
    make, word = getattr(nn, which), which.lower()
    random = np.random.default_rng(6)
    x, y = random.normal(size=(6, 11, 3)).astype(np.float32), random.normal(size=(6, 11, 2)).astype(np.float32)
    model = nn.Sequential(Pieces(make(3, 4, batch_first=True), 4), Pieces(make(4, 3, batch_first=True), 2), nn.Linear(3, 2))
    expect_same_step(f"{word} 4 truncate 4; {word} 3 truncate 2; dense 2", (11, 3), model, x, y)


@pytest.mark.parametrize("causal", [False, True])
def test_gradients_of_attention_are_pytorchs(causal):
    random = np.random.default_rng(2)
    x, y = random.normal(size=(4, 7, 8)).astype(np.float32), random.normal(size=(4, 7, 8)).astype(np.float32)
    expect_same_step("attention heads 4" + causal * " causal", (7, 8), Attention(causal), x, y)


@pytest.mark.parametrize("first", [False, True])
def test_gradients_of_a_block_are_pytorchs(first):
    random = np.random.default_rng(4)
    model = nn.TransformerEncoderLayer(8, 2, 6, dropout=0, activation="gelu", norm_first=first, batch_first=True)
    names = {"attention_1": "self_attn", "layernorm_1": "norm1", "layernorm_2": "norm2", "dense_1": "linear1", "dense_2": "linear2"}
    x, y = random.normal(size=(4, 7, 8)).astype(np.float32), random.normal(size=(4, 7, 8)).astype(np.float32)
    expect_same_step("transformer heads 2 hidden 6" + " postnorm" * (not first), (7, 8), model, x, y, names=names)


@pytest.mark.parametrize("varying", [False, True], ids=["one length", "lengths"])
def test_ctc_and_its_gradient_are_pytorchs(varying):
    classes, steps = 4, 12
    random = np.random.default_rng(5)
    counts = [0, 1, 2, 3, 4, 4]
    labels = [random.integers(0, classes, count).tolist() for count in counts]
    labels[4] = [2, 2, 1, 1]  # one that comes twice wants a blank between
    lengths = np.array([3, 5, 12, 8, 9, 12] if varying else [steps] * 6, np.int32)
    x = random.normal(size=(6, steps, 3)).astype(np.float32)
    y = np.array([row + [-1] * (4 - len(row)) for row in labels], np.int32)
    model = nn.Sequential(Last(nn.LSTM(3, 6, batch_first=True), True), nn.Linear(6, classes + 1))

    def their_loss(logits):
        # Theirs is [steps, samples, units]; a mean over the samples, not divided by the number of labels.
        targets = torch.tensor(sum(labels, []), dtype=torch.long)
        return nn.CTCLoss(blank=classes, reduction="none")(logits.log_softmax(-1).transpose(0, 1), targets, torch.from_numpy(lengths).long(),
                                                           torch.tensor(counts)).mean()

    expect_same_step(f"lstm 6; dense {classes + 1}", (steps, 3), model, x, y, loss="ctc", their_loss=their_loss, lengths=lengths if varying else None)
