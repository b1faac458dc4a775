# SPDX-License-Identifier: MIT
"""Arguments of Keras's layers that have one meaning here: taken where they say that, refused with what is accepted where they say anything else."""

_POSITIONS = "Conv DepthwiseConv SeparableConv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool UpSampling ZeroPadding Cropping Flatten SpatialDropout"
_CONVOLUTIONS = "Conv DepthwiseConv SeparableConv ConvTranspose"
_CELLS = "SimpleRNN LSTM GRU"
_WEIGHTED = f"Dense {_CONVOLUTIONS} {_CELLS} MultiHeadAttention Embedding"
_NORMS = "BatchNorm LayerNorm GroupNorm RMSNorm"

# The argument; the layers that Keras has it for; what it may say; what to do where it is to say something else.
TABLE = [
    ("data_format", _POSITIONS, (None, "channels_last"), "channels come last: x.transpose(0, 2, 3, 1)"),
    ("dtype", None, (None, "float32"), "networks compute with float32"),
    ("bias_initializer", f"Dense {_CONVOLUTIONS} {_CELLS} MultiHeadAttention", (None, "zeros"), "biases begin as 0; network.weights sets them"),
    ("activity_regularizer", _WEIGHTED, (None,), ""),
    ("kernel_constraint", _WEIGHTED, (None,), ""),
    ("bias_constraint", _WEIGHTED, (None,), ""),
    ("recurrent_constraint", _CELLS, (None,), ""),
    ("depthwise_constraint", "DepthwiseConv SeparableConv", (None,), ""),
    ("pointwise_constraint", "SeparableConv", (None,), ""),
    ("embeddings_constraint", "Embedding", (None,), ""),
    ("mask_zero", "Embedding", (False,), "fit(lengths=) says how many steps there are"),
    ("axis", _NORMS, (None, -1), "channels come last"),
    ("gamma_initializer", _NORMS, (None, "ones"), "network.weights sets them"),
    ("beta_initializer", _NORMS, (None, "zeros"), "network.weights sets them"),
    ("moving_mean_initializer", "BatchNorm", (None, "zeros"), "network.weights sets them"),
    ("moving_variance_initializer", "BatchNorm", (None, "ones"), "network.weights sets them"),
    ("activation", "LSTM GRU", (None, "tanh"), ""),
    ("recurrent_activation", "LSTM GRU", (None, "sigmoid"), ""),
    ("unit_forget_bias", "LSTM", (True,), "network.weights sets it"),
    ("recurrent_dropout", _CELLS, (0,), "a Dropout before or behind the layer"),
    ("dropout", f"{_CELLS} MultiHeadAttention", (0,), "a Dropout before or behind the layer"),
    ("return_state", _CELLS, (False,), "network.stream() carries states"),
    ("stateful", _CELLS, (False,), "network.stream() carries states"),
    ("unroll", _CELLS, (False, True), ""),  # the same numbers either way
    ("seed", "Dropout SpatialDropout", (None,), "Network(seed=) is that of all layers"),
    ("noise_shape", "Dropout", (None,), "SpatialDropout drops whole channels"),
    ("keepdims", "GlobalAveragePool GlobalMaxPool", (False,), "a Reshape behind it"),
]

# Keras's other names of an argument.
RENAMED = {("ZeroPadding", "padding"): "sides", ("Cropping", "cropping"): "sides", ("Activation", "activation"): "function",
           ("DepthwiseConv", "depthwise_initializer"): "kernel_initializer"}


def _is(value, accepted):
    """Whether a value is one of these: True is not 1, a class or its name in other words is what it is called."""
    name = getattr(value, "lower", lambda: value)()
    return any(name == one and isinstance(name, bool) == isinstance(one, bool) for one in accepted)


def accept(layer, keywords, own):
    """The keywords of a layer without those that say what is so anyway, by the layer's own names."""
    kept = {}
    for name, value in keywords.items():
        name = RENAMED.get((layer, name), name)
        row = None if name in own else next((row for row in TABLE if row[0] == name and (row[1] is None or layer in row[1].split())), None)
        if row is None:
            kept[name] = value
        elif not _is(value, row[2]):
            instead = f"; {row[3]}" if row[3] else ""
            raise ValueError(f"{layer}: {name} is {value!r}; accepted: {' and '.join(repr(one) for one in row[2])}{instead}")
    return kept
