# SPDX-License-Identifier: MIT
"""Ten lines: learn handwritten digits, without any other package. Run it where data/digits is, in the source tree.

Usage: python examples/python/digits.py
"""
import gzip

import soma


def read(part, kind, head):
    return memoryview(gzip.open(f"data/digits/{part}-{kind}-ubyte.gz").read())[head:]


(x, y), (x_test, y_test) = [(read(part, "images-idx3", 16), read(part, "labels-idx1", 8)) for part in ("train", "t10k")]
network = soma.Network([soma.Conv2D(16, 3, activation="relu"), soma.MaxPooling2D(), soma.Flatten(), soma.Dense(10, activation="softmax")])
network.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
network.fit(x.cast("B", (len(y), 8, 8, 1)), y, epochs=20, validation_split=0.1)
figures = network.evaluate(x_test.cast("B", (len(y_test), 8, 8, 1)), y_test)
print(f"accuracy on {len(y_test)} digits that it has not seen: {figures['accuracy']:.4f}")
