# SPDX-License-Identifier: MIT
"""What is told of a training, and may end it."""
import contextlib
import csv
import inspect
import math
import numbers
import os
import string

from .board import SummaryWriter, filters, hyperparameters
from .history import line
from .schedules import flag


class Callback:
    """Override what is of interest. `logs` has loss and metrics; anything true that is returned ends the training after this batch
    or epoch, as does network.stop_training = True."""

    network = None
    rank = 0  # of this process among those that train together

    @property
    def model(self):
        """Keras's name for the network."""
        return self.network

    @model.setter
    def model(self, network):
        self.network = network

    def on_train_begin(self):
        pass

    def on_epoch_begin(self, epoch, logs=None):
        """Before each epoch, from 0, but for the first one of a training that goes on from a file. The last call may be of an epoch that is not
        made any more, where EarlyStopping ends the training."""

    def on_batch_end(self, batch, logs):
        """After each batch, from 0; logs has `epoch`, `samples` and `batches`, and where it is asked for them, loss and metrics of the epoch so far,
        for which it waits for the device. Each call takes the interpreter's lock."""

    on_train_batch_end = on_batch_end  # Keras has both names

    def on_epoch_end(self, epoch, logs):
        """After each epoch, from 0; logs has the epoch's figures, as the history has them."""

    def on_train_end(self):
        pass


HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


def batch_hooks(callback):
    """What of a callback is to be called after each batch, under either name, once where both are the same; no hook costs nothing."""
    hooks = []
    for name in HOOKS:
        own = name in vars(callback) or getattr(type(callback), name, Callback.on_batch_end) is not Callback.on_batch_end
        if name.endswith("batch_end") and own and getattr(callback, name) not in hooks:
            hooks.append(getattr(callback, name))
    return hooks


# Keras's others, and of those evaluate() and predict() have these.
NEVER_CALLED = ["on_batch_begin", "on_train_batch_begin",
                *(f"on_{what}{when}_{end}" for what in ("test", "predict") for when in ("", "_batch") for end in ("begin", "end"))]
BY_ITSELF = {"test": ("on_test_begin", "on_test_end"), "predict": ("on_predict_begin", "on_predict_end")}


def call(hook, logs):
    """A hook with logs, or without where it takes none, as soma's own."""
    return hook(logs) if takes(hook, 1) else hook()


@contextlib.contextmanager
def around(network, callbacks, what):
    """evaluate() ("test") or predict() with callbacks: what is put into the dict that this gives are the logs of the end."""
    callbacks, logs = list(callbacks or ()), {}
    for callback in callbacks:
        for name in NEVER_CALLED:
            if name.startswith(f"on_{what}_batch") and callable(getattr(callback, name, None)):
                raise TypeError(f"{type(callback).__name__}.{name} is never called, as the library goes through all samples in one call; accepted: {' and '.join(BY_ITSELF[what])}")
        callback.network = network
    for number, name in enumerate(BY_ITSELF[what]):
        for callback in callbacks:
            if callable(getattr(callback, name, None)):
                call(getattr(callback, name), logs)
        if number == 0:
            yield logs


def check(callback):
    """A method of Keras's that no training would ever call is refused, rather than waited for in vain."""
    for name in NEVER_CALLED if isinstance(callback, Callback) else ():
        if callable(getattr(callback, name, None)):
            instead = next((f"; {what} has it" for kind, what in (("test", "evaluate(callbacks=)"), ("predict", "predict(callbacks=)")) if name in BY_ITSELF[kind]), "")
            raise TypeError(f"{type(callback).__name__}.{name} is never called; a soma.Callback has {', '.join(HOOKS)}{instead}")


class LambdaCallback(Callback):
    """Functions as a callback: LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))."""

    def __init__(self, **functions):
        known = [*HOOKS, *BY_ITSELF["test"], *BY_ITSELF["predict"]]
        for name, function in functions.items():
            if name not in known:
                raise TypeError(f"a callback has no '{name}'; it has {', '.join(known)}")
            if function is not None:
                setattr(self, name, function)


class EarlyStopping(Callback):
    """Ends training after `patience` epochs without improvement of at least min_delta; 0 is 1, as in Keras. monitor: 'val_loss' or 'val_accuracy' (of
    any metric, the first one), without validation data those of the training. The library does it; defaults are its. Of a metric that Python computes, as 'val_auc', Python
    does it, and 'val_auc' without validation data is refused; mode: "min", it is to fall, "max", it is to rise; "auto": as the metric says. baseline: what is monitored is to be
    better than this, or epochs count as ones without improvement. start_from_epoch: epochs before this one, from 0, count for nothing, and are not put back. verbose: prints
    where it ended and what was put back. With any of these Python does it, and `monitor` is any figure that the history has."""

    def __init__(self, monitor="val_loss", *, patience=5, min_delta=0.0, restore_best_weights=True, mode="auto", baseline=None, start_from_epoch=0, verbose=0):
        if mode not in MODES:
            raise ValueError(f"EarlyStopping: the mode is {mode!r}; accepted: {MODES_SAID}")
        for name, value, good, accepted in (
                ("start_from_epoch", start_from_epoch, _is_whole(start_from_epoch) and start_from_epoch >= 0, "whole numbers, 0 and more"),
                ("patience", patience, _is_whole(patience) and patience >= 0, "whole numbers, 0 and more"),
                ("baseline", baseline, baseline is None or (isinstance(baseline, numbers.Real) and math.isfinite(baseline)), "a finite number, or None")):
            if not good:
                raise ValueError(f"EarlyStopping: {name} is {value!r}; accepted: {accepted}")
        self.monitor, self.mode, self.best_epoch, self.restored = monitor, mode, None, False
        self.baseline, self.start_from_epoch, self.verbose, self.stopped_epoch = baseline, start_from_epoch, verbose, 0
        self.options = {"early_stopping": 1 if patience == 0 else patience, "min_delta": min_delta, "monitor": 0 if monitor.endswith("loss") else 1,
                        "restore_best": flag("EarlyStopping: restore_best_weights", restore_best_weights)}

    def is_in_python(self, network):
        """Whether it is for Python to do: of a metric that Python computes, or by what the library has no option for."""
        if _bare(self.monitor) in [metric.name for metric in own_metrics(network)] or self.baseline is not None or self.start_from_epoch or self.verbose:
            return True
        if self.mode != "auto" and (self.mode == "min") != (not self.options["monitor"]):
            raise ValueError(f"EarlyStopping: {self.monitor} with the mode {self.mode!r}; accepted: 'auto', or 'min' for a loss and 'max' for the first metric")
        return False

    def on_train_begin(self):
        self.best, self.reference, self.waited, self.best_epoch, self.kept, self.restored = math.inf, math.inf, 0, None, None, False
        self.stopped_epoch = 0

    def on_epoch_end(self, epoch, logs):
        if not self.is_in_python(self.network) or epoch < self.start_from_epoch:
            return False
        monitor = self._resolved(logs)
        if lacks(self.network, monitor, logs):
            return False
        sign = sign_of("EarlyStopping", monitor, self.mode, self.network)
        value = sign * monitored("EarlyStopping", monitor, logs)
        if value < self.best or self.best_epoch is None:
            self.best, self.best_epoch = math.inf if math.isnan(value) else value, epoch
            if self.options["restore_best"]:
                net = self.network._net
                self.kept = {name: net.get_parameter(name) for name in net.parameters()}
        improved = value < self.reference - self.options["min_delta"]
        enough = self.baseline is None or value < sign * self.baseline - self.options["min_delta"]
        self.reference = value if improved else self.reference
        self.waited = 0 if improved and enough else self.waited + 1
        if not self.options["early_stopping"] or self.waited < self.options["early_stopping"]:
            return False
        self.stopped_epoch = epoch
        self._say(f"Epoch {epoch + 1}: early stopping")
        return True

    def _resolved(self, logs):
        """The name of the figure: as the library has it, any metric is the first one, and without validation data that of the training."""
        if self.monitor in logs or _bare(self.monitor) in [metric.name for metric in own_metrics(self.network)] or lacks(self.network, self.monitor, logs):
            return self.monitor
        known = [name for name in logs if name not in ("loss", "learning_rate", "seconds") and not name.startswith("val_")]
        bare = known[0] if self.options["monitor"] and known and _bare(self.monitor) not in logs else _bare(self.monitor)
        if bare not in logs:
            return self.monitor
        return f"val_{bare}" if self.monitor.startswith("val_") and f"val_{bare}" in logs else bare

    def on_train_end(self):
        for name, values in (self.kept or {}).items():
            self.network._net.set_parameter(name, values)
        self.restored, self.kept = self.kept is not None, None
        if self.restored:
            self._say(f"Restored the weights of epoch {self.best_epoch + 1}, the best")

    def _say(self, what):
        if self.verbose and self.rank == 0:
            print(what)


MODES, MODES_SAID = ("auto", "min", "max"), "'auto', 'min' and 'max'"


def _is_whole(number):
    return isinstance(number, numbers.Integral) and not isinstance(number, bool)


def _bare(monitor):
    return monitor.removeprefix("val_")


def own_metrics(network):
    """Those that Python computes."""
    return [metric for metric, _ in network._measured.own] if hasattr(network, "_measured") else []


def tell_best(history, network, callbacks):
    """Which epoch was the best by a metric that Python computes."""
    for callback in callbacks:
        if isinstance(callback, EarlyStopping) and callback.is_in_python(network):
            history.best, history.restored = callback.best_epoch, callback.restored


def sign_of(name, monitor, mode, network=None):
    """1 where what is monitored is to fall, -1 where it is to rise: "auto" knows accuracies, and asks metrics that Python computes in the network."""
    if mode not in MODES:
        raise ValueError(f"{name}: the mode is {mode!r}; accepted: {MODES_SAID}")
    own = [metric for metric in own_metrics(network) if metric.name == _bare(monitor)] if mode == "auto" else []
    if own:
        if getattr(own[0], "higher", None) is None:
            raise ValueError(f"{name}: whether {monitor} is to rise or to fall is not known; accepted: the mode 'min', or 'max'")
        return -1 if own[0].higher else 1
    return -1 if mode == "max" or (mode == "auto" and "accuracy" in monitor) else 1


def check_monitors(network, callbacks, validates):
    """Before the training: of metrics that Python computes, what will not be there after the first epoch, as nothing is validated."""
    own = [f"val_{metric.name}" for metric in own_metrics(network)]
    for callback in callbacks if not validates else ():
        monitor = getattr(callback, "monitor", None)
        if monitor in own and isinstance(callback, (EarlyStopping, ModelCheckpoint, ReduceLROnPlateau)):
            raise ValueError(f"{type(callback).__name__}: there is no '{monitor}' to monitor without validation data; accepted: validation data, or '{_bare(monitor)}'")


def lacks(network, monitor, logs):
    """Whether a figure is missing because this epoch is none that is validated (validation_freq): such an epoch counts for nothing, as in Keras."""
    return monitor not in logs and monitor.startswith("val_") and getattr(network, "_awaits_validation", False)


def monitored(name, monitor, logs):
    if monitor not in logs:
        raise ValueError(f"{name}: there is no '{monitor}' to monitor; there are {', '.join(logs)}")
    return logs[monitor]


class ModelCheckpoint(Callback):
    """Writes the training into a file after every epoch, or every `every` steps, which save_freq=100 says, too: a model file, from which fit(resume=filepath) goes on.

    save_best_only: writes the network alone, as Network.save() does, after each epoch that was better than all before: by `monitor`, a name
    that the history has, which is to fall (mode "min") or to rise ("max"); "auto": accuracies rise. initial_value_threshold: better than this, too. save_weights_only: writes
    what load_weights() takes, after each epoch, or the better ones. Both may have numbers in the name: "{epoch:02d}-{val_loss:.3f}.safetensors". verbose: prints what is
    written. Of several processes that train together the first one writes.
    """

    def __init__(self, filepath, monitor="val_loss", *, save_best_only=False, save_weights_only=False, mode="auto", every=0, save_freq="epoch", initial_value_threshold=None, verbose=0):
        if save_freq != "epoch" and (not isinstance(save_freq, int) or isinstance(save_freq, bool) or save_freq < 1):
            raise ValueError(f"ModelCheckpoint: save_freq is {save_freq!r}; accepted: 'epoch', or a number of steps from 1 on")
        if save_freq != "epoch" and every not in (0, save_freq):
            raise ValueError(f"ModelCheckpoint: save_freq is {save_freq}, and every is {every}; accepted: one of them")
        every = every if save_freq == "epoch" else save_freq
        best, weights = flag("ModelCheckpoint: save_best_only", save_best_only), flag("ModelCheckpoint: save_weights_only", save_weights_only)
        given = "every" if save_freq == "epoch" else "save_freq"
        if best and every:
            raise ValueError(f"ModelCheckpoint: {given} is {every}, and save_best_only is decided after each epoch; {given} goes with checkpoints to resume from")
        if weights and every:
            raise ValueError(f"ModelCheckpoint: {given} is {every}, and save_weights_only writes after each epoch; {given} goes with checkpoints to resume from")
        self.filepath, self.monitor, self.save_best_only, self.save_weights_only = os.fspath(filepath), monitor, save_best_only, save_weights_only
        self.writes_training = not best and not weights  # which the library does
        if self.writes_training and "{" in self.filepath:
            raise ValueError(f"ModelCheckpoint: the file is {self.filepath!r}, and a training is written into one file; accepted: a name without {{...}}, or save_best_only=True, or save_weights_only=True")
        if weights and not self.filepath.endswith(".safetensors"):
            raise ValueError(f"ModelCheckpoint: the file is {self.filepath!r}; accepted with save_weights_only: a name that ends in .safetensors")
        self.options = {"checkpoint": self.filepath, "checkpoint_every": every} if self.writes_training else {}
        self.mode, self.sign, self.verbose, self.threshold = mode, sign_of("ModelCheckpoint", monitor, mode), verbose, initial_value_threshold
        self.best = None

    def on_train_begin(self):
        self.best = self.threshold
        if self.save_best_only:
            self.sign = sign_of("ModelCheckpoint", self.monitor, self.mode, self.network)

    def _is_better(self, logs):
        value = monitored("ModelCheckpoint", self.monitor, logs)
        if math.isnan(value) or (self.best is not None and self.sign * value >= self.sign * self.best):
            return False
        self.best = value
        return True

    def on_epoch_end(self, epoch, logs):
        if not self.writes_training and any(lacks(self.network, name, logs) for name in self._wanted()):
            return
        if not self.writes_training and (not self.save_best_only or self._is_better(logs)) and self.rank == 0:
            path = self._path(epoch, logs)
            self.network.save(path)
            if self.verbose:
                print(f"Epoch {epoch + 1}: saved {path}")
        elif self.writes_training and self.verbose and self.rank == 0:
            print(f"Epoch {epoch + 1}: the training goes into {self.filepath}")

    def _wanted(self):
        """Figures that it needs: by which it decides, and those of the file's name."""
        try:
            named = [name for _, name, _, _ in string.Formatter().parse(self.filepath) if name]
        except ValueError:  # which _path() tells
            named = []
        return [*named, *([self.monitor] if self.save_best_only else [])]

    def _path(self, epoch, logs):
        try:
            return self.filepath.format(epoch=epoch + 1, **{name: value for name, value in logs.items() if name != "epoch"})
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"ModelCheckpoint: the file {self.filepath!r}: {error}; accepted: epoch, {', '.join(logs)}") from None


class BackupAndRestore(Callback):
    """Goes on, when the same program is started again, where it was interrupted: the training is written into backup_dir/training.safetensors, after each
    epoch or save_freq steps, and fit() begins with that file if it is there. At the end of the training it is deleted, unless delete_checkpoint is
    false. What has to be the same says ModelCheckpoint's file, which this is. Of several processes the first one writes."""

    def __init__(self, backup_dir, save_freq="epoch", delete_checkpoint=True):
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f"BackupAndRestore: save_freq is {save_freq!r}; accepted: 'epoch', or a number of steps from 1 on")
        self.filepath = os.path.join(os.fspath(backup_dir), "training.safetensors")
        self.every, self.delete_checkpoint = 0 if save_freq == "epoch" else save_freq, delete_checkpoint

    def begin(self):
        """Options of the library's."""
        os.makedirs(os.path.dirname(self.filepath) or ".", exist_ok=True)
        return {"checkpoint": self.filepath, "checkpoint_every": self.every} | ({"resume": self.filepath} if os.path.exists(self.filepath) else {})

    def finish(self):
        """The training has come to its end."""
        if self.delete_checkpoint and self.rank == 0:
            with contextlib.suppress(FileNotFoundError):  # of a training that ended before the first epoch did
                os.remove(self.filepath)


class LearningRateScheduler(Callback):
    """schedule(epoch, learning_rate) gives the rate of each epoch, from 0, of the one before; it may also take the epoch alone. verbose: prints it."""

    def __init__(self, schedule, verbose=0):
        self.schedule, self.verbose = schedule, verbose
        self.takes_rate = takes(schedule, 2)

    def on_epoch_begin(self, epoch, logs=None):
        refuse_schedule(self)
        rate = self.network.learning_rate
        self.network.learning_rate = self.schedule(epoch, rate) if self.takes_rate else self.schedule(epoch)
        if self.verbose and self.rank == 0:
            print(f"Epoch {epoch + 1}: learning rate {self.network.learning_rate:.6g}")


def takes(function, count):
    """Whether a function can be called with so many arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # it has none that could be asked for
        pass
    return True


def refuse_schedule(callback):
    """Of an optimizer that has a schedule of its own, which would scale what is set."""
    optimizer = callback.network._options.get("optimizer")
    if getattr(optimizer, "schedule", None):
        raise ValueError(f"{type(callback).__name__} sets the learning rate, and the optimizer has a schedule: accepted is one of both")


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when what is monitored has not become better by more than min_delta for `patience` epochs, down to min_lr; the
    `cooldown` epochs after that do not count. mode: "min", what is monitored is to fall, "max", it is to rise; "auto": accuracies rise. A schedule of
    the optimizer, soma.Schedule("plateau"), does it without Python."""

    def __init__(self, monitor="val_loss", factor=0.1, patience=10, verbose=0, mode="auto", min_delta=1e-4, cooldown=0, min_lr=0.0):
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: the factor is {factor}; accepted: above 0, below 1")
        self.monitor, self.factor, self.patience, self.verbose = monitor, factor, patience, verbose
        self.min_delta, self.cooldown, self.min_lr = min_delta, cooldown, min_lr
        self.mode, self.sign = mode, sign_of("ReduceLROnPlateau", monitor, mode)

    def on_train_begin(self):
        refuse_schedule(self)
        self.sign = sign_of("ReduceLROnPlateau", self.monitor, self.mode, self.network)
        self.best, self.waited, self.cooling = math.inf, 0, 0

    def on_epoch_end(self, epoch, logs):
        if lacks(self.network, self.monitor, logs):
            return
        value = self.sign * monitored("ReduceLROnPlateau", self.monitor, logs)
        if self.cooling:
            self.cooling, self.waited = self.cooling - 1, 0
        if value < self.best - self.min_delta:
            self.best, self.waited = value, 0
            return
        if self.cooling:
            return
        self.waited += 1
        rate = self.network.learning_rate
        if self.waited < self.patience or rate <= self.min_lr * (1 + 1e-6):  # as float32 has it
            return
        self.network.learning_rate = max(rate * self.factor, self.min_lr)
        self.cooling, self.waited = self.cooldown, 0
        if self.verbose and self.rank == 0:
            print(f"Epoch {epoch + 1}: learning rate {self.network.learning_rate:.6g}")


class CSVLogger(Callback):
    """Writes a line for each epoch, from 0, with the figures that the history has, into a CSV file, which is on the disk when the epoch ends. append: behind
    what is there already, whose columns are to be the same. Of several processes the first one writes."""

    def __init__(self, filename, separator=",", append=False):
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self.file, self.names = None, None

    def _begin(self, names):
        there = []
        if self.append and os.path.exists(self.filename):
            with open(self.filename, encoding="utf-8", newline="") as file:
                there = next(csv.reader(file, delimiter=self.separator), [])
        if there and there != names:
            raise ValueError(f"CSVLogger: {self.filename} has the columns {', '.join(there)}; this training has {', '.join(names)}")
        self.file, self.names = open(self.filename, "a" if self.append else "w", encoding="utf-8", newline=""), names
        if not there:
            self._write(names)

    def _write(self, fields):
        csv.writer(self.file, delimiter=self.separator, lineterminator="\n").writerow(fields)
        self.file.flush()

    def on_epoch_end(self, epoch, logs):
        if self.rank:
            return
        if not self.file:
            self._begin(["epoch", *logs])
        self._write([epoch, *(logs[name] for name in self.names[1:])])

    def on_train_end(self):
        file, self.file = self.file, None
        if file:
            file.close()


class TerminateOnNaN(Callback):
    """A loss that is infinite or no number ends the training; without this it is a soma.NotFiniteError, which says where it came from. Either way the weights
    are those of the end of the last good epoch; of data that come batch by batch those of the last good batch. (Keras leaves them as they are.)"""

    options = {"terminate_on_nan": True}


class TensorBoard(Callback):
    """Writes event files below log_dir, which `tensorboard --logdir` shows while the training goes on: loss, metrics, learning rate and
    seconds of each epoch, in the runs train and validation, and the network's graph (write_graph). histogram_freq: each so many
    epochs how weights and the last step's gradients are distributed, 0: never, which is Keras's default, 1 soma's. write_images: the filters of
    the first convolution over pictures, after epochs 1, 2, 4, 8 and so on and at the end (Keras: all weights, each epoch). hparams: a dict of numbers and texts by
    which the page HPARAMS compares runs. Steps are epochs, from 1. What cannot be written ends the training with an IOError. Of several processes that train
    together the first one writes. update_freq: "epoch", or a number of batches, "batch" for 1, after each of which loss and metrics of the epoch so far are written as well, as
batch_loss and so on, over the batches since fit() began, from 1; each waits for the device. Numbers, texts and pictures of your own: soma.SummaryWriter."""

    def __init__(self, log_dir="logs", histogram_freq=1, write_graph=True, write_images=False, *, update_freq="epoch", hparams=None):
        if update_freq not in ("epoch", "batch") and (not isinstance(update_freq, int) or update_freq < 1):
            raise ValueError(f"TensorBoard: update_freq is {update_freq!r}; accepted: 'epoch', 'batch', or a number of batches from 1 on")
        self.options = {"log_dir": os.fspath(log_dir), "histogram_freq": histogram_freq, "write_graph": int(write_graph)}
        self.write_images, self.update_freq, self.batches = write_images, 1 if update_freq == "batch" else update_freq, 0
        if update_freq != "epoch":
            self.on_batch_end = self._batch_end  # a hook that is not there costs nothing
        self._rows = hyperparameters(hparams or {})  # here, so that what is wrong with them is said before the training
        self.writer, self.validation, self.drawn, self.epoch, self.succeeded = None, None, 0, 0, False

    def on_train_begin(self):
        self.batches = 0

    def _open(self):
        """Not in on_train_begin(), but where an error ends the training on all ranks."""
        if not self.writer:
            self.writer, self.drawn = SummaryWriter(os.path.join(self.options["log_dir"], "train")), 0
            if self._rows:
                self.writer._board.hparams(self._rows)

    def _batch_end(self, batch, logs):
        self.batches += 1
        if self.rank or self.batches % self.update_freq:
            return
        self._open()
        for name, value in logs.figures().items():
            self.writer.add_scalar(f"batch_{name}", value, self.batches)

    def on_epoch_end(self, epoch, logs):
        own = [metric.name for metric in own_metrics(self.network)]
        if self.rank or not (self.write_images or self._rows or own):
            return
        self._open()
        self.epoch = epoch + 1
        for name in own:  # the library writes its own
            self.writer.add_scalar(f"epoch_{name}", logs[name], self.epoch)
            if f"val_{name}" in logs:
                self.validation = self.validation or SummaryWriter(os.path.join(self.options["log_dir"], "validation"))
                self.validation.add_scalar(f"epoch_{name}", logs[f"val_{name}"], self.epoch)
        if self.write_images and not self.epoch & (self.epoch - 1):
            self._draw(self.writer)

    def _draw(self, writer):
        picture = filters(self.network)
        if picture:
            writer.add_image("filters", picture, self.epoch)
        self.drawn = self.epoch

    def on_train_end(self):
        writer, self.writer = self.writer, None
        validation, self.validation = self.validation, None
        if validation:
            validation.close()
        if not writer:
            return
        with writer:
            if self.succeeded and self.write_images and self.drawn != self.epoch:
                self._draw(writer)
            if self._rows:
                writer.end_hparams(self.succeeded)


class Progress(Callback):
    """A bar of tqdm where that is there and wanted, else a line for each epoch."""

    def __init__(self, epochs, bar, initial_epoch=0):
        self.epochs, self.bar = epochs, None
        if bar:
            try:
                from tqdm.auto import tqdm

                self.bar = tqdm(total=epochs - initial_epoch, unit="epoch")
            except ImportError:
                pass

    def on_epoch_end(self, epoch, logs):
        if not self.bar:
            print(line(epoch, self.epochs, logs), flush=True)
            return
        self.bar.set_postfix({name: f"{value:.4f}" for name, value in logs.items() if name not in ("learning_rate", "seconds")})
        self.bar.update()

    def on_train_end(self):
        if self.bar:
            self.bar.close()
