# SPDX-License-Identifier: MIT
"""Weights to and from modules of PyTorch and models of Keras, by name.

What a foreign layer has is described by parts, one for each of its parameters as soma knows them: `bias`, `running_mean`, ... A part reads
and writes the foreign numbers, in the order of dimensions that soma has. Neither library is imported before a model of it comes.
"""


class Part:
    """A parameter: of one foreign tensor or of several, and how it is made of them and taken apart again."""

    def __init__(self, places, made=lambda values: values, parted=lambda values: [values]):
        self.places, self.made, self.parted = places, made, parted

    def read(self):
        return self.made(*[place.read() for place in self.places])

    def write(self, values):
        for place, part in zip(self.places, self.parted(values)):
            if tuple(part.shape) != tuple(place.shape):
                raise ValueError(f"{place.name} has the shape {tuple(place.shape)}, the network's parameter for it {tuple(part.shape)}")
            place.write(part)


def _turned(values):
    """[..., in, out] and PyTorch's [out, in, ...], either into the other: its own inverse for matrices, else see _turned_back."""
    return values.transpose((*range(2, values.ndim), 1, 0))


def _turned_back(values):
    return values.transpose((values.ndim - 1, values.ndim - 2, *range(values.ndim - 2)))


def _turn(place):
    return Part([place], _turned, lambda values: [_turned_back(values)])


def _gates(numpy, values, order):
    """The parts of the last dimension in another order."""
    parts = numpy.split(values, len(order), axis=-1)
    return numpy.concatenate([parts[i] for i in order], axis=-1)


# -------------------------------------------------------------------------------------------------------------------- PyTorch


class _TorchPlace:
    def __init__(self, name, tensor):
        self.name, self.tensor, self.shape = name, tensor, tensor.shape

    def read(self):
        return self.tensor.detach().cpu().float().numpy()

    def write(self, values):
        import numpy
        import torch

        with torch.no_grad():
            self.tensor.copy_(torch.from_numpy(numpy.array(values, order="C")))


def _torch_recurrent(module, place):
    """One layer of it. The gates of a GRU come in another order; but for its, PyTorch's two biases are one here."""
    import numpy

    if module.num_layers != 1 or getattr(module, "proj_size", 0):
        raise ValueError(f"a recurrent layer of PyTorch with {module.num_layers} layers or projections is not one of soma; make one module of each")
    gru, order = type(module).__name__ == "GRU", [1, 0, 2]

    def weight(name):
        def made(values):
            return _gates(numpy, values.T, order) if gru else values.T

        return Part([place(name)], made, lambda values: [made_back(values)])

    def made_back(values):
        return (_gates(numpy, values, order) if gru else values).T

    def swapped(values):
        return _gates(numpy, values, order)

    parts = {}
    for theirs, ours in (("", ""), ("_reverse", "reverse_")) if module.bidirectional else (("", ""),):
        parts[f"{ours}weight"] = weight(f"weight_ih_l0{theirs}")
        parts[f"{ours}recurrent_weight"] = weight(f"weight_hh_l0{theirs}")
        if not module.bias:
            continue
        both = [place(f"bias_ih_l0{theirs}"), place(f"bias_hh_l0{theirs}")]
        if gru:
            for one, name in zip(both, ("bias", "recurrent_bias")):
                parts[f"{ours}{name}"] = Part([one], swapped, lambda values: [swapped(values)])
        else:
            parts[f"{ours}bias"] = Part(both, lambda a, b: a + b, lambda values: [values, 0 * values])
    return parts


def _torch_attention(name, module, place):
    """Its weights of queries, keys and values are one matrix, and those of the last product a layer of their own."""
    if module.in_proj_weight is None or module.bias_k is not None or module.add_zero_attn:
        raise ValueError(f"module '{name}' has keys or values of other widths, or some of its own: soma's attention has not")
    width = module.embed_dim

    def third(key, i, turn):
        rows, all_three = slice(i * width, (i + 1) * width), place(key)

        def replaced(values):
            whole = all_three.read().copy()
            whole[rows] = turn(values)
            return [whole]

        return Part([all_three], lambda values: turn(values[rows]), replaced)

    parts = {}
    for i, role in enumerate(("query", "key", "value")):
        parts[f"{role}_weight"] = third("in_proj_weight", i, lambda values: values.T)
        if module.in_proj_bias is not None:
            parts[f"{role}_bias"] = third("in_proj_bias", i, lambda values: values)
    for key, tensor in module.out_proj.named_parameters():
        last = _TorchPlace(f"{name}.out_proj.{key}", tensor)
        parts[f"output_{key}"] = _turn(last) if key == "weight" else Part([last])
    return parts


TURNED = ("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
PLAIN = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
         "RMSNorm", "Embedding")


def torch_layers(model):
    """{name: parts} of the modules that have parameters of their own, in their order."""
    layers, inner = {}, set()
    for name, module in model.named_modules():
        own = {key: value for key, value in module.named_parameters(recurse=False)}
        own |= {key: value for key, value in module.named_buffers(recurse=False) if key in ("running_mean", "running_var")}
        kind = type(module).__name__
        if not own or id(module) in inner:
            continue

        def place(key):
            return _TorchPlace(f"{name}.{key}" if name else key, own[key])

        if kind in TURNED:
            layers[name] = {key: _turn(place(key)) if key == "weight" else Part([place(key)]) for key in own}
        elif kind in PLAIN:
            layers[name] = {key: Part([place(key)]) for key in own}
        elif kind == "PReLU":
            layers[name] = {"slope": Part([place("weight")])}
        elif kind in ("RNN", "LSTM", "GRU"):
            layers[name] = _torch_recurrent(module, place)
        elif kind == "MultiheadAttention":
            layers[name] = _torch_attention(name, module, place)
            inner.add(id(module.out_proj))
        else:
            raise TypeError(f"module '{name}' is a {kind}, whose parameters ({', '.join(own)}) are none of a layer that soma has")
    return layers


# ---------------------------------------------------------------------------------------------------------------------- Keras


class _KerasPlace:
    def __init__(self, name, variable):
        self.name, self.variable, self.shape = name, variable, variable.shape

    def read(self):
        import keras

        return keras.ops.convert_to_numpy(self.variable)

    def write(self, values):
        self.variable.assign(values)


KERAS = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "scale": "weight", "moving_mean": "running_mean",
         "moving_variance": "running_var", "embeddings": "weight", "alpha": "slope", "depthwise_kernel": "depthwise",
         "pointwise_kernel": "pointwise", "recurrent_kernel": "recurrent_weight"}


def _keras_cell(cell, prefix, place):
    parts = {}
    for variable in cell.weights:
        name = variable.path.rsplit("/", 1)[-1]
        if name == "bias" and len(variable.shape) == 2:  # of the inputs, and of the state
            from numpy import stack

            whole = place(variable)
            parts[f"{prefix}bias"] = Part([whole], lambda values: values[0], lambda values: [stack([values, whole.read()[1]])])
            parts[f"{prefix}recurrent_bias"] = Part([whole], lambda values: values[1], lambda values: [stack([whole.read()[0], values])])
        else:
            parts[prefix + KERAS[name]] = Part([place(variable)])
    return parts


def _channels_last(values):
    """[kernel..., channels, each] as [kernel..., 1, channels each]."""
    return values.reshape((*values.shape[:-2], 1, values.shape[-2] * values.shape[-1]))


def _keras_depthwise(place):
    return Part([place], _channels_last, lambda values: [values.reshape(tuple(place.shape))])


def keras_layers(model):
    """{name: parts} of the layers that have weights of their own, in their order."""
    layers = {}
    for layer in model.layers:
        kind, name = type(layer).__name__, layer.name

        def place(variable):
            return _KerasPlace(f"{name}/{variable.path.rsplit('/', 1)[-1]}", variable)

        weights = [variable for variable in layer.weights if "seed_generator" not in variable.path]
        if not weights:
            continue
        if hasattr(layer, "layers"):
            layers |= keras_layers(layer)
        elif kind == "Bidirectional":
            layers[name] = _keras_cell(layer.forward_layer.cell, "", place) | _keras_cell(layer.backward_layer.cell, "reverse_", place)
        elif hasattr(layer, "cell"):
            layers[name] = _keras_cell(layer.cell, "", place)
        else:
            names = {variable.path.rsplit("/", 1)[-1]: variable for variable in weights}
            strange = [key for key in names if key not in KERAS]
            if strange:
                raise TypeError(f"layer '{name}' is a {kind}, whose weights ({', '.join(strange)}) are none of a layer that soma has")
            deep = kind.startswith("DepthwiseConv")
            layers[name] = {
                ("weight" if deep and key == "kernel" else KERAS[key]):
                    _keras_depthwise(place(value)) if key == "depthwise_kernel" or (deep and key == "kernel") else Part([place(value)])
                for key, value in names.items()}
    return layers


# ------------------------------------------------------------------------------------------------------------------- matching


def layers_of(model):
    """{name: {parameter: Part}}, and whether channels come first where it flattens."""
    if any(base.__module__.partition(".")[0] == "keras" for base in type(model).__mro__):  # it may be a Module as well
        return keras_layers(model), False
    if hasattr(model, "named_modules"):
        return torch_layers(model), True
    raise TypeError(f"a torch.nn.Module or a Keras model is wanted, got {type(model).__name__}")


def _group(names):
    """{layer: [parameter]} of "layer.parameter"."""
    groups = {}
    for name in names:
        layer, _, role = name.rpartition(".")
        groups.setdefault(layer, []).append(role)
    return groups


def pairs(own, theirs, names, called):
    """(layer of the network, of the model) for each that has parameters. names: None, "order", or {the network's: the model's}; called:
    {layer: the name that it was given}."""
    if names == "order":
        if len(own) != len(theirs):
            raise ValueError(f"the network has {len(own)} layers with parameters ({', '.join(own)}), the model {len(theirs)} ({', '.join(theirs)}): "
                             "they do not go by their order")
        return list(zip(own, theirs))
    # A name that a layer was given is that layer's, even where the library calls another one so.
    layers = {layer: layer for layer in own} | {called[layer]: layer for layer in own if layer in called}
    strange = [name for name in names or {} if name not in layers]
    if strange:
        raise ValueError(f"names: the network has no layers {', '.join(strange)} with parameters; it has {', '.join(own)}")
    meant = {layers[name]: other for name, other in (names or {}).items()}
    found = [(layer, meant.get(layer, called.get(layer, layer))) for layer in own]
    twice = [other for _, other in found if [theirs_name for _, theirs_name in found].count(other) > 1]
    if twice:
        raise ValueError(f"{' and '.join(layer for layer, other in found if other == twice[0])} would both go with the model's {twice[0]}. Say which is which: "
                         'names={"dense_1": "fc1", ...}, or names="order"')
    missing = [theirs_name for _, theirs_name in found if theirs_name not in theirs]
    if missing:
        raise ValueError(f"the model has no layers {', '.join(missing)}; it has {', '.join(theirs)}. Say which is which: "
                         'names={"dense_1": "fc1", ...}, or names="order"')
    used = {theirs_name for _, theirs_name in found}
    over = [name for name in theirs if name not in used]
    if over:
        raise ValueError(f"nothing of the network goes with the model's layers {', '.join(over)}")
    return found


def _flattened_before(layers, layer, rows):
    """The shape of what the matrix of a dense layer with so many rows takes, where that is positions and channels, flattened."""
    at = [name for name, _, _ in layers].index(layer)
    for name, _, shape in reversed(layers[:at]):
        count = 1
        for size in shape:
            count *= size
        if count != rows:
            return None
        if len(shape) > 1:
            return shape if count > shape[-1] else None
    return None


def _places(shape):
    """Of each row of a matrix as soma has it, by position, the row as PyTorch has it, by channel."""
    import numpy

    return numpy.moveaxis(numpy.arange(numpy.prod(shape)).reshape((shape[-1], *shape[:-1])), 0, -1).ravel()


def _matched(network, model, names, flattened):
    """(name, part, the model's order of the rows or None) for each parameter of the network."""
    theirs, channels_first = layers_of(model)
    own = _group(network.weights)
    kinds = {name: kind for name, kind, _ in network._net.layer_list()}
    for layer, other in pairs(own, theirs, names, network._called):
        parts = theirs[other]
        if set(parts) != set(own[layer]):
            raise ValueError(f"{layer} has the parameters {', '.join(own[layer])}, the model's {other} has {', '.join(parts)}")
        order = None
        if channels_first and kinds.get(layer) == "dense":
            shape = network.weights[f"{layer}.weight"].shape
            flat = (flattened or {}).get(layer, _flattened_before(network._net.layer_list(), layer, shape[0]))
            order = None if flat is None else _places(tuple(flat))
        for role in own[layer]:
            yield f"{layer}.{role}", parts[role], order if role == "weight" else None


def take(network, model, names=None, flattened=None):
    """See Network.take_weights()."""
    import numpy

    taken = {}
    for name, part, order in _matched(network, model, names, flattened):
        values = numpy.asarray(part.read(), numpy.float32)
        wanted = network.weights[name].shape
        if values.shape != wanted:
            raise ValueError(f"{name} has the shape {wanted}, what the model has for it {values.shape}")
        taken[name] = numpy.ascontiguousarray(values if order is None else values[order])
    network.set_weights(taken)


def give(network, model, names=None, flattened=None):
    """See Network.give_weights()."""
    import numpy

    given = []
    for name, part, order in _matched(network, model, names, flattened):
        values = numpy.asarray(network.weights[name])
        if order is not None:
            turned = numpy.empty_like(values)
            turned[order] = values
            values = turned
        for place, piece in zip(part.places, part.parted(values)):
            if tuple(piece.shape) != tuple(place.shape):
                raise ValueError(f"{place.name} has the shape {tuple(place.shape)}, the network's {name} would be {tuple(piece.shape)} there")
        given.append((part, values))
    for part, values in given:
        part.write(values)
