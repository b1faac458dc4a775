# SPDX-License-Identifier: MIT
"""What programs of Keras's kind bring their data into shape with."""
import array as arrays
from typing import Any

from . import _soma, data


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Whole numbers of classes, from 0 on, as rows of num_classes numbers (None: as many as the largest says), 1 at the class and else 0: float32 of x's shape,
    without its last dimension where that is 1, and the classes behind."""
    values = data.array(x, "int32")
    shape = tuple(values.shape[:-1]) if len(values.shape) > 1 and values.shape[-1] == 1 else tuple(values.shape)
    numbers = memoryview(values).cast("B").cast("i")
    if not len(numbers):
        raise ValueError("to_categorical: there are no classes")
    classes = max(numbers) + 1 if num_classes is None else num_classes
    for number in numbers:
        if not 0 <= number < classes:
            raise ValueError(f"to_categorical: there is a class {number}; accepted: from 0 to {classes - 1}")
    rows = arrays.array("f", bytes(4 * classes * len(numbers)))
    for i, number in enumerate(numbers):
        rows[i * classes + number] = 1
    return data.result(_soma.array(memoryview(rows).cast("B").cast("f", (*shape, classes)), "float32"))
