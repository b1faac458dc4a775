# SPDX-License-Identifier: MIT
"""Networks of the library out of tensors that are still to be built."""
from . import _soma, regularizers
from .nodes import Layer


def _refuse_inner(layer):
    """Layers within others are one with them."""
    for value in getattr(layer, "arguments", {}).values():
        for inner in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(inner, Layer):
                if not inner.trainable:
                    raise ValueError(f"{inner!r} has trainable=False within {layer.name or type(layer).__name__}; accepted: trainable of the whole")
                _refuse_inner(inner)


def _require_shape(layer, shape):
    """That a layer sees what its input_shape says, None where any size will do."""
    given = layer.input_shape
    if given is None:
        return
    given = tuple(given) if hasattr(given, "__iter__") else (given,)
    if len(given) != len(shape) or any(size not in (None, own) for size, own in zip(given, shape)):
        raise ValueError(f"{layer.name or repr(layer)}: input_shape is {given}, what comes to it has the shape {tuple(shape)}; accepted: that, or none")


def _named(made, learnt):
    """Which of the library's layers that one layer has made has its name, as the dense one behind the flatten that it wants: that with parameters, without any
    the last one. None where several have some: of no single one would it be true."""
    owners = [name for name, _, _ in made if any(parameter.startswith(f"{name}.") for parameter in learnt)]
    return owners[0] if len(owners) == 1 else made[-1][0] if made and not owners else None


def scaling(outputs):
    """The kind of a layer that scales an input by figures of its own; None: there is none."""
    seen, pending = set(), list(outputs)
    while pending:
        node = pending.pop()
        if id(node) in seen or node.layer is None:
            continue
        seen.add(id(node))
        if getattr(node.layer, "scales", False) and node.parents[0].layer is None:
            return type(node.layer).__name__
        pending += node.parents
    return None


def build(inputs, outputs, seed):
    """The network, and what its layers were called, by the library's names of them."""
    net, called = _soma.Network(seed=seed), {}
    layers, frozen = {}, []
    numbers = {id(node): net.input(node.shape, node.name) for node in inputs}
    pending = list(reversed(outputs))
    while pending:  # parents first, without recursion: networks may be deep
        node = pending[-1]
        missing = [parent for parent in node.parents if id(parent) not in numbers] if id(node) not in numbers else []
        if missing:
            pending += reversed(missing)
            continue
        pending.pop()
        if id(node) in numbers:
            continue
        if node.layer is None:
            raise ValueError("an output depends on an Input that is not among the inputs")
        _refuse_inner(node.layer)
        _require_shape(node.layer, net.shape(numbers[id(node.parents[0])]))
        before, learnt = len(net.layer_list()), len(net.parameters())
        number = node.layer.build(net, [numbers[id(parent)] for parent in node.parents])
        if id(node.layer) in layers and len(net.parameters()) > learnt:
            raise ValueError(f"{node.layer.name or repr(node.layer)} is there twice, and would have its own parameters each time: layers cannot share them; "
                             "accepted: a layer of its own for each place")
        if node.layer.name:
            net.mark(number, node.layer.name)
            own = _named(net.layer_list()[before:], net.parameters()[learnt:])
            if own:  # parameters are called by the layer's number
                called[own] = node.layer.name
        node.layer.settle(net, net.parameters()[learnt:])
        regularizers.settle(node.layer, net, net.parameters()[learnt:])
        if not node.layer.trainable:
            frozen += net.parameters()[learnt:]
        layers[id(node.layer)] = node.layer
        numbers[id(node)] = number
    for node in outputs:
        net.mark(numbers[id(node)], None, True)
    for name in frozen:
        net.set_frozen(name, True)
    for layer in layers.values():
        layer._is_built = True
    return net, called
