#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A model and tables of another form than the one it learnt from: columns in another order, missing, unknown, without names; classes written
in other ways, in part, or unknown. What comes out is right, or refused with both sides named; never silently wrong.

Usage: test_program_matching.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import json
import random
import struct
import sys

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, USAGE, ProgramTest, main, npy, run

RANDOM = random.Random(3)
POINTS = [(RANDOM.gauss(0, 1), RANDOM.gauss(0, 1)) for _ in range(120)]


class Matching(ProgramTest):
    """Two columns, of which the first decides alone, so that the other in its place is right half of the time."""

    def table(self, name, header, row, points=POINTS):
        """row(width, height) of each point, under the header if there is one."""
        with open(self.path(name), "w", newline="") as file:
            csv.writer(file).writerows(([header] if header else []) + [row(*point) for point in points])
        return self.path(name)

    def train(self, data, *arguments):
        self.model = self.path("model.safetensors")
        self.succeed("train", f"--device={DEVICE}", "--quiet", "--data", data, "--save", self.model, "--epochs=60", "--lr=0.01", "--seed=1", *arguments)

    def evaluate(self, data, *arguments):
        result = run("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", data, "--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.said = result.stderr
        return json.loads(result.stdout)

    def assert_right(self, data, *arguments):
        self.assertGreater(self.evaluate(data, *arguments)["accuracy"], 0.95)

    def refuse_evaluation(self, words, data, *arguments, status=BAD_FILE):
        self.refuse(status, words, "evaluate", f"--device={DEVICE}", "--model", self.model, "--data", data, *arguments)


def side(width):
    return "right" if width > 0 else "left"


class Columns(Matching):
    def setUp(self):
        super().setUp()
        self.train(self.table("train.csv", ["width", "height", "side"], lambda w, h: (w, h, side(w))))

    def test_in_another_order(self):
        self.assert_right(self.table("a.csv", ["height", "width", "side"], lambda w, h: (h, w, side(w))))

    def test_the_label_first(self):
        self.assert_right(self.table("a.csv", ["side", "height", "width"], lambda w, h: (side(w), h, w)))

    def test_more_columns_are_passed_over(self):
        self.assert_right(self.table("a.csv", ["id", "height", "side", "colour", "width"], lambda w, h: (7, h, side(w), 1, w)))
        self.assertIn('was not trained on "id", "colour": passed over', self.said)

    def test_a_missing_column(self):
        self.refuse_evaluation(['no column "width"', '"height"'], self.table("a.csv", ["height", "side"], lambda w, h: (h, side(w))))

    def test_a_column_of_another_name(self):
        self.refuse_evaluation(['no column "width"', '"length"'], self.table("a.csv", ["length", "height", "side"], lambda w, h: (w, h, side(w))))

    def test_a_column_in_other_letters(self):
        self.refuse_evaluation(['no column "width"', 'there is "Width"'], self.table("a.csv", ["Width", "height", "side"], lambda w, h: (w, h, side(w))))

    def test_a_column_twice(self):
        self.refuse_evaluation(['"width"', "named in column 1 already"],
                               self.table("a.csv", ["width", "height", "width", "side"], lambda w, h: (h, h, w, side(w))))

    def test_blanks_around_names(self):
        self.write("a.csv", "side, height , width\n" + "".join(f"{side(w)},{h},{w}\n" for w, h in POINTS))
        self.assert_right(self.path("a.csv"))

    def test_without_names_by_place(self):
        self.assert_right(self.table("a.csv", None, lambda w, h: (w, h, side(w))))
        self.assertIn('taken for "width", "height"', self.said)

    def test_without_names_of_another_width(self):
        self.refuse_evaluation(["4 columns", "trained on 2 and a label"], self.table("a.csv", None, lambda w, h: (1, w, h, side(w))))

    def test_no_label(self):
        self.refuse_evaluation(["no labels"], self.table("a.csv", ["height", "width"], lambda w, h: (h, w)), status=USAGE)

    def test_predictions_need_no_label(self):
        for header, row in ((["height", "width"], lambda w, h: (h, w)), (["x", "height", "width"], lambda w, h: (1, h, w)),
                            (["height", "side", "width"], lambda w, h: (h, "?", w)), (None, lambda w, h: (w, h)), (None, lambda w, h: (w, h, ""))):
            said = self.json("predict", f"--device={DEVICE}", "--model", self.model, "--data", self.table("a.csv", header, row))["predictions"]
            wrong = sum(one != side(w) for one, (w, _) in zip(said, POINTS))
            self.assertLess(wrong, 6, header)

    def test_another_label_by_name(self):
        self.assert_right(self.table("a.csv", ["truth", "height", "width"], lambda w, h: (side(w), h, w)), "--label=truth")

    def test_training_goes_on_with_another_order(self):
        self.succeed("train", f"--device={DEVICE}", "--quiet", "--load", self.model, "--save", self.model, "--epochs=1", "--lr=1e-9", "--data",
                     self.table("b.csv", ["height", "side", "width"], lambda w, h: (h, side(w), w)))
        self.assert_right(self.table("a.csv", ["width", "height", "side"], lambda w, h: (w, h, side(w))))

    def test_the_model_says_them(self):
        shown = self.json("show", self.model)
        self.assertEqual(shown["columns"], [{"name": "width", "role": "feature", "kind": "number", "inputs": 1}, {"name": "height", "role": "feature", "kind": "number", "inputs": 1},
                                            {"name": "side", "role": "label"}])


class NamesThatAreNumbers(Matching):
    def test_years_are_names(self):
        self.train(self.table("train.csv", ["2019", "2020", "side"], lambda w, h: (w, h, side(w))), "--header")
        self.assert_right(self.table("a.csv", ["2020", "2019", "side"], lambda w, h: (h, w, side(w))))
        data = self.table("b.csv", ["2020", "2019"], lambda w, h: (h, w))  # a first line of numbers alone
        said = self.json("predict", f"--device={DEVICE}", "--model", self.model, "--data", data)["predictions"]
        self.assertEqual(len(said), len(POINTS))

    def test_no_names_where_it_learnt(self):
        self.train(self.table("train.csv", None, lambda w, h: (w, h, side(w))))
        self.assert_right(self.table("a.csv", ["width", "height", "side"], lambda w, h: (w, h, side(w))))


class Classes(Matching):
    """Of labels in the table that a model learns from, and in those that it is given."""

    def learn(self, positive, negative, *arguments):
        self.train(self.table("train.csv", ["w", "h", "y"], lambda w, h: (w, h, positive if w > 0 else negative)), *arguments)

    def given(self, label, points=POINTS):
        return self.table("given.csv", ["w", "h", "y"], lambda w, h: (w, h, label(w)), points)

    def test_ones_and_minus_ones(self):
        self.learn("1", "-1")
        right, left = [p for p in POINTS if p[0] > 0], [p for p in POINTS if p[0] <= 0]
        self.assert_right(self.given(lambda w: "1", right))
        self.assert_right(self.given(lambda w: "-1", left))
        self.assert_right(self.given(lambda w: "+1" if w > 0 else "-1.0"))
        self.assert_right(self.given(lambda w: " 1" if w > 0 else "-1e0"))

    def test_zeros_and_ones(self):
        self.learn("1", "0")
        self.assert_right(self.given(lambda w: "1.0", [p for p in POINTS if p[0] > 0]))
        self.refuse_evaluation(['class "pos"', '"0", "1"', '"neg"'], self.given(lambda w: "pos" if w > 0 else "neg"))
        self.refuse_evaluation(['class "2"', '"0", "1"'], self.given(lambda w: "2" if w > 0 else "0"))
        self.refuse_evaluation(['class "-1"', '"0", "1"'], self.given(lambda w: "1" if w > 0 else "-1"))
        self.refuse_evaluation(['class "true"', '"0", "1"'], self.given(lambda w: "true" if w > 0 else "false"))

    def test_words(self):
        self.learn("pos", "neg")
        self.assert_right(self.given(lambda w: "neg", [p for p in POINTS if p[0] <= 0]))  # one of them alone
        first = sorted(POINTS)  # the other one comes first
        self.assert_right(self.given(lambda w: "pos" if w > 0 else "neg", first))
        self.assert_right(self.given(lambda w: "pos" if w > 0 else "neg", first[::-1]))
        self.refuse_evaluation(['class "0"', '"pos"', '"neg"'], self.given(lambda w: "1" if w > 0 else "0"))
        self.refuse_evaluation(['class "Pos"', '"pos"'], self.given(lambda w: "Pos" if w > 0 else "neg"))

    def test_gaps_between_numbers(self):
        self.learn("2000", "1000")
        self.assert_right(self.given(lambda w: "2e3" if w > 0 else "1000"))
        self.refuse_evaluation(['class "0"', '"1000", "2000"'], self.given(lambda w: "1" if w > 0 else "0"))

    def test_unknown_ones_are_left_out_where_that_is_said(self):
        self.learn("pos", "neg")
        data = self.given(lambda w: "far" if abs(w) > 1 else side(w).replace("right", "pos").replace("left", "neg"))
        self.refuse_evaluation(['class "far"', '"pos"', '"neg"'], data)
        result = self.evaluate(data, "--unknown-classes=ignore")
        self.assertEqual(result["samples"], sum(abs(w) <= 1 for w, _ in POINTS))
        self.assertIn("are left out", self.said)
        self.refuse_evaluation(["no sample of a class"], self.given(lambda w: "far"), "--unknown-classes=ignore")

    def test_training_goes_on_with_fewer(self):
        self.learn("pos", "neg")
        self.succeed("train", f"--device={DEVICE}", "--quiet", "--load", self.model, "--save", self.model, "--epochs=1", "--lr=1e-9", "--data",
                     self.given(lambda w: "neg", [p for p in POINTS if p[0] <= 0]))
        self.assert_right(self.given(lambda w: "pos" if w > 0 else "neg"))
        self.refuse(BAD_FILE, ['class "new"', '"pos", "neg"'], "train", f"--device={DEVICE}", "--quiet", "--load", self.model, "--epochs=1", "--data",
                    self.given(lambda w: "new" if w > 0 else "neg"))


class Tasks(Matching):
    """Whole numbers as labels: classes where they are few and recur, else numbers to predict."""

    def task(self, label, *arguments, rows=120):
        table = self.table("t.csv", ["w", "h", "y"], lambda w, h: (w, h, 0), POINTS[:rows])
        with open(table, "w", newline="") as file:
            csv.writer(file).writerows([["w", "h", "y"]] + [(w, h, label(i)) for i, (w, h) in enumerate(POINTS[:rows])])
        result = run("train", f"--device={DEVICE}", "--data", table, "--epochs=1", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.said = result.stdout + result.stderr
        return "numbers" if "mean absolute error" in result.stdout else "classes"

    def test_choice(self):
        self.assertEqual(self.task(lambda i: i % 7), "classes")
        self.assertNotIn("taken for numbers", self.said)
        self.assertEqual(self.task(lambda i: i * 31 % 119), "numbers")  # 119 of 120 differ
        self.assertIn("taken for numbers to predict, as there are 119 different ones in 120 rows", self.said)
        self.assertEqual(self.task(lambda i: i % 60), "classes")
        self.assertEqual(self.task(lambda i: i % 61), "numbers")
        self.assertEqual(self.task(lambda i: 0.5 * (i % 5)), "numbers")
        self.assertIn('"0.5" of line 3 is not whole', self.said)
        self.assertEqual(self.task(lambda i: -(i % 3)), "classes")
        self.assertEqual(self.task(lambda i: 70000 + i), "numbers")

    def test_it_can_be_said(self):
        self.assertEqual(self.task(lambda i: i % 7, "--regression"), "numbers")
        self.assertEqual(self.task(lambda i: i % 61, "--classification", "--test=0", "--validation=0"), "classes")
        self.refuse(USAGE, ["--classification", "--regression"], "train", f"--device={DEVICE}", "--data", self.path("t.csv"), "--classification",
                    "--regression")

    def test_the_model_decides(self):
        table = self.table("t.csv", ["w", "h", "y"], lambda w, h: (w, h, round(2 * w)))
        self.train(table, "--regression")
        self.assertIn("mean_absolute_error", self.evaluate(table))
        self.train(table, "--classification")
        self.assertIn("accuracy", self.evaluate(table))


class Pictures(Matching):
    """The same pictures as bytes, as float32 from 0 to 255 and from 0 to 1: the same answer, or a refusal that names both ranges."""

    BYTES = "bytes (0 to 255)"

    def setUp(self):
        super().setUp()
        chance = random.Random(5)
        self.labels = [i % 2 for i in range(80)]
        # Dark and bright pictures, which those who see both 255 times as large (or as small) cannot tell apart.
        self.pixels = [[chance.randrange(140, 256) if label else chance.randrange(0, 116) for _ in range(12)] for label in self.labels]
        self.pixels[0][0], self.pixels[1][0] = 0, 255
        self.numbers = self.write("labels.npy", npy("<i8", (80,), self.labels))

    def floats(self, name, of=lambda pixel: pixel, pixels=None):
        values = [of(pixel) for picture in pixels or self.pixels for pixel in picture]
        return self.write(name, npy("<f4", (len(values) // 12, 3, 4, 1), values))

    def as_bytes(self, name="bytes.npy", pixels=None):
        values = [pixel for picture in pixels or self.pixels for pixel in picture]
        return self.write(name, npy("|u1", (len(values) // 12, 3, 4, 1), values))

    def fractions(self, name="fractions.npy"):
        return self.floats(name, lambda pixel: pixel / 255)

    def learn(self, data, *arguments):
        self.train(data, "--labels", self.numbers, "--net=dense 2 softmax", *arguments)
        self.expected = self.evaluate(data, "--labels", self.numbers)
        self.assertGreater(self.expected["accuracy"], 0.95)

    def assert_same(self, data):
        got = self.evaluate(data, "--labels", self.numbers)
        self.assertEqual(got["accuracy"], self.expected["accuracy"])
        self.assertAlmostEqual(got["loss"], self.expected["loss"], delta=1e-5)

    def refuse_range(self, data, *ranges):
        self.refuse_evaluation(["another scale", *ranges], data, "--labels", self.numbers)

    def test_bytes_learnt(self):
        for arguments in [], ["--standardize"]:
            self.learn(self.as_bytes(), *arguments)
            self.assert_same(self.floats("numbers.npy"))
            self.assert_same(self.fractions())
        # Neighbours that are none of the three.
        self.refuse_range(self.floats("signed.npy", lambda pixel: pixel / 127.5 - 1), self.BYTES, "float32 from -1 to 1")
        self.refuse_range(self.floats("large.npy", lambda pixel: pixel * 257), self.BYTES, "float32 from 0 to 65535")
        self.refuse_range(self.floats("halves.npy", lambda pixel: pixel / 2), self.BYTES, "float32 from 0 to 127.5")

    def test_bytes_learnt_of_idx(self):
        content = b"".join(map(bytes, self.pixels))
        data = self.write("pictures-idx3-ubyte", struct.pack(">4I", 0x803, 80, 3, 4) + content)
        arrays, self.numbers = self.numbers, self.write("pictures-idx1-ubyte", struct.pack(">2I", 0x801, 80) + bytes(self.labels))
        self.learn(data)
        self.numbers = arrays
        self.assert_same(self.floats("numbers.npy"))
        self.assert_same(self.fractions())
        self.assert_same(self.as_bytes())

    def test_numbers_learnt(self):
        self.learn(self.floats("numbers.npy"), "--standardize")
        self.assert_same(self.as_bytes())
        self.refuse_range(self.fractions(), "float32 from 0 to 255", "float32 from 0 to 1")
        self.refuse_range(self.floats("signed.npy", lambda pixel: pixel / 127.5 - 1), "float32 from 0 to 255", "float32 from -1 to 1")

    def test_fractions_learnt(self):
        self.learn(self.fractions())
        self.assert_same(self.as_bytes())
        self.refuse_range(self.floats("numbers.npy"), "float32 from 0 to 255", "float32 from 0 to 1")
        dark = [[pixel // 20 for pixel in picture] for picture in self.pixels]
        self.refuse_range(self.floats("dark.npy", pixels=dark), "float32 from 0 to 12", "float32 from 0 to 1")

    def test_fractions_round_zero_learnt(self):
        self.learn(self.floats("signed.npy", lambda pixel: pixel / 127.5 - 1))
        self.refuse_range(self.as_bytes(), self.BYTES, "float32 from -1 to 1")
        self.refuse_range(self.floats("numbers.npy"), "float32 from 0 to 255", "float32 from -1 to 1")

    def test_few_pictures_of_few_values(self):
        """Black, grey, white, dark ones and one of a single bright pixel: each alone is answered as its bytes are."""
        self.learn(self.as_bytes())
        for pixels in [0] * 12, [128] * 12, [255] * 12, [2] * 12, [5, 3] * 6, [0] * 11 + [255]:
            answers = []
            for data in self.as_bytes(pixels=[pixels]), self.floats("numbers.npy", pixels=[pixels]), self.floats("f.npy", lambda p: p / 255, [pixels]):
                self.succeed("predict", f"--device={DEVICE}", "--model", self.model, "--data", data, "--output", self.path("out.csv"))
                with open(self.path("out.csv"), newline="") as file:
                    answers.append(list(csv.DictReader(file)))
            for other in answers[1:]:
                for name, value in answers[0][0].items():
                    self.assertAlmostEqual(float(other[0][name]), float(value), delta=1e-5, msg=f"{pixels} {name}")

    def test_tables_are_left_alone(self):
        """Numbers up to 200 in the one table and up to 1 in the other are what they are."""
        table = self.table("train.csv", ["width", "height", "side"], lambda w, h: (200 if w > 0 else 100, 0, side(w)))
        self.train(table, "--standardize")
        for row in (lambda w, h: (1, 1, "left")), (lambda w, h: (0.5, 0.25, "left")):
            self.assertEqual(self.evaluate(self.table("a.csv", ["width", "height", "side"], row))["samples"], len(POINTS))


if __name__ == "__main__":
    main()
