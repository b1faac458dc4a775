# SPDX-License-Identifier: MIT
"""What fit() does around the library's own loop: callbacks, progress, history."""
import sys

from .callbacks import Callback, EarlyStopping, History, ModelCheckpoint, Progress, TensorBoard, epoch_logs


def _watches_batches(callback):
    return getattr(type(callback), "on_batch_end", None) is not Callback.on_batch_end or "on_batch_end" in vars(callback)


def fit(network, net, dataset, validation, options, callbacks, verbose, initial_epoch, communicator=None):
    history = History()
    for callback in callbacks:
        if isinstance(callback, (EarlyStopping, ModelCheckpoint)):
            options |= callback.options
        if isinstance(callback, TensorBoard) and (communicator is None or communicator.rank == 0):
            options |= callback.options | {"initial_epoch": initial_epoch}
    if verbose and (communicator is None or communicator.rank == 0):
        callbacks = [*callbacks, Progress(options["epochs"], verbose == "auto" and sys.stderr.isatty())]
    network.stop_training = False

    def on_epoch(described):
        epoch, logs = described[0] - 1 + initial_epoch, epoch_logs(described)
        history.add(epoch, logs)
        stops = [callback.on_epoch_end(epoch, logs) for callback in callbacks]
        return network.stop_training or any(stops)

    watching = [callback for callback in callbacks if _watches_batches(callback)]

    def on_batch(epoch, batch, batches, samples, epochs):
        logs = {"epoch": epoch - 1 + initial_epoch, "samples": samples, "batches": batches}
        stops = [callback.on_batch_end(batch - 1, logs) for callback in watching]
        return network.stop_training or any(stops)

    for callback in callbacks:
        callback.network = network
        callback.on_train_begin()
    try:
        done = net.fit(dataset, options, validation, on_batch if watching else None, on_epoch, communicator)
    finally:
        for callback in callbacks:
            callback.on_train_end()
    for name in ("best", "restored", "stopped", "steps", "seconds"):
        setattr(history, name, done[name])
    return history
