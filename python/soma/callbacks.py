# SPDX-License-Identifier: MIT
"""What is told of a training, and may end it."""
import math
import os

from .board import SummaryWriter, filters, hyperparameters


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

    def on_batch_end(self, batch, logs):
        """After each batch, from 0; logs has `epoch`, `samples` and `batches`. Each call takes the interpreter's lock."""

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


# Keras's others.
NEVER_CALLED = ["on_batch_begin", "on_epoch_begin", "on_train_batch_begin",
                *(f"on_{what}{when}_{end}" for what in ("test", "predict") for when in ("", "_batch") for end in ("begin", "end"))]


def check(callback):
    """A method of Keras's that no training would ever call is refused, rather than waited for in vain."""
    for name in NEVER_CALLED if isinstance(callback, Callback) else ():
        if callable(getattr(callback, name, None)):
            raise TypeError(f"{type(callback).__name__}.{name} is never called; a soma.Callback has {', '.join(HOOKS)}")


class LambdaCallback(Callback):
    """Functions as a callback: LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))."""

    def __init__(self, **functions):
        for name, function in functions.items():
            if name not in HOOKS:
                raise TypeError(f"a callback has no '{name}'; it has {', '.join(HOOKS)}")
            setattr(self, name, function)


class EarlyStopping(Callback):
    """Ends training after `patience` epochs without improvement of at least min_delta. monitor: 'val_loss' or 'val_accuracy' (of
    any metric, the first one), without validation data those of the training. The library does it; defaults are its."""

    def __init__(self, monitor="val_loss", patience=5, min_delta=0.0, restore_best_weights=True):
        self.options = {"early_stopping": patience, "min_delta": min_delta, "monitor": 0 if monitor.endswith("loss") else 1,
                        "restore_best": restore_best_weights}


class ModelCheckpoint(Callback):
    """Writes the training into a file after every epoch, or every `every` steps: a model file, from which fit(resume=filepath) goes on.

    save_best_only: writes the network alone, as Network.save() does, after each epoch that was better than all before: by `monitor`, a name
    that the history has, which is to fall (mode "min") or to rise ("max"); "auto": accuracies rise. Of several processes that train together the
    first one writes.
    """

    def __init__(self, filepath, monitor="val_loss", save_best_only=False, mode="auto", every=0):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"ModelCheckpoint: the mode is {mode!r}; accepted: 'auto', 'min' and 'max'")
        if save_best_only and every:
            raise ValueError("ModelCheckpoint: save_best_only is decided after each epoch; `every` goes with checkpoints to resume from")
        self.filepath, self.monitor, self.save_best_only = os.fspath(filepath), monitor, save_best_only
        self.options = {} if save_best_only else {"checkpoint": self.filepath, "checkpoint_every": every}
        self.sign = -1 if mode == "max" or (mode == "auto" and monitor.endswith("accuracy")) else 1
        self.best = None

    def on_train_begin(self):
        self.best = None

    def on_epoch_end(self, epoch, logs):
        if not self.save_best_only:
            return
        if self.monitor not in logs:
            raise ValueError(f"ModelCheckpoint: there is no '{self.monitor}' to monitor; there are {', '.join(logs)}")
        value = logs[self.monitor]
        if math.isnan(value) or (self.best is not None and self.sign * value >= self.sign * self.best):
            return
        self.best = value
        if self.rank == 0:
            self.network.save(self.filepath)


class TensorBoard(Callback):
    """Writes event files below log_dir, which `tensorboard --logdir` shows while the training goes on: loss, metrics, learning rate and
    seconds of each epoch, in the runs train and validation, and the network's graph (write_graph). histogram_freq: each so many
    epochs how weights and the last step's gradients are distributed, 0: never, which is Keras's default, 1 soma's. write_images: the filters of
    the first convolution over pictures, after epochs 1, 2, 4, 8 and so on and at the end (Keras: all weights, each epoch). hparams: a dict of numbers and texts by
    which the page HPARAMS compares runs. Steps are epochs, from 1. What cannot be written ends the training with an IOError. Of several processes that train
    together the first one writes. Numbers, texts and pictures of your own: soma.SummaryWriter."""

    def __init__(self, log_dir="logs", histogram_freq=1, write_graph=True, write_images=False, hparams=None):
        self.options = {"log_dir": os.fspath(log_dir), "histogram_freq": histogram_freq, "write_graph": int(write_graph)}
        self.write_images = write_images
        self._rows = hyperparameters(hparams or {})  # here, so that what is wrong with them is said before the training
        self.writer, self.drawn, self.epoch, self.succeeded = None, 0, 0, False

    def on_epoch_end(self, epoch, logs):
        if self.rank or not (self.write_images or self._rows):
            return
        if not self.writer:  # here, where an error ends the training on all ranks
            self.writer, self.drawn = SummaryWriter(os.path.join(self.options["log_dir"], "train")), 0
            if self._rows:
                self.writer._board.hparams(self._rows)
        self.epoch = epoch + 1
        if self.write_images and not self.epoch & (self.epoch - 1):
            self._draw(self.writer)

    def _draw(self, writer):
        picture = filters(self.network)
        if picture:
            writer.add_image("filters", picture, self.epoch)
        self.drawn = self.epoch

    def on_train_end(self):
        writer, self.writer = self.writer, None
        if not writer:
            return
        with writer:
            if self.succeeded and self.write_images and self.drawn != self.epoch:
                self._draw(writer)
            if self._rows:
                writer.end_hparams(self.succeeded)


class History:
    """What fit() returns: `history`, a dict of lists with a number for each epoch ('loss', 'accuracy', 'val_loss', ...), `epoch`, the
    epochs' numbers from 0, and what became of the training: best, restored, stopped, steps, seconds."""

    def __init__(self):
        self.history, self.epoch = {}, []
        self.best, self.restored, self.stopped, self.steps, self.seconds = None, False, False, 0, 0.0

    def add(self, epoch, logs):
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def __getitem__(self, name):
        return self.history[name]

    def plot(self, ax=None):
        """Draws loss and metrics over the epochs, from 1, into these axes of matplotlib (None: the current ones, which wants matplotlib); gives
        the axes."""
        if ax is None:
            import matplotlib.pyplot as pyplot

            ax = pyplot.gca()
        for name, values in self.history.items():
            if name not in ("learning_rate", "seconds"):
                ax.plot([epoch + 1 for epoch in self.epoch], values, label=name)
        ax.set_xlabel("epoch")
        ax.legend()
        return ax


def epoch_logs(described):
    """(epoch, train, validation, seconds, learning rate) of the library, as logs."""
    _, train, validation, seconds, rate = described
    logs = dict(train)
    logs.update({f"val_{name}": value for name, value in (validation or {}).items()})
    return logs | {"learning_rate": rate, "seconds": seconds}


def line(epoch, epochs, logs):
    figures = "  ".join(f"{name} {value:.4f}" for name, value in logs.items() if name not in ("learning_rate", "seconds"))
    return f"Epoch {epoch + 1}/{epochs}  {figures}  {logs['seconds']:.2f} s"


class Progress(Callback):
    """A bar of tqdm where that is there and wanted, else a line for each epoch."""

    def __init__(self, epochs, bar):
        self.epochs, self.bar = epochs, None
        if bar:
            try:
                from tqdm.auto import tqdm

                self.bar = tqdm(total=epochs, unit="epoch")
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
