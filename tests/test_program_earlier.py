# SPDX-License-Identifier: MIT
"""Models and checkpoints that an earlier version wrote are read by this one. Usage: PROGRAM DEVICE [CLASS ...]

What a model must say is computed here, from the numbers in its file.
"""
import csv
import json
import math
import os
import struct

from program import DEVICE, ProgramTest, main, read_safetensors

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "earlier")
NETWORK = "dense 8 leaky_relu(1,0.1); dropout 0.1; dense 3 softmax"


def file(name):
    return os.path.join(FOLDER, name)


def dense(x, tensors, name):
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    return [sum(x[i] * weight[i][j] for i in range(len(x))) + bias[j] for j in range(len(bias))]


def predict(path):
    """Rows of probabilities, in float64, by the formulas."""
    metadata, tensors = read_safetensors(path)
    network = json.loads(metadata["soma.network"])
    mean, scale = network["preprocessing"]["mean"], network["preprocessing"]["scale"]
    with open(file("flowers.csv"), newline="", encoding="utf-8") as source:
        rows = [[float(cell) for cell in row[:3]] for row in list(csv.reader(source))[1:]]
    results = []
    for row in rows:
        x = [(value - m) * s for value, m, s in zip(row, mean, scale)]
        x = [value if value > 0 else float(struct.unpack("<f", struct.pack("<f", 0.1))[0]) * value for value in dense(x, tensors, "dense_1")]
        logits = dense(x, tensors, "dense_2")
        exponentials = [math.exp(value - max(logits)) for value in logits]
        results.append([value / sum(exponentials) for value in exponentials])
    return results


class Earlier(ProgramTest):
    def expect_predictions(self, name, expected, header):
        lines = self.succeed("predict", "--model", file(name), "--data", file("flowers.csv"), f"--device={DEVICE}").stdout.splitlines()
        self.assertEqual(lines[0], f"class,probability,{header}")
        self.assertEqual(len(lines), len(expected) + 1)
        for line, row in zip(lines[1:], expected):
            found = [float(cell) for cell in line.split(",")[2:]]
            # A sum of 8 products in float32, and exp: far below this.
            for value, want in zip(found, row):
                self.assertAlmostEqual(value, want, delta=2e-6)

    def test_a_model(self):
        self.expect_predictions("model.safetensors", predict(file("model.safetensors")), "red,green,blue")

    def test_a_checkpoint_is_a_model(self):
        self.expect_predictions("checkpoint.safetensors", predict(file("checkpoint.safetensors")), "red,green,blue")

    def test_an_onnx_model(self):
        self.expect_predictions("model.onnx", predict(file("model.safetensors")), "0,1,2")

    def test_training_goes_on(self):
        metadata, _ = read_safetensors(file("checkpoint.safetensors"))
        history = json.loads(metadata["soma.checkpoint"])["history"]
        self.succeed("train", "--data", file("flowers.csv"), "--net", NETWORK, "--epochs", "7", "--batch", "8", "--seed", "3", "--optimizer",
                     "adam", "--resume", file("checkpoint.safetensors"), "--save", self.path("more.safetensors"), "--history",
                     self.path("more.csv"), f"--device={DEVICE}")
        with open(self.path("more.csv"), newline="", encoding="utf-8") as source:
            rows = list(csv.DictReader(source))
        self.assertEqual(len(rows), 7)
        for row, epoch in zip(rows, history):
            self.assertAlmostEqual(float(row["loss"]), epoch["train"][0], delta=1e-6)
        before, after = (read_safetensors(path)[1] for path in (file("checkpoint.safetensors"), self.path("more.safetensors")))
        self.assertNotEqual(before["dense_1.weight"], after["dense_1.weight"])

    def test_training_on_pictures_goes_on(self):
        """They had no channel then."""
        self.succeed("train", "--data", file("pictures"), "--net", "dense 4 relu; dense 2 softmax", "--epochs", "5", "--batch", "8", "--seed",
                     "3", "--resume", file("pictures.safetensors"), "--save", self.path("more.safetensors"), f"--device={DEVICE}")
        before, after = (read_safetensors(path)[1] for path in (file("pictures.safetensors"), self.path("more.safetensors")))
        self.assertNotEqual(before["dense_1.weight"], after["dense_1.weight"])
        self.succeed("evaluate", "--model", file("pictures.safetensors"), "--data", file("pictures"), f"--device={DEVICE}")


if __name__ == "__main__":
    main()
