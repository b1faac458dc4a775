# SPDX-License-Identifier: MIT
"""Running models in the manner of onnxruntime.InferenceSession."""
import os
from collections import namedtuple
from typing import Optional

from . import _soma, data
from .device import open_device
from .network import Network, load

NodeArg = namedtuple("NodeArg", "name shape type")
NodeArg.__doc__ = "An input or output: its name, its shape with 'batch' where the samples are counted, and its type, as 'tensor(float)'."

ONNX_NAMES = {"float32": "float", "float64": "double", "str": "string"}


def _node(name, dtype, shape):
    return NodeArg(name, ["batch" if size < 0 else size for size in shape], f"tensor({ONNX_NAMES.get(dtype, dtype)})")


class Session:
    """A model that is run forward: Session("model.onnx", device="cpu").run(None, {"x": x}).

    model: a file that soma.load() reads, or a Network. Arrays go in and come out with the types and in the order of dimensions that an
    ONNX model declares, of other networks as float32 with the samples in front, as the network sees them (bytes are not scaled, and a table's
    features not standardised; Network.predict() does that). A session may be used by several threads, for one after the other;
    sessions of their own run at the same time where each has a device: Session(network, soma.Device("cpu", threads=1)).

    An ONNX model that is no network of fixed shapes makes a soma.onnx.Session, which is one of these: its shapes are those of the arrays.
    """

    _of_any_shape: "Optional[type[Session]]" = None  # soma.onnx.Session, which is built on this one, puts itself here

    def __new__(cls, model, device=None, **options):
        if cls is not Session or isinstance(model, Network):
            return super().__new__(cls)
        try:
            loaded = load(model, device)
        except (_soma.UnsupportedError, _soma.InvalidShapeError):
            if not os.fspath(model).endswith(".onnx"):
                raise
            return super().__new__(cls._of_any_shape)
        made = super().__new__(cls)
        made.network = loaded
        return made

    def __init__(self, model, device=None):
        own = None
        if isinstance(model, Network):
            model._require_built()
            own = None if device is None else open_device(device)
        else:
            model = self.network
        model._compile_now()
        self.network = model
        self._session = _soma.Session(model._net, own)
        self._inputs, self._outputs = self._session.values(False), self._session.values(True)

    def get_inputs(self):
        return [_node(*value) for value in self._inputs]

    def get_outputs(self):
        return [_node(*value) for value in self._outputs]

    def run(self, output_names, input_feed):
        """The outputs of these names (None: all) for the inputs of a dict, of the types that get_inputs() says: a list of arrays.

        Whole numbers go through float32: one beyond 2**24 either way is refused with its place, and so is one that comes out. Where all inputs are
        soma.DeviceArray, of Device.array() of the session's device, so are the outputs: nothing goes through the host's memory, and all is
        float32 with the samples in front.
        """
        names = [name for name, _, _ in self._outputs]
        known = [name for name, _, _ in self._inputs]
        unknown = [name for name in output_names or [] if name not in names]
        missing = [name for name in known if name not in input_feed]
        extra = [name for name in input_feed if name not in known]
        if unknown or missing or extra:
            raise ValueError(f"the model has the inputs {', '.join(known)} and the outputs {', '.join(names)}; "
                             f"got {', '.join([*input_feed, *(output_names or [])])}")
        numbers = [names.index(name) for name in names if not output_names or name in output_names]
        if any(isinstance(values, _soma.DeviceArray) for values in input_feed.values()):
            arrays = tuple(input_feed[name] for name in known)
            on_device = dict(zip(numbers, self._session.run_memory(arrays, numbers)))
            return [on_device[names.index(name)] for name in output_names or names]
        arrays = tuple(self._array(input_feed[name], name, dtype, shape) for name, dtype, shape in self._inputs)
        results = dict(zip(numbers, self._session.run(arrays, numbers)))
        return [data.result(results[names.index(name)]) for name in output_names or names]

    @staticmethod
    def _array(values, name, dtype, shape):
        made = data.typed(values, dtype)
        if made.dtype != dtype:
            wanted = _node(name, dtype, shape).type
            raise TypeError(f"input {name}: unexpected data type: got {_node(name, made.dtype, shape).type}, expected {wanted}")
        return made


InferenceSession = Session
