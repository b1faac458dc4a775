# SPDX-License-Identifier: MIT
"""What a network that is built consists of: parameters by name, and layers."""
import math
import re
from collections.abc import MutableMapping

from . import data


class Weights(MutableMapping):
    """The parameters of a network by name: reading gives a copy, setting takes any array of the shape."""

    def __init__(self, network):
        self._network = network

    def __getitem__(self, name):
        return data.result(self._network.get_parameter(name))

    def __setitem__(self, name, values):
        self._network.set_parameter(name, data.plain(values))

    def __delitem__(self, name):
        raise TypeError("parameters cannot be deleted")

    def __iter__(self):
        return iter(self._network.parameters())

    def __len__(self):
        return len(self._network.parameters())

    def __repr__(self):
        return f"<weights {', '.join(self)}>"


def _set_all(own, weights):
    """Sets parameters, (name, values) each, all or none."""
    before = {}
    try:
        for name, values in weights:
            before[name] = own[name]
            own[name] = values
    except Exception:
        for name, values in before.items():
            own[name] = values
        raise


class BuiltLayer:
    """A layer of a network that is built, as network.layers has them: `name`, `kind` as docs/networks.md calls it, and `output_shape` per sample."""

    def __init__(self, network, own, kind, shape):
        self.network, self.own, self.kind, self.output_shape = network, own, kind, shape
        self.name = network._called.get(own, own)

    @property
    def parameters(self):
        """The names of its parameters in network.weights."""
        return [name for name in self.network.weights if name.startswith(f"{self.own}.")]

    def get_weights(self):
        """Its parameters, a list of copies in their order, as W, b of a Dense."""
        return [self.network.weights[name] for name in self.parameters]

    def set_weights(self, weights):
        """Sets them, of a list in that order, all or none."""
        names = self.parameters
        if len(weights) != len(names):
            raise ValueError(f"{self.name} has {len(names)} parameters ({', '.join(names)}), got {len(weights)} arrays")
        _set_all(self.network.weights, zip(names, weights))

    def count_params(self):
        """How many numbers they are."""
        return sum(math.prod(values.shape) for values in self.get_weights())

    @property
    def trainable(self):
        """Whether training moves any of them; set to False it moves none, as network.freeze() does it. True for a layer without."""
        frozen = set(self.network._net.frozen())
        return not self.parameters or any(name not in frozen for name in self.parameters)

    @trainable.setter
    def trainable(self, trains):
        if self.parameters:
            self.network._net.set_frozen(self.own, not trains)
            self.network._compiled = False

    def __repr__(self):
        return f"<layer {self.name}, {self.kind}: {list(self.output_shape)}>"


class Contents:
    """What a Network has of this."""

    _trainable = True

    @property
    def weights(self):
        """The parameters by name: network.weights["dense_1.weight"] reads and sets them."""
        self._require_built()
        self._compile_now()
        return Weights(self._net)

    def get_weights(self):
        """All parameters by name, a dict of copies. Keras gives a list."""
        return dict(self.weights)

    def set_weights(self, weights):
        """Sets parameters, all that are given or none: a dict by name, or a list of all of them in their order."""
        own = self.weights
        if not hasattr(weights, "items"):
            if len(weights) != len(own):
                raise ValueError(f"the network has {len(own)} parameters, got {len(weights)} arrays")
            weights = dict(zip(own, weights))
        _set_all(own, weights.items())

    @property
    def layers(self):
        """The layers, a list of BuiltLayer, without the inputs, in the order in which they were built."""
        self._require_built()
        return [BuiltLayer(self, *row) for row in self._net.layer_list() if row[1] != "input"]

    def get_layer(self, name=None, index=None):
        """That of this name, the one that it was given or, where none was given that, the library's ("dense_1"); or at this place of `layers`."""
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError("get_layer(): a name is wanted, or an index")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"get_layer(): the index is {index}; accepted: from 0 to {len(layers) - 1}")
            return layers[index]
        for of in ("name", "own"):  # a name that was given may be what the library calls another one
            for layer in layers:
                if name == getattr(layer, of):
                    return layer
        raise ValueError(f"get_layer(): there is no layer '{name}'; there are {', '.join(layer.name for layer in layers)}")

    def _meant(self, name):
        """What a name of freeze() is to the library: one that was given is a layer's alone, a pattern is held against those that were given and the library's."""
        own, parameters = {given: name for name, given in self._called.items()}, self._net.parameters()
        if "*" in name:
            like = re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL).fullmatch
            found = [parameter for parameter in parameters for layer, _, role in [parameter.rpartition(".")]
                     if layer in self._called and (like(self._called[layer]) or like(f"{self._called[layer]}.{role}"))]
            has = any(like(known) for known in [*parameters, *(parameter.rpartition(".")[0] for parameter in parameters)])
            return found + [name] if has or not found else found
        layer, dot, role = name.rpartition(".")
        if name not in own and own.get(layer, layer) != layer and name in parameters:
            raise ValueError(f"freeze(): '{name}' is a parameter of the layer that was named '{layer}', and in network.weights one of another layer; "
                             "accepted: names of layers, or get_layer(...).trainable = False")
        return [own.get(name) or own.get(layer, layer) + dot + role]

    def freeze(self, names, frozen=True):
        """Holds parameters still in training: those of layers, or single ones, of these names, in which * stands for any characters: freeze("conv_*"),
        freeze(["dense_1", "dense_2.bias"]). A frozen BatchNorm goes by its running figures. frozen=False: they are trained again. The network is compiled again
        before it is used, and the optimizer begins anew; files keep what is frozen. A name that a layer was given comes before the same one of the library; a pattern is held against both."""
        self._require_built()
        for name in [names] if isinstance(names, str) else names:
            for meant in self._meant(name):
                self._net.set_frozen(meant, bool(frozen))
            self._compiled = False

    @property
    def trainable(self):
        """Whether training moves anything of the network. Set, before it is built or afterwards, it counts for all layers: False holds all of them still."""
        if not self._net:
            return self._trainable
        names = self._net.parameters()
        return not names or len(self._net.frozen()) < len(names)

    @trainable.setter
    def trainable(self, trains):
        if self._net and self._net.parameters():
            self._net.set_frozen("*", not trains)
            self._compiled = False
        if trains:
            for layer in self._layers:
                layer._trainable = True
        self._trainable = bool(trains)

    def count_params(self):
        """How many numbers the network has learnt, or is to learn: of all parameters."""
        return sum(math.prod(values.shape) for values in self.weights.values())

    @property
    def input_shape(self):
        """Of the first input, per sample; None before the first data."""
        return self._net.ends(False)[0][1] if self._net else None

    @property
    def output_shape(self):
        """Of the first output, per sample; None before the first data."""
        return self._net.ends(True)[0][1] if self._net else None
