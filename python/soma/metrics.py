# SPDX-License-Identifier: MIT
"""Metrics by Keras's names, for compile(metrics=[...]) beside names.

Some the devices compute while they train: those of Computed. The others, and those of your own, are computed here with NumPy from what the network says: in fit() at the end of each epoch, of the
training samples and of validation_data, which costs the network's way forward once more; in evaluate(); of batches that come one by one before each step, as Keras does.
"""
from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from . import _soma
from .optimizers import METRICS
from .schedules import flag


class Computed:
    """A metric that the library has, by its name there, as fit() calls it: name."""

    def __init__(self, kind: str, name: str, **options: Any) -> None:
        self.kind, self.name, self.options = kind, name, options

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


def _float32(dtype: Any) -> None:
    if dtype not in (None, "float32"):
        raise ValueError(f"dtype is {dtype!r}; accepted: None and 'float32'")


class CategoricalAccuracy(Computed):
    """The share of samples whose likeliest class is the right one."""

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        _float32(dtype)
        super().__init__("categorical_accuracy", name)


class SparseCategoricalAccuracy(CategoricalAccuracy):
    """The same: whole numbers are classes under either."""

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class TopKCategoricalAccuracy(Computed):
    """The share of samples whose class is among the k likeliest."""

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        _float32(dtype)
        if k < 1:
            raise ValueError(f"{type(self).__name__}: k is {k}; accepted: from 1 on")
        super().__init__("top_k", name, top_k=k)


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """The same."""

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(k, name, dtype)


class BinaryAccuracy(Computed):
    """The share of elements on the right side of a half; of logits of 0."""

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        _float32(dtype)
        if threshold != 0.5:
            raise ValueError(f"BinaryAccuracy: the threshold is {threshold}; accepted: 0.5; Precision and Recall take others")
        super().__init__("binary_accuracy", name)


class MeanAbsoluteError(Computed):
    """The mean of |p - t|."""

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        _float32(dtype)
        super().__init__("mae", name)


class Metric:
    """A metric of your own: update_state() takes samples, as often as it is called, result() is the number of all of them, reset_state() forgets them. `higher`: whether
    more is better, for callbacks whose mode is "auto"; None: they are to say it."""

    higher: bool | None = None

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        _float32(dtype)
        self.name = name or "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(self).__name__).strip("_")
        self.reset_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        raise NotImplementedError

    def result(self) -> Any:
        raise NotImplementedError

    def reset_state(self) -> None:
        """Called before the first samples of each epoch, and when it is made."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """update_state(), and the result() so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class _Kept(Metric):
    """Of all samples together, which are kept till then: rows of targets and of predictions, [samples, units], and a weight for each sample. Whole numbers that are
    classes become rows with 1 at the class. Of sequences, [samples, steps, units], each step is a row, with the weight of its sample or one of its own. NaN where any of them is."""

    def reset_state(self) -> None:
        self._kept: list[tuple[Any, Any, Any]] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        import numpy

        predicted = numpy.asarray(y_pred, numpy.float64)
        samples, true = len(predicted), numpy.asarray(y_true)
        if predicted.ndim > 2:
            units = predicted.shape[-1]
            one = true.ndim and true.shape[0] == samples and true.size * units == predicted.size
            flat = true.ndim == 2 and true.size == predicted.size
            true = true.reshape(-1, 1 if one else units) if one or flat or true.shape == predicted.shape else true
            predicted = predicted.reshape(-1, units)
        else:
            predicted, true = predicted.reshape(samples, -1), true.reshape(len(true), -1)
            units = predicted.shape[1]
        if self._classes and true.ndim == 2 and true.shape[1] == 1 and units > 1:
            if true.size and (true.min() < 0 or true.max() >= units):
                raise ValueError(f"{self.name}: the classes go from {true.min()} to {true.max()}; accepted: from 0 to {units - 1}, as many as the predictions have")
            broken = true[numpy.asarray(true, numpy.float64) % 1 != 0]
            if broken.size:
                raise ValueError(f"{self.name}: the classes have {broken[0]}; accepted: whole numbers from 0 to {units - 1}")
            true = numpy.arange(units) == true
        if true.shape != predicted.shape:
            raise ValueError(f"{self.name}: the targets have the shape {numpy.shape(y_true)}, the predictions {numpy.shape(y_pred)}; accepted: the same, or classes")
        weights = numpy.ones(len(true)) if sample_weight is None else numpy.asarray(sample_weight, numpy.float64).reshape(-1)
        if len(weights) == samples:
            weights = numpy.repeat(weights, len(true) // max(samples, 1))
        if len(weights) != len(true):
            raise ValueError(f"{self.name}: there are {len(weights)} weights of {samples} samples")
        self._kept.append((true.astype(numpy.float64), predicted, weights))

    _classes = True

    def _all(self) -> tuple[Any, Any, Any]:
        import numpy

        if not self._kept:
            raise _soma.InvalidStateError(f"{self.name}: there are no samples yet")
        true, predicted, weights = (numpy.concatenate(parts) for parts in zip(*self._kept))
        return true, predicted, weights[:, None] * numpy.ones(true.shape)

    def result(self) -> float:
        import numpy

        true, predicted, weights = self._all()
        # What compares would take NaN for some place in the order, and say a figure that looks good.
        return math.nan if numpy.isnan(predicted).any() or numpy.isnan(true).any() else self._of(true, predicted, weights)

    def _of(self, true: Any, predicted: Any, weights: Any) -> float:
        """Of all rows, [rows, units] each; there is no NaN among them."""
        raise NotImplementedError


class AUC(_Kept):
    """The area under the ROC curve: how probably something true is thought likelier than something false, where both are thought as likely counted half. Exact, of any number of samples
    (Keras sums over 200 thresholds). Of several units all elements together; with multi_label the mean of the units. NaN where all are true, or none. Logits have the same area."""

    higher = True

    def __init__(self, curve: str = "ROC", name: str | None = None, dtype: Any = None, multi_label: bool = False) -> None:
        if curve != "ROC":
            raise ValueError(f"AUC: the curve is {curve!r}; accepted: 'ROC'")
        self.multi_label = flag("AUC: multi_label", multi_label)
        super().__init__(name or "auc", dtype)

    def _of(self, true: Any, predicted: Any, weights: Any) -> float:
        if self.multi_label:
            areas = [_area(true[:, unit], predicted[:, unit], weights[:, unit]) for unit in range(true.shape[1])]
            return sum(areas) / len(areas)
        return _area(true.ravel(), predicted.ravel(), weights.ravel())


def _area(true: Any, predicted: Any, weights: Any) -> float:
    import numpy

    order = numpy.argsort(predicted, kind="stable")
    _, group = numpy.unique(predicted[order], return_inverse=True)
    ones = numpy.bincount(group, (weights * (true > 0.5))[order])
    zeros = numpy.bincount(group, (weights * (true <= 0.5))[order])
    below = numpy.cumsum(zeros) - zeros
    pairs = ones.sum() * zeros.sum()
    return float((ones * (below + zeros / 2)).sum() / pairs) if pairs else math.nan


class _Counted(_Kept):
    """What is thought true, and is."""

    higher = True

    def __init__(self, thresholds: float | None = None, class_id: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        if thresholds is not None and not isinstance(thresholds, (int, float)):
            raise ValueError(f"{type(self).__name__}: thresholds is {thresholds!r}; accepted: one number, or None, which is 0.5")
        self.threshold, self.class_id = 0.5 if thresholds is None else thresholds, class_id
        super().__init__(name, dtype)

    def _counts(self, true: Any, predicted: Any, weights: Any) -> tuple[float, float, float]:
        """Of what is true and thought so, what is thought so, what is true."""
        if self.class_id is not None:
            if not 0 <= self.class_id < true.shape[1]:
                raise ValueError(f"{self.name}: class_id is {self.class_id}; accepted: from 0 to {true.shape[1] - 1}")
            true, predicted, weights = (values[:, self.class_id] for values in (true, predicted, weights))
        thought, so = predicted > self.threshold, true > 0.5
        return float((weights * (thought & so)).sum()), float((weights * thought).sum()), float((weights * so).sum())


class Precision(_Counted):
    """How much of what is thought true (above the threshold) is true; 0 where nothing is thought so. Of several classes all elements together, or with class_id one of them."""

    def _of(self, true: Any, predicted: Any, weights: Any) -> float:
        both, thought, _ = self._counts(true, predicted, weights)
        return both / thought if thought else 0.0


class Recall(_Counted):
    """How much of what is true is thought so (above the threshold); 0 where nothing is. All else as Precision."""

    def _of(self, true: Any, predicted: Any, weights: Any) -> float:
        both, _, so = self._counts(true, predicted, weights)
        return both / so if so else 0.0


class F1Score(_Kept):
    """2 · precision · recall / (precision + recall) of each class; threshold=None: what is thought is the likeliest class. average: "micro" of all elements together, "macro" the mean
    of the classes, "weighted" by how many are of each. (Keras's default, average=None, gives a number for each class.)"""

    higher = True

    def __init__(self, average: str = "macro", threshold: float | None = None, name: str | None = None, dtype: Any = None) -> None:
        if average not in ("micro", "macro", "weighted"):
            raise ValueError(f"F1Score: average is {average!r}; accepted: 'micro', 'macro' and 'weighted'")
        self.average, self.threshold = average, threshold
        super().__init__(name or "f1_score", dtype)

    def _of(self, true: Any, predicted: Any, weights: Any) -> float:
        import numpy

        if self.threshold is None and true.shape[1] == 1:
            raise ValueError("F1Score: of one unit none is the likeliest class; accepted: a threshold, as 0.5")
        thought = predicted > self.threshold if self.threshold is not None else numpy.arange(true.shape[1]) == predicted.argmax(1)[:, None]
        so = true > 0.5
        axis = None if self.average == "micro" else 0
        both, of_thought, of_so = ((weights * part).sum(axis) for part in (thought & so, thought, so))
        scores = numpy.divide(2 * both, of_thought + of_so, out=numpy.zeros(numpy.shape(both)), where=numpy.asarray(of_thought + of_so) > 0)
        if self.average == "weighted":
            return float((scores * of_so).sum() / of_so.sum()) if of_so.sum() else 0.0
        return float(numpy.mean(scores))


class _Error(_Kept):
    higher, _classes = False, False


class MeanSquaredError(_Error):
    """The mean of (p - t)²."""

    def _of(self, true: Any, predicted: Any, weights: Any) -> float:
        return float((weights * (predicted - true) ** 2).sum() / weights.sum())


class RootMeanSquaredError(MeanSquaredError):
    """The root of that."""

    def _of(self, true: Any, predicted: Any, weights: Any) -> float:
        return math.sqrt(super()._of(true, predicted, weights))


class R2Score(_Kept):
    """1 - Σ(p - t)² / Σ(t - mean of t)², of each unit, and their mean; NaN where all targets of one are the same."""

    higher, _classes = True, False

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name or "r2_score", dtype)

    def _of(self, true: Any, predicted: Any, weights: Any) -> float:
        mean = (weights * true).sum(0) / weights.sum(0)
        rest, whole = ((weights * (true - of) ** 2).sum(0) for of in (predicted, mean))
        return float((1 - rest / whole).mean()) if (whole > 0).all() else math.nan


class _Function(Metric):
    """The mean over samples of what a function says of each: function(y_true, y_pred)."""

    def __init__(self, function: Any) -> None:
        self.function = function
        super().__init__(getattr(function, "__name__", "metric"))

    def reset_state(self) -> None:
        self._sum, self._weight = 0.0, 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        import numpy

        said = numpy.asarray(self.function(y_true, y_pred), numpy.float64)
        if said.ndim == 0:
            said = numpy.full(len(y_pred), said)
        if len(said) != len(y_pred):
            raise ValueError(f"{self.name}: the function gave {len(said)} numbers of {len(y_pred)} samples; accepted: one for each, or one of all")
        said = said.reshape(len(said), -1).mean(1)
        weights = numpy.ones(len(said)) if sample_weight is None else numpy.asarray(sample_weight, numpy.float64).reshape(-1)
        self._sum, self._weight = self._sum + float((weights * said).sum()), self._weight + float(weights.sum())

    def result(self) -> float:
        return self._sum / self._weight if self._weight else math.nan


# What logs have besides.
RESERVED = ("loss", "learning_rate", "seconds", "epoch", "samples", "batches")


def _twice(name: str) -> ValueError:
    return ValueError(f"metrics: the name {name!r} is there twice; accepted: another one for each, as AUC(name='second')")


class Measured:
    """What compile() was given as metrics: `names` for the library (None: what fits the loss), `options` of theirs, what figures are called instead, and those computed here."""

    def __init__(self, metrics: Any, weighted: Any = None) -> None:
        self.names: list[str] | None = None
        self.options: dict[str, Any] = {}
        self.called: list[str | None] = []
        self.own: list[tuple[Any, bool]] = []
        for given in _listed(metrics):
            self._add(given)
        if metrics is not None and self.names is None and not self.own:
            self.names = []
        for given in _listed(weighted):
            made = _made(given)
            if not hasattr(made, "update_state"):
                raise ValueError(f"weighted_metrics: {given!r} is computed by the library without weights of its own; accepted: metrics that Python computes, as soma.metrics.AUC()")
            self.own.append((made, True))
        self._check_names()

    def _check_names(self) -> None:
        """What would overwrite something else in logs and histories is refused."""
        rows = {word: [kind, *words] for kind, words in _soma.names(METRICS).items() for word in (kind, *words)}
        kinds = [rows.get(name, [name])[0] for name in self.names or ()]
        for kind in kinds:
            if kinds.count(kind) > 1:
                same = [called or name for name, called, of in zip(self.names or (), self.called, kinds) if of == kind]
                raise ValueError(f"metrics: {' and '.join(same)} are the same, {kind}; accepted: one of them")
        given = [metric.name for metric, _ in self.own] + [name for name in self.called if name]
        there = [word for name, called in zip(self.names or (), self.called) if not called for word in rows.get(name, [name])]
        for name in given:
            if name in RESERVED or name.startswith("val_"):
                raise ValueError(f"metrics: one is called {name!r}, which says something else; accepted: other names than {', '.join(RESERVED)} and what begins with val_")
            if given.count(name) > 1 or name in there:
                raise _twice(name)

    def _add(self, given: Any) -> None:
        made = _made(given)
        if hasattr(made, "update_state"):
            self.own.append((made, False))
            return
        self.names = self.names or []
        if isinstance(made, str):
            self.names.append(made)
            self.called.append(None)
            return
        self.names.append(made.kind)
        for key, value in made.options.items():
            if self.options.get(key, value) != value:
                raise ValueError(f"metrics: all of them share one {key}; got {self.options[key]} and {value}")
            self.options[key] = value
        self.called.append(made.name)

    def named(self, figures: dict[str, Any]) -> dict[str, Any]:
        """The library's figures, the loss and then the metrics in their order, by the names that these were given."""
        if any(self.called):
            called = iter(self.called)
            names = [name if name == "loss" else next(called, None) or name for name in figures]
        else:
            names = list(figures)
        own = [metric.name for metric, _ in self.own]
        for name in names:  # what the library calls those that were not named here is known now at last
            if names.count(name) > 1 or name in own:
                raise _twice(name)
        return dict(zip(names, figures.values()))

    def begin(self) -> None:
        for metric, _ in self.own:
            metric.reset_state()

    def take(self, true: Any, predicted: Any, weights: Any) -> None:
        for metric, weighted in self.own:
            metric.update_state(true, predicted, weights) if weighted and weights is not None else metric.update_state(true, predicted)

    def results(self) -> dict[str, float]:
        return {metric.name: float(metric.result()) for metric, _ in self.own}

    def rises(self, name: str) -> bool | None:
        """Whether more of what is called so is better; None: it isn't known."""
        return next((getattr(metric, "higher", None) for metric, _ in self.own if metric.name == name), None)


def _listed(given: Any) -> list[Any]:
    return [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]


def _made(given: Any) -> Any:
    if isinstance(given, type):
        given = given()
    if isinstance(given, (str, Computed)) or all(hasattr(given, name) for name in ("update_state", "result", "reset_state", "name")):
        return given
    if callable(given):
        return _Function(given)
    raise TypeError(f"a metric is wanted, or the name of one, or a function of targets and predictions; got {given!r}")


NAMES: Iterable[str] = [name for name, value in dict(globals()).items() if isinstance(value, type) and issubclass(value, (Computed, Metric)) and name[0] != "_" and name != "Computed"]
