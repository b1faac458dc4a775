#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbers to predict in any units: they are learnt standardised and told in their own. What can be expected follows from how the tables are
made: a linear rule, and noise of a known deviation, below which no model's error can be.

Usage: test_program_target.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import json
import random
import statistics
import sys

sys.dont_write_bytecode = True
from program import DEVICE, USAGE, ProgramTest, main, run

ROWS = 500
NOISE = 0.1  # of the standard deviation of the rule


class Target(ProgramTest):
    def table(self, unit=1.0, offset=0.0, label="y"):
        """y = offset + unit (a - 2 b + noise), a and b by chance."""
        drawn = random.Random(1)
        rows = []
        for _ in range(ROWS):
            a, b = drawn.gauss(0, 1), drawn.gauss(0, 1)
            rows.append((a, b, offset + unit * (a - 2 * b + drawn.gauss(0, NOISE))))
        with open(self.path("t.csv"), "w", newline="") as file:
            csv.writer(file).writerows([("a", "b", label), *rows])
        return self.path("t.csv")

    def train(self, table, *arguments):
        result = run("train", f"--device={DEVICE}", "--data", table, "--json", "--quiet", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.said = result.stderr
        return json.loads(result.stdout)

    def test_units_do_not_matter(self):
        """The mean distance of the noise is sqrt(2 / pi) of its deviation; a tenth more for what is learnt of 400 rows is much."""
        for unit, offset in ((1, 0), (100000, 500000), (1e-6, 0), (1e-6, 1e-3), (1e9, -3e9), (1e4, 1e6), (-5, 0), (3e12, 0), (1e-9, 0), (0.01, 20)):
            error = self.train(self.table(unit, offset))["test_mean_absolute_error"]
            self.assertLess(error, 1.25 * abs(unit) * NOISE * 0.798, (unit, offset))
            self.assertGreater(error, 0.75 * abs(unit) * NOISE * 0.798, (unit, offset))

    def test_every_loss_and_optimizer(self):
        table = self.table(1e5, 5e5)
        for arguments in (["--loss=mae"], ["--loss=huber", "--huber-delta=1e4"], ["--optimizer=sgd", "--lr=0.05"], ["--optimizer=adamw"]):
            self.assertLess(self.train(table, *arguments)["test_mean_absolute_error"], 1.6e4, arguments)  # twice what the noise alone has

    def test_few_rows_decay(self):
        """4 by the number of rows, 500 less a fifth to test on and a tenth of the rest; and nothing where something else is said."""
        table, run_of = self.table(), lambda *more: self.succeed("train", f"--device={DEVICE}", "--data", self.path("t.csv"), "--epochs=2", *more)
        self.assertIn("Decay    weights by 0.011 (--l2), as suits numbers to predict of 360 rows", run_of().stdout)
        if DEVICE != "cpu":
            return  # who decides does not know the device, and kernels take long to be built
        default, said = self.train(table, "--epochs=2"), self.train(table, "--epochs=2", "--l2=0.011111111")
        self.assertEqual(default["test_loss"], said["test_loss"])
        for more in (["--l2=0"], ["--l1=0.001"], ["--net=dense 4 relu; dense 1"], ["--optimizer=adamw"], ["--loss=mae"], ["--no-scale-target"]):
            self.assertNotIn("Decay", run_of(*more).stdout, more)
        self.assertNotEqual(self.train(table, "--epochs=2", "--l2=0")["test_loss"], default["test_loss"])
        model = self.path("model.safetensors")
        run_of("--save", model)
        self.assertIn("Decay    weights by 0.011 (--l2), as the model was trained before", run_of("--load", model).stdout)
        self.assertNotIn("Decay", run_of("--load", model, "--l2=0.1").stdout)

    def test_as_they_are(self):
        error = self.train(self.table(1e5, 5e5), "--no-scale-target")["test_mean_absolute_error"]
        self.assertGreater(error, 1e5)
        self.assertIn("worse than", self.said)
        self.assertIn("always saying the mean", self.said)

    def test_what_is_told_is_in_the_units(self):
        """Loss and error of the program are those of its predictions, computed here."""
        table, model = self.table(1e5, 5e5), self.path("model.safetensors")
        self.train(table, "--save", model, "--test=0", "--epochs=20")
        told = self.json("evaluate", f"--device={DEVICE}", "--model", model, "--data", table)
        said = [float(v) for v in self.succeed("predict", f"--device={DEVICE}", "--model", model, "--data", table, "--raw").stdout.split()[1:]]
        with open(table) as file:
            right = [float(row["y"]) for row in csv.DictReader(file)]
        squares = statistics.fmean((a - b) ** 2 for a, b in zip(said, right))
        self.assertAlmostEqual(told["loss"], squares, delta=1e-4 * squares)
        self.assertAlmostEqual(told["mean_absolute_error"], statistics.fmean(abs(a - b) for a, b in zip(said, right)), delta=1e-3 * squares**0.5)
        self.assertAlmostEqual(told["mean_loss"], statistics.pvariance(right), delta=1e-4 * statistics.pvariance(right))

    def test_onnx_has_the_units(self):
        table, model, onnx = self.table(1e5, 5e5), self.path("m.safetensors"), self.path("m.onnx")
        self.train(table, "--save", model)
        if run("convert", model, onnx).returncode:
            self.skipTest("built without ONNX")
        ours, theirs = ([float(v) for v in self.succeed("predict", f"--device={DEVICE}", "--model", file, "--data", table, "--raw").stdout.split()[1:]]
                        for file in (model, onnx))
        self.assertLess(max(abs(a - b) for a, b in zip(ours, theirs)), 1e-5 * max(map(abs, ours)))
        self.assertGreater(statistics.fmean(theirs), 4e5)

    def test_a_constant_target(self):
        self.assertLess(self.train(self.table(0, 700000), "--regression")["test_mean_absolute_error"], 0.5)

    def test_training_goes_on(self):
        table, model = self.table(1e5, 5e5), self.path("model.safetensors")
        self.train(table, "--save", model, "--epochs=2")
        self.assertLess(self.train(table, "--load", model)["test_mean_absolute_error"], 1e4)

    def test_resumed(self):
        table = self.table(1e5, 5e5)
        whole, parts, checkpoint = self.path("whole"), self.path("parts"), self.path("run.ckpt")
        self.train(table, "--epochs=6", "--save", whole)
        self.train(table, "--epochs=3", "--checkpoint", checkpoint)
        self.train(table, "--epochs=6", "--resume", checkpoint, "--save", parts)
        with open(whole, "rb") as a, open(parts, "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_refusals(self):
        table = self.table()
        for arguments in (["--net=dense 1 sigmoid", "--loss=mse"], ["--loss=bce"]):
            result = run("train", f"--device={DEVICE}", "--data", table, "--scale-target", "--epochs=1", *arguments)
            self.assertEqual(result.returncode, USAGE, result.stderr)
        self.train(table, "--save", self.path("m"), "--epochs=1")
        self.refuse(USAGE, ["--scale-target", "--load"], "train", f"--device={DEVICE}", "--data", table, "--load", self.path("m"), "--no-scale-target")


if __name__ == "__main__":
    main()
