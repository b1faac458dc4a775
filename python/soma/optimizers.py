# SPDX-License-Identifier: MIT
"""Optimizers, one class for each that the library has; the defaults are the library's. Schedules of the learning rate are in soma.optimizers.schedules."""
from . import _soma
from . import schedules as schedules  # where Keras has them: soma.optimizers.schedules
from .schedules import Schedule, flag, positive

# As soma_names counts them.
LOSSES, OPTIMIZERS, SCHEDULES, METRICS = 1, 2, 3, 4

# Keras's and PyTorch's names of what the library calls otherwise.
WORDS = {"global_clipnorm": "clip_norm", "beta_1": "beta1", "beta_2": "beta2", "weight_decay": "decay", "clipnorm": "clip_norm", "clipvalue": "clip_value",
         "lr": "learning_rate", "eps": "epsilon"}


# What all rules take besides learning_rate and schedule, and what else each has; of SGD a momentum makes another rule.
ALL = ("l1", "l2", "clipnorm", "clipvalue", "global_clipnorm")
TAKES = {"sgd": (), "momentum": ("momentum",), "nesterov": ("momentum",), "rmsprop": ("rho", "epsilon"), "adagrad": ("epsilon",)} | dict.fromkeys(
    ("adam", "adamw"), ("beta_1", "beta_2", "epsilon", "weight_decay"))


class Optimizer:
    """The rule that moves the weights. Arguments: learning_rate (a number, or a Schedule), l1, l2, clipnorm, clipvalue, and what the rule has of momentum,
    beta_1, beta_2, rho, epsilon and weight_decay; others are refused. clipnorm, or global_clipnorm, is the most that the gradient of all weights together may be long (Keras's clipnorm goes
    for each weight by itself); 0, as None, clips nothing, in Keras, too."""

    kind = None

    def __init__(self, learning_rate=None, *, schedule=None, **arguments):
        if "lr" in arguments:
            if learning_rate is not None:
                raise TypeError(f"{type(self).__name__}: lr is another name of learning_rate; accepted: one of them")
            learning_rate = arguments.pop("lr")
        self._check(arguments)
        if isinstance(learning_rate, Schedule):
            learning_rate, schedule = learning_rate.learning_rate, learning_rate
        positive(f"{type(self).__name__}: the learning rate", learning_rate, ", or None for the rule's own")
        self.schedule = schedule
        for option in {WORDS.get(name, name) for name in arguments}:
            same = [name for name, value in arguments.items() if value and WORDS.get(name, name) == option]
            if len(same) > 1:
                raise ValueError(f"{type(self).__name__}: {' and '.join(same)} are the same{', of all weights together' * (option == 'clip_norm')}; accepted: one of them")
        given = [(WORDS.get(name, name), value) for name, value in arguments.items() if value is not None]
        self.options = dict(sorted(given, key=lambda option: bool(option[1])))  # of two spellings a 0 does not undo what the other one sets
        self.options |= {"kind": self.kind, "learning_rate": learning_rate}

    def _check(self, arguments):
        """The library passes over what a rule does not have."""
        if self.kind not in TAKES:
            return
        takes = [*TAKES[self.kind], *ALL]
        known = {WORDS.get(word, word) for word in takes}
        for word, value in arguments.items():
            if value is not None and WORDS.get(word, word) not in known:
                also = ["momentum", "nesterov"] if isinstance(self, SGD) else []
                raise TypeError(f"{type(self).__name__} has no {word}; it takes {', '.join(['learning_rate', 'schedule', *also, *takes])}")


class SGD(Optimizer):
    """Stochastic gradient descent. With a momentum it is the optimizer momentum, with nesterov=True besides the optimizer nesterov; all else as for Optimizer."""

    kind = "sgd"

    def __init__(self, learning_rate=None, momentum=0.0, nesterov=False, *, schedule=None, **arguments):
        super().__init__(learning_rate, schedule=schedule, **arguments)
        if flag("SGD: nesterov", nesterov) and not momentum:
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
    """The optimizer of a network: `learning_rate`, or `lr`, which may be set; anything else holds until compile()."""

    __slots__ = ("_network",)

    def __init__(self, network):
        object.__setattr__(self, "_network", network)

    def __setattr__(self, name, value):
        if name not in ("learning_rate", "lr"):
            raise AttributeError(f"the optimizer of a network has no {name} that could be set; accepted: learning_rate, and compile() for all else")
        object.__setattr__(self, name, value)

    @property
    def learning_rate(self):
        return self._network.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate):
        self._network.learning_rate = rate

    lr = learning_rate


def of(given):
    """(options, schedule's options) of a name or an Optimizer."""
    if isinstance(given, str):
        return {"kind": given}, None
    if isinstance(given, type) and issubclass(given, Optimizer):
        given = given()
    if not isinstance(given, Optimizer):
        raise TypeError(f"an optimizer is wanted, or the name of one; got {given!r}")
    return given.options, given.schedule.options if given.schedule else None
