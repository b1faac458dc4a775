#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program and tables: names of classes, predictions, regression, weights of classes, divided data, early stopping.

Usage: test_program_data.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import os
import struct
import sys
import xml.etree.ElementTree
import zipfile

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, USAGE, ProgramTest, main, npy, read_npy

# Three groups of points that a line can tell apart, and names that CSV must quote.
NAMES = ["red", 'green, "dark"', "blue"]
CENTRES = [(0, 0), (9, 1), (2, 8)]


def points(number):
    """The samples of a class: a grid round its centre."""
    x, y = CENTRES[number]
    return [(x + i * 0.1, y + j * 0.1) for i in range(-3, 4) for j in range(-3, 4)]


class TableTest(ProgramTest):
    def write_table(self, name, rows):
        with open(self.path(name), "w", newline="") as file:
            csv.writer(file).writerows(rows)
        return self.path(name)

    def train(self, *arguments):
        return self.json("train", f"--device={DEVICE}", "--seed=1", *arguments)

    def read_history(self, name="history.csv"):
        with open(self.path(name), newline="") as file:
            return list(csv.DictReader(file))


class Classes(TableTest):
    def setUp(self):
        super().setUp()
        self.rows = [[x, y, NAMES[number]] for number in range(3) for x, y in points(number)]
        self.table = self.write_table("table.csv", [["x", "y", "colour"], *self.rows])
        self.model = self.path("model.safetensors")
        result = self.train("--data", self.table, "--epochs=30", "--lr=0.01", "--test=0.25", "--validation=0", "--save", self.model)
        self.assertEqual(result["test_accuracy"], 1)

    def evaluate(self, *arguments):
        return self.json("evaluate", "--model", self.model, f"--device={DEVICE}", *arguments)

    def test_classes_are_told_by_name(self):
        """Another file has them in another order."""
        backwards = self.write_table("backwards.csv", [["x", "y", "colour"], *reversed(self.rows)])
        self.assertEqual(self.evaluate("--data", backwards)["accuracy"], 1)
        one = self.write_table("one.csv", [row for row in self.rows if row[2] == "blue"])
        self.assertEqual(self.evaluate("--data", one)["accuracy"], 1)

    def test_an_unknown_class_is_refused(self):
        strange = self.write_table("strange.csv", [*self.rows, [1, 1, "purple"]])
        self.refuse(BAD_FILE, ["purple"], "evaluate", "--model", self.model, f"--device={DEVICE}", "--data", strange)

    def test_the_label_may_stand_anywhere(self):
        table = self.write_table("first.csv", [["colour", "x", "y"], *([c, x, y] for x, y, c in self.rows)])
        for label in ("colour", "1"):
            self.assertEqual(self.evaluate("--data", table, "--label", label)["accuracy"], 1)
        table = self.write_table("semicolons.csv", [])
        with open(table, "w") as file:
            file.writelines(f"{x};{y};\"{c.replace(chr(34), chr(34) * 2)}\"\n" for x, y, c in self.rows)
        self.assertEqual(self.evaluate("--data", table, "--separator=;", "--no-header")["accuracy"], 1)

    def test_predictions_have_names(self):
        unlabelled = self.write_table("unlabelled.csv", [row[:2] for row in self.rows])
        for data in (self.table, unlabelled):
            text = self.succeed("predict", "--model", self.model, f"--device={DEVICE}", "--quiet", "--data", data).stdout
            predictions = list(csv.DictReader(text.splitlines()))
            self.assertEqual([row["class"] for row in predictions], [row[2] for row in self.rows])
            for row in predictions:
                self.assertEqual(list(row), ["class", "probability", *NAMES])
                self.assertAlmostEqual(sum(float(row[name]) for name in NAMES), 1, places=5)
                self.assertEqual(row["probability"], row[row["class"]])
        result = self.json("predict", "--model", self.model, f"--device={DEVICE}", "--data", unlabelled)
        self.assertEqual(result["predictions"], [row[2] for row in self.rows])

    def test_predictions_as_numpy_arrays(self):
        output = self.path("classes.npy")
        self.succeed("predict", "--model", self.model, f"--device={DEVICE}", "--data", self.table, "--output", output)
        header, start, numbers = read_npy(output)
        self.assertEqual(start % 64, 0)
        self.assertEqual(header.pop("descr")[1:], "i4")
        self.assertEqual(header, {"fortran_order": False, "shape": (len(self.rows),)})
        self.assertEqual([NAMES[number] for number in numbers], [row[2] for row in self.rows])

    def test_parts_of_a_file(self):
        sizes = {part: self.evaluate("--data", self.table, "--part", part)["samples"]
                 for part in ("train", "test", "all")}
        self.assertEqual(sizes, {"train": 110, "test": 37, "all": 147})

    def test_outputs_that_cannot_be(self):
        predict = ["predict", "--model", self.model, f"--device={DEVICE}", "--data", self.table]
        self.refuse(USAGE, ["picture.png", ".npy"], *predict, "--output", self.path("picture.png"))
        result = self.refuse_with_object(USAGE, *predict, "--output=-", "--json")
        self.assertIn("stdout", result["error"])

    def test_a_name_that_xml_must_escape(self):
        strange = self.path('a&<b>"\u00e9\udcff.csv')
        os.rename(self.table, strange)
        plot = self.path("plot.svg")
        self.train("--data", strange, "--epochs=1", "--plot", plot)
        text = " ".join(element.text or "" for element in xml.etree.ElementTree.parse(plot).getroot().iter())
        self.assertIn('a&<b>"\u00e9?.csv', text)


class Arrays(TableTest):
    """NumPy's files, made by hand from the format's description."""

    def setUp(self):
        super().setUp()
        places = [(x, y) for number in range(3) for x, y in points(number)]
        numbers = [number for number in range(3) for _ in points(number)]
        self.count = len(numbers)
        x = [value for place in places for value in place]
        self.x = npy("<f4", (self.count, 2), x)
        self.y = npy(">i8", (self.count,), numbers)

    def archive(self, name, method=zipfile.ZIP_DEFLATED, **arrays):
        with zipfile.ZipFile(self.path(name), "w", method) as archive:
            for key, content in arrays.items():
                archive.writestr(key + ".npy", content)
        return self.path(name)

    def test_arrays_of_files_and_archives(self):
        arguments = ["--epochs=60", "--lr=0.05", "--net=dense 3 softmax"]
        files = ["--data", self.write("x.npy", self.x), "--labels", self.write("y.npy", self.y)]
        from_files = self.train(*files, *arguments, "--save", self.path("model"))
        self.assertGreater(from_files["test_accuracy"], 0.9)
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            archive = self.archive("both.npz", method, x=self.x, y=self.y)
            self.assertEqual(self.train("--data", archive, *arguments)["test_loss"], from_files["test_loss"])
        parts = self.archive("parts.npz", x_train=self.x, y_train=self.y, x_test=self.x, y_test=self.y)
        self.assertEqual(self.json("evaluate", f"--device={DEVICE}", "--model", self.path("model"), "--data", parts)["samples"], self.count)
        unlabelled = self.archive("x.npz", x=self.x)
        self.succeed("predict", f"--device={DEVICE}", "--model", self.path("model"), "--data", unlabelled,
                     "--output", self.path("all.npz"))
        with zipfile.ZipFile(self.path("all.npz")) as archive:
            self.assertEqual(sorted(archive.namelist()), ["classes.npy", "dense_1.npy"])
            self.assertIn(f"'shape': ({self.count}, 3)", str(archive.read("dense_1.npy")[:128]))

    def test_archives_that_are_refused(self):
        self.refuse(USAGE, ["no labels", "y beside x"], "train", "--device=cpu", "--data", self.archive("x.npz", x=self.x))
        self.refuse(BAD_FILE, ["a.npy", "x_train.npy"], "train", "--device=cpu", "--data", self.archive("a.npz", a=self.x))
        self.refuse(BAD_FILE, ["objects", "offset 21"], "train", "--device=cpu", "--labels", self.write("y.npy", self.y), "--data",
                    self.write("x.npy", self.x.replace(b"<f4'", b"|O' ")))
        self.refuse(BAD_FILE, ["empty.npz"], "train", "--device=cpu", "--data", self.write("empty.npz", b""))


class Training(TableTest):
    def test_regression(self):
        rows = [[x, y, 2 * x - y] for x, y in points(0) + points(1)]
        table, model = self.write_table("line.csv", rows), self.path("line.safetensors")
        result = self.train("--data", table, "--regression", "--epochs=60", "--lr=0.02", "--save", model)
        self.assertIsNone(result["test_accuracy"])
        self.assertLess(result["test_mean_absolute_error"], 1)
        self.assertLess(result["test_loss"], 1)
        text = self.succeed("predict", "--model", model, f"--device={DEVICE}", "--quiet", "--data", table).stdout
        predictions = list(csv.DictReader(text.splitlines()))
        self.assertEqual(list(predictions[0]), ["output_1"])
        errors = [abs(float(prediction["output_1"]) - row[2]) for prediction, row in zip(predictions, rows, strict=True)]
        self.assertLess(sum(errors) / len(errors), 1)
        evaluated = self.json("evaluate", "--model", model, f"--device={DEVICE}", "--data", table)
        self.assertAlmostEqual(evaluated["mean_absolute_error"], sum(errors) / len(errors), places=4)
        more = self.train("--data", table, "--load", model, "--epochs=1", "--lr=0.0001")
        self.assertLess(more["test_loss"], 1)

    def test_balanced_weights_of_classes(self):
        """n / (k n_c): 40 samples of 2 classes, 8 and 32 of each."""
        rows = [[*points(0)[i], "few"] for i in range(8)] + [[*points(1)[i], "many"] for i in range(32)]
        table = self.write_table("unbalanced.csv", rows)
        losses = {weights: self.train("--data", table, "--test=0", "--validation=0", "--epochs=2",
                                      *weights)["train_weighted_loss" if weights else "train_loss"]
                  for weights in ((), ("--class-weights=balanced",), ("--class-weights=2.5,0.625",))}
        self.assertEqual(losses["--class-weights=balanced",], losses["--class-weights=2.5,0.625",])
        self.assertNotEqual(losses["--class-weights=balanced",], losses[()])
        self.refuse(USAGE, ["3", "2"], "train", f"--device={DEVICE}", "--data", table, "--class-weights=1,2,3")

    def test_a_loss_is_one_number_under_one_name(self):
        """Class weights are for training; what they make of the loss has another name."""
        table = self.write_table("two.csv", [[*points(0)[i], "no"] for i in range(20)] + [[*points(1)[i], "yes"] for i in range(20)])
        model, course, plot = self.path("weighted"), self.path("course.csv"), self.path("plot.svg")
        plain = self.train("--data", table, "--validation=0.2", "--epochs=1", "--lr=1e-30")
        result = self.train("--data", table, "--validation=0.2", "--epochs=1", "--lr=1e-30", "--class-weights=10,10", "--save", model,
                            "--history", course, "--plot", plot)
        self.assertAlmostEqual(result["train_weighted_loss"], 10 * plain["train_loss"], places=4)
        self.assertNotIn("train_loss", result)
        for name in ("validation_loss", "test_loss"):
            self.assertAlmostEqual(result[name], plain[name], places=6)
        with open(course, newline="") as file:
            row = next(csv.DictReader(file))
        self.assertAlmostEqual(float(row["weighted_loss"]), result["train_weighted_loss"], places=5)
        self.assertAlmostEqual(float(row["val_loss"]), result["validation_loss"], places=5)
        with open(plot) as file:
            self.assertIn("training, weighted", file.read())
        evaluated = self.json("evaluate", "--model", model, f"--device={DEVICE}", "--data", table)
        self.assertIn("loss", evaluated)
        self.assertNotIn("weighted_loss", evaluated)
        for weights in ("0,0", "0,0.0"):
            self.refuse(USAGE, ["class weights", "all 0"], "train", f"--device={DEVICE}", "--data", table, f"--class-weights={weights}")

    def test_what_training_says_of_its_test_evaluation_says_again(self):
        """Under the same name, whatever the loss is made of."""
        rows = [[*points(i % 2)[i], 1 + i % 3, ("no", "yes")[i % 2]] for i in range(49)]
        table, model = self.write_table("weighted.csv", [["w", "h", "much", "label"], *rows]), self.path("model")
        for more in (["--class-weights=1,5"], ["--class-weights=balanced"], ["--class-weights=0,3"], ["--positive-weights=4"], ["--label-smoothing=0.2"],
                     ["--loss=focal"], ["--loss=focal", "--class-weights=1,5"], ["--net=dense 1 sigmoid", "--class-weights=1,5"],
                     ["--net=dense 2", "--loss=cce_logits"], ["--weight-column=much"], ["--weight-column=much", "--class-weights=1,5"],
                     ["--augment=mixup 0.3", "--class-weights=1,5"]):
            with self.subTest(more=more):
                columns = [] if "--weight-column=much" in more else ["--ignore=much"]
                trained = self.train("--data", table, "--validation=0", "--epochs=1", "--save", model, *columns, *more)
                evaluated = self.json("evaluate", "--model", model, f"--device={DEVICE}", "--data", table, "--part=test")
                losses = {name: value for name, value in evaluated.items() if name.endswith("loss")}
                self.assertEqual(list(losses), ["loss" if columns else "weighted_loss"])
                self.assertEqual({"test_" + name for name in losses}, {name for name in trained if name.startswith("test_") and name.endswith("loss")})
                for name, value in losses.items():
                    self.assertAlmostEqual(value, trained["test_" + name], places=6)

    def test_one_unit_tells_of_two_classes(self):
        """The unit is the probability of the second class; the first has what is left of 1."""
        table = self.write_table("two.csv", [[*points(0)[i], "no"] for i in range(20)] + [[*points(1)[i], "yes"] for i in range(20)])
        model = self.path("unit")
        self.train("--data", table, "--net=dense 1 sigmoid", "--epochs=20", "--lr=0.1", "--save", model)
        arguments = ["predict", "--model", model, f"--device={DEVICE}", "--quiet", "--data", table]
        raw = [float(row["output_1"]) for row in csv.DictReader(self.succeed(*arguments, "--raw").stdout.splitlines())]
        rows = list(csv.DictReader(self.succeed(*arguments).stdout.splitlines()))
        self.assertEqual(list(rows[0]), ["class", "probability", "no", "yes"])
        self.assertEqual({row["class"] for row in rows}, {"no", "yes"})
        for row, unit in zip(rows, raw, strict=True):
            self.assertAlmostEqual(float(row["yes"]), unit, places=6)
            self.assertAlmostEqual(float(row["no"]), 1 - unit, places=6)
            self.assertEqual(row["class"], "yes" if unit > 0.5 else "no")
            self.assertEqual(row["probability"], row[row["class"]])

    def test_what_has_no_loss_predicts(self):
        """Softmax of one unit is 1: no class is told from another."""
        for net in ("reshape 2 2 1; softmax", "dense 1 softmax"):
            arguments = ["--net", net, "--input=4", f"--device={DEVICE}"]
            self.assertIn("for inference", self.succeed("summary", *arguments).stdout)
            self.assertEqual(self.json("bench", *arguments, "--steps=2")["mode"], "infer")
            self.refuse(USAGE, ["unit per class"], "bench", *arguments, "--steps=2", "--mode=train", "--quiet")
            named = [*arguments, "--loss=categorical_crossentropy", "--steps=2"]
            self.refuse(USAGE, ["unit per class"], "bench", *named, "--mode=train", "--quiet")
            self.assertGreater(self.json("bench", *named, "--mode=infer")["calls_per_step"], 0)

    def test_early_stopping_and_the_best_weights(self):
        """At this rate the loss of the validation samples soon goes up and down; the best epoch is the third before the last."""
        result = self.train("--epochs=200", "--lr=0.1", "--early-stopping=3", "--restore-best", "--save", self.path("best"),
                            "--history", self.path("history.csv"))
        history = self.read_history()
        losses = [float(row["val_loss"]) for row in history]
        best = losses.index(min(losses))
        self.assertLess(len(history), 200)
        self.assertEqual((result["epochs"], result["best_epoch"]), (len(history), best + 1))
        self.assertEqual(len(history), best + 1 + 3)
        self.assertAlmostEqual(result["train_loss"], float(history[best]["loss"]), places=6)
        self.train(f"--epochs={best + 1}", "--lr=0.1", "--save", self.path("again"))
        tensors = []
        for name in ("best", "again"):
            with open(self.path(name), "rb") as file:
                content = file.read()
            tensors.append(content[8 + struct.unpack("<Q", content[:8])[0]:])
        self.assertEqual(tensors[0], tensors[1])

    def test_too_small_improvements_stop_training(self):
        """No epoch improves on the first by 100, so the third after it is the last."""
        self.assertEqual(self.train("--epochs=50", "--early-stopping=3", "--min-delta=100")["epochs"], 4)

    def test_the_schedule_is_in_the_history(self):
        """Half of the rate after each 82 steps."""
        self.train("--epochs=3", "--lr=0.5", "--optimizer=sgd", "--schedule=step", "--schedule-period=82", "--schedule-factor=0.5",
                   "--history", self.path("history.csv"))
        steps = -(-self.training_samples() // 32)
        for epoch, row in enumerate(self.read_history(), 1):
            self.assertAlmostEqual(float(row["learning_rate"]), 0.5 * 0.5 ** ((epoch * steps - 1) // 82), places=6)

    def training_samples(self):
        text = self.succeed("train", f"--device={DEVICE}", "--epochs=1").stdout
        return int(text.split(" samples to train on")[0].split()[-1])

    def test_results_that_overwrite_each_other(self):
        self.refuse(USAGE, ["save", "plot"], "train", f"--device={DEVICE}", "--save", self.path("x"), "--plot", self.path("x"))

    def test_a_loss_that_is_no_number(self):
        """Steps far too long: the layer is named."""
        result = self.refuse_with_object(1, "train", f"--device={DEVICE}", "--optimizer=sgd", "--lr=1e30", "--epochs=3", "--json",
                                         "--net=dense 16 relu; dense 10 softmax")
        self.assertIn("dense_", result["error"])


if __name__ == "__main__":
    main()
