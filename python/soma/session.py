# SPDX-License-Identifier: MIT
"""Running models in the manner of onnxruntime.InferenceSession."""
from collections import namedtuple

from . import _soma, data
from .network import Network, load, open_device

NodeArg = namedtuple("NodeArg", "name shape type")
NodeArg.__doc__ = "An input or output: its name, its shape with 'batch' first, and 'tensor(float)'."


class Session:
    """A model that is run forward: Session("model.onnx", device="cpu").run(None, {"x": x}).

    model: a file that soma.load() reads, or a Network. Numbers are taken as the network sees them, float32 (bytes are not scaled, and a
    table's features not standardised; Network.predict() does that). A session may be used by several threads, for one after the other;
    sessions of their own run at the same time where each has a device: Session(network, soma.Device("cpu", threads=1)).
    """

    def __init__(self, model, device=None):
        own = None
        if isinstance(model, Network):
            model._require_built()
            model._compile_now()
            own = None if device is None else open_device(device)
        else:
            model = load(model, device)
            model._compile_now()
        self.network = model
        self._session = _soma.Session(model._net, own)
        self._inputs, self._outputs = model._net.ends(False), model._net.ends(True)

    def get_inputs(self):
        return [NodeArg(name, ["batch", *shape], "tensor(float)") for name, shape in self._inputs]

    def get_outputs(self):
        return [NodeArg(name, ["batch", *shape], "tensor(float)") for name, shape in self._outputs]

    def run(self, output_names, input_feed):
        """The outputs of these names (None: all) for the inputs of a dict, [samples, ...] each: a list of arrays. Where all inputs are
        soma.DeviceArray, of Device.array() of the session's device, so are the outputs: nothing goes through the host's memory."""
        names = [name for name, _ in self._outputs]
        unknown = [name for name in output_names or [] if name not in names]
        missing = [name for name, _ in self._inputs if name not in input_feed]
        extra = [name for name in input_feed if name not in [known for known, _ in self._inputs]]
        if unknown or missing or extra:
            raise ValueError(f"the model has the inputs {', '.join(name for name, _ in self._inputs)} and the outputs {', '.join(names)}; "
                             f"got {', '.join([*input_feed, *(output_names or [])])}")
        numbers = [names.index(name) for name in names if not output_names or name in output_names]
        if any(isinstance(values, _soma.DeviceArray) for values in input_feed.values()):
            arrays = tuple(input_feed[name] for name, _ in self._inputs)
            on_device = dict(zip(numbers, self._session.run_memory(arrays, numbers)))
            return [on_device[names.index(name)] for name in output_names or names]
        arrays = tuple(data.array(input_feed[name]) for name, _ in self._inputs)
        results = dict(zip(numbers, self._session.run(arrays, numbers)))
        return [data.result(results[names.index(name)]) for name in output_names or names]


InferenceSession = Session
