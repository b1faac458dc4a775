# SPDX-License-Identifier: MIT
"""Layers, by Keras's names and arguments; the defaults are soma's.

A layer is made into a line of soma's text for networks (docs/networks.md), which the library reads: so there is one place that
knows what a layer is. The classes here are made from TABLE.
"""
import inspect

from . import regularizers
from .compatible import accept
from .nodes import (Add, Average, Concatenate, Divide, Input, Layer, Mask, Maximum, Merge, Minimum, Multiply, Node, Residual, Subtract, Text, add, as_layer,
                    average, concatenate, maximum, minimum, multiply, subtract)
from .schedules import flag
from .wrappers import Normalization, RepeatVector, Rescaling, TimeDistributed

# ------------------------------------------------------------------------------------------------------ arguments as words


def _number(value):
    return repr(float(value)) if isinstance(value, float) else str(value)


def _sizes(value, rank=None):
    """3 or (3, 5) as "3x5"; one number stands for `rank` of them."""
    if isinstance(value, str):
        return value
    if not hasattr(value, "__iter__"):
        value = [value] * (rank or 1)
    return "x".join(str(int(size)) for size in value)


def _sides(value, rank=None):
    """1, (1, 2) or ((1, 2), (3, 4)) as "1", "1x2", "1,2,3,4"; of one position (1, 2) is before and behind, "1,2"."""
    if rank == 1 and hasattr(value, "__iter__") and not isinstance(value, str) and len(value) == 2 and not any(hasattr(side, "__iter__") for side in value):
        value = [value]
    if hasattr(value, "__iter__") and any(hasattr(side, "__iter__") for side in value):
        return ",".join(str(int(number)) for side in value for number in side)
    return _sizes(value)


def _padding(value):
    return value if isinstance(value, str) else _sides(value)


def _function(value):
    """A function's words: of its name, or of a layer that is one."""
    return (value.text(()) if isinstance(value, Layer) else str(value)).replace(" ", "")


# What is said only if it is given, as words behind the layer's: of each argument, the words of its value.
OPTIONS = {
    "strides": lambda value, rank: ["stride", _sizes(value)],
    "dilation_rate": lambda value, rank: ["dilation", _sizes(value)],
    "groups": lambda value, rank: ["groups", str(value)],
    "padding": lambda value, rank: ["pad", _padding(value)],
    "output_padding": lambda value, rank: ["output_padding", _sizes(value)],
    "depth_multiplier": lambda value, rank: ["multiplier", str(value)],
    "ceil_mode": lambda value, rank: ["ceil"] if value else [],
    "count_include_pad": lambda value, rank: ["countpad"] if value else [],
    "activation": lambda value, rank: [_function(value)],
    "use_bias": lambda value, rank: [] if value else ["nobias"],
    "kernel_initializer": lambda value, rank: [str(value).replace(" ", "")],
    "embeddings_initializer": lambda value, rank: [str(value).replace(" ", "")],
    "kind": lambda value, rank: [str(value).replace(" ", "")],
    "padding_idx": lambda value, rank: ["padding", str(int(value))],
    "interpolation": lambda value, rank: [str(value)],
    "center": lambda value, rank: [] if value else ["nooffset"],
    "scale": lambda value, rank: [] if value else ["noscale"],
    "return_sequences": lambda value, rank: [] if value else ["last"],
    "bidirectional": lambda value, rank: ["bidirectional"] if value else [],
    "go_backwards": lambda value, rank: ["reverse"] if value else [],
    "truncate": lambda value, rank: ["truncate", str(int(value))],
    "reset_after": lambda value, rank: [] if value else ["reset before"],
    "num_kv_heads": lambda value, rank: ["kvheads", str(int(value))],
    "key_dim": lambda value, rank: ["width", str(int(value))],
    "intermediate_dim": lambda value, rank: ["hidden", str(int(value))],
    "dropout": lambda value, rank: ["dropout", _number(value)],
    "causal": lambda value, rank: ["causal"] if value else [],
    "rotary": lambda value, rank: ["rotary"] if value else [],
    "postnorm": lambda value, rank: ["postnorm"] if value else [],
    "rmsnorm": lambda value, rank: ["rmsnorm"] if value else [],
    "swiglu": lambda value, rank: ["swiglu"] if value else [],
    "population_variance": lambda value, rank: ["population"] if value else [],
}
# What comes first, always.
LEADING = {
    "units": lambda value, rank: [str(value)],
    "num_heads": lambda value, rank: ["heads", str(int(value))],
    "input_dim": lambda value, rank: [str(value)],
    "output_dim": lambda value, rank: [str(value)],
    "filters": lambda value, rank: [str(value)],
    "kernel_size": lambda value, rank: [_sizes(value, rank)],
    "pool_size": lambda value, rank: [_sizes(value, rank)],
    "output_size": lambda value, rank: [_sizes(value, rank)],
    "size": lambda value, rank: [_sizes(value)],
    "sides": lambda value, rank: [_sides(value, rank)],
    "rate": lambda value, rank: [_number(value)],
    "groups": lambda value, rank: [str(value)],
    "target_shape": lambda value, rank: [str(int(size)) for size in value],
    "function": lambda value, rank: [_function(value)],
}

_WINDOW = "strides=None, padding=None, *, dilation_rate=None, groups=None"
_WEIGHTS = "activation=None, use_bias=True, kernel_initializer=None"
_CELL = "use_bias=True, kernel_initializer=None"
_POOL = "pool_size=2, strides=None, padding=None, *, dilation_rate=None, ceil_mode=False"
_CHANNELS = "center=True, scale=True"

# By position are arguments that Keras has at the same place; the others, name and input_shape among them, are said by name.
# The class; its word in the library's text; the words' own arguments, which lead; those that may follow; those in parentheses behind the
# word; other names of Keras and PyTorch; what it does.
TABLE = [
    ("Dense", "dense", "units", _WEIGHTS, "", "Linear",
     "y = f(x W + b): x of [inputs], or of more dimensions, which are flattened; y of [units]."),
    ("Dropout", "dropout", "rate", "", "", "", "In training sets each element to 0 with probability `rate`, and scales the others."),
    ("SpatialDropout", "spatialdropout", "rate", "", "", "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
     "As Dropout, but a channel of a sample is dropped everywhere or nowhere."),
    ("Flatten", "flatten", "", "", "", "", "All dimensions of a sample become one."),
    ("Reshape", "reshape", "target_shape", "", "", "", "The same elements in another shape per sample."),
    ("Embedding", "embedding", "input_dim, output_dim", "*, padding_idx=None, embeddings_initializer=None", "", "",
     "For each whole number from 0 to input_dim - 1 a row of a table that is learnt: [..., output_dim]."),
    ("SimpleRNN", "rnn", "units", f"*, return_sequences=False, bidirectional=False, go_backwards=False, {_WEIGHTS}, truncate=None", "", "RNN",
     "h' = tanh(x W + h U + b), or relu, over the steps of [steps, features]: [units] after the last, or with return_sequences=True "
     "[steps, units]; bidirectional=True goes both ways. truncate=N: in training gradients go back through N steps at a time, "
     "counted from the last where its state alone is returned, which no mask can go with."),
    ("LSTM", "lstm", "units", f"*, return_sequences=False, bidirectional=False, go_backwards=False, {_CELL}, truncate=None", "", "",
     "Long short-term memory, as SimpleRNN; the forget gate's bias begins as 1."),
    ("GRU", "gru", "units", f"*, return_sequences=False, bidirectional=False, go_backwards=False, reset_after=True, {_CELL}, truncate=None", "", "",
     "Gated recurrent unit, as SimpleRNN."),
    ("MultiHeadAttention", "attention", "num_heads", f"*, num_kv_heads=None, key_dim=None, causal=False, rotary=False, {_CELL}", "", "MultiheadAttention",
     "Each step of [steps, features] takes what it is like of all steps, in so many heads; causal=True: of itself and those before it. "
     "num_kv_heads heads of keys and values are shared; key_dim is the width of a head, features / num_heads by default."),
    ("Transformer", "transformer", "num_heads",
     "*, intermediate_dim=None, num_kv_heads=None, causal=False, rotary=False, postnorm=False, rmsnorm=False, swiglu=False, activation=None, use_bias=True, "
     "dropout=None", "", "TransformerEncoderLayer",
     "A transformer block: attention, then two dense layers, the first of intermediate_dim units (4 features) with GELU, each behind a LayerNorm and added "
     "to what it began with; postnorm=True normalises behind that."),
    ("Positions", "positions", "", "kind=None", "", "PositionEmbedding",
     "At which step something stands, added to [steps, features]: a row for each step that is learnt, or with kind='sinusoidal' sines and cosines."),
    ("PReLU", "prelu", "", "", "slope", "", "x for x > 0, else x times a slope that is learnt; it begins at `slope`, 0.25."),
    ("Activation", "", "function", "", "", "", "A function alone: 'relu', 'leaky_relu(1,0.1)', 'softmax', ..."),
    ("Conv", "conv", "filters, kernel_size", f"{_WINDOW}, {_WEIGHTS}", "", "Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D",
     "Convolution over [positions..., channels]: W of [kernel..., channels / groups, filters]."),
    ("DepthwiseConv", "depthwise", "kernel_size", f"{_WINDOW.replace(', groups=None', '')}, depth_multiplier=None, {_WEIGHTS}", "",
     "DepthwiseConv1D DepthwiseConv2D", "Convolution of each channel by itself."),
    ("SeparableConv", "separable", "filters, kernel_size", f"{_WINDOW.replace(', groups=None', '')}, depth_multiplier=None, {_WEIGHTS}", "",
     "SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D", "DepthwiseConv without bias and function, then a convolution of one position."),
    ("ConvTranspose", "convtranspose", "filters, kernel_size", f"{_WINDOW}, output_padding=None, {_WEIGHTS}", "",
     "Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1DTranspose Convolution2DTranspose Convolution3DTranspose", "Transposed convolution, which undoes the strides of one."),
    ("MaxPool", "maxpool", "", _POOL, "", "MaxPooling1D MaxPooling2D MaxPooling3D MaxPool1D MaxPool2D MaxPool3D",
     "The largest of each window of each channel."),
    ("AveragePool", "avgpool", "", f"{_POOL}, count_include_pad=False", "",
     "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool AvgPool1D AvgPool2D AvgPool3D", "The mean of each window of each channel."),
    ("AdaptiveAveragePool", "adaptiveavgpool", "output_size", "", "", "AdaptiveAvgPool2d",
     "The mean of as many windows as asked for."),
    ("GlobalAveragePool", "globalavgpool", "", "", "", "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D",
     "The mean of each channel over all positions: [channels]."),
    ("GlobalMaxPool", "globalmaxpool", "", "", "", "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D",
     "The largest of each channel over all positions: [channels]."),
    ("UpSampling", "upsample", "", "size=2, *, interpolation=None", "", "UpSampling1D UpSampling2D UpSampling3D Upsample",
     "Each position several times, or with interpolation='bilinear' what lies between."),
    ("ZeroPadding", "zeropad", "", "sides=1", "", "ZeroPadding1D ZeroPadding2D ZeroPadding3D", "Zeros around the positions."),
    ("ReflectPad", "reflectpad", "", "sides=1", "", "", "Around the positions those inside, mirrored."),
    ("EdgePad", "edgepad", "", "sides=1", "", "", "Around the positions the outermost one again."),
    ("Cropping", "crop", "", "sides=1", "", "Cropping1D Cropping2D Cropping3D", "Positions at the edges left out."),
    ("BatchNorm", "batchnorm", "", f"{_CHANNELS}, population_variance=False", "momentum, epsilon", "BatchNormalization",
     "Each channel over the batch and all positions. The old running figure keeps the share `momentum`, 0.9 (Keras: 0.99); epsilon is "
     "1e-5 (Keras: 1e-3)."),
    ("LayerNorm", "layernorm", "", _CHANNELS, "epsilon", "LayerNormalization", "Each position over its channels; epsilon 1e-5."),
    ("GroupNorm", "groupnorm", "groups", _CHANNELS, "epsilon", "GroupNormalization", "Each of `groups` parts of the channels of a sample."),
    ("InstanceNorm", "instancenorm", "", _CHANNELS, "epsilon", "", "Each channel of each sample over all positions."),
    ("RMSNorm", "rmsnorm", "", "scale=True", "epsilon", "RMSNormalization", "As LayerNorm, but no mean is taken off."),
]


# What all of them take: what it is called, and of the first one of a list the shape per sample that it sees, in place of an Input.
COMMON = ("name", "input_shape")


def _text(self, shape):
    """The words of a layer of TABLE."""
    values, rank = self.arguments, max(len(shape) - 1, 1)
    inside = [values[name] for name in self.inside]
    while inside and inside[-1] is None:
        inside.pop()
    defaults = {"momentum": 0.9, "epsilon": 1e-5}
    inside = [_number(defaults[name] if value is None else value) for name, value in zip(self.inside, inside)]
    words = [self.word + (f"({','.join(inside)})" if inside else "")]
    for name in self.signature.parameters:
        if name in self.inside or name in COMMON:
            continue
        leads = name in self.leading or name in ("pool_size", "size", "sides")
        if values[name] is not None:
            words += (LEADING if leads else OPTIONS)[name](values[name], rank)
    words += regularizers.words(self.regularizers)
    return " ".join(word for word in words if word)


def _make_init(signature):
    def __init__(self, *arguments, **keywords):
        trainable = flag(f"{type(self).__name__}: trainable", keywords.pop("trainable", True))
        if "input_dim" in keywords and "input_dim" not in signature.parameters:
            keywords.setdefault("input_shape", (keywords.pop("input_dim"),))
        keywords = accept(type(self).__name__, keywords, signature.parameters)
        keywords, self.regularizers = regularizers.split(type(self).__name__, keywords)
        try:
            bound = signature.bind(*arguments, **keywords)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}: {error}; accepted: {type(self).__name__}{signature}") from None
        bound.apply_defaults()
        self.arguments = dict(bound.arguments)
        for name, parameter in signature.parameters.items():
            if isinstance(parameter.default, bool):
                flag(f"{type(self).__name__}: {name}", self.arguments[name])
        for name in COMMON:
            setattr(self, name, self.arguments.pop(name))
        self.trainable = trainable

    __init__.__signature__ = signature
    return __init__


def _layer(name, word, leading, options, inside, what):
    lists = [part.split(", ") if part else [] for part in (leading, options, inside)]
    parameters = lists[0] + (["*"] if inside else []) + [f"{part}=None" for part in lists[2]] + lists[1]
    parameters += ([] if "*" in parameters else ["*"]) + [f"{name}=None" for name in COMMON]
    function = {}
    exec(f"def f({', '.join(parameters)}): pass", function)  # the signature as it is written in TABLE
    signature = inspect.signature(function["f"])
    members = {"__doc__": what, "__module__": __name__, "__init__": _make_init(signature), "__signature__": signature, "text": _text,
               "word": word, "signature": signature, "leading": lists[0], "inside": lists[2]}
    return type(name, (Layer,), members)


ALIASES = {}
for _name, _word, _leading, _options, _inside, _others, _what in TABLE:
    globals()[_name] = _layer(_name, _word, _leading, _options, _inside, _what)
    ALIASES.update({other: _name for other in _others.split()})
globals().update({other: globals()[name] for other, name in ALIASES.items()})



def _relu(values):
    most, slope = values["max_value"], values["negative_slope"]
    if most not in (None, 6):
        raise ValueError(f"ReLU: max_value is {most}; accepted: 6, or None")
    if most and slope:
        raise ValueError("ReLU: max_value and negative_slope; accepted: one of them")
    return f"relu{int(most)}" if most else f"leaky_relu(1,{_number(slope)})" if slope else "relu"


def _softmax(values):
    if values["axis"] != -1:
        raise ValueError(f"Softmax: axis is {values['axis']}; accepted: -1, the last")
    return "softmax"


def _with(word, argument, lead=""):
    return lambda values: word if values[argument] is None else f"{word}({lead}{_number(values[argument])})"


def _alone(word):
    return lambda values: word


# Functions as layers by the names that Keras and PyTorch have for them: their arguments, the words that the library has for them, what they do.
FUNCTIONS = {
    "ReLU": ("max_value=None, negative_slope=0.0", _relu, "max(0, x); with max_value=6 that is the most, or with negative_slope x < 0 is multiplied by it."),
    "LeakyReLU": ("negative_slope=None", _with("leaky_relu", "negative_slope", "1,"), "x for x > 0, else negative_slope x, 0.01 (Keras: 0.3)."),
    "ELU": ("alpha=None", _with("elu", "alpha"), "x for x > 0, else alpha (exp(x) - 1); alpha is 1."),
    "Softmax": ("axis=-1", _softmax, "exp(x) over its sum, along the last dimension."),
} | {name: ("", _alone(word), f"The function {word} alone: Activation('{word}').") for name, word in {
    "Identity": "identity", "SELU": "selu", "Sigmoid": "sigmoid", "Tanh": "tanh", "GELU": "gelu", "SiLU": "silu", "Softplus": "softplus"}.items()}


def _function_layer(name, arguments, words, what):
    made = _layer(name, "", "", arguments, "", what)
    made.text = lambda self, shape: words(self.arguments)
    return made


for _name, (_arguments, _words, _what) in FUNCTIONS.items():
    globals()[_name] = _function_layer(_name, _arguments, _words, _what)


class Bidirectional(Layer):
    """A recurrent layer both ways: LSTM(32, bidirectional=True) is Bidirectional(LSTM(32)), of 2 x 32 units, those of the way forward first. The last step's is of each way the
    last that it comes to. Keras's other ways to merge them are refused."""

    def __init__(self, layer, merge_mode="concat", name=None, input_shape=None):
        if "bidirectional" not in getattr(layer, "arguments", {}):
            raise TypeError(f"Bidirectional: {layer!r} goes no way; accepted: SimpleRNN, LSTM and GRU")
        if merge_mode != "concat":
            raise ValueError(f"Bidirectional: merge_mode is {merge_mode!r}; accepted: 'concat'")
        if layer.arguments["go_backwards"]:
            raise ValueError("Bidirectional: the layer goes backwards; accepted: one that goes forward")
        self.name, self.input_shape = name or layer.name, input_shape or layer.input_shape
        self.arguments = {"layer": layer, "merge_mode": merge_mode}
        self.both = type(layer)(**layer.arguments | {"bidirectional": True})
        self.both.regularizers = layer.regularizers

    def text(self, shape):
        return self.both.text(shape)


NAMES = [row[0] for row in TABLE] + list(ALIASES) + list(FUNCTIONS) + [
    "Input", "Text", "Residual", "Bidirectional", "TimeDistributed", "RepeatVector", "Rescaling", "Normalization", "Concatenate", "Mask", "Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum", "Average"]
