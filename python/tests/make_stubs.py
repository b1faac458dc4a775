#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the type stubs of what the package makes from tables: layers.pyi, optimizers.pyi, __init__.pyi.

Usage: make_stubs.py DIRECTORY     (with the package on PYTHONPATH; python/tests/test_stubs.py holds the files against it)
"""
import inspect
import sys
from pathlib import Path

from soma import ERRORS, layers, optimizers

SIZES = "int | Sequence[int]"
TYPES = {
    "units": "int", "filters": "int", "kernel_size": SIZES, "pool_size": SIZES, "output_size": SIZES, "size": SIZES, "rate": "float",
    "sides": "int | Sequence[int] | Sequence[Sequence[int]]", "target_shape": "Sequence[int]", "function": "str | Layer", "strides": f"{SIZES} | None",
    "padding": "str | int | Sequence[int] | Sequence[Sequence[int]] | None", "dilation_rate": f"{SIZES} | None", "groups": "int | None",
    "output_padding": f"{SIZES} | None", "depth_multiplier": "int | None", "ceil_mode": "bool", "count_include_pad": "bool",
    "activation": "str | Layer | None", "use_bias": "bool", "kernel_initializer": "str | None", "interpolation": "str | None", "center": "bool",
    "scale": "bool", "population_variance": "bool", "slope": "float | None", "momentum": "float | None", "epsilon": "float | None",
    "return_sequences": "bool", "bidirectional": "bool", "go_backwards": "bool", "reset_after": "bool", "truncate": "int | None", "input_dim": "int", "output_dim": "int", "padding_idx": "int | None", "kind": "str | None", "num_heads": "int", "num_kv_heads": "int | None", "key_dim": "int | None", "intermediate_dim": "int | None",
    "dropout": "float | None", "causal": "bool", "rotary": "bool", "postnorm": "bool", "rmsnorm": "bool", "swiglu": "bool", "embeddings_initializer": "str | None", "name": "str | None",
    "input_shape": "Sequence[int] | None", "max_value": "float | None", "negative_slope": "float | None", "alpha": "float | None", "axis": "int",
}
HEAD = "# SPDX-License-Identifier: MIT\n# Made by python/tests/make_stubs.py.\n"


def layer_stubs():
    lines = [HEAD + "from collections.abc import Sequence\nfrom typing import Any\n",
             "class Node:\n    layer: Layer | None\n    parents: list[Node]\n" + "".join(
                 f"    def {name}(self, other: Node) -> Node: ...\n" for name in ("__add__", "__sub__", "__mul__", "__truediv__")),
             "class Layer:\n    name: str | None\n    input_shape: Sequence[int] | None\n    arguments: dict[str, Any]\n    trainable: bool\n    def __call__(self, x: Node) -> Node: ...\n"
             "    def text(self, shape: tuple[int, ...]) -> str: ...\n",
             "class Input(Node):\n    shape: tuple[int, ...]\n    name: str | None\n"
             "    def __init__(self, shape: int | Sequence[int], name: str | None = None) -> None: ...\n",
             "class Text(Layer):\n    def __init__(self, text: str, name: str | None = None) -> None: ...\n",
             "class Residual(Layer):\n    def __init__(self, layers: Sequence[Layer | str], shortcut: Sequence[Layer | str] | None = None,\n"
             "                 name: str | None = None) -> None: ...\n",
             "class Bidirectional(Layer):\n    def __init__(self, layer: Layer, merge_mode: str = 'concat', name: str | None = None, input_shape: Sequence[int] | None = None) -> None: ...\n",
             "class TimeDistributed(Layer):\n    def __init__(self, layer: Layer | str | Sequence[Layer | str] | Any, name: str | None = None, input_shape: Sequence[int] | None = None) -> None: ...\n",
             "class RepeatVector(Layer):\n    def __init__(self, n: int, name: str | None = None, input_shape: Sequence[int] | None = None) -> None: ...\n",
             "class Rescaling(Layer):\n    def __init__(self, scale: Any, offset: Any = 0.0, name: str | None = None, input_shape: Sequence[int] | None = None) -> None: ...\n",
             "class Normalization(Layer):\n    mean: list[float] | None\n    variance: list[float] | None\n    def __init__(self, axis: int | None = -1, mean: Any = None, variance: Any = None, invert: bool = False, "
             "name: str | None = None,\n                 input_shape: Sequence[int] | None = None) -> None: ...\n    def adapt(self, data: Any) -> None: ...\n",
             "class Merge(Layer):\n    def __init__(self, name: str | None = None) -> None: ...\n"
             "    def __call__(self, xs: Sequence[Node]) -> Node: ...  # type: ignore[override]\n",
             "class Concatenate(Merge):\n    def __init__(self, axis: int = -1, name: str | None = None) -> None: ...\n"]
    lines += [f"class {name}(Merge): ...\n" for name in ("Mask", "Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Average")]
    lines.append("def concatenate(inputs: Sequence[Node], axis: int = -1) -> Node: ...\n" + "".join(
        f"def {name}(inputs: Sequence[Node]) -> Node: ...\n" for name in ("add", "subtract", "multiply", "maximum", "minimum", "average")))
    for name in [*(row[0] for row in layers.TABLE), *layers.FUNCTIONS]:
        arguments = ["self"]
        for parameter in inspect.signature(getattr(layers, name)).parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY and "*" not in arguments:
                arguments.append("*")
            kind = "int" if name == "GroupNorm" and parameter.name == "groups" else TYPES[parameter.name]
            default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
            arguments.append(f"{parameter.name}: {kind}{default}")
        arguments += [] if "*" in arguments else ["*"]
        arguments.append("**keywords: Any")  # of Keras's, that say what is so anyway: soma/compatible.py
        lines.append(f"class {name}(Layer):\n    def __init__({', '.join(arguments)}) -> None: ...\n")
    lines += [f"{other} = {name}\n" for other, name in layers.ALIASES.items()]
    lines.append("TABLE: list[tuple[str, str, str, str, str, str, str]]\nALIASES: dict[str, str]\nFUNCTIONS: dict[str, tuple[str, Any, str]]\nNAMES: list[str]\n\n"
                 "def as_layer(layer: Layer | str) -> Layer: ...\n")
    return "\n".join(lines)


def optimizer_stubs():
    def init(words, own=()):
        first = ["self", "learning_rate: float | Schedule | None = None", *own, "*", "schedule: Schedule | None = None"]
        return f"    def __init__({', '.join([*first, *(f'{word}: float | None = ...' for word in words)])}) -> None: ...\n"

    every = list(dict.fromkeys(word for words in optimizers.TAKES.values() for word in words))
    text = [HEAD + "from typing import Any\n\nfrom . import schedules as schedules\nfrom .schedules import Schedule as Schedule\n",
            "class Optimizer:\n    kind: str\n    options: dict[str, Any]\n" + init([*every, *optimizers.ALL])]
    for name in optimizers.NAMES:
        own = ("momentum: float = 0.0", "nesterov: bool = False") if name == "SGD" else ()
        text.append(f"class {name}(Optimizer):\n" + init([*optimizers.TAKES[getattr(optimizers, name).kind], *optimizers.ALL], own))
    text.append("class Running:\n    learning_rate: float\n    lr: float\n    def __init__(self, network: Any) -> None: ...\n")
    text.append("LOSSES: int\nOPTIMIZERS: int\nSCHEDULES: int\nMETRICS: int\nALL: tuple[str, ...]\nTAKES: dict[str, tuple[str, ...]]\nNAMES: list[str]\nWORDS: dict[str, str]\n\ndef of(given: str | Optimizer | type[Optimizer]) -> tuple[dict[str, Any], dict[str, Any] | None]: ...\n")
    return "\n".join(text)


def package_stubs():
    parts = [("_soma", ["Array", "Device", "DeviceArray", "Error", "devices", *ERRORS]),
             ("board", ["SummaryWriter"]), ("callbacks", [
                 "BackupAndRestore", "Callback", "CSVLogger", "EarlyStopping", "LambdaCallback", "LearningRateScheduler", "ModelCheckpoint", "ReduceLROnPlateau", "TensorBoard",
                 "TerminateOnNaN"]), ("data", ["array"]), ("distributed", ["Communicator", "MPICommunicator"]),
             ("history", ["History"]), ("layers", layers.NAMES), ("network", ["Network", "load"]), ("optimizers", ["Optimizer", "Schedule", *optimizers.NAMES]),
             ("session", ["InferenceSession", "NodeArg", "Session"]), ("sklearn", ["SomaClassifier", "SomaRegressor"]), ("stream", ["Stream"]), ("tokenizer", ["Tokenizer"])]
    lines = ["from . import " + ", ".join(f"{name} as {name}" for name in ("callbacks", "initializers", "layers", "losses", "metrics", "models", "onnx", "optimizers", "regularizers", "utils"))]
    for module, names in parts:
        lines += [f"from .{module} import {name} as {name}" for name in dict.fromkeys(names)]
    return HEAD + "\n".join(lines) + "\n\nSequential = Network\nModel = Network\nERRORS: list[str]\n__version__: str\n"


FILES = {"layers.pyi": layer_stubs, "optimizers.pyi": optimizer_stubs, "__init__.pyi": package_stubs}

if __name__ == "__main__":
    for file, make in FILES.items():
        (Path(sys.argv[1]) / file).write_text(make(), encoding="utf-8")
