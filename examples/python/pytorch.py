# SPDX-License-Identifier: MIT
"""A model from PyTorch: its weights go into a network of soma by the order of their layers, which says the same, learns on, and gives them back.

Usage: python examples/python/pytorch.py
"""
# %% A model that PyTorch has trained. Run it in the source tree, where data/digits is.
import gzip

import numpy as np
import torch

import soma


def read(part, kind, head):
    return np.frombuffer(gzip.open(f"data/digits/{part}-{kind}-ubyte.gz").read()[head:], np.uint8)


(x, y), (x_test, y_test) = [(read(part, "images-idx3", 16).reshape(-1, 8, 8, 1) / np.float32(255), read(part, "labels-idx1", 8).astype(np.int64))
                            for part in ("train", "t10k")]
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Conv2d(1, 16, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(16 * 3 * 3, 64),
                            torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
pictures, labels = torch.tensor(x).permute(0, 3, 1, 2), torch.tensor(y)  # PyTorch has the channels before height and width
for _ in range(5):
    for rows in torch.randperm(len(x)).split(32):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(pictures[rows]), labels[rows]).backward()
        optimizer.step()

# %% The same layers here take its weights; kernels and the rows behind the flattened picture are turned as soma has them.
network = soma.Network([soma.Conv2D(16, 3, padding="valid", activation="relu"), soma.MaxPooling2D(2), soma.Flatten(), soma.Dense(64, activation="relu"),
                        soma.Dense(10, activation="softmax")])
network.compile("adam", "categorical_crossentropy", ["accuracy"])
network.build((8, 8, 1))
network.take_weights(model, names="order")


def apart():
    with torch.no_grad():
        theirs = torch.softmax(model(torch.tensor(x_test).permute(0, 3, 1, 2)), 1).numpy()
    return abs(network.predict(x_test) - theirs).max()


print(f"probabilities are at most {apart():.1e} apart; accuracy {network.evaluate(x_test, y_test)['accuracy']:.4f}")

# %% It learns on, on any device that soma has, and what it has learnt goes back.
network.fit(x, y, epochs=15, verbose=0)
network.give_weights(model, names="order")
print(f"after 15 more epochs {apart():.1e} apart; accuracy {network.evaluate(x_test, y_test)['accuracy']:.4f}")
