# SPDX-License-Identifier: MIT
"""What fit() does around the library's own loop, or around steps batch by batch: callbacks, progress, history."""
import sys

from .callbacks import EarlyStopping, History, ModelCheckpoint, Progress, TensorBoard, batch_hooks, check, epoch_logs


def _shows_bars():
    """Whether there is a terminal, or a notebook, whose output is none."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return sys.stderr.isatty() or "IPKernelApp" in getattr(shell, "config", ())


class Course:
    """A training as its callbacks see it, from their on_train_begin() to their on_train_end()."""

    def __init__(self, network, callbacks, verbose, epochs, initial_epoch, rank=0):
        self.network, self.epochs, self.initial_epoch, self.rank, self.history = network, epochs, initial_epoch, rank, History()
        for callback in callbacks:
            check(callback)
        self.callbacks = [*callbacks, Progress(epochs, verbose == "auto" and _shows_bars())] if verbose and rank == 0 else callbacks
        self.watching = [hook for callback in self.callbacks for hook in batch_hooks(callback)]

    def __enter__(self):
        self.network.stop_training = False
        for callback in self.callbacks:
            callback.network, callback.rank = self.network, self.rank
            callback.on_train_begin()
        return self

    def __exit__(self, kind, *_):
        for callback in self.callbacks:
            if isinstance(callback, TensorBoard):
                callback.succeeded = kind is None
            callback.on_train_end()

    def epoch(self, epoch, logs):
        """After an epoch, from 0; whether that is to be all."""
        self.history.add(epoch + self.initial_epoch, logs)
        stops = [callback.on_epoch_end(epoch + self.initial_epoch, logs) for callback in self.callbacks]
        return self.network.stop_training or any(stops)

    def batch(self, epoch, batch, batches, samples):
        logs = {"epoch": epoch + self.initial_epoch, "samples": samples, "batches": batches}
        stops = [hook(batch, logs) for hook in self.watching]
        return self.network.stop_training or any(stops)


def fit(course, net, dataset, validation, options, callbacks, communicator=None):
    """Trains on a data set, by the library's loop."""
    for callback in callbacks:
        if isinstance(callback, (EarlyStopping, ModelCheckpoint)):
            options |= callback.options
        if isinstance(callback, TensorBoard) and (communicator is None or communicator.rank == 0):
            options |= callback.options | {"initial_epoch": course.initial_epoch}

    def on_epoch(described):
        return course.epoch(described[0] - 1, epoch_logs(described))

    def on_batch(epoch, batch, batches, samples, epochs):
        return course.batch(epoch - 1, batch - 1, batches, samples)

    with course:
        done = net.fit(dataset, options, validation, on_batch if course.watching else None, on_epoch, communicator)
    history = course.history
    for name in ("best", "restored", "stopped", "steps", "seconds"):
        setattr(history, name, done[name])
    return history
