# SPDX-License-Identifier: MIT
"""What keeps weights small, by Keras's names, as kernel_regularizer= takes it: the loss that is minimised has l1 Σ|w| + l2 Σw² besides. The library adds one decay to all weights of a
network, so that all its layers have the same, or none; the loss that is shown is without it (Keras's is with it)."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class L1L2:
    """l1 Σ|w| + l2 Σw², over the weights of a layer. Without arguments, and as the word "l1_l2", it is nothing, as in Keras 3."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        for name, value in (("l1", l1), ("l2", l2)):
            if not value >= 0:
                raise ValueError(f"{type(self).__name__}: {name} is {value}; accepted: 0 and more")
        self.l1, self.l2 = float(l1), float(l2)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, L1L2) and (self.l1, self.l2) == (other.l1, other.l2)

    def __hash__(self) -> int:
        return hash((self.l1, self.l2))

    def __repr__(self) -> str:
        return f"L1L2(l1={self.l1!r}, l2={self.l2!r})"


class L1(L1L2):
    """l1 Σ|w|."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """l2 Σw²: the optimizer's l2 is twice that, as it is what is added to the gradient."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


_NONE = L1L2()
_WORDS = {"l1": L1(), "l2": L2(), "l1_l2": _NONE, "l1l2": _NONE}  # each as its class is without arguments
# Keras's arguments, and the layers that have them; together they go for all weights that decay.
ARGUMENTS = {
    "kernel_regularizer": "Dense Conv ConvTranspose SimpleRNN LSTM GRU MultiHeadAttention",
    "recurrent_regularizer": "SimpleRNN LSTM GRU",
    "depthwise_regularizer": "DepthwiseConv SeparableConv",
    "pointwise_regularizer": "SeparableConv",
    "embeddings_regularizer": "Embedding",
}


def of(what: str, given: Any) -> L1L2:
    """What is meant: a regularizer, its name, a class, or None."""
    if given is None:
        return _NONE
    if isinstance(given, type) and issubclass(given, L1L2):
        given = given()
    if isinstance(given, str) and given.lower() in _WORDS:
        return _WORDS[given.lower()]
    if not isinstance(given, L1L2):
        raise ValueError(f"{what} is {given!r}; accepted: None, soma.regularizers.L1, L2 and L1L2, 'l1' and 'l2', which are 0.01")
    return given


def split(layer: str, keywords: dict[str, Any]) -> tuple[dict[str, Any], dict[str, L1L2]]:
    """The keywords of a layer without its regularizers, and one for each argument that it has."""
    names = [name for name, layers in ARGUMENTS.items() if layer in layers.split()]
    return {name: value for name, value in keywords.items() if name not in names}, {name: of(f"{layer}: {name}", keywords.get(name)) for name in names}


def common(layers: Iterable[tuple[str, dict[str, L1L2]]]) -> L1L2 | None:
    """That of all layers with weights, (name, regularizers) each; None: they have none. What is not the same everywhere is refused."""
    given = [(f"{name}'s {argument}" if argument else name, regularizer) for name, own in layers for argument, regularizer in (own or {"": _NONE}).items()]
    kinds = {regularizer for _, regularizer in given}
    if len(kinds) <= 1:
        return next((kind for kind in kinds if kind != _NONE), None)
    first, other = given[0], next(one for one in given if one[1] != given[0][1])
    said = [f"{name} is {'None' if regularizer == _NONE else regularizer}" for name, regularizer in (first, other)]
    raise ValueError(f"regularizers: {', '.join(said)}; accepted: the same for all layers with weights, as the library adds one decay to all weights of a network; or none, and "
                     "the optimizer's l1 and l2, as soma.Adam(l2=2e-4) for L2(1e-4)")


l1, l2, l1_l2 = L1, L2, L1L2
