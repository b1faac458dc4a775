#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What training moves, by how much and to what end: frozen layers, learning rates by layer, losses.

Usage: test_program_learning.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import json
import struct
import sys
from pathlib import Path
from xml.etree import ElementTree

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, FAILED, USAGE, ProgramTest, main, run

NET = "--net=dense 6 tanh; batchnorm; dense 5 tanh; dense 3 softmax"


def tensors(path):
    """The bytes of each tensor of a safetensors file, by its name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    return {name: data[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}


class LearningTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.table = self.write("table.csv", "".join(f"{i % 5},{i % 4},{i % 7},{'abc'[i % 3]}\n" for i in range(60)))

    def train(self, *arguments):
        return self.json("train", f"--device={DEVICE}", f"--data={self.table}", "--epochs=2", "--seed=1", *arguments)


class Freeze(LearningTest):
    def test_frozen_layers_stay(self):
        first, second = self.path("first.safetensors"), self.path("second.safetensors")
        self.train(NET, "--save", first)
        self.train("--load", first, "--freeze=dense_1,batch*,*_2.bias", "--save", second)
        before, after = tensors(first), tensors(second)
        same = {name for name in before if before[name] == after[name]}
        self.assertEqual(same, {"dense_1.weight", "dense_1.bias", "batchnorm_1.weight", "batchnorm_1.bias", "batchnorm_1.running_mean",
                                "batchnorm_1.running_var", "dense_2.bias"})
        # It is kept, and shown, and ended.
        layers = {layer["name"]: layer for layer in self.json("show", second)["layers"]}
        self.assertEqual([layers[name]["frozen"] for name in ("dense_1", "batchnorm_1", "dense_2", "dense_3")], [24, 24, 5, 0])
        shown = self.succeed("show", second).stdout
        self.assertIn("24 parameters, frozen\n", shown)
        self.assertIn("35 parameters, 5 of them frozen\n", shown)
        summary = self.json("summary", "--model", second, f"--device={DEVICE}")
        self.assertEqual(summary["frozen"], 24 + 12 + 5)
        third, fourth = self.path("third.safetensors"), self.path("fourth.safetensors")
        self.train("--load", second, "--save", third)
        self.assertEqual({name for name, value in tensors(third).items() if value == after[name]}, same)
        self.train("--load", second, "--freeze=none", "--save", fourth)
        self.assertEqual({name for name, value in tensors(fourth).items() if value == after[name]}, set())

    def test_rates_by_layer(self):
        """With a rate next to nothing for one layer, that one hardly moves; the model keeps it."""
        first, second = self.path("first.safetensors"), self.path("second.safetensors")
        self.train(NET, "--save", first)
        self.train("--load", first, "--lr-of=*=1e-3,dense_2=1e-12,dense_2.bias=0.5", "--optimizer=sgd", "--save", second)
        before, after = tensors(first), tensors(second)

        def distance(name):
            a, b = (struct.unpack(f"<{len(before[name]) // 4}f", values[name]) for values in (before, after))
            return max(abs(x - y) for x, y in zip(a, b))
        self.assertLess(distance("dense_2.weight"), 1e-7)
        self.assertGreater(distance("dense_1.weight"), 1e-5)
        self.assertGreater(distance("dense_2.bias"), 10 * distance("dense_1.bias"))
        layers = {layer["name"]: layer for layer in self.json("show", second)["layers"]}
        self.assertAlmostEqual(layers["dense_1"]["learning_rate"], 1e-3, places=9)
        self.assertIn("learning rate 0.001", self.succeed("summary", "--model", second, f"--device={DEVICE}").stdout)
        again = self.path("again.safetensors")
        self.train("--load", second, "--lr-of=none", "--save", again)
        self.assertNotIn("learning_rate", {key for layer in self.json("show", again)["layers"] for key in layer})

    def test_decay_by_layer(self):
        """A decay of one by the rate leaves of the weights that it names a step by the gradient, and of no others; the text says the same; the model keeps it."""
        def largest(path, name):
            return max(map(abs, struct.unpack(f"<{len(tensors(path)[name]) // 4}f", tensors(path)[name])))
        options, text = ["--optimizer=sgd", "--lr=0.001", "--epochs=2"], NET.replace("dense 5 tanh", "dense 5 tanh l2(1000)")
        first, second, again = (self.path(f"{name}.safetensors") for name in ("first", "second", "again"))
        self.train(NET, "--l2-of=*=0,dense_2=1000", "--l1-of=dense_2.bias=0.001", *options, "--save", first)
        self.assertLess(largest(first, "dense_2.weight"), 0.01)
        self.assertGreater(largest(first, "dense_1.weight"), 0.2)
        self.train(text, "--l1-of=dense_2.bias=0.001", *options, "--save", second)
        for name, value in tensors(first).items():
            self.assertEqual(value, tensors(second)[name], name)
        layers = {layer["name"]: layer for layer in self.json("show", first)["layers"]}
        self.assertEqual((layers["dense_2"]["l2"], layers["dense_1"]["l2"]), (1000, 0))
        self.assertAlmostEqual(layers["dense_2"]["l1"], 0.001, places=9)
        self.train(NET, "--freeze=dense_2.bias", "--lr-of=dense_2=1.23456e-10", "--l2-of=dense_2=1.23456e-10", "--l1-of=dense_2=1.23457e-10", "--epochs=1", "--save", second)
        self.assertIn("5 of them frozen, learning rate 1.23456e-10, l2 1.23456e-10, l1 1.23457e-10\n", self.succeed("show", second).stdout)
        self.assertIn("l2 1000", self.succeed("summary", "--model", first, f"--device={DEVICE}").stdout)
        self.train("--load", first, "--l2-of=none", "--save", again)
        self.assertEqual([name for name, layer in ((layer["name"], layer) for layer in self.json("show", again)["layers"]) if "l2" in layer], [])
        self.assertIn("l1", [layer for layer in self.json("show", again)["layers"] if layer["name"] == "dense_2"][0])

    def test_what_is_refused(self):
        for option, words in (("--freeze=conv_*", ["--freeze", "conv_*", "dense_1.weight", "dense_3.bias"]), ("--freeze=dense_1,", ["--freeze", "empty"]),
                              ("--freeze=Dense_1", ["--freeze", "dense_1.weight"]), ("--lr-of=head=0.1", ["--lr-of", "head", "dense_1.weight"]),
                              ("--lr-of=dense_1", ["--lr-of", "dense_1", "NAME=X"]), ("--lr-of=dense_1=0", ["--lr-of", "dense_1=0", "--freeze"]),
                              ("--lr-of=dense_1=fast", ["--lr-of", "dense_1=fast"]), ("--lr-of==1", ["--lr-of"]), ("--lr-of=dense_1=-1", ["--lr-of"]),
                              ("--l2-of=dense_1=-1", ["--l2-of", "dense_1=-1", "at least 0"]), ("--l1-of=dense_1", ["--l1-of", "NAME=X"]), ("--l2-of=head=1", ["--l2-of", "head", "dense_1.weight"]),
                              ("--l1-of=dense_1=1e-60", ["--l1-of", "dense_1=1e-60", "float32"]), ("--l2-of=dense_1=1e-400", ["--l2-of", "float32"]),
                              ("--lr-of=dense_1=1e-60", ["--lr-of"]), ("--lr-of=dense_1=nan", ["--lr-of"])):
            self.refuse(USAGE, words, "train", f"--device={DEVICE}", f"--data={self.table}", NET, option)
        self.refuse(USAGE, ["--freeze", "all parameters are frozen"], "train", f"--device={DEVICE}", f"--data={self.table}", "--freeze=*")

    def test_training_is_resumed(self):
        common = [NET, "--freeze=dense_1", "--lr-of=dense_3=0.02", "--validation=0.2"]
        whole, parts, checkpoint = self.path("whole.safetensors"), self.path("parts.safetensors"), self.path("run.ckpt")
        self.train(*common, "--epochs=4", "--save", whole)
        self.train(*common, "--epochs=2", "--checkpoint", checkpoint)
        self.train("--resume", checkpoint, "--epochs=4", "--validation=0.2", "--save", parts)
        with open(whole, "rb") as a, open(parts, "rb") as b:
            self.assertEqual(a.read(), b.read())
        self.refuse(BAD_FILE, ["--resume", "frozen"], "train", "--quiet", f"--device={DEVICE}", f"--data={self.table}", "--seed=1", "--validation=0.2", "--epochs=4",
                    "--resume", checkpoint, "--freeze=none")


class Losses(LearningTest):
    def numbers(self, unit=1, base=0):
        """y is spread evenly over [0, 1) at each x, in some unit and from some base on: its quantiles are the levels."""
        return self.write("numbers.csv", "x,y\n" + "".join(f"{i % 5},{base + unit * (i * 37 % 200) / 200}\n" for i in range(1000)))

    def test_quantiles(self):
        """Several of them at once, each an output; they come near to the true ones, in whatever unit, and are kept."""
        model, output = self.path("q.safetensors"), self.path("q.csv")
        options = ["--regression", "--test=0"]
        for unit, base in (1, 0), (400000, -1000000):
            trained = self.json("train", f"--device={DEVICE}", f"--data={self.numbers(unit, base)}", "--epochs=60", "--lr=0.01", "--loss=pinball",
                                "--quantile=0.1,0.5,0.9", "--net=dense 3", "--save", model, *options)
            self.assertLess(trained["train_loss"], 0.12 * unit)  # (0.045 + 0.125 + 0.045) / 3 = 0.072 at the true ones
            self.succeed("predict", f"--device={DEVICE}", f"--data={self.path('numbers.csv')}", f"--model={model}", "--raw", "--output", output)
            with open(output, encoding="utf-8") as file:
                rows = [[float(field) for field in line.split(",")[-3:]] for line in file.read().split()[1:]]
            self.assertEqual(len(rows), 1000)
            for row in rows[:5]:
                for found, level in zip(row, (0.1, 0.5, 0.9)):
                    self.assertAlmostEqual((found - base) / unit, level, delta=0.08)
            loss = self.json("evaluate", f"--device={DEVICE}", f"--data={self.path('numbers.csv')}", f"--model={model}")["loss"]
            self.assertLess(loss, 0.12 * unit)
        # soma's own network has an output for each, which has a mean and a deviation of its own.
        own = [self.json("train", f"--device={DEVICE}", f"--data={self.path('numbers.csv')}", "--epochs=1", "--loss=quantile", quantiles, *options)
               for quantiles in ("--quantile=0.5", "--quantile=0.2,0.8")]
        self.assertEqual(own[1]["parameters"] - own[0]["parameters"], 128 + 1 + 2)

    def test_focal_loss_and_smoothing(self):
        """With gamma 0 a focal loss is the cross-entropy; smoothing keeps the loss away from 0."""
        plain, focal, none = (self.train(NET, *options)["train_loss"] for options in (
            ["--loss=cce"], ["--loss=focal"], ["--loss=focal", "--focal-gamma=0"]))
        self.assertAlmostEqual(plain, none, places=5)
        self.assertLess(focal, plain)
        smooth = self.train(NET, "--label-smoothing=0.3", "--epochs=60", "--lr=0.05", "--save", self.path("smooth.safetensors"))
        self.assertGreater(smooth["train_loss"], 0.5)
        again = self.json("evaluate", f"--device={DEVICE}", f"--data={self.table}", f"--model={self.path('smooth.safetensors')}")
        self.assertGreater(again["loss"], 0.5)

    def test_classes_by_focal_losses(self):
        """What was learnt of logits is told as classes and probabilities, and a threshold is one of probabilities."""
        rows = [(i % 7, "yes" if i % 7 > 3 else "no") for i in range(140)]
        table = self.write("yes.csv", "x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
        for net, loss in ("dense 1 sigmoid", "focal"), ("dense 1", "binary_focal_logits"), ("dense 2", "categorical_focal_logits"):
            model, output = self.path("f.safetensors"), self.path("f.csv")
            self.json("train", f"--device={DEVICE}", f"--data={table}", f"--net={net}", f"--loss={loss}", "--epochs=60", "--lr=0.05", "--save", model)
            self.succeed("predict", f"--device={DEVICE}", f"--data={table}", f"--model={model}", "--output", output)
            with open(output, newline="") as file:
                found = list(csv.DictReader(file))
            self.assertEqual([row["class"] for row in found], [y for _, y in rows], loss)
            for row in found:
                self.assertTrue(all(0 <= float(value) <= 1 for name, value in row.items() if name != "class"), row)
            if net != "dense 2":
                seen = self.json("evaluate", f"--device={DEVICE}", f"--data={table}", f"--model={model}", "--threshold=0.999999")
                self.assertAlmostEqual(seen["accuracy"], 4 / 7, places=6)  # no sample is so sure: all are "no"

    def test_what_is_refused(self):
        for options, words in ((["--quantile=0.5"], ["quantiles go with the loss quantile"]), (["--loss=quantile", "--quantile=0.9,0.1"], ["--quantile", "rising"]),
                               (["--loss=quantile", "--quantile=0,1"], ["--quantile"]), (["--focal-gamma=1"], ["focal_gamma goes with focal losses"]),
                               (["--loss=mse", "--label-smoothing=0.1"], ["label smoothing goes with"]), (["--label-smoothing=1"], ["--label-smoothing", "[0, 1)"])):
            result = run("train", f"--device={DEVICE}", "--epochs=1", "--regression", f"--data={self.numbers()}", *options)
            self.assertEqual(result.returncode, USAGE, result.stderr)
            for word in words:
                self.assertIn(word, result.stderr)


class FindRate(LearningTest):
    def test_a_rate_is_suggested(self):
        """One that training with comes further by than ones far from it, and the picture is well-formed."""
        path = self.path("rates.svg")
        found = self.json("train", f"--device={DEVICE}", f"--data={self.table}", "--seed=1", NET, "--optimizer=sgd", "--find-lr", path)
        rate = found["learning_rate"]
        self.assertTrue(1e-3 < rate < 10, rate)
        rates = [point["learning_rate"] for point in found["points"]]
        self.assertEqual(rates, sorted(rates))
        self.assertAlmostEqual(rates[0], 1e-7, delta=1e-12)
        losses = [self.train(NET, "--optimizer=sgd", f"--lr={lr}", "--epochs=5")["train_loss"] for lr in (rate, rate / 1000)]
        self.assertLess(losses[0], losses[1])
        self.assertEqual(ElementTree.parse(path).getroot().tag, "{http://www.w3.org/2000/svg}svg")
        self.assertIn("suggestion: ", Path(path).read_text(encoding="utf-8"))
        self.assertRegex(self.succeed("train", f"--device={DEVICE}", f"--data={self.table}", "--quiet", NET, "--find-lr", path).stdout, r"Learning rate: \d")

    def test_what_is_refused(self):
        for option in ("--save", "--history", "--plot", "--checkpoint"):
            self.refuse(USAGE, ["--find-lr", option], "train", f"--device={DEVICE}", f"--data={self.table}", "--find-lr", self.path("rates.svg"), option, self.path("x"))
        self.refuse(FAILED, ["--find-lr", "missing"], "train", f"--device={DEVICE}", f"--data={self.table}", "--find-lr", self.path("missing/rates.svg"))


if __name__ == "__main__":
    main()
