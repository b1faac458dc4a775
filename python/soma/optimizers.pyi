# SPDX-License-Identifier: MIT
# Made by python/tests/make_stubs.py.
from typing import Any

from . import schedules as schedules
from .schedules import Schedule as Schedule

class Optimizer:
    kind: str
    options: dict[str, Any]
    def __init__(self, learning_rate: float | Schedule | None = None, *, schedule: Schedule | None = None, momentum: float = ..., beta_1: float = ..., beta_2: float = ..., rho: float = ..., epsilon: float = ..., l1: float = ..., l2: float = ..., weight_decay: float = ..., clipnorm: float = ..., clipvalue: float = ...) -> None: ...

class SGD(Optimizer):
    def __init__(self, learning_rate: float | Schedule | None = None, momentum: float = 0.0, nesterov: bool = False, *, schedule: Schedule | None = None, beta_1: float = ..., beta_2: float = ..., rho: float = ..., epsilon: float = ..., l1: float = ..., l2: float = ..., weight_decay: float = ..., clipnorm: float = ..., clipvalue: float = ...) -> None: ...

class Momentum(Optimizer): ...

class Nesterov(Optimizer): ...

class RMSprop(Optimizer): ...

class Adagrad(Optimizer): ...

class Adam(Optimizer): ...

class AdamW(Optimizer): ...

class Running:
    learning_rate: float
    def __init__(self, network: Any) -> None: ...

NAMES: list[str]
WORDS: dict[str, str]

def of(given: str | Optimizer | type[Optimizer]) -> tuple[dict[str, Any], dict[str, Any] | None]: ...
