#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Validation and test samples from files of their own: read as the training file was, measured on as evaluate measures, and known again.

Usage: test_program_part_files.py PROGRAM DEVICE [CLASS ...]
"""
import json
import random
import struct
import sys

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, USAGE, ProgramTest, main, npy, run

RANDOM = random.Random(17)


def side(w):
    return "right" if w > 0 else "left"


def points(count, shift=0.0):
    return [(RANDOM.gauss(shift, 1), RANDOM.gauss(0, 1)) for _ in range(count)]


TRAIN, VALIDATION, TEST = points(120), points(40), points(50, 5)


class OwnFiles(ProgramTest):
    def table(self, name, header, rows):
        self.write(name, "".join(",".join(map(str, row)) + "\n" for row in [header, *rows]))
        return self.path(name)

    def setUp(self):
        super().setUp()
        self.model = self.path("model.safetensors")
        self.data = self.table("train.csv", ["w", "h", "place", "side"], [[w, h, "ab"[i % 2], side(w)] for i, (w, h) in enumerate(TRAIN)])
        # Other orders of columns and of categories, and classes that come in another order, one of them never.
        self.validation = self.table("validation.csv", ["side", "place", "h", "w"], [[side(w), "ba"[i % 2], h, w] for i, (w, h) in enumerate(VALIDATION)])
        self.test = self.table("test.csv", ["h", "extra", "side", "w", "place"], [[h, 7, side(w), w, "b"] for w, h in TEST])

    def train(self, *arguments, data=None):
        return self.json("train", f"--device={DEVICE}", "--data", data or self.data, "--save", self.model, "--epochs=40", "--lr=0.02", "--seed=1", *arguments)

    def evaluate(self, data, *arguments):
        result = run("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", data, "--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.said = result.stderr
        return json.loads(result.stdout)

    def division(self):
        with open(self.model, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        return json.loads(header["__metadata__"]["soma.data"])["division"]

    def refuse_training(self, words, *arguments, status=USAGE):
        self.refuse(status, words, "train", f"--device={DEVICE}", "--epochs=1", "--data", self.data, *arguments)

    def refuse_evaluation(self, words, data, *arguments):
        self.refuse(USAGE, words, "evaluate", f"--device={DEVICE}", "--model", self.model, "--data", data, *arguments)

    def test_what_is_measured(self):
        told = self.train("--validation-data", self.validation, "--test-data", self.test)
        found = self.evaluate(self.test)
        self.assertEqual(found["samples"], 50)
        self.assertGreater(found["accuracy"], 0.95)
        for figure in ("loss", "accuracy"):
            self.assertAlmostEqual(told[f"test_{figure}"], found[figure], delta=1e-6)
            self.assertAlmostEqual(told[f"validation_{figure}"], self.evaluate(self.validation)[figure], delta=1e-6)

    def test_the_training_file_alone_is_learnt_from(self):
        """Whatever is in the other files: weights, and with them predictions, are the same."""
        def predictions():
            return self.json("predict", f"--device={DEVICE}", "--model", self.model, "--data", self.data, "--raw")["predictions"]
        self.train("--validation=0", "--test=0")
        plain = predictions()
        self.train("--validation-data", self.test, "--test-data", self.validation)
        self.assertEqual(predictions(), plain)

    def test_they_are_known_again(self):
        self.train("--validation-data", self.validation, "--test-data", self.test)
        kept = self.division()
        self.assertEqual([kept["samples"], kept["test"], kept["validation"], kept["test_file"]["samples"], kept["validation_file"]["samples"]], [120, 0, 0, 50, 40])
        whole = self.evaluate(self.test)
        self.assertNotIn("trained on", self.said.replace("was not trained on", ""))
        self.assertEqual(self.evaluate(self.test, "--part=test"), whole)
        self.assertIn(f"a file of its own, with the fingerprint {kept['test_file']['fingerprint']}", self.said)
        self.assertEqual(self.evaluate(self.validation, "--part=validation")["samples"], 40)
        self.assertEqual(self.evaluate(self.data, "--part=train")["samples"], 120)
        for part, data in (("test", self.data), ("test", self.validation), ("validation", self.test), ("validation", self.data)):
            self.refuse_evaluation([f"--part={part}", "a file of its own", kept[f"{part}_file"]["fingerprint"], "--data"], data, f"--part={part}")
        self.evaluate(self.data)
        self.assertIn("was trained on samples of", self.said)
        self.succeed("convert", self.model, self.path("model.onnx"))
        self.model = self.path("model.onnx")
        self.assertEqual(self.evaluate(self.test, "--part=test")["samples"], 50)

    def test_columns_that_were_named_by_number(self):
        self.train("--label=4", "--ignore=3", "--test-data", self.test)
        self.assertGreater(self.evaluate(self.test)["accuracy"], 0.95)

    def test_one_of_them(self):
        told = self.train("--test-data", self.test)
        self.assertAlmostEqual(told["test_loss"], self.evaluate(self.test)["loss"], delta=1e-6)
        self.assertEqual((self.division()["test"], self.division()["validation"]), (0, 0.1))
        self.assertEqual(self.evaluate(self.data, "--part=validation")["samples"], 12)
        self.train("--validation-data", self.validation)
        self.assertEqual(self.evaluate(self.data, "--part=test")["samples"], 24)

    def test_a_training_that_goes_on(self):
        self.train()
        told = self.train("--load", self.model, "--test-data", self.test)
        self.assertAlmostEqual(told["test_loss"], self.evaluate(self.test)["loss"], delta=1e-6)
        self.assertEqual(self.division()["test_file"]["samples"], 50)

    def test_refusals(self):
        self.refuse_training(["--test-data", "--test 0.3", "both given"], "--test-data", self.test, "--test=0.3")
        self.refuse_training(["--validation-data", "--validation 0.1", "both given"], "--validation-data", self.validation, "--validation=0.1")
        self.refuse_training(["--test-data", "absent.csv"], "--test-data", self.path("absent.csv"), status=BAD_FILE)
        self.refuse_training(["--test-data", "one training"], "--test-data", self.test, "--folds=3")
        self.refuse_training(["--validation-data", "one training"], "--validation-data", self.test, "--seeds=3")
        without = self.table("a.csv", ["h", "place", "side"], [[1, "a", "left"]])
        self.refuse_training(["a.csv", 'no column "w"'], "--test-data", without, status=BAD_FILE)
        other = self.table("b.csv", ["w", "h", "place", "side"], [[1, 2, "a", "above"]])
        self.refuse_training(["b.csv", 'class "above"', '"right"', '"left"'], "--test-data", other, status=BAD_FILE)
        unlabelled = self.table("c.csv", ["w", "h", "place"], [[1, 2, "a"]])
        self.refuse_training(["c.csv", "no labels"], "--validation-data", unlabelled)
        self.write("d.npy", npy("<f4", (2, 3), range(6)))
        self.refuse_training(["--test-data", "another file"], "--test-data", self.path("d.npy"))
        self.refuse(USAGE, ["--test-data", "digits"], "train", f"--device={DEVICE}", "--epochs=1", "--test-data", self.test)

    def test_the_same_samples(self):
        result = self.succeed("train", f"--device={DEVICE}", "--data", self.data, "--epochs=1", "--test-data", self.data)
        self.assertIn("which are trained on", result.stderr)

    def test_groups_on_both_sides(self):
        """By what is written in their column, in whatever order: patients 0 to 29 are trained on, and 25 to 34, four times each, tested on."""
        rows = [[w, h, f"patient {i % 30}", side(w)] for i, (w, h) in enumerate(TRAIN)]
        data = self.table("g.csv", ["w", "h", "who", "side"], rows)
        tested = [[f"patient {34 - i % 10}", side(w), w, h] for i, (w, h) in enumerate(VALIDATION)]
        cases = (("both.csv", ["who", "side", "w", "h"], tested, "20 of the 40 samples of"), ("none.csv", ["side", "w", "h"], [row[1:] for row in tested], "is not known"),
                 ("others.csv", ["who", "side", "w", "h"], [[f"p{row[0]}", *row[1:]] for row in tested], None))
        for name, header, rows, words in cases:
            for option in ("--test-data", "--validation-data"):
                table = self.table(name, header, rows)
                said = self.succeed("train", f"--device={DEVICE}", "--data", data, "--epochs=1", "--group-column=who", "--split-by=group", option, table,
                                    "--validation=0" if option == "--test-data" else "--test=0").stderr
                if words:
                    self.assertIn(words, said)
                    self.assertIn("who", said)
                else:
                    self.assertNotIn("groups", said)

    def test_numbers_and_several_labels(self):
        rows = [[w, h, w + h, w - h] for w, h in TRAIN]
        data = self.table("n.csv", ["w", "h", "sum", "difference"], rows)
        test = self.table("t.csv", ["difference", "sum", "w", "h"], [[w - h, w + h, w, h] for w, h in VALIDATION])
        told = self.train("--label=sum,difference", "--test-data", test, data=data)
        self.assertAlmostEqual(told["test_loss"], self.evaluate(test)["loss"], delta=1e-6)
        self.assertLess(told["test_mean_absolute_error"], 0.5)


if __name__ == "__main__":
    main()
