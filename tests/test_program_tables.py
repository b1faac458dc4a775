#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program and tables that are odd but right: no header and a first row that looks like a promise, empty lines, one class, few rows,
labels that are missing where none is needed; and the network that soma chooses itself.

Usage: test_program_tables.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, PROGRAM, SLOWNESS, USAGE, ProgramTest, main, npy

OWN_LAYERS = ("dense_", "softmax")  # of a network that the user did not write


class TableTest(ProgramTest):
    def train(self, *arguments):
        return self.json("train", f"--device={DEVICE}", "--seed=1", "--epochs=1", *arguments)

    def refuse_training(self, status, words, *arguments):
        result = self.refuse(status, words, "train", f"--device={DEVICE}", "--quiet", "--epochs=1", *arguments)
        for word in OWN_LAYERS:
            self.assertNotIn(word, result.stderr)

    def rows(self, count, labels, first=""):
        """Rows of four whole numbers and a label, the labels taking turns."""
        return first + "".join(f"{i % 5},{i % 4},{i % 3},{i % 7},{labels[i % len(labels)]}\n" for i in range(count))


class FirstLines(TableTest):
    def shown(self, name, text):
        return self.json("show", self.write(name, text))

    def test_a_survey_without_a_header(self):
        """40 rows, though the first could promise 5."""
        shown = self.shown("survey.csv", self.rows(39, ["no", "yes"], "5,4,3,4,yes\n"))
        self.assertEqual((shown["samples"], shown["classes"], shown["inputs"][0]["shape"]), (40, 2, [4]))
        self.train("--data", self.path("survey.csv"))

    def test_a_promise_that_is_not_kept(self):
        file = self.write("iris.csv", self.rows(149, ["0", "1", "2"], "150,4,setosa,versicolor,virginica\n"))
        words = ["iris.csv", "promises 150 rows", "there are 149", "--no-header", "--header"]
        self.refuse(BAD_FILE, words, "show", file)
        self.refuse(BAD_FILE, words, "train", f"--device={DEVICE}", "--data", file)
        self.assertEqual(self.shown("whole.csv", self.rows(150, ["0", "1", "2"], "150,4,setosa,versicolor,virginica\n"))["samples"], 150)
        self.train("--data", self.write("by_command.csv", self.rows(20, ["3", "1"], "9,8,7,6,y\n")), "--header", "--regression")

    def test_what_a_first_line_could_be(self):
        """Five fields before 39 rows: a row, names, or a promise, which is kept to the letter or is none."""
        words, numbers = self.rows(39, ["no", "yes"]), self.rows(39, ["0", "1"])
        for first, rest, samples, classes in (
                ("39,4,3,4,yes", words, 40, 2), ("39,3,2,1,no", words, 40, 2), ("39.0,4,1,2,yes", words, 40, 2), ("-39,4,1,2,yes", words, 40, 2),
                ("1e3,4,1,2,yes", words, 40, 2), ("39,4,3,4,0", numbers, 40, 2), ("39,4,no,yes,maybe", numbers, 39, 3), ("39,4,no,yes", numbers, 39, 2),
                ("0,4,a,b,c", numbers, 39, 2), ("a,b,c,d,e", numbers, 39, 2), ("\ufeff39,4,no,yes", numbers, 39, 2)):
            for end in ("\n", "\r\n"):
                with self.subTest(first, end=end):
                    shown = self.shown("first.csv", (first + "\n" + rest).replace("\n", end))
                    self.assertEqual((shown["samples"], shown["classes"], shown["inputs"][0]["shape"]), (samples, classes, [4]))
        for first, rest, said in (("40,4,no,yes,maybe", numbers, ["promises 40 rows", "there are 39"]), ("39,4,no,yes", self.rows(39, ["0", "1", "2"]), ["line 4, column 5", '"2"']),
                                  ("39,4,no,yes,maybe", words, ["line 2, column 5", '"no"', "--no-header"]), ("39,5,no,yes", numbers, ["line 2", "4 are wanted"]),
                                  ("39,4", numbers, ["line 2", "2 are wanted"])):
            with self.subTest(first):
                self.refuse(BAD_FILE, ["first.csv", *said], "show", self.write("first.csv", first + "\n" + rest))

    def test_empty_lines_at_the_start(self):
        self.assertEqual(self.shown("empty.csv", "\n\r\n \n" + self.rows(12, "ab"))["samples"], 12)
        self.assertEqual(self.shown("header.csv", "\n\na,b,c,d,label\n" + self.rows(12, "ab"))["samples"], 12)
        self.refuse(BAD_FILE, ["line 1", "empty"], "show", self.write("nothing.csv", "\n \n\n"))


class CloseNumbers(TableTest):
    def train_on(self, numbers):
        """Numbers one after the other: the later half is of another class, and nothing but the numbers tells."""
        rows = "".join(f"{number},{'late' if i >= 100 else 'early'}\n" for i, number in enumerate(numbers))
        return self.json("train", f"--device={DEVICE}", "--seed=1", "--data", self.write("close.csv", "t,y\n" + rows),
                         "--save", self.path("close.safetensors"))

    def test_time_stamps(self):
        for numbers in ([1700000000 + i for i in range(200)], [f"-{1000000000 + i / 1000:.3f}" for i in range(200)]):
            self.assertGreaterEqual(self.train_on(numbers)["test_accuracy"], 0.9)
            seen = self.json("evaluate", f"--device={DEVICE}", "--model", self.path("close.safetensors"), "--data", self.path("close.csv"))
            self.assertGreaterEqual(seen["accuracy"], 0.95)


    def test_neighbours_of_time_stamps(self):
        """Numbers that lie close together, of every size that there is: each is told from the next."""
        for what, number in (("whole, beyond float32", lambda i: 10**15 + i), ("whole, beyond float64", lambda i: 10**17 + i),
                             ("with an exponent", lambda i: f"1.7{i:09d}e18"), ("of milliseconds", lambda i: f"{1700000000 + i}.5"),
                             ("a part in 1e9 apart", lambda i: 1 + i * 1e-9), ("tiny", lambda i: f"{1e-30 * i:.6e}"),
                             ("denormal in float32", lambda i: f"{1 + i}e-40"), ("near the largest", lambda i: 3.3e38 - i * 1e30),
                             ("with a gap", lambda i: "" if i == 50 else 1700000000 + i), ("below zero", lambda i: -(10**12) - i)):
            with self.subTest(what):
                self.assertGreaterEqual(self.train_on([number(i) for i in range(200)])["test_accuracy"], 0.9)
                seen = self.json("evaluate", f"--device={DEVICE}", "--model", self.path("close.safetensors"), "--data", self.path("close.csv"))
                self.assertGreaterEqual(seen["accuracy"], 0.95)

    def test_numbers_that_float32_merges_are_said(self):
        """Where no offset helps: close numbers in two places, too small ones, and one so far away that standardising merges all others."""
        for number, left in ((lambda i: (i % 2) * 1700000000 + i, "of 200 different numbers 103 are left"),
                             (lambda i: f"{1 + i}e-320", "of 200 different numbers 1 are left"), (lambda i: i if i else "1e20", None)):
            self.write("close.csv", "t,y\n" + "".join(f"{number(i)},{'late' if i >= 100 else 'early'}\n" for i in range(200)))
            said = self.succeed("train", f"--device={DEVICE}", "--quiet", "--epochs=1", "--test=0", "--data", self.path("close.csv")).stderr
            for words in ([left] if left else ['column "t"', "so far from the others", "different ones 2 are left in float32"]):
                self.assertIn(words, said)
        outlier = self.write("far.csv", "t,y\n" + "".join(f"{1e6 if i == 0 else i},{'late' if i >= 100 else 'early'}\n" for i in range(200)))
        said = self.succeed("train", f"--device={DEVICE}", "--quiet", "--epochs=1", "--test=0", "--data", outlier).stderr
        self.assertNotIn("left in float32", said)  # far, but all are told apart

    def test_merged_numbers_of_arrays_are_said(self):
        """Of the second feature half of the numbers are small, half behind 1.7e9, where float32 has 3; some are looked at."""
        values = [value for i in range(200) for value in (i, (i % 2) * 1700000000 + i)]
        said = self.succeed("train", f"--device={DEVICE}", "--quiet", "--epochs=1", "--test=0", "--data", self.write("two.npy", npy("<i8", (200, 2), values)),
                            "--labels", self.write("labels.npy", npy("<i8", (200,), [i >= 100 for i in range(200)]))).stderr
        self.assertRegex(said, r"two\.npy: feature 2: of \d+ different numbers \d+ are left in float32")
        self.assertNotIn("feature 1:", said)

    def test_time_stamps_in_arrays(self):
        """As whole numbers and as float64, alone and in an archive."""
        labels = self.write("labels.npy", npy("<i8", (200,), [i >= 100 for i in range(200)]))
        for descr, first in ("<i8", 1700000000000), (">f8", 1700000000), ("<u4", 4000000000):
            array = npy(descr, (200, 1), [first + i for i in range(200)])
            with zipfile.ZipFile(self.path("x.npz"), "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("x.npy", array)
                archive.writestr("y.npy", Path(labels).read_bytes())
            alone = self.trained_on_arrays("--data", self.write("x.npy", array), "--labels", labels)
            self.assertEqual(self.trained_on_arrays("--data", self.path("x.npz")), alone)
            self.assertGreaterEqual(alone, 0.9, descr)
        self.refuse(BAD_FILE, ["x.npy.gz", "is gzipped"], "train", f"--device={DEVICE}", "--labels", labels, "--data",
                    self.write("x.npy.gz", gzip.compress(array)))

    def trained_on_arrays(self, *data):
        return self.json("train", f"--device={DEVICE}", "--seed=1", "--standardize", *data)["test_accuracy"]


class FewSamples(TableTest):
    def test_one_class(self):
        for label, name in (("a", "'a'"), ("0", "'0'"), ("1", "'1'"), ("-3", "'-3'")):
            file = self.write("one.csv", self.rows(20, [label]))
            self.refuse_training(BAD_FILE, ["--data", "one.csv", name, "two classes", "--label", "--regression"], "--data", file)
        self.train("--data", file, "--regression")
        self.train("--data", file, "--net=dense 1 sigmoid")
        self.train("--data", file, "--net=dense 2 softmax")

    def test_parts_of_no_samples(self):
        four = self.write("four.csv", self.rows(4, "ab"))
        self.refuse_training(USAGE, ["--validation", "0.1 of the 3 samples", "four.csv", "accepted: 0", "0.333"], "--data", four)
        self.train("--data", four, "--validation=0")
        self.train("--data", four, "--validation=0.333")
        self.refuse_training(USAGE, ["--test", "0.1 of the 4 samples", "none", "0.25 and more"], "--data", four, "--test=0.1")
        self.refuse_training(USAGE, ["--test", "0.9 of the 4 samples", "all of them", "0.75 and less"], "--data", four, "--test=0.9")
        self.train("--data", four, "--test=0.75", "--validation=0", "--net=dense 2 softmax")
        self.refuse_training(USAGE, ["--validation", "all of them"], "--data", four, "--test=0", "--validation=0.9")
        one = self.write("one.csv", self.rows(1, "a"))
        self.refuse_training(USAGE, ["--test", "0.2 of the 1 samples", "accepted: 0"], "--data", one)
        self.refuse_training(USAGE, ["--validation", "0.1 of the 1 samples", "accepted: 0"], "--data", one, "--test=0")
        model = self.path("model")
        self.train("--data", four, "--validation=0", "--save", model)
        two = self.write("two.csv", self.rows(2, "ab"))
        for command in ("evaluate", "predict"):
            self.refuse(BAD_FILE, ["--part=test", "the 2 samples", "--part=all"], command, f"--device={DEVICE}", "--model", model,
                        "--data", two, "--part=test")
        self.assertEqual(self.json("evaluate", f"--device={DEVICE}", "--model", model, "--data", two)["samples"], 2)


class OwnChoice(TableTest):
    """Of a network that nobody wrote down, losses and metrics that do not go with the labels are the options' business."""

    def setUp(self):
        super().setUp()
        self.two = ("--data", self.write("two.csv", self.rows(40, "ab")))
        self.three = ("--data", self.write("three.csv", self.rows(40, "abc")))
        self.numbers = ("--data", self.write("numbers.csv", self.rows(40, ["0", "1"])), "--regression")

    def test_losses_that_fit(self):
        """Each loss gets the last layer that it is made for, so that the two forms of a cross-entropy are the same."""
        for loss in ("categorical_crossentropy", "binary_crossentropy"):
            plain, logits = (self.train(*self.two, f"--loss={loss}{form}", "--validation=0") for form in ("", "_logits"))
            self.assertAlmostEqual(plain["train_loss"], logits["train_loss"], places=5)
        for loss in ("binary_crossentropy", "binary_crossentropy_logits", "mean_squared_error", "mean_absolute_error", "huber"):
            self.assertIsNotNone(self.train(*self.numbers, f"--loss={loss}")["train_loss"])

    def test_names_as_people_type_them(self):
        """They mean the same as the names that the files have."""
        words = [("--loss=cce", "--metric=acc,TopK", "--optimizer=Nesterov-Momentum", "--schedule=CosineAnnealingLR",
                  "--net=dense 9 ReLU KaimingNormal; dense 2 xavier_uniform SoftMax"),
                 ("--loss=categorical_crossentropy", "--metric=accuracy,top_k", "--optimizer=nesterov", "--schedule=cosine",
                  "--net=dense 9 relu he_normal; dense 2 glorot_uniform softmax")]
        files = [self.path("typed"), self.path("named")]
        for options, file in zip(words, files):
            self.train(*self.two, *options, "--save", file)
        contents = [Path(file).read_bytes() for file in files]
        self.assertIn(b"categorical_crossentropy", contents[0])
        self.assertEqual(*contents)
        typed, named = (self.train(*self.numbers, f"--loss={loss}")["train_loss"] for loss in ("mae", "mean_absolute_error"))
        self.assertEqual(typed, named)

    def test_losses_that_do_not_fit(self):
        for loss in ("mean_squared_error", "mean_absolute_error", "huber"):
            self.refuse(USAGE, ["--loss", loss, "two.csv", "2 classes", "categorical_crossentropy_logits (cce_logits), binary_crossentropy",
                                "--regression"], "train", f"--device={DEVICE}", *self.two, f"--loss={loss}")
        for loss in ("mean_squared_error", "mean_absolute_error", "huber", "binary_crossentropy", "binary_crossentropy_logits"):
            self.refuse(USAGE, ["--loss", loss, "three.csv", "3 classes", "accepted: default, categorical_crossentropy", "--regression"],
                        "train", f"--device={DEVICE}", *self.three, f"--loss={loss}")
        for loss in ("categorical_crossentropy", "categorical_crossentropy_logits"):
            self.refuse(USAGE, ["--loss", loss, "numbers.csv", "numbers", "accepted: default", "mean_squared_error"],
                        "train", f"--device={DEVICE}", *self.numbers, f"--loss={loss}")

    def test_metrics_that_do_not_fit(self):
        for metric in ("mae", "binary_accuracy", "accuracy,mae"):
            self.refuse_training(USAGE, ["--metric", metric.split(",")[-1], "accepted: default, accuracy (acc), top_k (top_k_accuracy), none"],
                                 *self.two, f"--metric={metric}")
        self.refuse_training(USAGE, ["--metric", "top_k", "accepted: default, accuracy (acc), binary_accuracy, mae (mean_absolute_error), none"],
                             *self.numbers, "--metric=top_k")
        self.refuse_training(USAGE, ["--metric", "top_k"], *self.two, "--loss=binary_crossentropy", "--metric=top_k")

    def test_weights_for_it(self):
        """Its parameters have names that the user cannot know: the message says what network has them."""
        model = self.path("model.safetensors")
        self.train(*self.two, "--net=dense 3 relu; dense 2 softmax", "--save", model)
        self.refuse(BAD_FILE, ["dense 128 relu; dropout 0.2; dense 2 softmax", "--net"], "train", f"--device={DEVICE}", *self.two,
                    "--weights", model)


class WithoutLabels(TableTest):
    """To predict, nobody needs labels."""

    def setUp(self):
        super().setUp()
        self.features = [(i % 5, i % 4, i % 3, i % 7) for i in range(21)]

    def table(self, name, labels, place=4, header=None):
        rows = [[*row[:place], labels[i % len(labels)], *row[place:]] for i, row in enumerate(self.features)]
        with open(self.path(name), "w", newline="") as file:
            csv.writer(file).writerows([header] * (header is not None) + rows)
        return self.path(name)

    def predict(self, data, *arguments):
        return self.json("predict", f"--device={DEVICE}", "--model", self.model, "--data", data, *arguments)["predictions"]

    def train_on(self, table, *arguments):
        self.model = self.path("model")
        self.train("--data", table, "--save", self.model, *arguments)
        self.bare = self.path("bare.csv")
        with open(self.bare, "w", newline="") as file:
            csv.writer(file).writerows(self.features)

    def test_classes(self):
        self.train_on(self.table("labelled.csv", "abc"))
        expected = self.predict(self.bare)
        self.assertEqual(len(expected), 21)
        for labels in ("abc", [""], ["?"], ["NA", "a", ""], ["?", "1.5", "x"], ["unheard of"], ["7", ""]):
            for header in (None, ["p", "q", "r", "s", "kind"]):
                table = self.table("unlabelled.csv", labels, header=header)
                self.assertEqual(self.predict(table), expected, f"{labels} {header}")

    def test_a_label_that_stands_elsewhere(self):
        self.train_on(self.table("labelled.csv", "abc"))
        expected = self.predict(self.bare)
        for labels in ("ab", [""], ["?"]):
            table = self.table("first.csv", labels, place=0, header=["kind", "p", "q", "r", "s"])
            self.assertEqual(self.predict(table, "--label=kind"), expected)
            self.assertEqual(self.predict(table, "--label=1"), expected)

    def test_numbers(self):
        self.train_on(self.table("labelled.csv", ["0.5", "-1", "2.25"]), "--regression")
        expected = self.predict(self.bare)
        for labels in (["0.5", "-1"], [""], ["?"], ["", "1"], ["unknown"]):
            header = ["p", "q", "r", "s", "y"] if labels[0] == "unknown" else None
            self.assertEqual(self.predict(self.table("unlabelled.csv", labels, header=header)), expected)

    def test_a_part_is_drawn_by_labels(self):
        self.train_on(self.table("labelled.csv", "abc"), "--test=0.3")
        self.assertEqual(len(self.predict(self.path("labelled.csv"), "--part=test")), 6)
        self.refuse(BAD_FILE, ["--part=test", "no labels"], "predict", f"--device={DEVICE}", "--model", self.model, "--data", self.bare, "--part=test")
        self.refuse(BAD_FILE, ["no label"], "predict", f"--device={DEVICE}", "--model", self.model, "--data",
                    self.table("unlabelled.csv", ["a", ""]), "--part=test")

    def test_evaluation_needs_them(self):
        self.train_on(self.table("labelled.csv", "abc"))
        self.refuse(BAD_FILE, ["line 2", "no label"], "evaluate", f"--device={DEVICE}", "--model", self.model, "--data",
                    self.table("unlabelled.csv", ["a", ""]))

    def test_features_are_needed(self):
        self.train_on(self.table("labelled.csv", "abc"))
        self.features[3] = (1, "two", 1, 1)
        self.refuse(BAD_FILE, ["line 4, column 2", "no number"], "predict", f"--device={DEVICE}", "--model", self.model, "--data",
                    self.table("holes.csv", ["", "?"]))


class DefaultEpochs(ProgramTest):
    """Few samples are seen more often: 2,000 steps at least, 30 epochs at least, 200 at most."""

    def epochs(self, rows, *arguments):
        table = self.path(f"{rows}.csv")
        with open(table, "w") as file:
            file.writelines(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(rows))
        return self.json("train", f"--device={DEVICE}", "--data", table, "--net=dense 2 softmax", "--test=0", "--validation=0", *arguments)["epochs"]

    def test_by_steps(self):
        self.assertEqual(self.epochs(64), 200)  # of 2 steps, 1,000 of which would be 2,000
        self.assertEqual(self.epochs(1000), 63)  # of 32 steps
        self.assertEqual(self.epochs(1000, "--batch=64"), 125)  # of 16 steps
        self.assertEqual(self.epochs(2150), 30)  # of 68 steps
        self.assertEqual(self.epochs(1000, "--epochs=2"), 2)


class Pipes(TableTest):
    """What comes through a pipe is read once, and comes to the same."""

    def through(self, table, *arguments):
        """Result of a command that reads the table from its standard input."""
        with open(table, "rb") as content:
            return subprocess.run([PROGRAM, *arguments], input=content.read(), capture_output=True, timeout=60 * SLOWNESS)

    def setUp(self):
        super().setUp()
        self.table = self.write("t.csv", self.rows(40, ["no", "yes"], "a,b,c,d,y\n"))
        self.model = self.path("model.safetensors")

    def test_stdin(self):
        of_file = self.train("--data", self.table, "--save", self.model)
        for name in ("-", "/dev/stdin"):
            result = self.through(self.table, "train", f"--device={DEVICE}", "--seed=1", "--epochs=1", "--json", "--data", name)
            self.assertEqual(json.loads(result.stdout)["test_loss"], of_file["test_loss"])
        for command, *more in (("predict",), ("evaluate", "--part=test"), ("evaluate", "--report")):
            arguments = (command, "--model", self.model, f"--device={DEVICE}", "--json", *more, "--data")
            piped, filed = (json.loads(self.through(self.table, *arguments, name).stdout) for name in ("-", self.table))
            for told in (piped, filed):
                for key in [key for key in told if "second" in key or "memory" in key]:
                    del told[key]
            self.assertEqual(piped, filed)
        looked = self.through(self.table, "data", "-")
        self.assertIn(b"/dev/stdin: a table of 40 rows and 5 columns", looked.stdout)

    def test_named_pipes(self):
        of_file = self.train("--data", self.table)
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        with open(self.table, "rb") as content, subprocess.Popen(["tee", pipe], stdin=content, stdout=subprocess.DEVNULL):
            of_pipe = self.train("--data", pipe)
        self.assertEqual(of_pipe["test_loss"], of_file["test_loss"])

    def test_folds(self):
        piped = self.through(self.table, "train", f"--device={DEVICE}", "--seed=1", "--epochs=1", "--folds=2", "--json", "--data=-")
        self.assertEqual(json.loads(piped.stdout)["mean"], self.train("--data", self.table, "--folds=2")["mean"])

    def test_what_would_be_read_twice(self):
        """Refused before anything is read: nobody writes into this pipe."""
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        self.refuse_training(USAGE, ["--seeds", pipe, "only once", "--folds"], "--data", pipe, "--seeds=2")
        arrays = self.path("x.npz")
        with zipfile.ZipFile(arrays, "w") as archive:
            archive.writestr("x.npy", npy("<f4", (20, 4), range(80)))
            archive.writestr("y.npy", npy("<i8", (20,), [i % 2 for i in range(20)]))
        self.train("--data", arrays, "--save", self.model)
        self.refuse(USAGE, [pipe, "only once", "--label none"], "predict", "--model", self.model, f"--device={DEVICE}", "--data", pipe)

    def test_what_is_no_table(self):
        result = self.through(self.path(self.write("x.npy", npy("<f4", (20, 4), range(80)))), "train", f"--device={DEVICE}", "--quiet", "--data=-")
        self.assertEqual(result.returncode, BAD_FILE)
        self.assertIn(b"a table is text, in UTF-8", result.stderr)
        self.assertEqual(self.through(self.write("none.csv", ""), "data", "-").returncode, BAD_FILE)


if __name__ == "__main__":
    main()
