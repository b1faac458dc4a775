# SPDX-License-Identifier: MIT
"""What keeps weights small, by Keras's names, as kernel_regularizer= takes it: the loss that is minimised has l1 Σ|w| + l2 Σw² besides, over the weights of the layer; the
loss that is shown is without it (Keras's is with it). Layers without a regularizer have the optimizer's l1 and l2; one of 0 stands in place of these, too."""
from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from typing import Any

from .nodes import Layer


class L1L2:
    """l1 Σ|w| + l2 Σw², over the weights of a layer. Without arguments, and as the word "l1_l2", it is nothing, as in Keras 3."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        for name, value, factor in (("l1", l1, 1), ("l2", l2, 2)):  # as words() has them
            held = ctypes.c_float(factor * float(value)).value
            if not 0 <= held < math.inf or (value != 0 and held == 0):
                raise ValueError(f"{type(self).__name__}: {name} is {value}; accepted: 0, and more that float32 holds")
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


_NONE = L1L2()  # not the same as None
_WORDS = {"l1": L1(), "l2": L2(), "l1_l2": _NONE, "l1l2": _NONE}  # each as its class is without arguments
_NORMS = "BatchNorm LayerNorm GroupNorm InstanceNorm RMSNorm"
# Keras's arguments, the layers that have them, and how their parameters are called, without the layer's name.
ARGUMENTS = {
    "kernel_regularizer": ("Dense Conv ConvTranspose SimpleRNN LSTM GRU MultiHeadAttention", lambda role: role.endswith("weight") and "recurrent" not in role),
    "recurrent_regularizer": ("SimpleRNN LSTM GRU", lambda role: role.endswith("recurrent_weight")),
    "depthwise_regularizer": ("DepthwiseConv SeparableConv", lambda role: role in ("weight", "depthwise")),
    "pointwise_regularizer": ("SeparableConv", lambda role: role == "pointwise"),
    "embeddings_regularizer": ("Embedding", lambda role: role == "weight"),
    "bias_regularizer": ("Dense Conv ConvTranspose DepthwiseConv SeparableConv SimpleRNN LSTM GRU MultiHeadAttention", lambda role: role.endswith("bias")),
    "gamma_regularizer": (_NORMS, lambda role: role == "weight"),
    "beta_regularizer": (_NORMS.replace(" RMSNorm", ""), lambda role: role == "bias"),
}
_OF_VECTORS = ("bias_regularizer", "gamma_regularizer", "beta_regularizer")  # what a text's words do not mean


def of(what: str, given: Any) -> L1L2 | None:
    """What is meant: a regularizer, its name, a class, or None, where the optimizer's l1 and l2 hold."""
    if given is None:
        return None
    if isinstance(given, type) and issubclass(given, L1L2):
        given = given()
    if isinstance(given, str) and given.lower() in _WORDS:
        return _WORDS[given.lower()]
    if not isinstance(given, L1L2):
        raise ValueError(f"{what} is {given!r}; accepted: None, soma.regularizers.L1, L2 and L1L2, 'l1' and 'l2', which are 0.01")
    return given


def split(layer: str, keywords: dict[str, Any]) -> tuple[dict[str, Any], dict[str, L1L2 | None]]:
    """The keywords of a layer without its regularizers, and one for each argument that it has."""
    names = [name for name, (layers, _) in ARGUMENTS.items() if layer in layers.split()]
    own = {name: of(f"{layer}: {name}", keywords.get(name)) for name in names}
    own |= {name: None for name in _OF_VECTORS if own.get(name) == _NONE}  # to these the optimizer's l1 and l2 do nothing
    return {name: value for name, value in keywords.items() if name not in names}, own


def _are_words(own: dict[str, L1L2 | None]) -> bool:
    """Whether a layer's weights have all the same, and nothing else has any: then its text says it."""
    return len({regularizer for name, regularizer in own.items() if name not in _OF_VECTORS}) == 1 and all(own.get(name) is None for name in _OF_VECTORS)


def words(own: dict[str, L1L2 | None] | None) -> list[str]:
    """Those of a layer's text: the gradient of l1 Σ|w| + l2 Σw² is l1 sign(w) + 2 l2 w, and the library adds l1 sign(w) + l2 w."""
    first = next(iter(own.values())) if own and _are_words(own) else None
    return [] if first is None else [f"l2({2 * first.l2!r})", f"l1({first.l1!r})"]


def _leaves(layer: Layer) -> Iterator[Layer]:
    """The layers that a layer consists of."""
    inner = [one for value in getattr(layer, "arguments", {}).values() for one in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(one, Layer)]
    inner = getattr(layer, "layers", None) or inner  # of TimeDistributed
    if not inner:
        yield layer
    for one in inner:
        yield from _leaves(one)


def settle(layer: Layer, net: Any, parameters: list[str]) -> None:
    """Sets what the text could not say, of the parameters that a layer has made."""
    for leaf in _leaves(layer):
        given = leaf.regularizers or {}
        own = {name: regularizer for name, regularizer in given.items() if regularizer is not None}
        if not own or _are_words(given):
            continue
        if len({name.rpartition(".")[0] for name in parameters}) > 1:
            raise ValueError(f"{leaf.name or repr(leaf)} within {layer.name or type(layer).__name__}: {', '.join(f'{name} is {one}' for name, one in own.items())}; accepted: the same for all "
                             "its weights and none for its biases, where it is one of several layers with weights within another")
        for argument, regularizer in own.items():
            for name in parameters:
                if ARGUMENTS[argument][1](name.rpartition(".")[2]):
                    net.set_decay(name, 2 * regularizer.l2, regularizer.l1)


l1, l2, l1_l2 = L1, L2, L1L2
