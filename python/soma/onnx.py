# SPDX-License-Identifier: MIT
"""ONNX models: soma.onnx.load("model.onnx"); docs/onnx.md lists the ops."""
from . import _soma, data
from .network import Network


def _numbers(values):
    described = data.plain(values)
    array = memoryview(described) if not hasattr(described, "tolist") else described
    flat = array.tolist()
    while flat and isinstance(flat[0], list):
        flat = [number for row in flat for number in row]
    return [float(number) for number in (flat if isinstance(flat, list) else [flat])]


def load(path, *, batch="auto", outputs=None, constants=None, inputs=None, device=None):
    """A Network from an ONNX model.

    batch: whether the first dimension of the inputs is the batch: "auto", "first", "none" (docs/onnx.md). outputs: names of those that
    the network is to have (None: all). constants: {name: values} of inputs that are no data but constants, as axes and shapes. inputs: {name: shape} of
    those whose shapes the model leaves open, in the file's order of dimensions, the batch included; a size of 0: as the file has it.
    """
    given = [(name, _numbers(values)) for name, values in (constants or {}).items()]
    shapes = [(name, [int(size) for size in shape]) for name, shape in (inputs or {}).items()]
    return Network._of(_soma.Network.load_onnx(path, batch, list(outputs or []), given, shapes), device)


def save(network, path, *, opset=None):
    """Saves a Network as an ONNX model, whole or not at all. opset: none later than this is used, from 7 on, for readers that know no later one; attention,
    GELU and normalisations are then written as what they are made of. None: whichever has an op of its own for each layer, as Network.save()."""
    network._require_built()
    network._compile_now()
    network._net.save_onnx(path, opset or 0)
