# SPDX-License-Identifier: MIT
"""What became of a training, and what its callbacks are told of it."""
from collections.abc import Mapping


class History:
    """What fit() returns: `history`, a dict of lists with a number for each epoch ('loss', 'accuracy', 'val_loss', ...; of the validation for each that was validated), `epoch`, the
    epochs' numbers from 0, and what became of the training: best, restored, stopped, steps, seconds."""

    def __init__(self):
        self.history, self.epoch = {}, []
        self._epochs = {}  # of each name, which may be missing in some
        self.best, self.restored, self.stopped, self.steps, self.seconds = None, False, False, 0, 0.0

    def add(self, epoch, logs):
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
            self._epochs.setdefault(name, []).append(epoch)

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
                ax.plot([epoch + 1 for epoch in self._epochs[name]], values, label=name)
        ax.set_xlabel("epoch")
        ax.legend()
        return ax


class BatchLogs(Mapping):
    """The logs of on_batch_end(): what costs nothing, and once one of them is asked for, loss and metrics of the epoch so far, by read()."""

    def __init__(self, known, read):
        self._known, self._read = known, read

    def figures(self):
        """Loss and metrics alone."""
        if callable(self._read):
            self._read = self._read()
        return self._read

    def __bool__(self):  # of `logs or {}`, which is to read nothing
        return True

    def __getitem__(self, name):
        return self._known[name] if name in self._known else self.figures()[name]

    def __iter__(self):
        return iter([*self._known, *self.figures()])

    def __len__(self):
        return len(self._known) + len(self.figures())

    def __repr__(self):
        return repr(dict(self))


def epoch_logs(described, named=dict, measures=None):
    """(epoch, train, validation, seconds, learning rate) of the library, as logs, by the names that metrics were given, with what else is measured."""
    _, train, validation, seconds, rate = described
    logs = {}
    for prefix, figures in (("", train), ("val_", validation)):
        own = (measures or {}).get(prefix, dict)() if figures else {}
        logs |= {f"{prefix}{name}": value for name, value in (named(figures or {}) | own).items()}
    return logs | {"learning_rate": rate, "seconds": seconds}


def line(epoch, epochs, logs):
    figures = "  ".join(f"{name} {value:.4f}" for name, value in logs.items() if name not in ("learning_rate", "seconds"))
    return f"Epoch {epoch + 1}/{epochs}  {figures}  {logs['seconds']:.2f} s"
