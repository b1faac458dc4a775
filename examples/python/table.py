# SPDX-License-Identifier: MIT
"""A table: what was measured of cells, benign or malignant, by the names of its columns; and the same in scikit-learn's way.

Usage: python examples/python/table.py
"""
# %% The data: 569 rows of 30 columns with names, a quarter held out. pandas and scikit-learn are needed.
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import soma

cells = load_breast_cancer(as_frame=True)
x, x_test, y, y_test = train_test_split(cells.data, cells.target, test_size=0.25, random_state=1, stratify=cells.target)
mean, deviation = x.mean(), x.std()

# %% A network learns them, until the part that it holds out for that gets no better.
network = soma.Network("dense 16 relu; dropout 0.2; dense 2 softmax", seed=1)
network.compile("adam", "categorical_crossentropy", ["accuracy"])
history = network.fit((x - mean) / deviation, y, epochs=100, validation_split=0.2, callbacks=[soma.EarlyStopping(patience=10)], verbose=0)
print(f"{len(history.epoch)} epochs, the best was {history.best + 1}: loss {history['val_loss'][history.best]:.3f} on what it did not train on")

# %% It has learnt which columns there are: their order does not matter, and others are passed over.
mixed = ((x_test - mean) / deviation).sample(frac=1, axis=1, random_state=1).assign(hospital=1.0)
figures = network.evaluate(mixed, y_test)
print(f"accuracy on {len(y_test)} rows that it has not seen: {figures['accuracy']:.4f}")
print(f"the first of them are malignant with {network.predict(mixed.head(3))[:, 0].round(3)}")

# %% An estimator in a pipeline, measured by cross-validation.
model = make_pipeline(StandardScaler(), soma.SomaClassifier("dense 16 relu; dropout 0.2", epochs=40, random_state=1))
scores = cross_val_score(model, cells.data, cells.target, cv=5)
print(f"accuracy of five folds: {scores.mean():.4f}, deviation {scores.std():.4f}")
