# SPDX-License-Identifier: MIT
"""What fit() does around the library's own loop, or around steps batch by batch: callbacks, progress, history."""
import numbers
import sys

from .callbacks import BackupAndRestore, EarlyStopping, ModelCheckpoint, Progress, TensorBoard, TerminateOnNaN, batch_hooks, check, call, tell_best
from .data import array
from .history import BatchLogs, History, epoch_logs


def _shows_bars():
    """Whether there is a terminal, or a notebook, whose output is none."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return sys.stderr.isatty() or "IPKernelApp" in getattr(shell, "config", ())


def check_execution(run_eagerly, steps_per_execution, jit_compile):
    """Arguments of Keras's compile() that say how steps are executed: the library has one way."""
    if run_eagerly:
        raise ValueError(f"run_eagerly is {run_eagerly!r}; accepted: False, as a step is compiled as a whole (train_on_batch() is one step, for a loop of your own)")
    if steps_per_execution != "auto" and (not isinstance(steps_per_execution, int) or isinstance(steps_per_execution, bool) or steps_per_execution < 1):
        raise ValueError(f"steps_per_execution is {steps_per_execution!r}; accepted: 'auto', and 1 and more (steps do not wait for each other's results, and callbacks come after each batch)")
    if jit_compile not in ("auto", None, True, False):
        raise ValueError(f"jit_compile is {jit_compile!r}; accepted: 'auto', True and False, which all are the same, as kernels are compiled in any case")


def check_validation(freq, batch_size):
    several = freq if isinstance(freq, (list, tuple, set, range)) else [freq]
    good = len(several) > 0 and all(isinstance(epoch, int) and not isinstance(epoch, bool) and epoch >= 1 for epoch in several)
    if not good:
        raise ValueError(f"validation_freq is {freq!r}; accepted: 1 and more, or a list of epochs from 1 on")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"validation_batch_size is {batch_size}; accepted: 1 and more, or None")


def class_weights(given):
    """A list with one for each class, of a list or an array; a dict as it is; None, or an empty dict: none."""
    if isinstance(given, dict):
        wrong = [number for number in given if not isinstance(number, numbers.Integral) or number < 0]
        if wrong:
            raise ValueError(f"class_weight has {wrong[0]!r} as a class; accepted: whole numbers from 0 on")
        return dict(given) or None
    return given.tolist() if hasattr(given, "tolist") else given if given is None else list(given)


def with_class_weights(compiled, weights, net):
    """Calls compiled(weights) with one for each class, of a dict, too: 1 for those that are not in it. How many there are, the loss says, which the
    library may have chosen."""
    if isinstance(weights, dict):
        count, units = max(weights) + 1, net.ends(True)[0][1][-1]
        if count < 2 * units:
            compiled(None)
            count = max(count, units if net.losses()[0].startswith("categorical") else 2 if count <= 2 else 2 * units)
        weights = [weights.get(number, 1.0) for number in range(count)]
    compiled(weights)


def is_due(epoch, freq):
    """Whether an epoch, from 0, is validated: each `freq`th, or those of a list of their numbers from 1."""
    return (epoch + 1) % freq == 0 if isinstance(freq, int) else epoch + 1 in freq


class Course:
    """A training as its callbacks see it, from their on_train_begin() to their on_train_end()."""

    def __init__(self, network, callbacks, verbose, epochs, initial_epoch, rank=0):
        if initial_epoch and not 0 <= initial_epoch < epochs:
            raise ValueError(f"initial_epoch is {initial_epoch}, and epochs, the number of the last one, {epochs}; accepted: from 0 to {max(epochs - 1, 0)}")
        self.network, self.initial_epoch, self.rank, self.history = network, initial_epoch, rank, History()
        self.epochs = epochs - initial_epoch  # that are trained
        for callback in callbacks:
            check(callback)
        self.callbacks = [*callbacks, Progress(epochs, verbose == "auto" and _shows_bars(), initial_epoch)] if verbose and rank == 0 else callbacks
        self.last = {}  # the logs of the last epoch
        self.measures = {}  # by the beginning of their names, what gives the figures that Python computes
        self.watching = [hook for callback in self.callbacks for hook in batch_hooks(callback)]

    def __enter__(self):
        self.network.stop_training, self.network._awaits_validation = False, False
        for callback in self.callbacks:
            callback.network, callback.rank = self.network, self.rank
            call(callback.on_train_begin, {})
        return self

    def __exit__(self, kind, *_):
        for callback in self.callbacks:
            if isinstance(callback, TensorBoard):
                callback.succeeded = kind is None
            call(callback.on_train_end, self.last)

    def begin(self, epoch):
        """Before an epoch, from 0."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch + self.initial_epoch, {})

    def epoch(self, epoch, logs):
        """After an epoch, from 0; whether that is to be all."""
        self.history.add(epoch + self.initial_epoch, logs)
        self.last = logs
        stops = [callback.on_epoch_end(epoch + self.initial_epoch, logs) for callback in self.callbacks]
        return self.network.stop_training or any(stops)

    def batch(self, epoch, batch, batches, samples, figures):
        """After a batch, from 0; whether that is to be all. figures(): loss and metrics of the epoch so far."""
        logs = BatchLogs({"epoch": epoch + self.initial_epoch, "samples": samples, "batches": batches}, figures)
        stops = [hook(batch, logs) for hook in self.watching]
        return self.network.stop_training or any(stops)


def check_files(callbacks, resume):
    """The library writes one checkpoint, and goes on from one."""
    writers = [callback for callback in callbacks if isinstance(callback, BackupAndRestore) or (isinstance(callback, ModelCheckpoint) and callback.writes_training)]
    if len(writers) > 1:
        raise ValueError(f"{' and '.join(type(callback).__name__ for callback in writers)}: one file to go on from is written in a training; accepted: one of them, "
                         "and any number of ModelCheckpoint(save_best_only=True), or with save_weights_only=True")
    if resume and any(isinstance(callback, BackupAndRestore) for callback in writers):
        raise ValueError("BackupAndRestore goes on from its own file; accepted: it, or resume=")


def fit(course, net, dataset, validation, options, callbacks, communicator=None, freq=1):
    """Trains on a data set, by the library's loop, which validates after each `freq`th epoch, or those of a list."""
    check_files(callbacks, options["resume"])
    options["epochs"] = course.epochs
    for callback in callbacks:
        if isinstance(callback, (ModelCheckpoint, TerminateOnNaN)) or (isinstance(callback, EarlyStopping) and not callback.is_in_python(course.network)):
            options |= callback.options
        if isinstance(callback, BackupAndRestore):
            options |= callback.begin()
        if isinstance(callback, TensorBoard) and (communicator is None or communicator.rank == 0):
            options |= callback.options | {"initial_epoch": course.initial_epoch}

    validated = None if freq == 1 else [epoch + 1 for epoch in range(course.epochs) if is_due(epoch + course.initial_epoch, freq)]

    def on_epoch(described):
        epoch = described[0]  # from 1, so that it is the number of the next one from 0
        course.network._awaits_validation = validated is not None and described[2] is None
        stops = course.epoch(epoch - 1, epoch_logs(described, course.network._measured.named, course.measures))
        if not stops and epoch < course.epochs:
            course.begin(epoch)
        return stops

    def on_batch(epoch, batch, batches, samples, epochs):
        return course.batch(epoch - 1, batch - 1, batches, samples, lambda: course.network._measured.named(net.fit_metrics()))

    with course:
        if not options["resume"]:
            course.begin(0)
        done = net.fit(dataset, options, validation, on_batch if course.watching else None, on_epoch, communicator,
                       None if validated is None else array(validated or [course.epochs + 1], "int32"))
    history = course.history
    for name in ("best", "restored", "stopped", "steps", "seconds"):
        setattr(history, name, done[name])
    tell_best(history, course.network, callbacks)
    for callback in callbacks:
        if isinstance(callback, BackupAndRestore):
            callback.finish()
    return history
