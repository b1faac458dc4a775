#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables in long form, whose rows are steps of sequences: soma train --sequence-column, and what knows of it.

Usage: test_program_sequences.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import io
import json
import random
import sys
import zipfile

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, DONE, USAGE, ProgramTest, main, npy, read_safetensors, run

STEPS = 6


def gestures(count, seed, steps=STEPS):
    """(id, rows, class): the class is the sign of the first number of the last row."""
    draw, made = random.Random(seed), []
    for i in range(count):
        rows = [(round(draw.uniform(-1, 1), 3), round(draw.uniform(-1, 1), 3)) for _ in range(draw.randint(1, steps))]
        made.append((f"g{i}", rows, int(rows[-1][0] > 0)))
    return made


def long_form(made, names=("down", "up"), seed=None, label=lambda number, step: None):
    """Rows of all of them, in any order but that of time where there is a seed."""
    rows = [(one, step, *values, names[number] if label(number, step) is None else label(number, step))
            for one, steps, number in made for step, values in enumerate(steps)]
    if seed is not None:
        random.Random(seed).shuffle(rows)
    return "gesture,at,x,y,way\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


class LongForm(ProgramTest):
    NET = "--net=lstm 16 last; dense 2 softmax"

    def learn(self, text, *arguments, name="model.safetensors"):
        model, data = self.path(name), self.write("gestures.csv", text)
        report = self.json("train", "--data", data, "--sequence-column=gesture", "--label=way", "--ignore=at", "--seed=3", "--save", model,
                           f"--device={DEVICE}", *arguments)
        return model, data, report

    def test_sequences_are_samples(self):
        made = gestures(500, 1)
        model, data, report = self.learn(long_form(made), self.NET, "--epochs=40", "--lr=0.02")
        self.assertGreater(report["test_accuracy"], 0.9)
        again = self.json("evaluate", "--model", model, "--data", data, "--part=test", "--report", f"--device={DEVICE}")
        self.assertEqual((again["samples"], round(again["accuracy"], 6)), (100, round(report["test_accuracy"], 6)))
        # Columns by name, in another order, without a label; a row for each sequence, with its name.
        others = gestures(7, 2)
        table = "y,gesture,x\n" + "".join(f"{y},{one},{x}\n" for one, rows, _ in others for x, y in rows)
        said = self.succeed("predict", "--model", model, "--data", self.write("others.csv", table), f"--device={DEVICE}").stdout
        rows = list(csv.DictReader(io.StringIO(said)))
        self.assertEqual([row["gesture"] for row in rows], [one for one, _, _ in others])
        self.assertEqual(list(rows[0]), ["gesture", "class", "probability", "down", "up"])
        self.assertGreaterEqual(sum(row["class"] == ("down", "up")[number] for row, (_, _, number) in zip(rows, others, strict=True)), 6)
        object_ = self.json("predict", "--model", model, "--data", self.path("others.csv"), f"--device={DEVICE}")
        self.assertEqual(object_["ids"], [one for one, _, _ in others])
        shown = self.succeed("show", model).stdout
        self.assertIn("gesture (sequence)", shown)
        for words, changed in ((['no column "gesture"', "--sequence-column"], table.replace("gesture", "id", 1)),
                               (["samples have 6", "7 steps"], "y,gesture,x\n" + "1,g,2\n" * 7),
                               (["no column", '"x"'], table.replace("x", "z", 1))):
            self.refuse(BAD_FILE, words, "predict", "--model", model, "--data", self.write("bad.csv", changed))
        plain = run("train", "--data", data, "--sequence-column=gesture", "--epochs=1", f"--device={DEVICE}")
        self.assertIn("lstm 64 bidirectional last; dense 2 softmax", plain.stdout, plain.stderr)

    def test_rows_are_put_in_order_by_time(self):
        made = gestures(60, 1)
        reports = []
        for text, more in ((long_form(made), ["--ignore=at"]), (long_form(made), ["--time-column=at"])):
            data = self.write("gestures.csv", text)
            reports.append(self.json("train", "--data", data, "--sequence-column=gesture", self.NET, "--epochs=2", "--seed=3", f"--device={DEVICE}", *more))
        self.assertEqual(reports[0]["test_loss"], reports[1]["test_loss"])
        # In any order of rows the sequences are the same, and what fits those that were learnt from fits these.
        data, model = self.write("gestures.csv", long_form(made)), self.path("timed.safetensors")
        self.json("train", "--data", data, "--sequence-column=gesture", "--time-column=at", self.NET, "--epochs=2", "--save", model, f"--device={DEVICE}")
        mixed = self.write("mixed.csv", long_form(made, seed=5))
        said = [self.json("predict", "--model", model, "--data", file, "--raw", f"--device={DEVICE}") for file in (data, mixed)]
        self.assertEqual(*[dict(zip(one["ids"], map(tuple, one["predictions"]), strict=True)) for one in said])

    def test_groups_and_later_ones_are_held_out_whole(self):
        made = gestures(60, 1)
        rows = [f"{one},{i // 6},{step},{x},{y},{number}\n" for i, (one, steps, number) in enumerate(made) for step, (x, y) in enumerate(steps)]
        data = self.write("people.csv", "gesture,who,at,x,y,way\n" + "".join(rows))
        for way in (["--group-column=who", "--ignore=at"], ["--split-by=time", "--time-column=at", "--ignore=who"], ["--folds=2", "--ignore=at,who"]):
            report = self.json("train", "--data", data, "--sequence-column=gesture", self.NET, "--epochs=1", f"--device={DEVICE}", *way)
            self.assertIn("runs" if "--folds=2" in way else "test_loss", report)
        model = self.path("people.safetensors")
        self.json("train", "--data", data, "--sequence-column=gesture", "--group-column=who", "--time-column=at", self.NET, "--epochs=1", "--save", model,
                  f"--device={DEVICE}")
        other = self.write("more.csv", "gesture,who,at,x,y,way\nnew,1,0,0.5,0.5,1\nnew,1,1,0.5,0.5,1\n")
        self.assertIn("group", run("evaluate", "--model", model, "--data", other, f"--device={DEVICE}").stderr)

    def test_times_alone_are_the_order_in_what_is_trained_on(self):
        made = gestures(60, 1)
        data, model, again = self.write("gestures.csv", long_form(made)), self.path("timed.safetensors"), self.path("again.safetensors")
        common = ["--time-column=at", "--epochs=1", f"--device={DEVICE}"]
        self.json("train", "--data", data, "--sequence-column=gesture", self.NET, "--save", model, *common)
        other = self.write("others.csv", long_form(gestures(50, 2)))
        self.json("train", "--load", model, "--data", other, "--save", again, *common)
        kept = json.loads(read_safetensors(again)[0]["soma.data"])["division"]
        self.assertEqual((kept["by"], kept.get("column")), ("rows", None))
        self.assertEqual(self.json("evaluate", "--model", again, "--data", other, "--part=test", f"--device={DEVICE}")["samples"], 10)

    def test_each_step_may_have_a_label(self):
        text = long_form(gestures(200, 1), label=lambda number, step: step % 2)
        model, data, report = self.learn(text, "--label-per-step", "--epochs=25", "--lr=0.02")
        self.assertGreater(report["test_accuracy"], 0.95)
        shown = self.succeed("show", model).stdout
        self.assertRegex(shown, r"dense_1 +dense +6x2 ")
        again = self.json("evaluate", "--model", model, "--data", data, "--part=test", f"--device={DEVICE}")
        self.assertEqual(round(again["accuracy"], 6), round(report["test_accuracy"], 6))
        self.refuse(BAD_FILE, ["the label is", "--label-per-step"], "train", "--data", data, "--sequence-column=gesture", "--ignore=at")

    def test_labels_of_steps_may_be_words(self):
        made, tags = gestures(200, 1), ("O", "B-PER")
        model, data, report = self.learn(long_form(made, label=lambda number, step: tags[step % 2]), "--label-per-step", "--epochs=25", "--lr=0.02")
        self.assertGreater(report["test_accuracy"], 0.95)
        again = self.json("evaluate", "--model", model, "--data", data, "--part=test", f"--device={DEVICE}")
        self.assertEqual(round(again["accuracy"], 6), round(report["test_accuracy"], 6))
        said = self.succeed("predict", "--model", model, "--data", data, f"--device={DEVICE}").stdout
        rows = list(csv.DictReader(io.StringIO(said)))
        self.assertEqual(list(rows[0]), ["gesture", "labels"])
        expected = [" ".join(tags[step % 2] for step in range(len(rows))) for _, rows, _ in made]
        self.assertGreater(sum(row["labels"] == want for row, want in zip(rows, expected, strict=True)), 190)
        # Matched by name: the first word of this table is the second of the model's, so that all is wrong here.
        turned = self.write("turned.csv", long_form(made, label=lambda number, step: tags[1 - step % 2]))
        self.assertLess(self.json("evaluate", "--model", model, "--data", turned, f"--device={DEVICE}")["accuracy"], 0.05)
        alone = self.write("alone.csv", long_form([(one, rows[:1], number) for one, rows, number in made], label=lambda number, step: "O"))
        self.assertGreater(self.json("evaluate", "--model", model, "--data", alone, f"--device={DEVICE}")["accuracy"], 0.95)
        unknown = self.write("unknown.csv", long_form(made, label=lambda number, step: (*tags, "I-PER")[step % 3]))
        self.refuse(BAD_FILE, ['"I-PER"', "does not know", "B-PER"], "evaluate", "--model", model, "--data", unknown)

    def test_numbers_are_names_of_classes_too(self):
        made, tags = gestures(200, 1), ("1", "2", "O")
        two = [(one, rows[:2], number) for one, rows, number in made]
        text = long_form(made, label=lambda number, step: tags[step % 3])
        model, _, report = self.learn(text, "--label-per-step", "--epochs=25", "--lr=0.02")
        self.assertGreater(report["test_accuracy"], 0.95)
        for names in (("1", "2"), ("1.0", "2.0")):  # without an O
            table = self.write("two.csv", long_form(two, label=lambda number, step: names[step]))
            self.assertGreater(self.json("evaluate", "--model", model, "--data", table, f"--device={DEVICE}")["accuracy"], 0.95)
        more = self.learn(text, "--label-per-step", "--epochs=25", "--lr=0.02", "--validation-data", table)[2]
        self.assertGreater(more["validation_accuracy"], 0.95)

    def test_numbers_are_no_places_among_words(self):
        made = gestures(100, 1)
        model, _, _ = self.learn(long_form(made, label=lambda number, step: "ab"[step % 2]), "--label-per-step", "--epochs=1")
        zeros = self.write("zeros.csv", long_form(made, label=lambda number, step: step % 2))
        self.refuse(BAD_FILE, ['"0"', "does not know", '"a", "b"'], "evaluate", "--model", model, "--data", zeros)
        self.refuse(BAD_FILE, ['"0"', "does not know"], "train", "--load", model, "--data", zeros, "--epochs=1")
        many = self.write("many.csv", "gesture,x,y,way\n" + "".join(f"g{i},1,2,{i}\n" for i in range(300)))  # else numbers to predict
        self.refuse(BAD_FILE, ["does not know"], "evaluate", "--model", model, "--data", many)

    def test_names_with_blanks_are_told_apart(self):
        made, tags = gestures(100, 1), ("New York", "New", 'a "b"')
        model, data, report = self.learn(long_form(made, label=lambda number, step: ('"New York"', "New", '"a ""b"""')[step % 3]), "--label-per-step", "--epochs=40", "--lr=0.02")
        self.assertAlmostEqual(report["test_accuracy"], 1, 5)
        said = self.succeed("predict", "--model", model, "--data", data, f"--device={DEVICE}").stdout
        for row, (_, steps, _) in zip(csv.DictReader(io.StringIO(said)), made, strict=True):
            self.assertEqual(next(csv.reader([row["labels"]], delimiter=" ")), [tags[step % 3] for step in range(len(steps))])

    def test_longer_ones_fit_where_there_is_room(self):
        made = gestures(40, 1)
        model, _, _ = self.learn(long_form(made), self.NET, "--epochs=1", "--sequence-steps=9")
        longer = self.write("longer.csv", "gesture,x,y\n" + "g,1,2\n" * 9)
        self.assertEqual(len(self.json("predict", "--model", model, "--data", longer, f"--device={DEVICE}")["ids"]), 1)
        self.refuse(BAD_FILE, ["line", "6 steps", "samples have 2"], "train", "--data", self.path("gestures.csv"), "--sequence-column=gesture", "--ignore=at",
                    "--sequence-steps=2")

    def test_what_is_in_it_is_said(self):
        data = self.write("gestures.csv", "gesture,x,way\na,1,u\nb,2,v\na,3,u\na,?,u\n")
        said = self.succeed("data", data, "--sequence-column=gesture", "--label=way").stdout
        self.assertIn("2 sequences, of 1 to 3 steps, 2 on average", said)
        report = self.json("data", data, "--sequence-column=gesture", "--label=way")
        self.assertEqual(report["sequences"], {"count": 2, "shortest": 1, "longest": 3, "mean": 2})
        self.assertEqual(report["columns"][0]["role"], "sequence")
        data = self.write("gestures.csv", "gesture,x,way\na,1,u\na,3,v\n")
        self.assertIn("would be refused in training", self.succeed("data", data, "--sequence-column=gesture", "--label=way").stdout)

    def test_what_does_not_go_with_sequences_is_said(self):
        data = self.write("gestures.csv", long_form(gestures(20, 1)))
        self.refuse(USAGE, ["--sequence-column", "series"], "train", "--data", data, "--sequence-column=gesture", "--window=4")
        self.refuse(USAGE, ["--label-per-step", "--sequence-column"], "train", "--data", data, "--label-per-step")
        self.refuse(USAGE, ["--sequence-steps", "--sequence-column"], "train", "--data", data, "--sequence-steps=4")
        self.refuse(USAGE, ["--sequence-column is for tables", "digits"], "train", "--sequence-column=a")
        self.refuse(BAD_FILE, ["no column is called", '"hand"'], "train", "--data", data, "--sequence-column=hand")
        self.refuse(BAD_FILE, ["say one of them"], "train", "--data", data, "--sequence-column=gesture", "--id-column=at")
        model = self.path("rows.safetensors")
        self.assertEqual(run("train", "--data", data, "--ignore=gesture,at", "--epochs=1", "--save", model, f"--device={DEVICE}").returncode, DONE)
        self.refuse(BAD_FILE, ["steps of sequences", "samples each"], "evaluate", "--model", model, "--data", data, "--sequence-column=gesture")


class LikeArrays(ProgramTest):
    """The same data as an NPZ archive with lengths: the same bits."""

    def test_both_learn_the_same(self):
        made = gestures(80, 4)
        with zipfile.ZipFile(self.path("gestures.npz"), "w") as archive:
            filled = [value for _, rows, _ in made for row in rows + [(7, 7)] * (STEPS - len(rows)) for value in row]
            archive.writestr("x.npy", npy("<f8", (len(made), STEPS, 2), filled))
            archive.writestr("y.npy", npy("<i4", (len(made),), [number for _, _, number in made]))
            archive.writestr("lengths.npy", npy("<i4", (len(made),), [len(rows) for _, rows, _ in made]))
        common = ["--standardize", "--net=gru 8 last; dense 2 softmax", "--epochs=3", "--seed=5", f"--device={DEVICE}"]
        table = self.write("numbers.csv", "gesture,x,y,way\n" + "".join(f"{one},{x},{y},{number}\n" for one, rows, number in made for x, y in rows))
        rows = self.json("train", "--data", table, "--sequence-column=gesture", "--save", self.path("rows.safetensors"), *common)
        arrays = self.json("train", "--data", self.path("gestures.npz"), "--save", self.path("arrays.safetensors"), *common)
        for key in ("test_loss", "test_accuracy"):
            self.assertEqual(rows[key], arrays[key], key)
        said = [self.json("predict", "--model", self.path(model), "--data", file, "--raw", f"--device={DEVICE}", *more)["predictions"]
                for model in ("rows.safetensors", "arrays.safetensors")
                for file, more in ((table, ["--sequence-column=gesture"]), (self.path("gestures.npz"), []))]
        for one in said[1:]:
            self.assertEqual(said[0], one)

    def test_a_length_below_0_is_said(self):
        with zipfile.ZipFile(self.path("wrong.npz"), "w") as archive:
            archive.writestr("x.npy", npy("<f8", (8, 2, 1), range(16)))
            archive.writestr("y.npy", npy("<i4", (8,), [0, 1] * 4))
            archive.writestr("lengths.npy", npy("<i4", (8,), [2, 1, -3, 2, 2, 2, 2, 2]))
        self.refuse(BAD_FILE, ["lengths", "element 2 is -3", "lengths are whole numbers from 0"], "train", "--data", self.path("wrong.npz"),
                    "--net=gru 2 last; dense 2 softmax", f"--device={DEVICE}")


main()
