# SPDX-License-Identifier: MIT
"""Networks as scikit-learn's estimators, for its pipelines, searches and cross-validation. Needs scikit-learn 1.6 or later."""
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from . import layers as kinds
from .callbacks import EarlyStopping
from .network import Network

ABOUT = """
The hidden layers are given, the last one is added by the data.

layers: text, or a list of layers; may be empty for a linear model. optimizer: a name, or an Optimizer. epochs, batch_size: as of
Network.fit(); epochs None: as many as make about 2,000 steps, from 30 to 200, as `soma train` does. validation_fraction and
patience: with both, training stops after so many epochs without improvement on samples that are held out. standardize: features
are brought to mean 0 and deviation 1. random_state: of initial weights and shuffling; an int gives the same bits each time.
"""


class _Estimator(BaseEstimator):
    """What both estimators have in common."""

    def __init__(self, layers="dense 64 relu", *, optimizer="adam", epochs=None, batch_size=32, validation_fraction=0.0, patience=0,
                 standardize=True, device="cpu", random_state=None, verbose=0):
        self.layers = layers
        self.optimizer = optimizer
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.standardize = standardize
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _train(self, X, y, last, loss):
        given = [self.layers] if isinstance(self.layers, str) else list(self.layers)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.network_ = Network([layer for layer in given if layer != ""] + [last], device=self.device, seed=seed)
        self.network_.compile(self.optimizer, loss=loss)
        if self.standardize:
            self.mean_, scale = X.mean(axis=0), X.std(axis=0)
            self.scale_ = np.where(scale > 10 * np.finfo(float).eps * np.abs(self.mean_), scale, 1.0)
        epochs = self.epochs or int(np.clip(np.ceil(2000 * self.batch_size / len(X)), 30, 200))
        stop = [EarlyStopping(patience=self.patience)] if self.patience and self.validation_fraction else []
        self.history_ = self.network_.fit(self._features(X), y, epochs=epochs, batch_size=min(self.batch_size, len(X)), callbacks=stop,
                                          validation_split=self.validation_fraction, verbose=self.verbose)
        return self

    def _features(self, X):
        return ((X - self.mean_) / self.scale_ if self.standardize else X).astype(np.float32)

    def _predict(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.network_.predict(self._features(X)), np.float64)


class SomaClassifier(ClassifierMixin, _Estimator):
    __doc__ = "A network that tells classes apart, which may be called anything.\n" + ABOUT

    def fit(self, X, y):
        """Trains on X [samples, features] and y [samples]."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"SomaClassifier needs samples of at least 2 classes, there is 1 class: {self.classes_[0]!r}")
        last = kinds.Dense(len(self.classes_), activation="softmax")
        return self._train(X, numbers.astype(np.int32), last, "categorical_crossentropy")

    def predict_proba(self, X):
        """The probability of each class, in the order of classes_: [samples, classes]."""
        p = self._predict(X)
        return p / p.sum(axis=1, keepdims=True)

    def predict(self, X):
        """The most probable class of each sample."""
        best = self._predict(X).argmax(axis=1)  # which also finds that it is not fitted
        return self.classes_[best]


class SomaRegressor(RegressorMixin, _Estimator):
    __doc__ = "A network that predicts a number, or several.\n" + ABOUT

    def fit(self, X, y):
        """Trains on X [samples, features] and y, [samples] or [samples, targets]."""
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        y = np.asarray(y, np.float64)
        self.shape_ = y.shape[1:]
        y = y.reshape(len(y), -1)
        self.target_mean_, scale = y.mean(axis=0), y.std(axis=0)
        self.target_scale_ = np.where(scale > 0, scale, 1.0)
        standard = ((y - self.target_mean_) / self.target_scale_).astype(np.float32)
        return self._train(X, standard, kinds.Dense(y.shape[1]), "mean_squared_error")

    def predict(self, X):
        """The numbers of each sample, in the units of y."""
        return (self._predict(X) * self.target_scale_ + self.target_mean_).reshape(-1, *self.shape_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
