# SPDX-License-Identifier: MIT
"""Streams, which are fed in pieces, and what networks go on with."""
import itertools
import threading

import pytest

import soma

numpy = pytest.importorskip("numpy")

STEPS, TOKENS = 12, 9
TEXT = "the cat sat on the mat; the bat sat on the hat. Größe \N{SNOWMAN}\n" * 20


def network_of(text, shape, **options):
    network = soma.Network(text, device="cpu", **options)
    network.build(shape)
    return network


def tokens_of(seed, samples=1, steps=STEPS):
    return numpy.random.default_rng(seed).integers(0, TOKENS, (samples, steps)).astype("float32")


@pytest.mark.parametrize("text, shape", [
    ("lstm 6; dense 4", (STEPS, 3)), ("gru 5 layers 2; dense 4 softmax", (STEPS, 3)), ("rnn 5; dense 2", (STEPS, 3)),
    ("embedding 9 4; lstm 6; dense 9 softmax", (STEPS,)), ("embedding 9 8; positions; transformer heads 2 causal; dense 9 softmax", (STEPS,)),
    ("embedding 9 8; attention heads 4 causal rotary kvheads 2; dense 9", (STEPS,))])
@pytest.mark.parametrize("samples", [1, 3])
def test_pieces_say_what_all_at_once_says(text, shape, samples):
    network = network_of(text, shape)
    x = tokens_of(1, samples) if len(shape) == 1 else numpy.random.default_rng(2).normal(size=(samples, *shape)).astype("float32")
    expected = network.predict(x)
    stream = network.stream()
    assert stream.states == {}
    for _ in range(2):  # after reset() again
        said = [stream(x[:, begin:end]) for begin, end in itertools.pairwise([0, 1, 6, 6 + 5, STEPS])]
        numpy.testing.assert_allclose(numpy.concatenate(said, 1), expected, rtol=1e-5, atol=1e-6)
        assert all(numpy.asarray(state).shape[0] == samples for state in stream.states.values())
        stream.reset()


@pytest.mark.parametrize("text, shape, most", [("gru 5; dense 4", (STEPS, 3), 256), ("embedding 9 4; gru 5; dense 4", (STEPS,), TOKENS)])
@pytest.mark.parametrize("file", [None, "network.safetensors", "network.onnx"])
def test_bytes_are_what_they_are_to_predict(tmp_path, text, shape, most, file):
    network = network_of(text, shape)
    if file:
        network.save(tmp_path / file)
        network = soma.load(tmp_path / file, device="cpu")
    x = numpy.random.default_rng(4).integers(0, most, (2, *shape)).astype("uint8")
    numpy.testing.assert_allclose(network.stream()(x), network.predict(x), rtol=1e-5, atol=1e-6)


def test_a_recurrent_stream_has_no_end():
    network = network_of("lstm 6; dense 4", (STEPS, 3))
    longer = soma.Network("lstm 6; dense 4", device="cpu")
    longer.build((5 * STEPS, 3))
    longer.set_weights(network.get_weights())
    x = numpy.random.default_rng(3).normal(size=(2, 5 * STEPS, 3)).astype("float32")
    stream = network.stream()
    said = numpy.concatenate([stream(x[:, at:at + 7]) for at in range(0, 5 * STEPS, 7)], 1)
    numpy.testing.assert_allclose(said, longer.predict(x), rtol=1e-5, atol=1e-6)


def test_networks_of_a_class_of_ones_own_have_streams():
    class Own(soma.Network):
        def __init__(self, units):
            super().__init__(f"gru {units}; dense 4", device="cpu")

    network = Own(5)
    network.build((STEPS, 3))
    x = numpy.random.default_rng(5).normal(size=(1, STEPS, 3)).astype("float32")
    numpy.testing.assert_allclose(network.stream()(x), network.predict(x), rtol=1e-5, atol=1e-6)


def test_a_stream_says_what_it_does_not_take():
    stream = network_of("lstm 6; dense 4", (STEPS, 3)).stream()
    with pytest.raises(ValueError, match=r"takes \[samples, steps, 3\], of one step or more, got \[1, 3\]"):
        stream([[1.0, 2.0, 3.0]])
    stream(numpy.zeros((2, 1, 3), "float32"))
    with pytest.raises(ValueError, match="the states of 2 samples, got 1"):
        stream(numpy.zeros((1, 1, 3), "float32"))
    with pytest.raises(soma.UnsupportedError, match="lstm_1"):
        network_of("lstm 6 bidirectional; dense 4", (STEPS, 3)).stream()
    limited = network_of("embedding 9 8; positions; dense 9", (STEPS,)).stream()
    limited(tokens_of(1))
    with pytest.raises(soma.InvalidArgumentError):
        limited(tokens_of(1, steps=1))


def counting():
    """Behind each token comes the next."""
    network = network_of("embedding 9 9; dense 9 softmax", (STEPS,))
    network.weights["embedding_1.weight"] = numpy.eye(TOKENS, dtype="float32")
    network.weights["dense_1.weight"] = 50 * numpy.roll(numpy.eye(TOKENS, dtype="float32"), 1, 1)
    return network


def test_tokens_follow_tokens():
    assert counting().generate([2, 3], max_new_tokens=20) == [(4 + i) % TOKENS for i in range(20)]
    tokens = counting().generate(numpy.array([8]), max_new_tokens=3, stream=True)
    assert next(tokens) == 0 and list(tokens) == [1, 2]


def test_tokens_wait_for_another_thread_that_trains():
    network = network_of("embedding 9 8; positions; transformer heads 2 causal; dense 9 softmax", (STEPS,))
    tokens, drawn = network.generate([1], max_new_tokens=2 * STEPS, stream=True), []
    thread = threading.Thread(target=lambda: drawn.extend(tokens))

    def draw(epoch, logs):
        thread.start()
        thread.join(0.2)
        assert thread.is_alive() and not drawn

    network.fit(tokens_of(1), tokens_of(2).astype("int32"), verbose=0, callbacks=[soma.LambdaCallback(on_epoch_end=draw)])
    thread.join()
    assert len(drawn) == 2 * STEPS


def test_a_network_is_trained_between_two_tokens_but_not_compiled():
    network = network_of("embedding 9 8; lstm 8; dense 9 softmax", (STEPS,))
    tokens = network.generate([1], max_new_tokens=2 * STEPS, stream=True)
    first = next(tokens)
    network.fit(tokens_of(1), tokens_of(2).astype("int32"), verbose=0)
    with pytest.raises(soma.InvalidStateError, match="generator"):
        network.compile("sgd")
    assert len([first, *tokens]) == 2 * STEPS


@pytest.mark.parametrize("text", ["embedding 9 8; lstm 8; dense 9 softmax", "embedding 9 8; positions; transformer heads 2 causal; dense 9"])
def test_the_likeliest_is_what_predict_says(text):
    network = network_of(text, (STEPS,), seed=3)
    said = network.generate([1], max_new_tokens=STEPS - 1, temperature=0)
    x = numpy.zeros((1, STEPS), "float32")
    x[0] = [1, *said]
    assert network.predict(x)[0].argmax(1)[:-1].tolist() == said


def test_a_seed_draws_the_same_whether_it_streams_or_not():
    network = network_of("embedding 9 8; lstm 8; dense 9 softmax", (STEPS,))
    draws = [network.generate([1], max_new_tokens=60, temperature=2.0, seed=seed) for seed in (5, 5, 6)]
    assert draws[0] == draws[1] != draws[2]
    assert list(network.generate([1], max_new_tokens=60, temperature=2.0, seed=5, stream=True)) == draws[0]
    likeliest = network.generate([1], max_new_tokens=60, temperature=0)
    assert draws[0] != likeliest
    for of_one in ({"top_k": 1}, {"top_p": 1e-6}):
        assert network.generate([1], max_new_tokens=60, temperature=2.0, seed=5, **of_one) == likeliest


def test_text_comes_piece_by_piece_in_whole_characters(tmp_path):
    (tmp_path / "book.txt").write_text(TEXT, encoding="utf-8")
    tokenizer = soma.Tokenizer.learn(tmp_path / "book.txt", vocab_size=280)
    network = network_of("embedding 280 8; gru 8; dense 280 softmax", (STEPS,))
    arguments = {"max_new_tokens": 200, "temperature": 3.0, "seed": 1, "tokenizer": tokenizer}
    pieces = list(network.generate("the ", stream=True, **arguments))
    assert len(pieces) > 50 and all(pieces)
    assert "".join(pieces) == network.generate("the ", **arguments)
    numbers = network.generate(tokenizer.encode("the "), max_new_tokens=200, temperature=3.0, seed=1)
    assert "".join(pieces) == b"".join(tokenizer._tokenizer.decode(number, False) for number in numbers).decode("utf-8", "replace")


def test_a_character_that_never_is_whole_is_told():
    assert list(soma.stream._pieces([0x61, 0xe2, 0x98, 0x83, 0xe2, 0x98], lambda number: bytes([number]))) == ["a", "\N{SNOWMAN}", "\ufffd"]


def test_generating_says_what_it_wants():
    network = counting()
    with pytest.raises(ValueError, match="a tokenizer is needed"):
        network.generate("abc")
    with pytest.raises(ValueError, match="no tokens"):
        network.generate([])
    with pytest.raises(TypeError, match="integer"):
        network.generate([1.5])
    with pytest.raises(OverflowError):
        network.generate([2**31])
    with pytest.raises(ValueError, match="top_p 0"):
        network.generate([1], top_p=0)
    for seed in (-1, 2**64):
        with pytest.raises(OverflowError, match=f"the seed is {seed};"):
            network.generate([1], seed=seed)
    assert network.generate([1], max_new_tokens=1, seed=numpy.uint64(2**64 - 1)) == [2]
    with pytest.raises(soma.InvalidArgumentError, match="token number 0 is 9"):
        network.generate([9])
    with pytest.raises(soma.InvalidArgumentError, match="temperature"):
        network.generate([1], temperature=-1.0)
    with pytest.raises(soma.InvalidShapeError, match="what generates takes"):
        network_of("dense 3 softmax", (4,)).generate([1])
