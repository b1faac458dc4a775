# SPDX-License-Identifier: MIT
"""Optimizers and schedules of the learning rate, one class for each that the library has; the defaults are the library's."""
from . import _soma

# As soma_names counts them.
LOSSES, OPTIMIZERS, SCHEDULES, METRICS = 1, 2, 3, 4

# Keras's and PyTorch's names of what the library calls otherwise.
WORDS = {"beta_1": "beta1", "beta_2": "beta2", "weight_decay": "decay", "clipnorm": "clip_norm", "clipvalue": "clip_value",
         "lr": "learning_rate", "eps": "epsilon"}


class Optimizer:
    """The rule that moves the weights. Arguments: learning_rate (a number, or a Schedule), momentum, beta_1, beta_2, rho, epsilon, l1,
    l2, weight_decay, clipnorm, clipvalue; those that the rule does not have are passed over."""

    kind = None

    def __init__(self, learning_rate=None, *, schedule=None, **arguments):
        if isinstance(learning_rate, Schedule):
            learning_rate, schedule = learning_rate.learning_rate, learning_rate
        self.schedule = schedule
        self.options = {WORDS.get(name, name): value for name, value in arguments.items()}
        self.options |= {"kind": self.kind, "learning_rate": learning_rate}


class Schedule:
    """How the learning rate changes: constant, step, exponential, cosine or plateau. Arguments: warmup and period in steps, factor,
    floor, patience in epochs, min_delta (docs/training.md)."""

    def __init__(self, kind, learning_rate=None, **arguments):
        self.learning_rate, self.options = learning_rate, {"kind": kind, **arguments}


_CLASSES = {"sgd": "SGD", "rmsprop": "RMSprop", "adamw": "AdamW"}
NAMES = []
for _kind in _soma.names(OPTIMIZERS):
    _name = _CLASSES.get(_kind, _kind.capitalize())
    globals()[_name] = type(_name, (Optimizer,), {"kind": _kind, "__doc__": f"The optimizer {_kind}: see Optimizer.", "__module__": __name__})
    NAMES.append(_name)


def of(given):
    """(options, schedule's options) of a name or an Optimizer."""
    if isinstance(given, str):
        return {"kind": given}, None
    if isinstance(given, type) and issubclass(given, Optimizer):
        given = given()
    if not isinstance(given, Optimizer):
        raise TypeError(f"an optimizer is wanted, or the name of one; got {given!r}")
    return given.options, given.schedule.options if given.schedule else None
