# SPDX-License-Identifier: MIT
"""Pictures: handwritten digits, moved about anew in each epoch while they are learnt, and what is taken for what.

Usage: python examples/python/pictures.py
"""
# %% The data: 8 by 8 pixels, bytes, which soma scales by 1/255. NumPy is needed; run it in the source tree, where data/digits is.
import gzip

import numpy as np

import soma


def read(part, kind, head):
    return np.frombuffer(gzip.open(f"data/digits/{part}-{kind}-ubyte.gz").read()[head:], np.uint8)


(x, y), (x_test, y_test) = [(read(part, "images-idx3", 16).reshape(-1, 8, 8, 1), read(part, "labels-idx1", 8)) for part in ("train", "t10k")]


# %% Batches come one by one, so that no picture is kept that was made for one step.
class Moved:
    """Each picture once, in another order each time, moved by up to a pixel."""

    random = np.random.default_rng(1)

    def __iter__(self):
        order = self.random.permutation(len(x))
        for rows in np.array_split(order, len(x) // 32):
            down, right = self.random.integers(0, 3, 2)
            yield np.pad(x[rows], ((0, 0), (1, 1), (1, 1), (0, 0)))[:, down:down + 8, right:right + 8], y[rows]


network = soma.Network([soma.Conv2D(32, 3, padding="same", activation="relu"), soma.BatchNormalization(), soma.MaxPooling2D(),
                        soma.Conv2D(64, 3, padding="same", activation="relu"), soma.BatchNormalization(), soma.GlobalAveragePooling2D(),
                        soma.Dense(10, activation="softmax")], seed=1)
network.compile("adam", "categorical_crossentropy", ["accuracy"])
history = network.fit(Moved(), epochs=20, validation_data=(x_test, y_test), verbose=0)
print(f"accuracy on {len(y_test)} digits that it has not seen: {history['val_accuracy'][-1]:.4f}")  # history.plot() draws the curves

# %% What is taken for what: a row for each digit, a column for each answer.
answers = network.predict_classes(x_test)
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (y_test, answers), 1)
print(confusion)

# %% The surest of the mistakes.
sure = network.predict(x_test).max(1)
wrong = np.flatnonzero(answers != y_test)
if len(wrong):
    one = wrong[sure[wrong].argmax()]
    print(f"a {y_test[one]} that is taken for a {answers[one]}, by {100 * sure[one]:.0f} %:")
    print("\n".join("".join(" .:-=+*#%@"[pixel * 9 // 255] for pixel in row) for row in x_test[one, :, :, 0].astype(int)))
