#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scores of random outcomes as scikit-learn has them. Skipped without scikit-learn.

Usage: metrics_interop.py METRICS-TOOL     (tests/metrics_tool.c)
"""
import math
import subprocess
import sys
import warnings

try:
    import numpy as np
    import sklearn
    from sklearn import metrics
    from sklearn.calibration import calibration_curve
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

TOOL = sys.argv[1]
CLASSES, LABELS, NUMBERS = range(3)
failures = compared = 0


def scores_of(task, predictions, targets, weights):
    samples, units = predictions.shape
    lines = [f"{task} {samples} {units} {0 if weights is None else 1}"]
    for i in range(samples):
        weight = 1 if weights is None else weights[i]
        lines.append(" ".join(f"{x:.9g}" for x in [*predictions[i], *np.atleast_1d(targets[i]), weight]))
    done = subprocess.run([TOOL], input="\n".join(lines), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def compare(case, found, name, expected):
    global failures, compared
    compared += 1
    value = found[name]
    if (math.isnan(value) and math.isnan(expected)) or math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-7):
        return
    failures += 1
    print(f"{case}: {name} is {value:.12g}, scikit-learn has {expected:.12g}")


def prf(case, found, truth, said, labels, weights):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for average in ("macro", "micro", "weighted", None):
            result = metrics.precision_recall_fscore_support(truth, said, labels=labels, average=average, sample_weight=weights,
                                                             zero_division=np.nan)
            for name, value in zip(("precision", "recall", "f1"), result):
                if average:
                    compare(case, found, f"{name}_{average}", value)
                else:
                    for j, of_unit in enumerate(value):
                        compare(case, found, f"{name}/{j}", of_unit)


def ranking(case, found, unit, holds, scores, weights):
    if 0 < holds.sum() < len(holds):
        compare(case, found, f"roc_auc/{unit}", metrics.roc_auc_score(holds, scores, sample_weight=weights))
        compare(case, found, f"average_precision/{unit}", metrics.average_precision_score(holds, scores, sample_weight=weights))


def bins(case, found, holds, probabilities):
    share, mean = calibration_curve(holds, probabilities, n_bins=10)
    filled = [i for i in range(10) if not math.isnan(found[f"bin_mean/{i}"])]
    assert len(filled) == len(share), (case, filled, share)
    for i, of_bin in enumerate(filled):
        compare(case, found, f"bin_share/{of_bin}", share[i])
        compare(case, found, f"bin_mean/{of_bin}", mean[i])


def classes_case(case, classes, samples, weighted, coarse, random):
    units = max(classes, 2)
    truth = np.concatenate([np.arange(units), random.integers(0, units, samples - units)])
    logits = random.normal(size=(samples, units)) + 1.5 * np.eye(units)[truth] * (random.random((samples, 1)) < 0.7)
    if coarse:  # ties
        logits = np.round(logits)
    predictions = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    if classes == 1:
        predictions = predictions[:, 1:]
    weights = random.integers(1, 4, samples).astype(np.float32) if weighted else None
    found = scores_of(CLASSES, predictions, truth, weights)
    both = np.column_stack([1 - predictions.astype(float), predictions]) if classes == 1 else predictions.astype(float)
    said = (predictions[:, 0] > 0.5).astype(int) if classes == 1 else predictions.argmax(1)
    compare(case, found, "accuracy", metrics.accuracy_score(truth, said, sample_weight=weights))
    compare(case, found, "balanced_accuracy", metrics.balanced_accuracy_score(truth, said, sample_weight=weights))
    compare(case, found, "matthews", metrics.matthews_corrcoef(truth, said, sample_weight=weights))
    matrix = metrics.confusion_matrix(truth, said, labels=range(units), sample_weight=weights)
    for i, cell in enumerate(matrix.ravel()):
        compare(case, found, f"confusion/{i}", cell)
    prf(case, found, truth, said, range(units), weights)
    for j in range(units):
        ranking(case, found, j, truth == j, both[:, j], weights)
    compare(case, found, "log_loss", metrics.log_loss(truth, both, sample_weight=weights, labels=range(units)))
    if units == 2:
        compare(case, found, "roc_auc", metrics.roc_auc_score(truth, both[:, 1], sample_weight=weights))
        compare(case, found, "average_precision", metrics.average_precision_score(truth, both[:, 1], sample_weight=weights))
        compare(case, found, "brier", metrics.brier_score_loss(truth, both[:, 1], sample_weight=weights))
        if not weighted:
            bins(case, found, truth, both[:, 1])
    else:
        even = both / both.sum(1, keepdims=True)
        compare(case, found, "roc_auc", metrics.roc_auc_score(truth, even, multi_class="ovr", average="macro", sample_weight=weights))
        ones = np.eye(units)[truth]
        compare(case, found, "average_precision", metrics.average_precision_score(ones, both, average="macro", sample_weight=weights))
        compare(case, found, "brier", np.average(((both - ones) ** 2).sum(1), weights=weights))
        if not weighted:
            bins(case, found, truth == said, both.max(1))


def labels_case(case, units, samples, weighted, random):
    truth = (random.random((samples, units)) < 0.4).astype(int)
    truth[0], truth[1] = 0, 1
    predictions = (1 / (1 + np.exp(-random.normal(size=truth.shape) - 2 * truth + 1))).astype(np.float32)
    weights = random.integers(1, 4, samples).astype(np.float32) if weighted else None
    found = scores_of(LABELS, predictions, truth, weights)
    said = (predictions > 0.5).astype(int)
    compare(case, found, "subset_accuracy", metrics.accuracy_score(truth, said, sample_weight=weights))
    compare(case, found, "hamming_loss", metrics.hamming_loss(truth, said, sample_weight=weights))
    for i, cell in enumerate(metrics.multilabel_confusion_matrix(truth, said, sample_weight=weights).ravel()):
        compare(case, found, f"confusion/{i}", cell)
    prf(case, found, truth, said, range(units), weights)
    for j in range(units):
        ranking(case, found, j, truth[:, j], predictions[:, j], weights)
    compare(case, found, "roc_auc", metrics.roc_auc_score(truth, predictions, average="macro", sample_weight=weights))
    compare(case, found, "average_precision", metrics.average_precision_score(truth, predictions, average="macro", sample_weight=weights))
    each = [metrics.log_loss(truth[:, j], predictions[:, j].astype(float), sample_weight=weights) for j in range(units)]
    compare(case, found, "log_loss", np.mean(each))
    each = [metrics.brier_score_loss(truth[:, j], predictions[:, j], sample_weight=weights) for j in range(units)]
    compare(case, found, "brier", np.mean(each))


def numbers_case(case, units, samples, weighted, offset, random):
    truth = (random.normal(size=(samples, units)) + offset).astype(np.float32)
    predictions = (truth + 0.3 * random.normal(size=truth.shape)).astype(np.float32)
    weights = random.integers(1, 4, samples).astype(np.float32) if weighted else None
    found = scores_of(NUMBERS, predictions, truth, weights)
    wide = truth.astype(float), predictions.astype(float)
    rows = {
        "r2": metrics.r2_score,
        "mean_absolute_error": metrics.mean_absolute_error,
        "mean_absolute_percentage_error": metrics.mean_absolute_percentage_error,
    }
    if not weighted:  # what the median of weighted errors is differs between versions
        rows["median_absolute_error"] = metrics.median_absolute_error
    for name, function in rows.items():
        for j, value in enumerate(function(*wide, sample_weight=weights, multioutput="raw_values")):
            compare(case, found, f"{name}/{j}", value)
        compare(case, found, name, function(*wide, sample_weight=weights))
    roots = np.sqrt(metrics.mean_squared_error(*wide, sample_weight=weights, multioutput="raw_values"))
    compare(case, found, "rmse", roots.mean())
    for j in range(units):
        compare(case, found, f"max_error/{j}", metrics.max_error(wide[0][:, j], wide[1][:, j]))


def main():
    warnings.filterwarnings("ignore", "The y_prob values do not sum to one")  # but for rounding they do
    random = np.random.default_rng(7)
    for weighted in (False, True):
        for classes in (1, 2, 3, 7):
            for samples in (20, 400):
                for coarse in (False, True):
                    case = f"{classes} units, {samples} samples, weighted {weighted}, ties {coarse}"
                    classes_case(case, classes, samples, weighted, coarse, random)
        for units in (2, 5):
            labels_case(f"{units} labels, weighted {weighted}", units, 200, weighted, random)
            numbers_case(f"{units} numbers, weighted {weighted}", units, 101, weighted, 0, random)
        numbers_case(f"1 number far from 0, weighted {weighted}", 1, 100, weighted, 1e5, random)
    print(f"{compared} values compared with scikit-learn {sklearn.__version__}, {failures} differ")
    return 1 if failures or compared < 500 else 0


if __name__ == "__main__":
    sys.exit(main())
