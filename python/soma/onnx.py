# SPDX-License-Identifier: MIT
"""ONNX models: soma.onnx.load("model.onnx"); docs/onnx.md lists the ops."""
import typing

from . import _soma, data, session
from .device import open_device
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


class ModelMeta(typing.NamedTuple):
    """What Session.get_modelmeta() gives."""

    custom_metadata_map: dict[str, str]


class Session(session.Session):
    """A session, as soma.Session, of a model whose results' shapes depend on numbers (detectors, which keep any number of boxes), or whose
    inputs have other shapes from run to run: Session("detector.onnx", device="cpu").run(None, {"images": images}).

    What goes before that is a network on the device, the rest runs on the host, node by node, and on the device what the host does not have:
    docs/onnx.md says which ops. Shapes that the file leaves open are those of the arrays; the networks of the last four are kept. Whole numbers
    from 2**53 on either way, which float64 does not tell apart, are refused where the host computes with them. outputs: names of those that are
    wanted (None: all).
    """

    def __init__(self, path, device=None, outputs=None):
        self._session = _soma.OnnxSession(path, open_device("auto" if device is None else device), list(outputs or []))
        self._inputs, self._outputs = self._session.values(False), self._session.values(True)

    def get_inputs(self):
        return [self._open(node) for node in super().get_inputs()]

    def get_outputs(self):
        return [self._open(node) for node in super().get_outputs()]

    def get_modelmeta(self):
        """What the model has beside its graph, as onnxruntime's: get_modelmeta().custom_metadata_map is a dict of texts (metadata_props)."""
        return ModelMeta(dict(self._session.texts()))

    @staticmethod
    def _open(node):
        return node._replace(shape=[None if size == "batch" else size for size in node.shape])

    def run(self, output_names, input_feed):
        """As soma.Session.run(), with arrays of the host alone.

        Words go in as NumPy's arrays of them (dtype "U" or object), columns of a table (table[["city"]] for an input of [?, 1]), or lists, and come out
        as arrays of objects (lists, without NumPy).
        One that the model does not name is encoded as such: OneHotEncoder gives zeros, LabelEncoder its default.
        """
        for name, values in input_feed.items():
            if isinstance(values, _soma.DeviceArray):
                raise TypeError(f"input {name}: this session takes arrays of the host, got soma.DeviceArray")
        return [data.words(values) if isinstance(values, tuple) else values for values in super().run(output_names, input_feed)]

    @staticmethod
    def _array(values, name, dtype, shape):
        if dtype != "str":
            return session.Session._array(values, name, dtype, shape)
        try:
            return data.encodable(values)
        except (TypeError, ValueError) as error:
            raise type(error)(f"input {name}: {error}") from None


session.Session._of_any_shape = Session


def save(network, path, *, opset=None):
    """Saves a Network as an ONNX model, whole or not at all. opset: none later than this is used, from 7 on, for readers that know no later one; attention,
    GELU and normalisations are then written as what they are made of. None: whichever has an op of its own for each layer, as Network.save()."""
    network._require_built()
    network._compile_now()
    network._net.save_onnx(path, opset or 0)
