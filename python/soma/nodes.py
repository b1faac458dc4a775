# SPDX-License-Identifier: MIT
"""What networks are put together of: tensors that are still to be built, layers in general, and those that take several tensors."""
from __future__ import annotations

from typing import Any

from . import _soma


class Node:
    """A tensor of a network that is still to be built: what a layer gives when it is called."""

    def __init__(self, layer, parents):
        self.layer, self.parents = layer, parents

    def __add__(self, other):
        return Add()([self, other])

    def __sub__(self, other):
        return Subtract()([self, other])

    def __mul__(self, other):
        return Multiply()([self, other])

    def __truediv__(self, other):
        return Divide()([self, other])


class Layer:
    """What all layers are; called with the result of another one, a layer gives its own: Dense(10)(x)."""

    word = ""
    name = input_shape = None
    regularizers: dict[str, Any] | None = None  # of a layer that has arguments for them; what is made of others asks these
    _trainable, _is_built = True, False

    @property
    def trainable(self):
        """Whether training is to move its parameters: said before a network is built of it. Afterwards it is said to the layers of the network."""
        return self._trainable

    @trainable.setter
    def trainable(self, trains):
        if self._is_built:
            raise _soma.InvalidStateError(f"{self.name or repr(self)}: a network is built of it, where trainable has no effect any more; accepted: "
                                          "trainable of the network's own layers, as network.layers[0] or network.get_layer(name)")
        self._trainable = bool(trains)

    def __call__(self, x):
        return Node(self, [x])

    def build(self, network, numbers):
        return network.layers(numbers[0], self.text(network.shape(numbers[0])))

    def text(self, shape):
        """The line of text, after a tensor of this shape per sample."""
        raise NotImplementedError

    def settle(self, network, parameters):
        """What is to be set when the parameters of these names are there."""

    def __repr__(self):
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{type(self).__name__}({given})"


class Input(Node):
    """An input of a network, for those that branch: `shape` per sample, without the batch."""

    def __init__(self, shape, name=None):
        super().__init__(None, [])
        self.shape = tuple(shape) if hasattr(shape, "__iter__") else (shape,)
        self.name = name


def as_layer(layer):
    """A layer, or the text of some."""
    if isinstance(layer, str):
        return Text(layer)
    if isinstance(layer, Layer):
        return layer
    raise TypeError(f"a layer is wanted, or text as 'dense 10 softmax'; got {layer!r}")


class Text(Layer):
    """Layers as a line of text, as of the program's --net: Text("dense 128 relu; dropout 0.2")."""

    def __init__(self, text, name=None):
        self.line, self.name, self.arguments = text, name, {"text": text}

    def text(self, shape):
        return self.line


class Residual(Layer):
    """What the layers make of the input is added to it, or to what the layers of the shortcut make of it."""

    def __init__(self, layers, shortcut=None, name=None):
        self.layers = [as_layer(layer) for layer in layers]
        self.shortcut = [as_layer(layer) for layer in shortcut or []]
        self.name, self.arguments = name, {"layers": self.layers, "shortcut": self.shortcut}

    def text(self, shape):
        parts = ["; ".join(layer.text(shape) for layer in part) for part in (self.layers, self.shortcut) if part]
        return f"residual({' | '.join(parts)})"


class Merge(Layer):
    """Of several tensors one: called with a list of them."""

    axis = 0

    def __init__(self, name=None):
        self.name, self.arguments = name, {}

    def __call__(self, xs):
        return Node(self, list(xs))

    def build(self, network, numbers):
        axis, rank = self.axis, len(network.shape(numbers[0]))
        if not -rank <= axis < max(rank, 1):
            raise ValueError(f"Concatenate: axis {self.arguments['axis']}; samples have {rank} dimensions, accepted: from 1 to {rank}, or from -{rank} to -1")
        if axis < 0:
            axis += rank
        return network.join(type(self).__name__.lower(), tuple(numbers), axis)


class Concatenate(Merge):
    """Joins tensors along an axis: -1 is the last. As in Keras axis 0 is the batch, so that 1 is the first of a sample."""

    def __init__(self, axis=-1, name=None):
        super().__init__(name)
        if axis == 0:
            raise ValueError("Concatenate: axis 0 is the batch; 1 is the first of a sample, -1 the last")
        self.axis, self.arguments = axis if axis < 0 else axis - 1, {"axis": axis}


class Average(Merge):
    """The mean of tensors, element by element."""

    def build(self, network, numbers):
        return network.layers(network.join("add", tuple(numbers)), f"linear({1 / len(numbers)!r})")


def _merge(name, what):
    return type(name, (Merge,), {"__doc__": what, "__module__": __name__})


Mask = _merge("Mask", "The first tensor, [steps, ...], of whose steps those are there at which the second, [steps], is not 0.")
Add = _merge("Add", "The sum of tensors, with shapes as NumPy broadcasts them.")
Subtract = _merge("Subtract", "The first tensor less the second.")
Multiply = _merge("Multiply", "The product of tensors, element by element.")
Divide = _merge("Divide", "The first tensor by the second, element by element.")
Maximum = _merge("Maximum", "The largest of tensors, element by element.")
Minimum = _merge("Minimum", "The smallest of tensors, element by element.")


def concatenate(inputs, axis=-1):
    """Concatenate(axis)(inputs)."""
    return Concatenate(axis)(inputs)


def _function_of(layer):
    def function(inputs):
        return layer()(inputs)

    function.__name__ = function.__qualname__ = layer.__name__.lower()
    function.__doc__ = f"{layer.__name__}()(inputs)."
    return function


add, subtract, multiply, maximum, minimum, average = (_function_of(layer) for layer in (Add, Subtract, Multiply, Maximum, Minimum, Average))
