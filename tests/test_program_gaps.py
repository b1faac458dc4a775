#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gaps in tables: filled with what was learnt of the training samples, in every table that the model is given, or refused. A row with a gap gets
the answer of the same row in which that number is written.

Usage: test_program_gaps.py PROGRAM DEVICE [CLASS ...]
"""
import json
import random
import statistics
import struct
import sys

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, USAGE, ProgramTest, main

RANDOM = random.Random(5)
ROWS = [[RANDOM.gauss(3, 2), float(RANDOM.randrange(1700000000, 1700000999)), RANDOM.gauss(-1, 5)] for _ in range(101)]
WAYS = ["", "NA", "N/A", "nan", "NaN", "null", "?", " ", '""']


def side(row):
    return "right" if row[0] > 3 else "left"


def with_gaps(every=(7, 3, 5)):
    """ROWS with None in some places."""
    return [[None if i % every[j] == j else value for j, value in enumerate(row)] for i, row in enumerate(ROWS)]


class Tables(ProgramTest):
    def table(self, name, rows, label=side):
        with open(self.path(name), "w", newline="") as file:
            file.write("a,t,c,side\n")
            for i, row in enumerate(rows):
                cells = [WAYS[(i + j) % len(WAYS)] if value is None else repr(value) for j, value in enumerate(row)]
                file.write(",".join([*cells, label(ROWS[i])]) + "\n")
        return self.path(name)

    def train(self, data, *arguments):
        self.model = self.path("model.safetensors")
        self.said = self.succeed("train", f"--device={DEVICE}", "--data", data, "--save", self.model, "--epochs=30", "--lr=0.02", "--seed=1", "--test=0",
                                 "--validation=0", *arguments).stdout

    def columns(self):
        with open(self.model, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        return json.loads(header["__metadata__"]["soma.data"])["columns"]

    def predictions(self, data, *arguments):
        result = self.succeed("predict", f"--device={DEVICE}", "--model", self.model, "--data", data, "--json", "--raw", *arguments)
        self.warned = result.stderr
        return json.loads(result.stdout)["predictions"]

    def assert_equal(self, some, others, delta):
        self.assertEqual(len(some), len(others))
        for one, other in zip(some, others):
            for a, b in zip(one, other):
                self.assertAlmostEqual(a, b, delta=delta)

    def filled(self, fills):
        return [[fills[j] if value is None else value for j, value in enumerate(row)] for row in with_gaps()]


class Gaps(Tables):
    def test_filled_with_figures_of_what_is_there(self):
        data = self.table("gaps.csv", with_gaps())
        there = [[row[j] for row in with_gaps() if row[j] is not None] for j in range(3)]
        for how, figure in (("median", statistics.median), ("mean", statistics.fmean), ("zero", lambda _: 0.0)):
            self.train(data, *([] if how == "median" else [f"--missing={how}"]))
            fills = [figure(values) for values in there]
            for column, fill in zip(self.columns(), fills):
                self.assertEqual(column["missing"], how)
                self.assertAlmostEqual(column["fill"], fill, delta=1e-6 * max(1, abs(statistics.fmean(there[0]))) if fill < 1e6 else 1e-2)
            self.assertIn(f'gaps in "a" ({101 - len(there[0])}), "t" ({101 - len(there[1])}), "c" ({101 - len(there[2])})', self.said)
            given = [column["fill"] for column in self.columns()[:3]]
            self.assert_equal(self.predictions(data), self.predictions(self.table("whole.csv", self.filled(given))), 1e-6)
            evaluated = self.json("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", data, "--part=all")
            self.assertGreater(evaluated["accuracy"], 0.8)

    def test_figures_are_of_the_filled_columns(self):
        self.train(self.table("gaps.csv", with_gaps()))
        gaps = self.predictions(self.path("gaps.csv"))
        fills = [column["fill"] for column in self.columns()[:3]]
        self.train(self.table("whole.csv", self.filled(fills)))
        self.assert_equal(gaps, self.predictions(self.path("whole.csv")), 1e-4)

    def test_training_without_gaps_prepares_for_them(self):
        self.train(self.table("whole.csv", ROWS))
        self.assertNotIn("gaps", self.said)
        medians = [statistics.median(column) for column in zip(*ROWS)]
        one = self.predictions(self.table("one.csv", [[None, ROWS[0][1], None]]))
        self.assertIn('gaps in "a" (1), "c" (1): filled with the median that the model learnt', self.warned)
        other = self.predictions(self.table("other.csv", [[medians[0], ROWS[0][1], medians[2]]]))
        self.assert_equal(one, other, 1e-5)

    def test_by_the_training_samples_alone(self):
        rows = [[None if i < 3 else value for value in row] for i, row in enumerate(ROWS)]
        self.model = self.path("model.safetensors")
        self.succeed("train", f"--device={DEVICE}", "--data", self.table("t.csv", rows), "--save", self.model, "--epochs=1", "--test=0.4", "--seed=3")
        every = [statistics.median(row[j] for row in ROWS[3:]) for j in range(3)]
        self.assertTrue(any(column["fill"] != fill for column, fill in zip(self.columns(), every)))
        fills = [column["fill"] for column in self.columns()[:3]]
        filled = [[fills[j] if value is None else value for j, value in enumerate(row)] for row in rows]
        self.assert_equal(self.predictions(self.path("t.csv")), self.predictions(self.table("filled.csv", filled)), 1e-6)

    def test_without_standardisation(self):
        data = self.table("gaps.csv", [[row[0], 0.5, row[2]] for row in with_gaps()])
        self.train(data, "--no-standardize", "--missing=mean")
        fills = [column["fill"] for column in self.columns()[:3]]
        whole = [[fills[j] if value is None else value for j, value in enumerate([row[0], 0.5, row[2]])] for row in with_gaps()]
        self.assertEqual(self.predictions(data), self.predictions(self.table("whole.csv", whole)))

    def test_rows_with_gaps_are_dropped(self):
        # Classes that are numbers have the same order in both tables.
        data, kept = self.table("gaps.csv", with_gaps(), lambda row: str(int(row[0] > 3))), [i for i, row in enumerate(with_gaps()) if None not in row]
        self.train(data, "--missing=drop")
        self.assertIn(f"{101 - len(kept)} of 101 rows are left out for their gaps", self.said)
        evaluated = self.json("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", data, "--part=all")
        self.assertEqual(evaluated["samples"], len(kept))
        # A prediction that is missing would be taken for that of the next row.
        self.refuse(BAD_FILE, ["line 2", "column 1", "is no number"], "predict", f"--device={DEVICE}", "--model", self.model, "--data", data)
        with open(data) as file:
            lines = file.read().splitlines()
        self.write("kept.csv", "\n".join([lines[0]] + [lines[1 + i] for i in kept]))
        dropped = self.predictions(self.path("kept.csv"))
        self.train(self.path("kept.csv"), "--missing=error")
        self.assert_equal(dropped, self.predictions(self.path("kept.csv")), 1e-6)
        self.refuse(BAD_FILE, ["3 rows has gaps", "none is left"], "train", f"--device={DEVICE}", "--missing=drop", "--data",
                    self.write("all.csv", "a,t,c,side\n1,2,,x\n1,,3,y\n?,2,3,x\n"))

    def test_refused_where_that_is_said(self):
        data = self.table("gaps.csv", with_gaps())
        self.refuse(BAD_FILE, ["line 2, column 1", "is no number"], "train", f"--device={DEVICE}", "--missing=error", "--data", data)
        self.train(self.table("whole.csv", ROWS), "--missing=error")
        for command in ("evaluate", "predict"):
            self.refuse(BAD_FILE, ["line 2, column 1", "is no number"], command, f"--device={DEVICE}", "--model", self.model, "--data", data)

    def test_a_column_without_values(self):
        rows = [[row[0], None, row[2]] for row in ROWS]
        self.refuse(BAD_FILE, ["column 2", '"t"', "no value in any of the 101 rows"], "train", f"--device={DEVICE}", "--data", self.table("t.csv", rows))
        rows[7][1] = 1.0  # held out
        last = [i for i in range(101) if i != 7] + [7]
        self.write("t.csv", "a,t,c,side,when\n" + "".join(
            f"{rows[i][0]},{'' if rows[i][1] is None else 1},{rows[i][2]},{side(rows[i])},{n}\n" for n, i in enumerate(last)))
        self.refuse(BAD_FILE, ['"t"', "no value in any of the training samples"], "train", f"--device={DEVICE}", "--quiet", "--split-by=time",
                    "--time-column=when", "--label=side", "--data", self.path("t.csv"))

    def test_what_is_no_gap(self):
        for text in ("inf", "-", "none", "x", "1,2", "0x"):
            self.write("t.csv", "a,b,y\n1,2,u\n2,3,v\n" + f'"{text}",4,u\n')
            self.refuse(BAD_FILE, ["line 4, column 1", '"a"', f'"{text}"'], "train", f"--device={DEVICE}", "--data", self.path("t.csv"))
        self.refuse(BAD_FILE, ["line 3", "label"], "train", f"--device={DEVICE}", "--data", self.write("t.csv", "a,b,y\n1,2,u\n2,3,\n1,4,v\n"))
        self.refuse(BAD_FILE, ["line 3", "column 3"], "train", f"--device={DEVICE}", "--regression", "--data", self.write("t.csv", "a,b,y\n1,2,1\n2,3,\n1,4,2\n"))
        self.refuse(BAD_FILE, ["line 3: empty", "3 fields"], "train", f"--device={DEVICE}", "--data", self.write("t.csv", "a,b,y\n1,2,u\n\n1,4,v\n"))

    def test_training_goes_on(self):
        self.train(self.table("whole.csv", ROWS), "--missing=mean")
        data, model = self.table("gaps.csv", with_gaps()), self.model
        before = self.columns()
        again = ["train", f"--device={DEVICE}", "--quiet", "--load", model, "--save", model, "--epochs=1", "--lr=1e-9", "--data", data]
        self.succeed(*again)
        self.succeed(*again, "--missing=mean")
        self.assertEqual(self.columns(), before)
        self.refuse(BAD_FILE, ["'median'", "learnt 'mean'"], *again, "--missing=median")

    def test_tables_alone_have_gaps(self):
        self.refuse(USAGE, ["--missing", "tables"], "train", f"--device={DEVICE}", "--data=digits", "--missing=mean")


class Words(Tables):
    """Columns of words; what the network sees is held against a table with a column of zeros and ones for each category."""

    def setUp(self):
        super().setUp()
        self.rows = [(["Bern", "Rome", "Oslo"][i % 7 % 3], ROWS[i][0], ["yes", "no"][i % 2], "ab"[i % 7 % 3 == 1]) for i in range(100)]

    def words(self, name, rows, header="city,x,member,y"):
        return self.write(name, "\n".join(([header] if header else []) + [",".join(map(str, row)) for row in rows]) + "\n")

    def hot(self, name, rows):
        cities = [[int(row[0] == city) for city in ("Bern", "Rome", "Oslo")] for row in rows]
        return self.write(name, "b,r,o,x,yes,no,y\n" + "\n".join(
            ",".join(map(str, [*city, row[1], int(row[2] == "yes"), int(row[2] == "no"), row[3]])) for city, row in zip(cities, rows)) + "\n")

    def test_each_category_is_an_input(self):
        self.train(self.words("t.csv", self.rows))
        self.assertEqual([(c.get("kind"), c.get("categories")) for c in self.columns()],
                         [("category", ["Bern", "Rome", "Oslo"]), (None, None), ("category", ["yes", "no"]), (None, None)])
        self.assertGreater(self.json("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", self.path("t.csv"), "--part=all")["accuracy"], 0.97)
        # Other orders of rows and columns, without the label, with a word and gaps that it has not met.
        rows = [("Rome", 1.5, "no", "a"), ("Bern", -1, "yes", "b"), ("Paris", 2, "no", "a"), ("", 2, "NA", "b"), ("rome", 3, "no", "a")]
        one = self.predictions(self.words("o.csv", [(r[2], r[1], r[0]) for r in rows], "member,x,city"))
        self.assertIn('("city"): 2 words that the model does not know', self.warned)
        self.assertIn('gaps in "member" (1), "city" (1): taken for none of the categories', self.warned)
        self.train(self.hot("hot.csv", self.rows), "--no-standardize")
        self.train(self.words("t.csv", self.rows), "--no-standardize")
        words = self.predictions(self.path("o.csv"))
        self.train(self.hot("hot.csv", self.rows), "--no-standardize")
        self.assert_equal(words, self.predictions(self.hot("ho.csv", rows)), 1e-6)
        self.assertNotEqual(words, one)

    def test_training_goes_on(self):
        self.train(self.words("t.csv", self.rows))
        before = self.columns()
        self.succeed("train", f"--device={DEVICE}", "--quiet", "--load", self.model, "--save", self.model, "--epochs=1", "--lr=1e-9", "--data",
                     self.words("o.csv", self.rows[::-1]))
        self.assertEqual(self.columns(), before)

    def test_rows_with_gaps_are_dropped(self):
        rows = [("" if i % 9 == 5 else row[0], *row[1:]) for i, row in enumerate(self.rows)]
        self.train(self.words("t.csv", rows), "--missing=drop")
        self.assertIn("11 of 100 rows are left out", self.said)
        self.refuse(BAD_FILE, ["line 7, column 1", "no category"], "train", f"--device={DEVICE}", "--missing=error", "--data", self.path("t.csv"))

    def refuse_training(self, words, rows, *arguments, header="city,x,member,y"):
        self.refuse(BAD_FILE, words, "train", f"--device={DEVICE}", "--data", self.words("t.csv", rows, header), *arguments)

    def test_words_between_numbers_are_refused(self):
        for column in (0, 2):
            for wrong in (1, 20, 50):
                rows = [list(row) for row in self.rows]
                for i, row in enumerate(rows):
                    row[column] = "two" if i >= 100 - wrong else i
                self.refuse_training([f"line {102 - wrong}, column {column + 1}", '"two"', "is no number"], rows)
        self.refuse_training(['"2,5"', "is no number"], [("Bern", '"1,5"' if i % 2 else '"2,5"', "yes", "ab"[i % 2]) for i in range(20)])

    def test_too_many(self):
        rows = [(f"c{i % 33}", *row[1:]) for i, row in enumerate(self.rows)]
        self.refuse_training(["line 34, column 1", '"city"', '"c32"', "32 different", "--max-categories"], rows)
        self.train(self.words("t.csv", rows), "--max-categories=33")
        self.assertEqual(len(self.columns()[0]["categories"]), 33)
        self.refuse_training(["line 2, column 1", '"Bern"', "is no number"], self.rows, "--max-categories=0")

    def test_a_first_line_that_may_be_a_row(self):
        self.refuse_training(["--no-header"], self.rows, header=None)
        self.train(self.words("t.csv", self.rows, None), "--no-header")
        self.assertEqual(len(self.predictions(self.path("t.csv"), "--no-header")), 100)
        self.refuse(BAD_FILE, ["--no-header"], "predict", f"--device={DEVICE}", "--model", self.model, "--data", self.path("t.csv"))
        colours = [(row[0], row[2], row[3]) for row in self.rows]
        self.refuse_training(["--header"], colours, header="city,member,y")
        self.train(self.words("t.csv", colours, "city,member,y"), "--header")


if __name__ == "__main__":
    main()
