# SPDX-License-Identifier: MIT
"""Layers around other layers, and layers that scale what comes in: their figures are said, or found in data, and not trained."""
import copy
import math

from . import _soma, data
from .nodes import Layer, as_layer

# Of a layer within TimeDistributed: what begins with 1 for the steps, and what with nothing at their ends.
_SIZES = ("kernel_size", "strides", "dilation_rate", "pool_size", "size")
_SIDES = ("padding", "sides", "output_padding")
# Layers that do with each step what they do with a sample, by their words; all functions do, too.
_EACH = ("dropout", "layernorm", "rmsnorm", "batchnorm", "embedding")
_WINDOWS = ("conv", "depthwise", "separable", "convtranspose", "maxpool", "avgpool", "upsample", "zeropad", "reflectpad", "edgepad", "crop")


def _steps_first(name, value, rank):
    """What a layer is told of its positions, with the steps before them."""
    if value is None or value in ("same", "valid"):
        return value
    if isinstance(value, str):
        return f"1x{value}" if name in _SIZES else f"0x{value}" if "," not in value else f"0,0,{value}"
    sizes = list(value) if hasattr(value, "__iter__") else [value] * rank
    if any(hasattr(size, "__iter__") for size in sizes):
        return [(0, 0), *sizes]
    return [1 if name in _SIZES else 0, *sizes]


class TimeDistributed(Layer):
    """A layer, or each of a network's or a list's, on every step of [steps, ...] by itself, with the same parameters: TimeDistributed(Dense(8)). It goes for Dense, for what has a
    window over one or two positions (Conv, MaxPool, UpSampling, ...), for Flatten, Reshape, GlobalAveragePool and GlobalMaxPool, and for all that looks at one element or at
    channels (Dropout, functions, LayerNorm, BatchNorm, Embedding). Kernels of convolutions then begin with a dimension of 1."""

    def __init__(self, layer, name=None, input_shape=None):
        layers = layer._layers if hasattr(layer, "_layers") else layer if isinstance(layer, (list, tuple)) else [layer]
        if getattr(layer, "_net", None) or not layers:
            raise ValueError("TimeDistributed: a network that is built has its own parameters, which cannot be shared; accepted: a list of layers, or a network of layers before its first data")
        self.layers, self.name, self.input_shape = [as_layer(one) for one in layers], name, input_shape
        self.arguments = {"layer": layer}
        for one in self.layers:
            # What is made from layers.TABLE has a signature; functions alone have no word of their own.
            if not hasattr(one, "signature") or one.word not in ("dense", "flatten", "reshape", "globalavgpool", "globalmaxpool", *_EACH, *_WINDOWS, ""):
                raise TypeError(f"TimeDistributed: {one!r} does not go on each step by itself; accepted: Dense, Conv and what else has a window, Flatten, Reshape, "
                                "GlobalAveragePool, GlobalMaxPool, Dropout, functions, LayerNorm, RMSNorm, BatchNorm, Embedding")
            if not one.trainable:
                raise ValueError(f"{one!r} has trainable=False within TimeDistributed; accepted: trainable of the whole")

    def build(self, network, numbers):
        number = numbers[0]
        for layer in self.layers:
            number = network.layers(number, self._line(layer, network.shape(number)))
        return number

    @staticmethod
    def _line(layer, shape):
        """The text of a layer that is to go on each step of this shape."""
        if len(shape) < 2 and layer.word != "embedding":
            raise ValueError(f"TimeDistributed: what comes has the shape {tuple(shape)} per sample; accepted: [steps, ...]")
        steps, inner = shape[0], shape[1:]
        kind, rank = type(layer).__name__, len(shape) - 2
        if kind == "Dense":
            if len(inner) > 1:
                raise ValueError(f"TimeDistributed(Dense): each step has the shape {tuple(inner)}; accepted: one dimension, as behind TimeDistributed(Flatten())")
            return layer.text(shape) + " everystep"
        if kind == "Flatten":
            return f"reshape {steps} {math.prod(inner)}"
        if kind == "Reshape":
            return " ".join(["reshape", str(steps), *(str(int(size)) for size in _target(layer.arguments["target_shape"], inner))])
        if kind in ("GlobalAveragePool", "GlobalMaxPool"):
            window = "x".join(str(size) for size in (1, *inner[:-1]))
            return f"{'avgpool' if kind == 'GlobalAveragePool' else 'maxpool'} {window}; reshape {steps} {inner[-1]}" if rank else "identity"
        if layer.word not in _WINDOWS:
            return layer.text(shape)
        if not 1 <= rank <= 2:
            raise ValueError(f"TimeDistributed({kind}): each step has the shape {tuple(inner)}; accepted: [positions, channels] and [positions, positions, channels]")
        wide = copy.copy(layer)
        wide.arguments = {name: _steps_first(name, value, rank) if name in (*_SIZES, *_SIDES) else value for name, value in layer.arguments.items()}
        return wide.text(shape)


def _target(sizes, inner):
    """The shape of a Reshape, of which one size may be -1."""
    sizes = [int(size) for size in sizes]
    if -1 in sizes:
        rest = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = math.prod(inner) // rest if rest else 0
    return sizes


class RepeatVector(Layer):
    """The same features at each of n steps: [n, features] of [features]."""

    def __init__(self, n, name=None, input_shape=None):
        self.name, self.input_shape, self.arguments = name, input_shape, {"n": n}

    def text(self, shape):
        if len(shape) != 1:
            raise ValueError(f"RepeatVector: what comes has the shape {tuple(shape)} per sample; accepted: [features]")
        return f"reshape 1 {shape[0]}; upsample {int(self.arguments['n'])}"


# Under the root of a variance, where Keras has 1e-7 as the least deviation.
_LEAST = 1e-14


def _numbers(what, given):
    """A number, or one for each channel, as a list; of an array with dimensions of 1 around the channels, too."""
    values = given.tolist() if hasattr(given, "tolist") else list(given) if hasattr(given, "__iter__") else given
    while isinstance(values, list) and len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    values = values if isinstance(values, list) else [values]
    try:
        return [float(value) for value in values]
    except TypeError:
        raise ValueError(f"{what}: accepted: a number, or one for each channel") from None


def refuse_bytes(scaled, kinds):
    """Bytes of a network that begins with a layer that scales them once more."""
    if scaled and any(kind == "uint8" for kind in kinds):
        raise ValueError(f"bytes (uint8) are scaled by 1/255 as they come in, and the network begins with a {scaled}, which would scale them again; accepted: numbers of another "
                         f"type, as x.astype('float32'), or bytes without a {scaled}")


class _Affine(Layer):
    """y = (x - mean) / √variance · weight + bias by channel, as a batch normalisation whose figures are these and stay."""

    _trainable = False
    scales = True  # what comes in: bytes, which the library scales by 1/255, would be scaled twice

    def _figures(self):
        """mean, variance, weight and bias, each a number or one for each channel."""
        raise NotImplementedError

    @property
    def trainable(self):
        return False

    @trainable.setter
    def trainable(self, trains):
        if trains:
            raise ValueError(f"{type(self).__name__} has nothing to train; accepted: BatchNorm, whose scale and offset are learnt")

    def text(self, shape):
        channels = shape[-1]
        for name, values in self._figures().items():
            if len(values) not in (1, channels):
                raise ValueError(f"{self.name or type(self).__name__}: {name} has {len(values)} numbers, what comes has {channels} channels; accepted: one, or one for each channel")
        return f"batchnorm(0.9,{_LEAST!r})"

    def settle(self, network, parameters):
        figures = self._figures()
        for parameter in parameters:
            values = figures[parameter.rpartition(".")[2]]
            shape = data.array(network.get_parameter(parameter)).shape
            network.set_parameter(parameter, data.array(values * (shape[0] // len(values))))


class Rescaling(_Affine):
    """x · scale + offset, each a number or one for each channel: Rescaling(1 / 127.5, offset=-1). Bytes (uint8) come scaled by 1/255 already, and are refused in networks that begin with this:
    give x.astype("float32")."""

    def __init__(self, scale, offset=0.0, name=None, input_shape=None):
        self.name, self.input_shape, self.arguments = name, input_shape, {"scale": scale, "offset": offset}
        self.scale, self.offset = _numbers("Rescaling: scale", scale), _numbers("Rescaling: offset", offset)

    def _figures(self):
        return {"running_mean": [0.0], "running_var": [1.0], "weight": self.scale, "bias": self.offset}

    def text(self, shape):
        if len(self.scale) == 1 and self.offset == [0.0]:
            return f"linear({self.scale[0]!r})"
        return super().text(shape)

    def settle(self, network, parameters):
        if parameters:
            super().settle(network, parameters)


class Normalization(_Affine):
    """(x - mean) / √variance of each channel, with the figures that adapt(data) finds, or that are given; axis=None: of all channels together. invert: the other way round,
    x √variance + mean. They stay in training, and go into files. Bytes are refused as by Rescaling."""

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, name=None, input_shape=None):
        if axis not in (-1, None):
            raise ValueError(f"Normalization: axis is {axis!r}; accepted: -1, the channels, and None, all together")
        if (mean is None) != (variance is None):
            raise ValueError("Normalization: mean and variance go together; accepted: both, or neither, and adapt(data)")
        self.name, self.input_shape, self.axis, self.invert = name, input_shape, axis, invert
        self.arguments = {"axis": axis, "invert": invert}
        self.mean = self.variance = None
        if mean is not None:
            self.mean, self.variance = _numbers("Normalization: mean", mean), _numbers("Normalization: variance", variance)
            if any(not value >= 0 for value in self.variance):
                raise ValueError(f"Normalization: the variance is {self.variance}; accepted: 0 and more")

    def adapt(self, data):
        """Finds mean and variance (with the count below it) of each channel, over samples and positions. Wants NumPy; goes before the first use of the network."""
        import numpy

        if self._is_built:
            raise _soma.InvalidStateError("Normalization: a network is built of it; adapt() goes before its first data")
        values = numpy.asarray(data.to_numpy() if hasattr(data, "to_numpy") else data, numpy.float64)
        if not values.size:
            raise ValueError("Normalization: adapt() got no data")
        values = values.reshape(-1, 1) if self.axis is None or values.ndim < 2 else values.reshape(-1, values.shape[-1])
        self.mean, self.variance = values.mean(0).tolist(), values.var(0).tolist()

    def _figures(self):
        if self.mean is None:
            raise _soma.InvalidStateError("Normalization: mean and variance are not known; call adapt(data) first, or give both")
        if self.invert:
            return {"running_mean": [0.0], "running_var": [1.0], "weight": [max(math.sqrt(value), math.sqrt(_LEAST)) for value in self.variance], "bias": self.mean}
        return {"running_mean": self.mean, "running_var": self.variance, "weight": [1.0], "bias": [0.0]}
