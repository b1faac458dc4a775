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


class Gaps(ProgramTest):
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


if __name__ == "__main__":
    main()
