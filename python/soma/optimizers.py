# SPDX-License-Identifier: MIT
"""Optimizers, one class for each that the library has; the defaults are the library's. Schedules of the learning rate are in soma.optimizers.schedules."""
from . import _soma
from . import schedules as schedules  # where Keras has them: soma.optimizers.schedules
from .schedules import Schedule

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


class SGD(Optimizer):
    """Stochastic gradient descent. With a momentum it is the optimizer momentum, with nesterov=True besides the optimizer nesterov; all else as for Optimizer."""

    kind = "sgd"

    def __init__(self, learning_rate=None, momentum=0.0, nesterov=False, *, schedule=None, **arguments):
        super().__init__(learning_rate, schedule=schedule, **arguments)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov goes with a momentum, as 0.9")
        if momentum:
            self.options |= {"kind": "nesterov" if nesterov else "momentum", "momentum": momentum}


class Adam(Optimizer):
    """Adam; with a weight_decay it is AdamW, as in Keras (PyTorch's Adam adds it to the gradient: l2). All else as for Optimizer."""

    kind = "adam"

    def __init__(self, learning_rate=None, *, schedule=None, **arguments):
        super().__init__(learning_rate, schedule=schedule, **arguments)
        if self.options.get("decay"):
            self.options["kind"] = "adamw"


_CLASSES = {"sgd": "SGD", "rmsprop": "RMSprop", "adamw": "AdamW"}
NAMES = []
for _kind in _soma.names(OPTIMIZERS):
    _name = _CLASSES.get(_kind, _kind.capitalize())
    if _name not in globals():
        globals()[_name] = type(_name, (Optimizer,), {"kind": _kind, "__doc__": f"The optimizer {_kind}: see Optimizer.", "__module__": __name__})
    NAMES.append(_name)


class Running:
    """The optimizer of a network: `learning_rate`, which may be set."""

    def __init__(self, network):
        self._network = network

    @property
    def learning_rate(self):
        return self._network.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate):
        self._network.learning_rate = rate


def of(given):
    """(options, schedule's options) of a name or an Optimizer."""
    if isinstance(given, str):
        return {"kind": given}, None
    if isinstance(given, type) and issubclass(given, Optimizer):
        given = given()
    if not isinstance(given, Optimizer):
        raise TypeError(f"an optimizer is wanted, or the name of one; got {given!r}")
    return given.options, given.schedule.options if given.schedule else None
