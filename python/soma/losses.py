# SPDX-License-Identifier: MIT
"""Losses with arguments, by Keras's names; where there are none, the name of one says as much (docs/training.md#losses)."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from . import _soma
from .schedules import flag, positive

# Which losses have an argument, by the beginnings of the library's names; what it is where it isn't said.
ARGUMENTS: dict[str, tuple[tuple[str, ...], Any]] = {
    "label_smoothing": (("categorical_", "binary_", "focal"), 0.0), "focal_gamma": (("categorical_focal", "binary_focal", "focal"), 2.0),
    "focal_alpha": (("binary_focal", "focal"), None), "huber_delta": (("huber",), 1.0), "quantiles": (("quantile",), (0.5,)),
}

class Loss:
    """A loss by the library's name, and what it takes."""

    def __init__(self, name: str, **options: Any) -> None:
        self.name, self.options = name, {key: value for key, value in options.items() if value is not None}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([repr(self.name), *(f'{key}={value!r}' for key, value in self.options.items())])})"


def _logits(given: Any) -> str:
    """The end of the name of a loss that is before its function."""
    return "_logits" * flag("from_logits", given)


class CategoricalCrossentropy(Loss):
    """−Σ t ln p. from_logits: the output is before its softmax. label_smoothing ε: of k classes (1 − ε) t + ε/k for t."""

    def __init__(self, from_logits: bool = False, label_smoothing: float | None = None) -> None:
        super().__init__("categorical_crossentropy" + _logits(from_logits), label_smoothing=label_smoothing)


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """The same: whole numbers are classes under either."""

    def __init__(self, from_logits: bool = False) -> None:
        super().__init__(from_logits)


class BinaryCrossentropy(Loss):
    """The mean of −t ln p − (1 − t) ln(1 − p). from_logits: the output is before its sigmoid. label_smoothing ε: (1 − ε) t + ε/2 for t."""

    def __init__(self, from_logits: bool = False, label_smoothing: float | None = None) -> None:
        super().__init__("binary_crossentropy" + _logits(from_logits), label_smoothing=label_smoothing)


class CategoricalFocalCrossentropy(Loss):
    """−Σ t (1 − p)^gamma ln p; gamma is 2. (Keras multiplies it by alpha = 0.25; compile() takes class_weight.)"""

    def __init__(self, *, gamma: float | None = None, from_logits: bool = False, label_smoothing: float | None = None) -> None:
        super().__init__("categorical_focal" + _logits(from_logits), focal_gamma=gamma, label_smoothing=label_smoothing)


class BinaryFocalCrossentropy(Loss):
    """The binary cross-entropy times (1 − q)^gamma, q the probability of what is true; gamma is 2. alpha: ones count it, zeros 1 − alpha; None: both 1
    (Keras: with apply_class_balancing, 0.25)."""

    def __init__(self, *, gamma: float | None = None, alpha: float | None = None, from_logits: bool = False, label_smoothing: float | None = None) -> None:
        positive("BinaryFocalCrossentropy: alpha", alpha, " and below 1, or None")
        super().__init__("binary_focal" + _logits(from_logits), focal_gamma=gamma, focal_alpha=alpha, label_smoothing=label_smoothing)


class MeanSquaredError(Loss):
    """The mean of (p − t)²."""

    def __init__(self) -> None:
        super().__init__("mean_squared_error")


class MeanAbsoluteError(Loss):
    """The mean of |p − t|."""

    def __init__(self) -> None:
        super().__init__("mean_absolute_error")


class Huber(Loss):
    """The mean of d²/2 where |d| ≤ delta, else of delta (|d| − delta/2); d = p − t, delta is 1."""

    def __init__(self, delta: float | None = None) -> None:
        super().__init__("huber", huber_delta=positive("Huber: delta", delta))


class Quantile(Loss):
    """Several quantiles of a target at once: the output has all values at the first level, then all at the second; at most 8 levels in (0, 1)."""

    def __init__(self, quantiles: Iterable[float] = (0.5,)) -> None:
        levels = tuple(float(level) for level in quantiles)
        if not levels or not all(0 < level < 1 for level in levels):
            raise ValueError(f"Quantile: the levels are {list(levels)}; accepted: from one to 8, above 0 and below 1")
        super().__init__("quantile", quantiles=levels)


class CTC(Loss):
    """Labels without a step each, of an output [steps, classes + 1]; the last unit is the blank (docs/sequences.md)."""

    def __init__(self) -> None:
        super().__init__("ctc")


def _called(name: str) -> str:
    """The library's name of a loss that may be called by another one, or be unknown."""
    word = name.lower().replace("-", "_").replace(" ", "_")
    return next((first for first, others in _soma.names(1).items() if word in others), word)


def of(given: Any) -> tuple[list[str] | None, dict[str, Any]]:
    """(names, options) of a name, a Loss, or a list of them, one for each output; None of None. What the library knows one of is the same for all that have it."""
    if given is None:
        return None, {}
    losses: list[Loss] = []
    for loss in given if isinstance(given, (list, tuple)) else [given]:
        if isinstance(loss, type) and issubclass(loss, Loss):
            loss = cast(Any, loss)()
        if not isinstance(loss, (str, Loss)):
            raise TypeError(f"a loss is wanted, or the name of one; got {loss!r}")
        losses.append(loss if isinstance(loss, Loss) else Loss(loss))
    options: dict[str, Any] = {}
    for key in dict.fromkeys(key for loss in losses for key in loss.options):
        beginnings, standard = ARGUMENTS.get(key, ((), None))
        values = [loss.options.get(key, standard) for loss in losses if key in loss.options or _called(loss.name).startswith(beginnings)]
        for value in values:
            if value != values[0]:
                raise ValueError(f"the losses of all outputs share one {key}; got {values[0]} and {value}")
        options[key] = values[0]
    return [loss.name for loss in losses], options
