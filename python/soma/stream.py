# SPDX-License-Identifier: MIT
"""Networks of sequences, step by step: streams that carry their state, and text that a network goes on with (docs/sequences.md)."""
from __future__ import annotations

import array
import codecs
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from . import _soma, data
from .tokenizer import Tokenizer
from .wrappers import refuse_bytes


def _numbers(content: bytes, shape: tuple[int, ...]) -> _soma.Array:
    return _soma.array(memoryview(content).cast("f", shape), "float32")


# What predict() makes of bytes, in float32.
_OF_BYTE = array.array("f", (value * memoryview(array.array("f", [1 / 255]))[0] for value in range(256)))


class Stream:
    """A network that is fed in pieces, as they come, and says of them what it says of all at once: Stream(network), or network.stream().

    Calling it with [samples, steps, ...] gives what the network's output is of these steps, and keeps the state for the next piece, which may have
    any number of steps. Bytes (uint8) are scaled by 1/255, unless they are tokens. A network with `positions` or causal attention goes for as many steps as it has, others without end. UnsupportedError names
    the layer of a network that looks at several steps at once. The weights are those of the moment when the stream was made.
    """

    def __init__(self, network: Any):
        network._require_built()
        network._compile_now()
        made = network._net.stream()
        inputs, outputs = made.ends(False), made.ends(True)
        made.compile(network._net.device, ["none"] * len(outputs))
        self._session, self._outputs = _soma.Session(made), list(range(len(outputs)))
        self._input = inputs[0]
        self._names = [name for name, _ in inputs[1:]]
        self._shapes = [shape for _, shape in inputs[1:]]
        first = next((kind for _, kind, _ in network._net.layer_list() if kind != "input"), None)
        self._takes_tokens = len(self._input[1]) == 1 and first in ("embedding", "gather")  # [steps], whose numbers name rows
        self._states: list[Any] = []
        self._scaled = network._scaled
        self.reset()

    def reset(self) -> None:
        """Begins anew, as before the first step."""
        self._states, self._samples = [], None

    @property
    def states(self) -> dict[str, Any]:
        """The states after the last step by their names; empty before the first one. Keys and values of attention are not among them."""
        return {name: data.result(state) for name, state in zip(self._names, self._states)}

    def __call__(self, x: Any) -> Any:
        """The output of each step, [samples, steps, ...]: NumPy's array where NumPy is there."""
        _, shape = self._input
        x = data.plain(x)
        scaled = _soma.describe(x)[1] == "B" and not self._takes_tokens
        values = data.array(x, "uint8" if scaled else "float32")
        refuse_bytes(self._scaled, [values.dtype])
        if len(values.shape) != len(shape) + 1 or values.shape[2:] != shape[1:] or 0 in values.shape:
            wanted = ", ".join(["samples", "steps", *map(str, shape[1:])])
            raise ValueError(f"the stream takes [{wanted}], of one step or more, got {list(values.shape)}")
        samples, steps = values.shape[:2]
        if self._samples not in (None, samples):
            raise ValueError(f"the stream has the states of {self._samples} samples, got {samples}; reset() begins anew")
        content = bytes(memoryview(values).cast("B"))
        if scaled:
            content = bytes(array.array("f", (_OF_BYTE[byte] for byte in content)))
        size = len(content) // (samples * steps)
        states = self._states or [_numbers(bytes(4 * samples * _count(state)), (samples, *state)) for state in self._shapes]
        said = []
        for step in range(steps):
            piece = b"".join(content[at * size:(at + 1) * size] for at in range(step, samples * steps, steps))
            output, *states = self._session.run((_numbers(piece, (samples, *shape)), *states), self._outputs)
            said.append(bytes(memoryview(output).cast("B")))
        self._states, self._samples = states, samples
        width = len(said[0]) // samples
        whole = b"".join(row[sample * width:(sample + 1) * width] for sample in range(samples) for row in said)
        return data.result(_numbers(whole, (samples, steps, *output.shape[2:])))


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _pieces(tokens: Iterable[int], decode: Callable[[int], bytes]) -> Iterator[str]:
    """The text of tokens as it comes; a character of several bytes when it is whole, and U+FFFD for what never is."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for token in tokens:
        piece = decoder.decode(decode(token))
        if piece:
            yield piece
    rest = decoder.decode(b"", True)
    if rest:
        yield rest


def generate(network: Any, prompt: str | bytes | Sequence[int], max_new_tokens: int, temperature: float, top_k: int, top_p: float, seed: int,
             stream: bool, tokenizer: Tokenizer | None) -> Any:
    """See Network.generate()."""
    network._require_built()
    network._compile_now()
    net = network._net
    if max_new_tokens < 0 or not 0 < top_p <= 1:
        raise ValueError(f"max_new_tokens is {max_new_tokens}, top_p {top_p}; from 0 on, and above 0 up to 1, are possible")
    is_text = isinstance(prompt, (str, bytes))
    if is_text and tokenizer is None and not net.token_count():
        raise ValueError("the network has learnt of no text: a tokenizer is needed, or a prompt of numbers")
    if isinstance(prompt, (str, bytes)):
        content = prompt.encode("utf-8", "surrogateescape") if isinstance(prompt, str) else bytes(prompt)
        numbers = net.encode(content) if tokenizer is None else tokenizer.encode(content)
    else:
        numbers = [operator.index(number) for number in prompt]
    if not numbers:
        raise ValueError("the prompt has no tokens; one at least is needed")
    made = _soma.Generator(net, _soma.array(array.array("i", numbers), "int32"), temperature=temperature, greedy=temperature == 0, top_k=top_k, top_p=top_p, seed=seed)
    tokens = itertools.islice(made, max_new_tokens)
    if not is_text:
        return tokens if stream else list(tokens)
    decode = net.decode if tokenizer is None else lambda number: tokenizer._tokenizer.decode(number, False)
    pieces = _pieces(tokens, decode)
    return pieces if stream else "".join(pieces)
