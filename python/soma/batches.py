# SPDX-License-Identifier: MIT
"""Data that come batch by batch: of a generator, an iterator, PyTorch's DataLoader, Keras's PyDataset. One batch is in memory at a time."""
import itertools
import math
import time

from . import _soma, optimizers, training
from .callbacks import BackupAndRestore, EarlyStopping, ModelCheckpoint, TensorBoard, TerminateOnNaN, lacks, tell_best

_END = object()
OPTIONS = {"epochs": 1, "no_shuffle": True}


def are_batches(x):
    """Whether x gives batches one by one, and is no array or table itself."""
    if isinstance(x, (list, tuple, dict, str)) or any(hasattr(x, name) for name in ("__dlpack__", "__array__", "to_numpy", "columns", "tolist")):
        return False
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def _length(source):
    """How many batches it says that it has; 0: it does not say, as a DataLoader over an IterableDataset, whose len() raises."""
    try:
        return len(source)
    except TypeError:
        return 0


class Batches:
    """What gives (inputs, targets) or (inputs, targets, weights), for one epoch after the other. steps: so many batches are an epoch; None: all
    that come; `name` says what that argument is called. goes_on: an epoch of so many steps begins where the one before ended, else, where that can be, anew."""

    def __init__(self, source, steps, what, name, goes_on=False):
        if steps is not None and steps < 1:
            raise ValueError(f"{what}: {name} is {steps}; accepted: 1 and more, or None, which is all batches that come")
        self.source, self.steps, self.what, self.goes_on, self.running = source, steps, what, goes_on and steps, None
        self.count = steps or _length(source)

    def _begin(self):
        if hasattr(self.source, "__iter__"):
            return iter(self.source)
        return (self.source[i] for i in range(len(self.source)))

    def _tell(self, hook):
        """A PyDataset makes itself ready, as by another order, in what it overrides of these."""
        if hasattr(self.source, hook):
            getattr(self.source, hook)()

    def epoch(self):
        """The batches of one epoch, of which a source that has on_epoch_begin() and on_epoch_end() is told, as by Keras."""
        self._tell("on_epoch_begin")
        yield from self._batches()
        self._tell("on_epoch_end")

    def _batches(self):
        given, begun = 0, False
        if self.running is None or not self.goes_on:
            self.running, begun = self._begin(), True
        while not self.steps or given < self.steps:
            batch = next(self.running, _END)
            if batch is not _END:
                yield batch
                given, begun = given + 1, False
                continue
            if not self.steps and given:
                return
            if begun or self.running is self.source:  # it is empty, or an iterator at its end, which cannot begin anew
                wanted = f"{self.steps} for each epoch" if self.steps else "at least one for each epoch"
                raise ValueError(f"{self.what}: {given} batches came in this epoch, {wanted} are wanted; give something that can be iterated over "
                                 "again, as a class with __iter__() or a DataLoader, or a generator without an end with steps")
            self.running, begun = self._begin(), True


def parts(batch, what):
    """(inputs, targets, weights or None) of a batch."""
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        raise ValueError(f"{what}: a batch is (inputs, targets) or (inputs, targets, weights), got {type(batch).__name__}")
    return (*batch, None)[:3]


class Mean:
    """Figures of batches: their mean, weighted by samples, as the library has it over a data set."""

    def __init__(self):
        self.sums, self.samples = {}, 0

    def add(self, figures, samples):
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + samples * value
        self.samples += samples

    def figures(self):
        return {name: value / self.samples for name, value in self.sums.items()}


def evaluate(network, batches):
    """Loss and metrics over an epoch of batches: a dict."""
    mean = Mean()
    for batch in batches.epoch():
        x, y, weights = parts(batch, batches.what)
        dataset = network._dataset(x, y, weights)
        if not mean.samples:
            network._measured.begin()
        if network._measured.own:
            network._take(x, y, weights)
        mean.add(network._evaluate(dataset, len(dataset)), len(dataset))
    return mean.figures() | network._measured.results()


def step(network, dataset):
    """One step of training, all samples one batch: its figures, and the learning rate."""
    done = network._net.fit(dataset, {**OPTIONS, "batch_size": len(dataset)}, None, None, None)
    _, figures, _, _, rate = done["epochs"][0]
    return network._measured.named(figures), rate


class _Watch:
    """EarlyStopping of a loss, as the library has it for data sets."""

    def __init__(self, callback, network=None):
        self.network = network
        if callback.options["monitor"]:
            raise ValueError("EarlyStopping: with batches that come one by one it watches a loss, 'loss' or 'val_loss'")
        self.options, self.best, self.reference, self.waited, self.weights, self.epoch = callback.options, None, None, 0, None, None

    def takes(self, number, logs, net):
        """Whether it is enough. Where validation data are there, an epoch without validation counts for nothing."""
        if lacks(self.network, "val_loss", logs):
            return False
        value = logs.get("val_loss", logs["loss"])
        value = math.inf if math.isnan(value) else value  # worse than any other
        if self.best is None or value < self.best:
            self.best, self.epoch = value, number
            if self.options["restore_best"]:
                self.weights = {name: net.get_parameter(name) for name in net.parameters()}
        improved = self.reference is None or value < self.reference - self.options["min_delta"]
        self.reference, self.waited = (value, 0) if improved else (self.reference, self.waited + 1)
        return bool(self.options["early_stopping"]) and self.waited >= self.options["early_stopping"]

    def restore(self, net):
        for name, values in (self.weights or {}).items():
            net.set_parameter(name, values)
        return self.weights is not None


def check(network, callbacks, refused):
    """What goes with data sets alone, since the library does it, is refused by name."""
    given = [name for name, value in refused.items() if value]
    given += [type(callback).__name__ for callback in callbacks
              if isinstance(callback, (BackupAndRestore, TensorBoard)) or (isinstance(callback, ModelCheckpoint) and callback.writes_training)]
    if given:
        raise ValueError(f"{', '.join(given)}: goes with arrays, not with batches that come one by one")
    check_schedule(network)


def check_schedule(network):
    """A schedule by epochs is refused where there are none."""
    _, schedule = optimizers.of(network._options.get("optimizer", "adam"))
    kind = (schedule or {}).get("kind", "constant")
    if kind == "plateau" or (kind != "constant" and not schedule.get("period")):
        raise ValueError(f"the schedule '{kind}' goes by epochs of a data set; with batches that come one by one accepted: "
                         "constant, and step, exponential and cosine with a period in steps")


def _with_network(network, batches):
    """The batches of an epoch, with the network built by the first one, so that callbacks find it."""
    given = batches.epoch()
    if network._net:
        return given
    first = next(given)
    network._ready(parts(first, batches.what)[0])
    return itertools.chain([first], given)


def predict(network, batches, batch_size):
    """What the network says of the inputs of all batches: a list of lists of arrays, for each output those of the batches."""
    results = []
    for batch in batches.epoch():
        results.append(network._predict(batch[0] if isinstance(batch, tuple) else batch, batch_size, None))
    return [list(parts) for parts in zip(*results)]


def fit(network, batches, validation, callbacks, course, freq=1):
    """Trains by one step for each batch; validation(): figures, or None, after each `freq`th epoch."""
    watches = [_Watch(callback, network) for callback in callbacks if isinstance(callback, EarlyStopping) and not callback.is_in_python(network)]
    forgiving = any(isinstance(callback, TerminateOnNaN) for callback in callbacks)
    began, steps, stopped, enough = time.monotonic(), 0, False, False

    def take(batch):
        """Its figures are added to those of the epoch; the learning rate."""
        x, y, weights = parts(batch, batches.what)
        dataset = network._dataset(x, y, weights)
        if network._measured.own:
            network._take(x, y, weights)
        figures, rate = step(network, dataset)
        mean.add(figures, len(dataset))
        return rate

    with course:
        for epoch in range(course.epochs):
            mean, start, rate = Mean(), time.monotonic(), 0.0
            network._measured.begin()
            given = _with_network(network, batches)
            course.begin(epoch)
            for number, batch in enumerate(given):
                try:
                    rate = take(batch)
                except _soma.NotFiniteError:
                    if not forgiving:
                        raise
                    stopped = True
                    break
                steps += 1
                stopped = course.batch(epoch, number, batches.count, mean.samples, mean.figures)
                if stopped:
                    break
            if stopped:
                break
            due = validation is not None and training.is_due(epoch + course.initial_epoch, freq)
            network._awaits_validation = validation is not None and not due
            logs = mean.figures() | network._measured.results() | {f"val_{name}": value for name, value in (validation() if due else {}).items()}
            logs |= {"learning_rate": rate, "seconds": time.monotonic() - start}
            enough = any([watch.takes(epoch, logs, network._net) for watch in watches])
            stopped = course.epoch(epoch, logs)
            if stopped or enough:
                break
    history = course.history
    history.restored = any([watch.restore(network._net) for watch in watches])
    history.best = watches[0].epoch if watches else None
    tell_best(history, network, callbacks)
    history.stopped, history.steps, history.seconds = bool(stopped), steps, time.monotonic() - began
    return history
