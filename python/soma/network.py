# SPDX-License-Identifier: MIT
"""Networks: layers, training, predicting, files."""
import importlib.util
import os
import tempfile

from . import _soma, batches, data, distributed, exchange, graph, losses, optimizers, training
from .callbacks import around, check_monitors
from .contents import Contents
from .device import open_device
from .metrics import Measured
from .nodes import Input, Mask, as_layer
from .stream import Stream
from .stream import generate as continue_text
from .wrappers import refuse_bytes


class Network(Contents):
    """A neural network.

    layers: a list of layers, or text as "dense 128 relu; dense 10 softmax"; or, for networks that branch, inputs and outputs, each one or a list, of
    what layers gave when they were called: Network(inputs, outputs). The shape of the input is taken from the first data, unless the list begins with an Input,
    or its first layer has an input_shape.
    device: "cpu", "gpu", "opencl:N", "opencl:0,opencl:1" or "gpu*" (several, among which fit() divides each batch), "auto" (None: what SOMA_DEVICE names, else a GPU, else the processor), or a soma.Device.
    seed: of initial weights, shuffling and dropout; the same seed, data and device give the same bits. name: what it is called, which nothing depends on.
    """

    _shaped = False  # whether the input is of an input_shape
    _scaled = None  # the kind of layer that scales its input itself

    def __init__(self, layers=None, outputs=None, *, inputs=None, device=None, seed=0, name=None):
        self.device, self.seed, self.name = device, seed, name
        self.stop_training, self._awaits_validation = False, False
        self._measured = Measured(None)
        self._net, self._options, self._compiled, self._columns, self._straight = None, {}, False, None, None
        self._inputs, self._outputs, self._layers, self._called = None, None, [], {}
        if outputs is None and inputs is not None:
            raise ValueError("inputs go with outputs, of what layers gave when they were called")
        if outputs is not None:
            if (layers is None) == (inputs is None):
                raise ValueError("a network is made of inputs and outputs: Network(inputs, outputs); or of a list of layers")
            inputs = layers if inputs is None else inputs
            self._inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
            self._outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
            self._build_graph()
            return
        for layer in [layers] if isinstance(layers, str) else layers or []:
            self.add(layer)

    def add(self, layer):
        """Appends a layer."""
        if self._net:
            raise _soma.InvalidStateError("the network is built already; add layers before its first data")
        if isinstance(layer, Input):
            if self._inputs or self._layers:
                raise ValueError("an Input is the first of the layers")
            self._inputs = [layer]
            return
        layer = as_layer(layer)
        if layer.input_shape is not None and not self._inputs and not self._layers:
            self._inputs, self._shaped = [Input(layer.input_shape)], True
        self._layers.append(layer)

    def pop(self):
        """Takes the last layer away again, and gives it."""
        if self._net:
            raise _soma.InvalidStateError("the network is built already; take layers away before its first data")
        if not self._layers:
            raise ValueError("the network has no layers")
        if self._shaped and len(self._layers) == 1:
            self._inputs, self._shaped = None, False
        return self._layers.pop()

    # ------------------------------------------------------------------------------------------------------- building

    def _build_graph(self):
        self._net, self._called = graph.build(self._inputs, self._outputs, self.seed)
        self._scaled = graph.scaling(self._outputs)
        if not self._trainable:
            self.trainable = False

    def build(self, input_shape, masked=False):
        """Builds the network for inputs of this shape per sample (without the batch); the first data do it otherwise. masked: its samples are
        sequences of different lengths, and a second input, "mask", says which steps there are."""
        if self._net:
            return
        if not self._layers:
            raise _soma.InvalidStateError("the network has no layers")
        first = self._inputs[0] if self._inputs else Input(input_shape)
        mask = [Input(first.shape[:1], "mask")] if masked else []
        node = Mask()([first, *mask]) if masked else first
        for layer in self._layers:
            node = layer(node)
        self._inputs, self._outputs = [first, *mask], [node]
        self._build_graph()

    def _ready(self, x, masked=False):
        """The arrays of x, with the network built for them and compiled. Columns of a table are found by their names. masked: the last
        input, the mask, is made of lengths."""
        names = data.column_names(x)
        if names is not None:
            self._columns = self._columns or self._learnt_columns() or names
            x = data.select(x, self._columns)
        if not self._net:
            arrays = data.inputs(x)
            self.build(arrays[0].shape[1:], masked)
        else:
            names = [name for name, _ in self._net.ends(False)]
            if masked and names[1:] != ["mask"]:
                raise ValueError(f"lengths go with a network of one input and its mask; this one has the inputs {', '.join(names)}: build it with masked=True")
            arrays = data.inputs(x, names[:1] if masked else names)
        refuse_bytes(self._scaled, [values.dtype for values in arrays])
        self._compile_now()
        return arrays

    def _learnt_columns(self):
        """The features of the table that the program trained the network on; None of no table."""
        columns = self._net.columns() if self._net else []
        names = [name for name, role in columns if role == 0]
        return names if names and all(names) else None

    def _compile_now(self):
        if self._compiled:
            return
        options = self._options
        rule, schedule = optimizers.of(options.get("optimizer", "adam"))

        def compiled(weights):
            self._net.compile(open_device(self.device), options.get("loss"), options.get("metrics"), rule, schedule,
                              None if weights is None else data.array(weights), options.get("of_losses"), options.get("loss_weights"), options.get("quantiles"))

        training.with_class_weights(compiled, options.get("class_weight"), self._net)
        self._compiled = True
        ins, outs = self._net.ends(False), self._net.ends(True)
        # Networks made here prepare no data, as those of files may: what has the right shape can go straight through.
        self._straight = ins[0][1] if self._outputs and len(ins) == len(outs) == 1 else None

    def compile(self, optimizer="adam", loss=None, metrics=None, *, loss_weights=None, class_weight=None, weighted_metrics=None, top_k=0, huber_delta=0.0, device=None,
                run_eagerly=False, steps_per_execution=1, jit_compile="auto", auto_scale_loss=True):
        """Says how to train.

        optimizer: a name, or an Optimizer with arguments. loss: a name, a Loss of soma.losses, or one for each output; None: by the last layer (softmax:
        categorical_crossentropy, sigmoid: binary_crossentropy, else mean_squared_error). metrics: names, at most four, and objects of soma.metrics, or functions of
        targets and predictions; None: what fits the loss. weighted_metrics: objects that count samples by sample_weight. loss_weights: of several outputs, what each loss counts, above 0; None: 1. class_weight: for training alone, one for each class, a list or {class: weight},
        1 for those that are not in it; of labels two for each, of zeros and of ones. The names are those of docs/training.md, and Keras's.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss: Keras's; whatever they say that changes no number is taken: steps are compiled beforehand and handed to
        the device without a wait in any case. run_eagerly=True is refused; train_on_batch() is for loops of your own.
        """
        training.check_execution(run_eagerly, steps_per_execution, jit_compile)
        optimizers.of(optimizer)
        measured = Measured(metrics, weighted_metrics)
        if top_k and measured.options.get("top_k", top_k) != top_k:
            raise ValueError(f"top_k is {top_k}, and a metric has k={measured.options['top_k']}; accepted: one of them")
        names, of_losses = losses.of(loss)
        weights = None if loss_weights is None else [float(weight) for weight in loss_weights]
        if weights is not None and not all(weight > 0 for weight in weights):
            raise ValueError(f"loss_weights are {weights}; accepted: numbers above 0 (an output that is not trained on has the loss 'none')")
        outputs = len(self._net.ends(True)) if self._net else 1  # a list of layers has one
        if weights is not None and len(weights) != outputs:
            raise ValueError(f"loss_weights are {len(weights)} ({', '.join(map(str, weights))}), the network has {outputs} output{'s' * (outputs > 1)}; accepted: one for each")
        self._options = {"optimizer": optimizer, "loss": names, "loss_weights": weights,
                         "metrics": measured.names,
                         "class_weight": training.class_weights(class_weight), "quantiles": list(of_losses.pop("quantiles", ())),
                         "of_losses": {"top_k": top_k, "huber_delta": huber_delta} | measured.options | of_losses}
        self._measured = measured
        self.device = device if device is not None else self.device
        self._compiled = False
        if self._net:
            self._compile_now()

    @property
    def optimizer(self):
        """What callbacks of Keras's kind ask for: network.optimizer.learning_rate is network.learning_rate."""
        return optimizers.Running(self)

    # ------------------------------------------------------------------------------------------------------- training

    def _dataset(self, x, y, sample_weight=None, lengths=None):
        arrays = self._ready(x, lengths is not None)
        wanted = data.targets(y, self._net.ends(True), self._net.losses())
        weights = None if sample_weight is None else data.array(sample_weight)
        return _soma.Dataset(arrays, wanted, weights, None if lengths is None else data.array(lengths, "int32"))

    def _samples(self, x, lengths):
        arrays = self._ready(x, lengths is not None)
        return _soma.Dataset(arrays, (), None, None if lengths is None else data.array(lengths, "int32"))

    def fit(self, x, y=None, *, epochs=1, batch_size=32, verbose="auto", callbacks=(), validation_split=0.0, validation_data=None,
            shuffle=True, sample_weight=None, initial_epoch=0, resume=None, communicator=None, shards=0, bucket_bytes=0, wire="f32",
            sync_batchnorm=False, lengths=None, steps_per_epoch=None, validation_steps=None, class_weight=None,
            validation_freq=1, validation_batch_size=None):
        """Trains; gives a History.

        x: [samples, ...] as float32, or what becomes it; bytes (uint8) are scaled by 1/255. For several inputs a list, or a dict by name.
        y: classes ([samples], whole numbers) under a categorical cross-entropy, else [samples, ...].
        validation_split: the fraction of the samples that is held out, drawn by the network's seed (Keras takes the last ones).
        lengths: how many steps of x, [samples, steps, features], each sample has; the network gets a mask as its second input, and only
        those steps count (docs/sequences.md). With the loss "ctc" y is [samples, labels], -1 behind the last label of each.
        Without y, x may give batches one by one, (inputs, targets) or (inputs, targets, weights): a generator, an iterator, PyTorch's DataLoader,
        Keras's PyDataset. Each is one step, and gone after it: batch_size, shuffle and what goes with whole data sets are not for these.
        class_weight: as compile() takes it, from now on; where it had others, the network is compiled again, and the optimizer begins anew.
        steps_per_epoch: so many batches are an epoch; None: all that come, of what can be iterated over again in each epoch.
        validation_data: (x, y), (x, y, sample_weight) or (x, y, sample_weight, lengths); or batches, validation_steps of them. validation_batch_size: of
        validation data that are no batches; figures do not depend on it. validation_freq: after each so many epochs, or a list of epochs from 1, as initial_epoch counts them; the others
        have no validation in the history, and count for nothing where a callback goes by its figures.
        callbacks: see soma.Callback. resume: a file of ModelCheckpoint to go on from.
        communicator: of mpi4py, or a soma.Communicator, to train together with other processes or threads, with batches of batch_size in
        all; sums in buckets of bucket_bytes (0: 1 MiB), as "f32" or "bf16" on the wire; sync_batchnorm: batchnorm over all ranks. shards:
        the same bits by any number of ranks, one without a communicator too. docs/distributed.md has more.
        Other threads of Python run meanwhile. KeyboardInterrupt ends the training after the batch at hand; the weights are good then.
        """
        if class_weight is not None and training.class_weights(class_weight) != self._options.get("class_weight"):
            self._options["class_weight"], self._compiled = training.class_weights(class_weight), False
        callbacks = list(callbacks or ())
        for argument, is_given, accepted in (("validation_split", validation_split, "validation_data"), ("lengths", lengths is not None, "metrics by name"),
                                             ("communicator", communicator is not None, "metrics by name, which are those of all ranks")):
            if self._measured.own and is_given:
                raise ValueError(f"{argument} with {', '.join(metric.name for metric, _ in self._measured.own)}, which Python computes; accepted: {accepted}")
        training.check_validation(validation_freq, validation_batch_size)
        ranks = distributed.communicator_of(communicator)
        check_monitors(self, callbacks, validation_split or validation_data is not None)
        course = training.Course(self, callbacks, verbose, epochs, initial_epoch, 0 if ranks is None else ranks.rank)
        if y is None and batches.are_batches(x):
            batches.check(self, callbacks, {"validation_split": validation_split, "sample_weight": sample_weight is not None, "resume": resume is not None,
                                            "communicator": ranks is not None, "shards": shards, "lengths": lengths is not None})
            return batches.fit(self, batches.Batches(x, steps_per_epoch, "fit()", "steps_per_epoch", goes_on=True), self._validation(validation_data, validation_steps, validation_batch_size),
                               callbacks, course, validation_freq)
        if steps_per_epoch is not None or validation_steps is not None or batches.are_batches(validation_data):
            raise ValueError("steps_per_epoch, validation_steps and validation data in batches go with training data in batches")
        dataset = self._dataset(x, y, sample_weight, lengths)
        validation = None if validation_data is None else self._dataset(*validation_data)
        course.measures = {"": self._measure(x, y, sample_weight)} if self._measured.own else {}
        if self._measured.own and validation_data is not None:
            course.measures["val_"] = self._measure(*validation_data)
        options = {"epochs": epochs, "batch_size": batch_size, "no_shuffle": not shuffle, "validation_split": validation_split,
                   "resume": None if resume is None else os.fspath(resume), "shards": shards, "bucket_bytes": bucket_bytes,
                   "wire": distributed.WIRES.index(wire), "sync_batchnorm": sync_batchnorm}
        freq = validation_freq if validation_split or validation is not None else 1
        return training.fit(course, self._net, dataset, validation, options, callbacks, ranks, freq)

    def train_on_batch(self, x, y, *, sample_weight=None, lengths=None, return_dict=True):
        """One step of training on these samples, all of them one batch, for a loop of your own: the loss and metrics that they had before it, a dict by
        name, with return_dict=False a list. A schedule of the learning rate goes by steps, or is refused."""
        batches.check_schedule(self)
        dataset = self._dataset(x, y, sample_weight, lengths)
        own = self._measure(x, y, sample_weight, lengths)()
        figures = batches.step(self, dataset)[0] | own
        return figures if return_dict else list(figures.values())

    def test_on_batch(self, x, y, *, sample_weight=None, lengths=None, return_dict=True):
        """Loss and metrics over these samples, all of them one batch: evaluate()."""
        return self.evaluate(x, y, sample_weight=sample_weight, lengths=lengths, return_dict=return_dict)

    @property
    def learning_rate(self):
        """That of the last step, before any the optimizer's. What is set, in a callback, too, holds from the next step on; a schedule scales it."""
        self._require_built()
        self._compile_now()
        return self._net.get_learning_rate()

    @learning_rate.setter
    def learning_rate(self, rate):
        self._require_built()
        self._compile_now()
        self._net.set_learning_rate(rate)

    def _validation(self, given, steps, batch_size):
        """What measures after each epoch of batches; None: nothing does. A data set is made once."""
        if batches.are_batches(given):
            source = batches.Batches(given, steps, "validation_data", "validation_steps")
            return lambda: batches.evaluate(self, source)
        if steps is not None:
            raise ValueError("validation_steps goes with validation data in batches")
        if given is None:
            return None
        made = []

        def measure():
            made[:] = made or [self._dataset(*given), self._measure(*given)]  # the first batch has built the network
            return self._evaluate(made[0], batch_size or 0) | made[1]()

        return measure

    def _evaluate(self, dataset, batch_size=0):
        """The library's figures."""
        return self._measured.named(self._net.evaluate(dataset, batch_size))

    def _take(self, x, y, sample_weight=None):
        """What Python's metrics are to count, of these samples; the network is built."""
        if len(self._net.ends(True)) > 1:
            raise ValueError(f"metrics: {', '.join(metric.name for metric, _ in self._measured.own)} go with networks of one output; accepted: metrics by name")
        true = data.targets(y, self._net.ends(True), self._net.losses())[0]
        weights = None if sample_weight is None else data.result(data.array(sample_weight))
        predicted = data.result(self._net.predict(self._samples(x, None), 0, 0))
        self._measured.take(data.result(true), predicted, weights)

    def _measure(self, x, y, sample_weight=None, lengths=None):
        """What gives the figures of Python's metrics, of these samples and the weights at hand; none where there are no such metrics."""
        if not self._measured.own:
            return dict
        if lengths is not None:
            raise ValueError(f"lengths with {', '.join(metric.name for metric, _ in self._measured.own)}, which Python computes; accepted: metrics by name")

        def measure():
            self._measured.begin()
            self._take(x, y, sample_weight)
            return self._measured.results()

        return measure

    def evaluate(self, x, y=None, *, batch_size=0, sample_weight=None, return_dict=True, verbose=0, lengths=None, steps=None, callbacks=None):
        """Loss and metrics over samples: a dict by name, with return_dict=False a list, as Keras has it. Without y, x may give batches one by one,
        as those of fit(), `steps` of them (None: all): the mean of what they have, weighted by samples.
        callbacks: their on_test_begin() and on_test_end(logs)."""
        if steps is not None and (y is not None or not batches.are_batches(x)):
            raise ValueError("evaluate(): steps goes with data in batches")
        with around(self, callbacks, "test") as logs:
            if y is None and batches.are_batches(x):
                figures = batches.evaluate(self, batches.Batches(x, steps, "evaluate()", "steps"))
            else:
                dataset = self._dataset(x, y, sample_weight, lengths)
                figures = self._evaluate(dataset, batch_size or 0) | self._measure(x, y, sample_weight, lengths)()
            logs |= figures
        return figures if return_dict else list(figures.values())

    def predict(self, x, *, batch_size=0, verbose=0, lengths=None, steps=None, callbacks=None):
        """The outputs for every sample, [samples, ...]: of several outputs a list. NumPy's arrays where NumPy is there. x may give batches one by one: inputs, or tuples
        that begin with them, `steps` of them (None: all); that wants NumPy. callbacks: their on_predict_begin() and on_predict_end(logs)."""
        if lengths is None and self._compiled and self._straight is not None and getattr(x, "dtype", None) == "float32":
            shape = getattr(x, "shape", ())
            if 1 <= shape[0] <= 32 and shape[1:] == self._straight:
                if not callbacks and steps is None:
                    return data.result(self._net.run(x))
        is_batches = batches.are_batches(x)
        if steps is not None and not is_batches:
            raise ValueError(f"predict(): steps is {steps!r}; accepted with arrays: None, as all of their samples are taken (steps goes with data in batches)")
        if is_batches and importlib.util.find_spec("numpy") is None:
            raise ImportError("predict() of batches puts what comes of them together with NumPy, which is not there; accepted without it: arrays, batch_size at a time")
        with around(self, callbacks, "predict") as logs:
            if is_batches:
                if lengths is not None:
                    raise ValueError("predict(): lengths goes with arrays, not with batches that come one by one")
                import numpy

                results = [numpy.concatenate(parts) for parts in batches.predict(self, batches.Batches(x, steps, "predict()", "steps"), batch_size or 0)]
            else:
                results = self._predict(x, batch_size or 0, lengths)
            result = results[0] if len(results) == 1 else results
            logs["outputs"] = result
        return result

    def _predict(self, x, batch_size, lengths):
        """Of each output."""
        dataset = self._samples(x, lengths)
        return [data.result(self._net.predict(dataset, i, batch_size)) for i in range(len(self._net.ends(True)))]

    def predict_on_batch(self, x, *, lengths=None):
        """The same of one batch."""
        return self.predict(x, lengths=lengths)

    def predict_classes(self, x, *, batch_size=0, lengths=None):
        """The most probable class of each sample, [samples]."""
        return data.result(self._net.predict(self._samples(x, lengths), 0, batch_size, "classes"))

    def predict_sequences(self, x, *, batch_size=0, lengths=None):
        """The labels of each sample, [samples, steps]: with the loss "ctc" decoded greedily, -1 behind the last; of a network that says for each
        step how likely each class is, the likeliest of each step, -1 where a mask or the lengths say that there is none."""
        return data.result(self._net.predict(self._samples(x, lengths), 0, batch_size, "sequences"))

    def __call__(self, x):
        return self.predict(x)

    def stream(self):
        """The network as a soma.Stream, which is fed in pieces and carries its state from one to the next."""
        return Stream(self)

    def generate(self, prompt="\n", *, max_new_tokens=200, temperature=1.0, top_k=0, top_p=1.0, seed=0, stream=False, tokenizer=None):
        """What the network goes on with behind a prompt, without the prompt: of a text a text, of numbers of tokens a list of numbers.

        For networks that take [steps] tokens and say for each which comes next, as `soma train --data book.txt` makes them, or others, with a
        prompt of numbers or a soma.Tokenizer. temperature: probabilities to the power of 1/temperature; 0: always the likeliest. top_k: of the
        likeliest so many (0: all); top_p: as few as have this probability together. The same seed draws the same, as `soma generate` does.
        stream: an iterator that gives the text piece by piece, or the numbers one by one, as they are drawn:
        for piece in network.generate("It was ", stream=True): print(piece, end="", flush=True)
        """
        return continue_text(self, prompt, max_new_tokens, temperature, top_k, top_p, seed, stream, tokenizer)

    # ------------------------------------------------------------------------------------------------------- contents

    def _require_built(self):
        if not self._net and self._inputs:
            self.build(self._inputs[0].shape)
        if not self._net:
            raise _soma.InvalidStateError("the network does not know the shape of its input yet: call build(), or fit() it first")

    def summary(self, batch_size=32, print_fn=print):
        """Prints layers, shapes, parameters, and the memory for batches of this size."""
        self._require_built()
        self._compile_now()
        print_fn(self._net.summary(batch_size))

    def save(self, path):
        """Saves the network with its weights: a safetensors file, ONNX where the name ends in .onnx, or one C file for a microcontroller where it ends in .c. Whole or not at all."""
        self._require_built()
        self._compile_now()
        self._net.save(path)

    def save_weights(self, path):
        """The same, of a safetensors file, which has what load_weights() takes."""
        if not os.fspath(path).endswith(".safetensors"):
            raise ValueError(f"save_weights(): the file is {os.fspath(path)!r}; accepted: a name that ends in .safetensors")
        self.save(path)

    def load_weights(self, path, map=None, partial=False):
        """Takes weights from a safetensors file. map: "dense_1 fc1 transposed; ...", where they have other names there."""
        self._require_built()
        self._net.load_weights(path, map, partial)

    def take_weights(self, model, names=None, flattened=None):
        """Takes the weights of a torch.nn.Module or a Keras model whose layers are those of this network.

        names: {the network's layer: the model's}, as {"dense_1": "fc1"}, for those that are called otherwise there; or "order": the
        first goes with the first. Matrices and kernels are turned as each library has them, and so are the rows of a dense layer behind
        a flattened picture, which PyTorch flattens channel by channel; flattened={"dense_1": (8, 8, 16)} says what was flattened
        (positions, channels; None: nothing), where the layer before in the list is not the one that comes before in the network.
        All or nothing: ValueError says what does not fit.
        """
        self._require_built()
        exchange.take(self, model, names, flattened)

    def give_weights(self, model, names=None, flattened=None):
        """Gives the network's weights to such a module or model: the other way round, with the same arguments."""
        self._require_built()
        exchange.give(self, model, names, flattened)

    # A pickle holds the model's file, and how it was compiled; the optimizer begins anew.

    def __getstate__(self):
        state = {name: value for name, value in vars(self).items() if name not in ("_net", "_compiled", "_inputs", "_outputs", "_straight")}
        if isinstance(self.device, _soma.Device):
            state["device"] = self.device.selector
        if not self._net:
            return state | {"_inputs": self._inputs}
        self._compile_now()
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "network.safetensors")
            self._net.save(path)
            with open(path, "rb") as file:
                return state | {"file": file.read()}

    def __setstate__(self, state):
        file = state.pop("file", None)
        self._net, self._compiled, self._inputs, self._outputs, self._straight = None, False, None, None, None
        vars(self).update(state)
        if file is None:
            return
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "network.safetensors")
            with open(path, "wb") as made:
                made.write(file)
            self._net = _soma.Network.load(path)

    @classmethod
    def _of(cls, net, device):
        self = cls(device=device)
        self._net = net
        try:
            self._options = {"loss": net.losses()}
        except _soma.InvalidStateError:  # as of ONNX: the output decides
            pass
        return self


def load(path, device=None):
    """A network from a file that save() or the program `soma` wrote, or from an ONNX model (name.onnx)."""
    return Network._of(_soma.Network.load(path), device)
