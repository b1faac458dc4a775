# SPDX-License-Identifier: MIT
# Made by python/tests/make_stubs.py.
from typing import Any

from . import schedules as schedules
from .schedules import Schedule as Schedule

class Optimizer:
    kind: str
    options: dict[str, Any]
    def __init__(self, learning_rate: float | Schedule | None = None, *, schedule: Schedule | None = None, momentum: float | None = ..., rho: float | None = ..., epsilon: float | None = ..., beta_1: float | None = ..., beta_2: float | None = ..., weight_decay: float | None = ..., l1: float | None = ..., l2: float | None = ..., clipnorm: float | None = ..., clipvalue: float | None = ..., global_clipnorm: float | None = ...) -> None: ...

class SGD(Optimizer):
    def __init__(self, learning_rate: float | Schedule | None = None, momentum: float = 0.0, nesterov: bool = False, *, schedule: Schedule | None = None, l1: float | None = ..., l2: float | None = ..., clipnorm: float | None = ..., clipvalue: float | None = ..., global_clipnorm: float | None = ...) -> None: ...

class Momentum(Optimizer):
    def __init__(self, learning_rate: float | Schedule | None = None, *, schedule: Schedule | None = None, momentum: float | None = ..., l1: float | None = ..., l2: float | None = ..., clipnorm: float | None = ..., clipvalue: float | None = ..., global_clipnorm: float | None = ...) -> None: ...

class Nesterov(Optimizer):
    def __init__(self, learning_rate: float | Schedule | None = None, *, schedule: Schedule | None = None, momentum: float | None = ..., l1: float | None = ..., l2: float | None = ..., clipnorm: float | None = ..., clipvalue: float | None = ..., global_clipnorm: float | None = ...) -> None: ...

class RMSprop(Optimizer):
    def __init__(self, learning_rate: float | Schedule | None = None, *, schedule: Schedule | None = None, rho: float | None = ..., epsilon: float | None = ..., l1: float | None = ..., l2: float | None = ..., clipnorm: float | None = ..., clipvalue: float | None = ..., global_clipnorm: float | None = ...) -> None: ...

class Adagrad(Optimizer):
    def __init__(self, learning_rate: float | Schedule | None = None, *, schedule: Schedule | None = None, epsilon: float | None = ..., l1: float | None = ..., l2: float | None = ..., clipnorm: float | None = ..., clipvalue: float | None = ..., global_clipnorm: float | None = ...) -> None: ...

class Adam(Optimizer):
    def __init__(self, learning_rate: float | Schedule | None = None, *, schedule: Schedule | None = None, beta_1: float | None = ..., beta_2: float | None = ..., epsilon: float | None = ..., weight_decay: float | None = ..., l1: float | None = ..., l2: float | None = ..., clipnorm: float | None = ..., clipvalue: float | None = ..., global_clipnorm: float | None = ...) -> None: ...

class AdamW(Optimizer):
    def __init__(self, learning_rate: float | Schedule | None = None, *, schedule: Schedule | None = None, beta_1: float | None = ..., beta_2: float | None = ..., epsilon: float | None = ..., weight_decay: float | None = ..., l1: float | None = ..., l2: float | None = ..., clipnorm: float | None = ..., clipvalue: float | None = ..., global_clipnorm: float | None = ...) -> None: ...

class Running:
    learning_rate: float
    lr: float
    def __init__(self, network: Any) -> None: ...

LOSSES: int
OPTIMIZERS: int
SCHEDULES: int
METRICS: int
ALL: tuple[str, ...]
TAKES: dict[str, tuple[str, ...]]
NAMES: list[str]
WORDS: dict[str, str]

def of(given: str | Optimizer | type[Optimizer]) -> tuple[dict[str, Any], dict[str, Any] | None]: ...
