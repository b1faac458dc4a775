# SPDX-License-Identifier: MIT
"""Networks of the library out of tensors that are still to be built."""
from . import _soma


def build(inputs, outputs, seed):
    """The network, and what its layers were called, by the library's names of them."""
    net, called = _soma.Network(seed=seed), {}
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
        before = len(net.layer_list())
        number = node.layer.build(net, [numbers[id(parent)] for parent in node.parents])
        if node.layer.name:
            net.mark(number, node.layer.name)
            made = net.layer_list()[before:]
            if len(made) == 1:  # parameters are called by the layer's number
                called[made[0][0]] = node.layer.name
        numbers[id(node)] = number
    for node in outputs:
        net.mark(numbers[id(node)], None, True)
    return net, called
