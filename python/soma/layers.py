# SPDX-License-Identifier: MIT
"""Layers, by Keras's names and arguments; the defaults are soma's.

A layer is made into a line of soma's text for networks (docs/networks.md), which the library reads: so there is one place that
knows what a layer is. The classes here are made from TABLE.
"""
import inspect


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
    name = None

    def __call__(self, x):
        return Node(self, [x])

    def build(self, network, numbers):
        return network.layers(numbers[0], self.text(network.shape(numbers[0])))

    def text(self, shape):
        """The line of text, after a tensor of this shape per sample."""
        raise NotImplementedError

    def __repr__(self):
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{type(self).__name__}({given})"


class Input(Node):
    """An input of a network, for those that branch: `shape` per sample, without the batch."""

    def __init__(self, shape, name=None):
        super().__init__(None, [])
        self.shape = tuple(shape) if hasattr(shape, "__iter__") else (shape,)
        self.name = name


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
        axis = self.axis
        if axis < 0:
            axis += len(network.shape(numbers[0]))
        return network.join(type(self).__name__.lower(), tuple(numbers), axis)


class Concatenate(Merge):
    """Joins tensors along an axis: -1 is the last. As in Keras axis 0 is the batch, so that 1 is the first of a sample."""

    def __init__(self, axis=-1, name=None):
        super().__init__(name)
        if axis == 0:
            raise ValueError("Concatenate: axis 0 is the batch; 1 is the first of a sample, -1 the last")
        self.axis, self.arguments = axis if axis < 0 else axis - 1, {"axis": axis}


def _merge(name, what):
    return type(name, (Merge,), {"__doc__": what, "__module__": __name__})


Mask = _merge("Mask", "The first tensor, [steps, ...], of whose steps those are there at which the second, [steps], is not 0.")
Add = _merge("Add", "The sum of tensors, with shapes as NumPy broadcasts them.")
Subtract = _merge("Subtract", "The first tensor less the second.")
Multiply = _merge("Multiply", "The product of tensors, element by element.")
Divide = _merge("Divide", "The first tensor by the second, element by element.")
Maximum = _merge("Maximum", "The largest of tensors, element by element.")
Minimum = _merge("Minimum", "The smallest of tensors, element by element.")


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


def _sides(value):
    """1, (1, 2) or ((1, 2), (3, 4)) as "1", "1x2", "1,2,3,4"."""
    if hasattr(value, "__iter__") and any(hasattr(side, "__iter__") for side in value):
        return ",".join(str(int(number)) for side in value for number in side)
    return _sizes(value)


def _padding(value):
    return value if isinstance(value, str) else _sides(value)


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
    "activation": lambda value, rank: [str(value).replace(" ", "")],
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
    "sides": lambda value, rank: [_sides(value)],
    "rate": lambda value, rank: [_number(value)],
    "groups": lambda value, rank: [str(value)],
    "target_shape": lambda value, rank: [str(int(size)) for size in value],
    "function": lambda value, rank: [str(value)],
}

_WINDOW = "strides=None, padding=None, dilation_rate=None, groups=None"
_WEIGHTS = "activation=None, use_bias=True, kernel_initializer=None"
_CELL = "use_bias=True, kernel_initializer=None"
_POOL = "pool_size=2, strides=None, padding=None, dilation_rate=None, ceil_mode=False"
_CHANNELS = "center=True, scale=True"

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
    ("Embedding", "embedding", "input_dim, output_dim", "padding_idx=None, embeddings_initializer=None", "", "",
     "For each whole number from 0 to input_dim - 1 a row of a table that is learnt: [..., output_dim]."),
    ("SimpleRNN", "rnn", "units", f"return_sequences=False, bidirectional=False, go_backwards=False, {_WEIGHTS}", "", "RNN",
     "h' = tanh(x W + h U + b), or relu, over the steps of [steps, features]: [units] after the last, or with return_sequences=True "
     "[steps, units]; bidirectional=True goes both ways."),
    ("LSTM", "lstm", "units", f"return_sequences=False, bidirectional=False, go_backwards=False, {_CELL}", "", "",
     "Long short-term memory, as SimpleRNN; the forget gate's bias begins as 1."),
    ("GRU", "gru", "units", f"return_sequences=False, bidirectional=False, go_backwards=False, reset_after=True, {_CELL}", "", "",
     "Gated recurrent unit, as SimpleRNN."),
    ("MultiHeadAttention", "attention", "num_heads", f"num_kv_heads=None, key_dim=None, causal=False, rotary=False, {_CELL}", "", "MultiheadAttention",
     "Each step of [steps, features] takes what it is like of all steps, in so many heads; causal=True: of itself and those before it. "
     "num_kv_heads heads of keys and values are shared; key_dim is the width of a head, features / num_heads by default."),
    ("Transformer", "transformer", "num_heads",
     "intermediate_dim=None, num_kv_heads=None, causal=False, rotary=False, postnorm=False, rmsnorm=False, swiglu=False, activation=None, use_bias=True, "
     "dropout=None", "", "TransformerEncoderLayer",
     "A transformer block: attention, then two dense layers, the first of intermediate_dim units (4 features) with GELU, each behind a LayerNorm and added "
     "to what it began with; postnorm=True normalises behind that."),
    ("Positions", "positions", "", "kind=None", "", "PositionEmbedding",
     "At which step something stands, added to [steps, features]: a row for each step that is learnt, or with kind='sinusoidal' sines and cosines."),
    ("PReLU", "prelu", "", "", "slope", "", "x for x > 0, else x times a slope that is learnt; it begins at `slope`, 0.25."),
    ("Activation", "", "function", "", "", "", "A function alone: 'relu', 'leaky_relu(1,0.1)', 'softmax', ..."),
    ("Conv", "conv", "filters, kernel_size", f"{_WINDOW}, {_WEIGHTS}", "", "Conv1D Conv2D Conv3D Convolution2D",
     "Convolution over [positions..., channels]: W of [kernel..., channels / groups, filters]."),
    ("DepthwiseConv", "depthwise", "kernel_size", f"{_WINDOW.replace(', groups=None', '')}, depth_multiplier=None, {_WEIGHTS}", "",
     "DepthwiseConv1D DepthwiseConv2D", "Convolution of each channel by itself."),
    ("SeparableConv", "separable", "filters, kernel_size", f"{_WINDOW.replace(', groups=None', '')}, depth_multiplier=None, {_WEIGHTS}", "",
     "SeparableConv1D SeparableConv2D", "DepthwiseConv without bias and function, then a convolution of one position."),
    ("ConvTranspose", "convtranspose", "filters, kernel_size", f"{_WINDOW}, output_padding=None, {_WEIGHTS}", "",
     "Conv1DTranspose Conv2DTranspose Conv3DTranspose", "Transposed convolution, which undoes the strides of one."),
    ("MaxPool", "maxpool", "", _POOL, "", "MaxPooling1D MaxPooling2D MaxPooling3D MaxPool1D MaxPool2D MaxPool3D",
     "The largest of each window of each channel."),
    ("AveragePool", "avgpool", "", f"{_POOL}, count_include_pad=False", "",
     "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool AvgPool1D AvgPool2D AvgPool3D", "The mean of each window of each channel."),
    ("AdaptiveAveragePool", "adaptiveavgpool", "output_size", "", "", "AdaptiveAvgPool2d",
     "The mean of as many windows as asked for."),
    ("GlobalAveragePool", "globalavgpool", "", "", "", "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D",
     "The mean of each channel over all positions: [channels]."),
    ("GlobalMaxPool", "globalmaxpool", "", "", "", "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D",
     "The largest of each channel over all positions: [channels]."),
    ("UpSampling", "upsample", "", "size=2, interpolation=None", "", "UpSampling1D UpSampling2D UpSampling3D Upsample",
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
        if name in self.inside or name == "name":
            continue
        leads = name in self.leading or name in ("pool_size", "size", "sides")
        if values[name] is not None:
            words += (LEADING if leads else OPTIONS)[name](values[name], rank)
    return " ".join(word for word in words if word)


def _make_init(signature):
    def __init__(self, *arguments, **keywords):
        bound = signature.bind(*arguments, **keywords)
        bound.apply_defaults()
        self.arguments = dict(bound.arguments)
        self.name = self.arguments.pop("name")

    __init__.__signature__ = signature
    return __init__


def _layer(name, word, leading, options, inside, what):
    lists = [part.split(", ") if part else [] for part in (leading, options, inside)]
    parameters = lists[0] + [f"{part}=None" for part in lists[2]] + lists[1] + ["name=None"]
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

# Functions as layers by the names that Keras and PyTorch have for them, where they have no arguments of their own: ReLU() is Activation("relu").
FUNCTIONS = {"ReLU": "relu", "Softmax": "softmax", "Sigmoid": "sigmoid", "Tanh": "tanh", "ELU": "elu", "GELU": "gelu", "SiLU": "silu", "Softplus": "softplus"}
for _name, _word in FUNCTIONS.items():
    globals()[_name] = _layer(_name, _word, "", "", "", f"The function {_word} alone: Activation('{_word}').")


def as_layer(layer):
    """A layer, or the text of some."""
    if isinstance(layer, str):
        return Text(layer)
    if isinstance(layer, Layer):
        return layer
    raise TypeError(f"a layer is wanted, or text as 'dense 10 softmax'; got {layer!r}")


NAMES = [row[0] for row in TABLE] + list(ALIASES) + list(FUNCTIONS) + [
    "Input", "Text", "Residual", "Concatenate", "Mask", "Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum"]
