#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Series of numbers: soma train on a table with --window, soma evaluate and soma predict.

Usage: test_program_series.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import io
import math
import random
import sys
import zipfile

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, DONE, USAGE, ProgramTest, main, npy, run

PERIOD = 8


class Series(ProgramTest):
    """A wave and its double, which a linear network knows from two steps: x[t] = 2 cos(2 pi / 8) x[t - 1] - x[t - 2]."""

    def setUp(self):
        super().setUp()
        self.table = self.path("wave.csv")
        self.write(self.table, range(120))

    @staticmethod
    def wave(i):
        return math.cos(2 * math.pi * i / PERIOD + 0.3)

    def write(self, path, steps):
        with open(path, "w", encoding="utf-8") as file:
            file.write("day,wave,double\n")
            for i in steps:
                file.write(f"{i},{self.wave(i)},{5 + 2 * self.wave(i)}\n")

    def learn(self, *arguments):
        model = self.path("wave.safetensors")
        report = self.json("train", "--data", self.table, "--time-column=day", "--window=4", "--horizon=3", "--net=flatten; dense 6", "--label=wave,double",
                           "--epochs=60", "--lr=0.05", "--save", model, f"--device={DEVICE}", *arguments)
        return model, report

    def test_a_wave_is_forecast(self):
        model, report = self.learn("--season=5")
        wave, double = report["forecast"]
        self.assertEqual((wave["column"], double["column"], wave["season"]), ("wave", "double", 5))
        # Of 120 rows the last 24 are tested on: 22 places for what follows.
        self.assertEqual(wave["windows"], 22)
        naive = [(self.wave(row + step) - self.wave(row - 1)) for row in range(96, 118) for step in range(3)]
        self.assertAlmostEqual(wave["naive_mae"], sum(map(abs, naive)) / len(naive), places=5)
        self.assertAlmostEqual(double["naive_rmse"], 2 * math.sqrt(sum(x * x for x in naive) / len(naive)), places=5)
        season = [self.wave(row + step) - self.wave(row + step - 5) for row in range(96, 118) for step in range(3)]
        self.assertAlmostEqual(wave["seasonal_rmse"], math.sqrt(sum(x * x for x in season) / len(season)), places=5)
        self.assertLess(wave["model_rmse"], wave["naive_rmse"] / 5)
        # What is held out is known: the same windows once more, and none of it of others.
        again = self.json("evaluate", "--model", model, "--data", self.table, "--part=test", f"--device={DEVICE}")
        self.assertEqual(again["forecast"], report["forecast"])
        whole = self.json("evaluate", "--model", model, "--data", self.table, f"--device={DEVICE}")
        self.assertEqual(whole["samples"], 120 - 4 - 3 + 1)
        self.write(self.path("early.csv"), range(50))
        self.refuse(BAD_FILE, ["--part", "early.csv"], "evaluate", "--model", model, "--data", self.path("early.csv"), "--part=test")

    def test_what_was_trained_on_later_is_not_tested_on(self):
        for time in (["--time-column=day"], []):
            model, more, longer = self.path("first.safetensors"), self.path("more.safetensors"), self.path("longer.csv")
            self.write(self.table, range(100))
            self.write(longer, range(200))
            common = ["--epochs=1", f"--device={DEVICE}"]
            self.json("train", "--data", self.table, "--window=4", "--horizon=3", "--net=flatten; dense 3", "--label=wave", *time, "--save", model, *common)
            self.json("train", "--load", model, "--data", longer, "--save", more, *common)
            tested = self.json("evaluate", "--model", more, "--data", longer, "--part=test", f"--device={DEVICE}")
            # Of 200 rows the last 40 are tested on; a target takes three of them.
            self.assertEqual(tested["samples"], 38)

    def test_a_season_that_is_longer_than_the_table(self):
        _, report = self.learn("--season=500", "--epochs=1")
        self.assertEqual(report["forecast"][0]["windows"], 22)
        self.assertNotIn("seasonal_mae", report["forecast"][0])
        self.assertNotIn("season", report["forecast"][0])

    def test_the_steps_behind_a_table_are_printed(self):
        model, _ = self.learn()
        later = self.path("later.csv")
        with open(later, "w", encoding="utf-8") as file:  # other columns, in another order, the last row first
            file.write("double,junk,day,wave\n")
            for i in [203, *range(195, 203)]:
                file.write(f"{5 + 2 * self.wave(i)},x,{i},{self.wave(i)}\n")
        done = run("predict", "--model", model, "--data", later, f"--device={DEVICE}")
        self.assertEqual(done.returncode, DONE, done.stderr)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual([row["step"] for row in rows], ["1", "2", "3"])
        for step, row in enumerate(rows):
            self.assertAlmostEqual(float(row["wave"]), self.wave(204 + step), delta=0.25)
            self.assertAlmostEqual(float(row["double"]), 5 + 2 * self.wave(204 + step), delta=0.5)
        said = self.json("predict", "--model", model, "--data", later, f"--device={DEVICE}")
        for found, row in zip(said["predictions"], rows, strict=True):
            self.assertAlmostEqual(found[1], float(row["double"]), places=4)
        self.refuse(USAGE, ["--part", "follows the end"], "predict", "--model", model, "--data", later, "--part=test")

    def test_a_model_that_loses_is_told_so(self):
        done = run("train", "--data", self.table, "--window=4", "--time-column=day", "--net=flatten; dense 1", "--epochs=1", "--lr=1e-9", f"--season={PERIOD}",
                   f"--device={DEVICE}")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn("lose to always saying the last value", done.stderr)
        self.assertIn("lose to saying what was a season before", done.stderr)
        self.assertIn("seasonal naive, 8 steps", done.stdout)

    def test_a_picture_of_the_last_windows(self):
        model, _ = self.learn(f"--season={PERIOD}")
        picture = self.path("wave.svg")
        done = run("evaluate", "--model", model, "--data", self.table, "--plot", picture, f"--device={DEVICE}")
        self.assertEqual(done.returncode, DONE, done.stderr)
        with open(picture, encoding="utf-8") as file:
            drawn = file.read()
        # Of each of two columns four windows by each of three, and what was.
        self.assertEqual([drawn.count(f'class="{name}" style') for name in ("c0", "c1", "c2", "was")], [8, 8, 8, 2])

    def test_gaps_are_said(self):
        gappy = self.path("gappy.csv")
        with open(gappy, "w", encoding="utf-8") as file:
            file.write("day,wave\n")
            for i in [*range(60), *range(70, 120)]:
                file.write(f"{i},{'' if i == 20 else self.wave(i)}\n")
        done = run("train", "--data", gappy, "--window=4", "--time-column=day", "--epochs=1", "--save", self.path("gappy.safetensors"), f"--device={DEVICE}")
        self.assertEqual(done.returncode, DONE, done.stderr)
        for words in ('gaps in "wave" (1): filled with the last value before', "gaps in time: 1, the longest of 11 steps before row 61",
                      "1 windows of the first part are left out", "lstm 64 last; dense 1"):
            self.assertIn(words, done.stdout)
        self.assertEqual(run("evaluate", "--model", self.path("gappy.safetensors"), "--data", gappy, f"--device={DEVICE}").returncode, DONE)

    def test_what_does_not_go_with_series_is_said(self):
        self.refuse(USAGE, ["--horizon", "--window"], "train", "--data", self.table, "--horizon=2")
        self.refuse(USAGE, ["--folds", "series"], "train", "--data", self.table, "--window=4", "--folds=3")
        self.refuse(USAGE, ["--missing", "median", "last, error"], "train", "--data", self.table, "--window=4", "--missing=median")
        self.refuse(USAGE, ["--missing", "'last'", "--window", "median"], "train", "--data", self.table, "--missing=last")
        self.refuse(USAGE, ["--horizon is for series", "digits"], "train", "--horizon=8")
        self.refuse(BAD_FILE, ["wave.csv", "96 of the 120 rows", "window of 110"], "train", "--data", self.table, "--window=110", "--validation=0")
        self.refuse(BAD_FILE, ["snow", '"wave"'], "train", "--data", self.table, "--window=4", "--target=snow")


class Sequences(ProgramTest):
    """The class is the sign of the step that is the last; what is behind it says the contrary."""

    def write(self, path, samples, steps, seed, lengths=True, filled=1):
        draw = random.Random(seed)
        count = [draw.randint(1, steps) for _ in range(samples)]
        values = [[draw.uniform(-1, 1) for _ in range(2 * steps)] for _ in range(samples)]
        labels = []
        for row, length in zip(values, count, strict=True):
            labels.append(int(row[2 * length - 2] > 0))
            row[2 * length:] = [filled * (1 - 2 * labels[-1])] * (2 * (steps - length))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", npy("<f4", (samples, steps, 2), sum(values, [])))
            archive.writestr("y.npy", npy("<i4", (samples,), labels))
            if lengths:
                archive.writestr("lengths.npy", npy("<i8", (samples if lengths is True else lengths,), count[:None if lengths is True else lengths]))

    def test_the_last_step_that_there_is_decides(self):
        data, model = self.path("sequences.npz"), self.path("model.safetensors")
        self.write(data, 600, 6, 1)
        report = self.json("train", "--data", data, "--net=lstm 16 last; dense 2 softmax", "--epochs=40", "--lr=0.02", "--save", model, f"--device={DEVICE}")
        self.assertGreater(report["test_accuracy"], 0.9)
        other, filled = self.path("other.npz"), self.path("filled.npz")
        self.write(other, 200, 6, 2)
        self.write(filled, 200, 6, 2, filled=-50)
        said = [self.json("predict", "--model", model, "--data", file, "--raw", f"--device={DEVICE}")["predictions"] for file in (other, filled)]
        self.assertEqual(said[0], said[1])
        plain = run("train", "--data", data, "--epochs=1", f"--device={DEVICE}")
        self.assertIn("lstm 64 bidirectional last; dense 2 softmax", plain.stdout, plain.stderr)
        self.write(other, 200, 6, 2, lengths=False)
        self.refuse(BAD_FILE, ["1 inputs", "takes 2", "lengths is missing"], "evaluate", "--model", model, "--data", other)
        self.write(other, 200, 6, 2, lengths=7)
        self.refuse(BAD_FILE, ["lengths.npy", "7 lengths for 200 samples"], "evaluate", "--model", model, "--data", other)


class Labels(ProgramTest):
    """Labels 0 and 1 in noise, each a step or two long, with nothing between them now and then: ctc."""

    def write(self, path, samples, seed, broken=None):
        draw, x, y, lengths, counts = random.Random(seed), [], [], [], []
        for _ in range(samples):
            labels, steps = [draw.randrange(2) for _ in range(draw.randint(0, 3))], []
            for label in labels:
                steps += [[0.0, 0.0]] + [[float(label == 0), float(label == 1)]] * draw.randint(1, 2)
            steps = (steps or [[0.0, 0.0]]) + [[0.0, 0.0]] * draw.randint(0, 1)
            lengths.append(len(steps))
            counts.append(len(labels))
            x += [value + draw.gauss(0, 0.05) for step in steps for value in step] + [9] * (2 * (10 - len(steps)))
            y += labels + [7] * (3 - len(labels))
        if broken:
            at = counts.index(3)
            counts[at], lengths[at] = broken
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", npy("<f4", (samples, 10, 2), x))
            archive.writestr("y.npy", npy("<i4", (samples, 3), y))
            archive.writestr("lengths.npy", npy("<i4", (samples,), lengths))
            archive.writestr("label_lengths.npy", npy("<i4", (samples,), counts))
        return [y[3 * i:3 * i + count] for i, count in enumerate(counts)]

    @staticmethod
    def edits(found, wanted):
        row = list(range(len(wanted) + 1))
        for i, a in enumerate(found, 1):
            row, before = [i], row
            for j, b in enumerate(wanted, 1):
                row.append(min(before[j - 1] + (a != b), before[j] + 1, row[j - 1] + 1))
        return row[-1]

    def test_labels_are_read(self):
        data, other, model = self.path("labels.npz"), self.path("other.npz"), self.path("labels.safetensors")
        self.write(data, 300, 1)
        wanted = self.write(other, 40, 2)
        self.json("train", "--data", data, "--loss=ctc", "--metric=accuracy,label_error_rate", "--net=lstm 12; dense 3 softmax", "--epochs=15", "--lr=0.03",
                  "--optimizer=adam", "--batch=16", "--save", model, f"--device={DEVICE}")
        report = self.json("evaluate", "--model", model, "--data", other, f"--device={DEVICE}")
        found = self.json("predict", "--model", model, "--data", other, f"--device={DEVICE}")["predictions"]
        said = [[int(label) for label in labels] for labels in found]
        self.assertAlmostEqual(report["accuracy"], sum(a == b for a, b in zip(said, wanted)) / 40, places=5)
        self.assertAlmostEqual(report["label_error_rate"], sum(map(self.edits, said, wanted)) / sum(map(len, wanted)), places=5)
        self.assertGreater(report["accuracy"], 0.8)
        table = run("predict", "--model", model, "--data", other, f"--device={DEVICE}").stdout.splitlines()
        self.assertEqual(table, ["labels"] + [" ".join(labels) for labels in found])
        scores = run("evaluate", "--model", model, "--data", other, "--report", f"--device={DEVICE}")
        self.assertEqual(scores.returncode, BAD_FILE)
        self.assertIn("has the loss ctc", scores.stderr)

    def test_labels_without_room_are_refused(self):
        data = self.path("labels.npz")
        train = ("train", "--data", data, "--loss=ctc", "--net=lstm 4; dense 3 softmax", "--epochs=1", "--test=0", "--validation=0", f"--device={DEVICE}")
        self.write(data, 20, 1, broken=(3, 1))
        full = run(*train)
        self.assertEqual(full.returncode, USAGE)
        self.assertRegex(full.stderr, "the 3 labels of sample [0-9]+ need [345] steps.* has 1 of this sample")
        self.write(data, 20, 1, broken=(4, 5))
        self.refuse(BAD_FILE, ["label_lengths.npy", "4 labels of sample", "0 to 3"], *train)


if __name__ == "__main__":
    main()
