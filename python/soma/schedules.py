# SPDX-License-Identifier: MIT
"""How the learning rate changes in the course of the steps: Schedule, and those of Keras."""
from __future__ import annotations

from typing import Any


def positive(what: str, value: Any, otherwise: str = "") -> Any:
    """A number above 0, as the library takes 0 for what is not said; None is passed on."""
    if value is not None and not value > 0:
        raise ValueError(f"{what} is {value}; accepted: above 0{otherwise}")
    return value


def flag(what: str, value: Any) -> bool:
    """True or False, of Python or NumPy: anything else was meant for another argument."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"{what} is {value!r}; accepted: True and False")
    return bool(value)


class Schedule:
    """How the learning rate changes: constant, step, exponential, cosine or plateau. Arguments: warmup and period in steps, factor,
    floor, patience in epochs, min_delta (docs/training.md)."""

    def __init__(self, kind: str, learning_rate: float | None = None, **arguments: float) -> None:
        positive("Schedule: the learning rate", learning_rate, ", or None for the rule's own")
        for name in ("factor", "patience"):
            positive(f"Schedule: {name}", arguments.get(name))
        self.learning_rate, self.options = learning_rate, {"kind": kind, **arguments}


class ExponentialDecay(Schedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps); staircase: with that quotient rounded down."""

    def __init__(self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False) -> None:
        for name, value in (("initial_learning_rate", initial_learning_rate), ("decay_steps", decay_steps), ("decay_rate", decay_rate)):
            positive(f"ExponentialDecay: {name}", value)
        super().__init__("step" if staircase else "exponential", initial_learning_rate, period=decay_steps, factor=decay_rate)


class CosineDecay(Schedule):
    """From initial_learning_rate down to its share alpha along half a cosine over decay_steps steps. With warmup_target it rises first, over
    warmup_steps steps, to that one: linearly from warmup_target / warmup_steps, so that the initial rate is to be 0."""

    def __init__(self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, warmup_target: float | None = None, warmup_steps: int = 0) -> None:
        if warmup_target is not None and initial_learning_rate != 0:
            raise ValueError(f"CosineDecay: the rate rises from {initial_learning_rate}; accepted: from 0")
        if warmup_target is None and warmup_steps:
            raise ValueError("CosineDecay: warmup_steps goes with warmup_target, the rate that they lead to")
        rate = initial_learning_rate if warmup_target is None else warmup_target
        positive("CosineDecay: initial_learning_rate" if warmup_target is None else "CosineDecay: warmup_target", rate, "; a rate that rises from 0 has a warmup_target")
        positive("CosineDecay: decay_steps", decay_steps)
        super().__init__("cosine", rate, period=decay_steps, floor=alpha, warmup=warmup_steps)
