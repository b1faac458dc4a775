#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gaps in tables: filled with what was learnt of the training samples, in every table that the model is given, or refused. A row with a gap gets
the answer of the same row in which that number is written.

Usage: test_program_gaps.py PROGRAM DEVICE [CLASS ...]
"""
import json
import math
import random
import statistics
import struct
import sys
from datetime import datetime, timedelta

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

    def test_texts_that_are_gaps(self):
        """Said to be, they are read as the usual ones are; the model knows. A first row that has one names no columns."""
        rows = with_gaps()
        usual = self.table("usual.csv", rows)
        self.train(usual)
        expected = self.predictions(usual)
        ways = ["-", "kein Wert", "KEIN WERT", "a, b", ""]
        lines = [",".join(f'"{ways[(i + j) % 5]}"' if value is None else repr(value) for j, value in enumerate(row)) + f",{side(ROWS[i])}" for i, row in enumerate(rows)]
        lines.insert(0, '"-",1.0,2.0,left')
        other = self.write("other.csv", "a,t,c,side\n" + "\n".join(lines[1:]) + "\n")
        texts = '-,kein Wert,"a, b"'
        self.train(other, f"--gaps={texts}")
        self.assert_equal(self.predictions(other), expected, 1e-6)
        self.assertEqual(self.kept_gaps(), ["-", "kein Wert", "a, b"])
        headless = self.write("headless.csv", "\n".join(lines) + "\n")
        self.train(headless, f"--gaps={texts}")
        self.assertEqual(len(self.predictions(headless)), 102)
        looked = self.json("data", other, f"--gaps={texts}")
        self.assertEqual([column["gaps"] for column in looked["columns"][:3]], [sum(row[j] is None for row in rows) for j in range(3)])

    def kept_gaps(self):
        with open(self.model, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        return json.loads(header["__metadata__"]["soma.data"]).get("gaps")

    def test_what_is_no_gap_any_more(self):
        """NA is Namibia where it is said so, in the model, too; between numbers it is refused."""
        countries = [("NA", "DE", "?")[i % 3] for i in range(101)]
        text = "country,a,side\n" + "".join(f"{country},{row[0]},{side(row)}\n" for country, row in zip(countries, ROWS))
        data = self.write("countries.csv", text)
        self.train(data, "--gaps=?")
        self.assertEqual(self.columns()[0]["categories"], ["NA", "DE"])
        self.assertIn('gaps in "country" (33)', self.said)
        self.train(data)
        self.assertEqual(self.columns()[0]["categories"], ["DE"])
        self.assertIsNone(self.kept_gaps())
        numbers = self.write("numbers.csv", "a,side\n1,x\nNA,y\n2,x\n-,y\n3,x\n")
        train = ("train", "-q", f"--device={DEVICE}", "--epochs=1", "--data", numbers)
        self.refuse(BAD_FILE, ["line 3", '"NA"', "--gaps"], *train, "--gaps=-")
        self.refuse(BAD_FILE, ["line 5", '"-"'], *train)
        for texts, words in (("-999", ['"-999"', "number"]), ("?,,-", ["empty"]), ("?,NA,na", ["twice"]), ('?,"-', ["gaps"]), ("?\n-", ["one line"])):
            self.refuse(BAD_FILE, words, *train, f"--gaps={texts}")
        self.train(data, "--gaps=?")
        self.refuse(BAD_FILE, ['"-"', '"?"', "which stands"], *train[:-1], data, "--load", self.model, "--gaps=-")
        self.succeed(*train[:-1], data, "--load", self.model, "--gaps=?")

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
        self.rows = [(["Bern", "Rome", "Oslo"][i % 7 % 3], ROWS[i][0], ["in", "out"][i % 2], "ab"[i % 7 % 3 == 1]) for i in range(100)]

    def words(self, name, rows, header="city,x,member,y"):
        return self.write(name, "\n".join(([header] if header else []) + [",".join(map(str, row)) for row in rows]) + "\n")

    def hot(self, name, rows):
        cities = [[int(row[0] == city) for city in ("Bern", "Rome", "Oslo")] for row in rows]
        return self.write(name, "b,r,o,x,in,out,y\n" + "\n".join(
            ",".join(map(str, [*city, row[1], int(row[2] == "in"), int(row[2] == "out"), row[3]])) for city, row in zip(cities, rows)) + "\n")

    def test_each_category_is_an_input(self):
        self.train(self.words("t.csv", self.rows))
        self.assertEqual([(c.get("kind"), c.get("categories")) for c in self.columns()],
                         [("category", ["Bern", "Rome", "Oslo"]), (None, None), ("category", ["in", "out"]), (None, None)])
        self.assertGreater(self.json("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", self.path("t.csv"), "--part=all")["accuracy"], 0.97)
        # Other orders of rows and columns, without the label, with a word and gaps that it has not met.
        rows = [("Rome", 1.5, "out", "a"), ("Bern", -1, "in", "b"), ("Paris", 2, "out", "a"), ("", 2, "NA", "b"), ("rome", 3, "out", "a")]
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
        self.refuse_training(['"2,5"', "is no number"], [("Bern", '"1,5"' if i % 2 else '"2,5"', "in", "ab"[i % 2]) for i in range(20)])

    def test_too_many(self):
        rows = [(f"c{i % 33}", *row[1:]) for i, row in enumerate(self.rows)]
        self.train(self.words("t.csv", rows))
        self.assertIn('column 1 ("city"): more than 32 different words, which are hashed into 64 inputs', self.said)
        self.assertEqual([self.columns()[0].get(key) for key in ("kind", "encoding", "buckets", "categories")], ["category", "hash", 64, None])
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


def fnv(text):
    """64-bit FNV-1a, by its definition."""
    value = 0xcbf29ce484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001b3 % 2 ** 64
    return value


class Forms(Tables):
    """Truth values, dates, hashed words and indicators of gaps; what the network sees is held against a table of the same in numbers."""

    def rows(self, write):
        """A column as `write` has it, beside a number that tells the label."""
        return [(write(i), f"{ROWS[i][0]:.6f}", side(ROWS[i])) for i in range(100)]

    def save(self, name, rows, header):
        return self.write(name, "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")

    def expect_same(self, words, numbers, *arguments, plain=None, delta=1e-6):
        """Of tables (header, rows) and perhaps others to predict from; `arguments` are said of the words alone."""
        found = []
        for (header, rows), more in ((words, arguments), (numbers, ())):
            self.train(self.save("t.csv", rows, header), "--no-standardize", *more)
            found.append(self.predictions(self.path("t.csv") if not plain else self.save("p.csv", plain[len(found)], header)))
            if len(found) == 1:
                self.kept, self.said_of_words = self.columns(), self.said
        self.assert_equal(found[0], found[1], delta)
        self.assertGreater(max(row[0] for row in found[0]) - min(row[0] for row in found[0]), 0.1)

    def test_truth_values(self):
        words = ["yes", "No", "T", "f", "TRUE", "false"]
        rows = self.rows(lambda i: words[i % 6])
        numbers = self.rows(lambda i: int(words[i % 6].lower()[0] in "yt"))
        # Gaps get the median, 0.5 of as many yes as no.
        plain = [[(word, i, "left") for i, word in enumerate(column)] for column in (("no", "true", "1", "0", "", "F"), (0, 1, 1, 0, "", 0))]
        self.expect_same(("m,x,y", rows), ("m,x,y", numbers), plain=plain)
        self.assertEqual((self.kept[0]["kind"], self.kept[0]["fill"]), ("truth", 0.5))
        self.train(self.save("t.csv", rows, "m,x,y"))
        for word in ("maybe", "2", "1.0"):
            self.refuse(BAD_FILE, ["line 3, column 1", '"m"', f'"{word}"', "is no truth value", "yes"], "predict", f"--device={DEVICE}", "--model", self.model,
                        "--data", self.save("p.csv", [("yes", 1, "left"), (word, 1, "left")], "m,x,y"))
        self.train(self.save("t.csv", self.rows(lambda i: "yes no maybe".split()[i % 3]), "m,x,y"))  # not all are
        self.assertEqual(self.columns()[0]["categories"], ["yes", "no", "maybe"])

    def dates(self, i):
        return datetime(1970, 1, 1) + timedelta(days=i * 37 % 89, hours=i % 24, minutes=30 * (i % 2))

    def days(self, i):
        return (self.dates(i) - datetime(1970, 1, 1)).total_seconds() / 86400

    def test_dates_are_days(self):
        rows = self.rows(lambda i: self.dates(i).isoformat(sep=" T"[i % 2]))
        numbers = self.rows(lambda i: repr(self.days(i)))
        gap = [("", "1", "left")]
        self.expect_same(("when,x,y", rows), ("when,x,y", numbers), plain=[rows + gap, numbers + gap])
        self.assertEqual(self.kept[0]["kind"], "date")
        self.assertAlmostEqual(self.kept[0]["fill"], statistics.median(map(self.days, range(100))), places=5)
        # Far from 1970, with standardisation: days that float32 would take for others stay apart.
        late = [f"{day:%Y-%m-%dT%H:%M:%S}" for day in (datetime(2024, 1, 1) + timedelta(seconds=40 * i) for i in range(100))]
        seconds = [40 * i for i in range(100)]
        for values in (late, seconds):
            self.train(self.save("t.csv", [(value, 1, "ab"[i >= 50]) for i, value in enumerate(values)], "when,x,y"))
            one = self.predictions(self.path("t.csv"))
            self.assertGreater(self.json("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", self.path("t.csv"), "--part=all")["accuracy"], 0.9)
            if values is late:
                first = one
        self.assert_equal(first, one, 1e-3)

    def test_cycles(self):
        def parts(i):
            date = self.dates(i)
            year = 366 if date.year % 4 == 0 else 365
            angles = [(date.timetuple().tm_yday - 1) / year, date.weekday() / 7, (date.hour * 60 + date.minute) / 1440]
            return [repr(self.days(i)), *(repr(f(2 * math.pi * angle)) for angle in angles for f in (math.sin, math.cos))]
        header = "when,a,b,c,d,e,f,x,y"
        rows = self.rows(lambda i: self.dates(i).isoformat())
        numbers = [(*parts(i), *row[1:]) for i, row in enumerate(rows)]
        median = statistics.median(map(self.days, range(100)))
        plain = [rows + [("NA", "1", "left")], numbers + [(median, 0, 0, 0, 0, 0, 0, "1", "left")]]
        self.expect_same(("when,x,y", rows), (header, numbers), "--dates=cycle", plain=plain, delta=1e-4)
        self.assertEqual((self.kept[0]["kind"], self.kept[0]["encoding"]), ("date", "cycle"))

    def test_what_is_no_date(self):
        rows = self.rows(lambda i: "soon" if i == 60 else self.dates(i).isoformat())
        said = ["line 62, column 1", '"when"', '"soon"', "is no date", "2024-02-29"]
        self.refuse(BAD_FILE, said, "train", f"--device={DEVICE}", "--data", self.save("t.csv", rows, "when,x,y"))
        self.train(self.save("t.csv", rows[:60], "when,x,y"))
        for word in ("2024-02-30", "1", "yesterday"):
            self.refuse(BAD_FILE, ["line 2, column 1", f'"{word}"', "is no date"], "predict", f"--device={DEVICE}", "--model", self.model,
                        "--data", self.save("p.csv", [(word, 1, "left")], "when,x,y"))

    def test_a_table_of_dates_without_names(self):
        """A date above dates is no name."""
        rows = [(self.dates(i).isoformat(), f"{ROWS[i][0]:.6f}", side(ROWS[i])) for i in range(100)]
        self.write("t.csv", "\n".join(",".join(row) for row in rows) + "\n")
        self.train(self.path("t.csv"))
        self.assertEqual(len(self.predictions(self.path("t.csv"))), 100)
        self.assertNotIn("name", self.columns()[0])
        self.train(self.save("t.csv", rows, "2024-01-01,x,y"))  # above "x" and "y" it may be
        self.assertEqual([column["name"] for column in self.columns()], ["2024-01-01", "x", "y"])

    def test_hashed_words(self):
        word = lambda i: f"straße {i * 7 % 41}"
        hot = lambda text: [int(fnv(text) % 64 == j) for j in range(64)] if text else [0] * 64
        rows = self.rows(word)
        header = ",".join([*(f"h{j}" for j in range(64)), "x", "y"])
        numbers = [(*hot(row[0]), *row[1:]) for row in rows]
        other = [(text, "1", "left") for text in ("straße 3", "never met", "")]
        self.expect_same(("w,x,y", rows), (header, numbers), plain=[rows + other, numbers + [(*hot(row[0]), *row[1:]) for row in other]])
        self.assertEqual(self.kept[0]["buckets"], 64)
        self.predictions(self.path("t.csv"))
        self.train(self.save("t.csv", rows, "w,x,y"))
        self.predictions(self.save("p.csv", other, "w,x,y"))
        self.assertNotIn("does not know", self.warned)
        self.assertIn('gaps in "w" (1): taken for none of the categories', self.warned)

    def test_hash_buckets(self):
        """Of five inputs, by the hash modulo five; a model that goes on keeps them."""
        words = [f"w{(i * 7) % 40}" for i in range(100)]
        hot = lambda text: [int(fnv(text) % 5 == j) for j in range(5)]
        header = ",".join([*(f"h{j}" for j in range(5)), "x", "y"])
        rows = self.rows(lambda i: words[i])
        self.expect_same(("w,x,y", rows), (header, [(*hot(row[0]), *row[1:]) for row in rows]), "--hash-buckets=5")
        self.assertEqual(self.kept[0]["buckets"], 5)
        data = self.save("w.csv", rows, "w,x,y")
        self.train(data, "--hash-buckets=5")
        again = ("train", "-q", f"--device={DEVICE}", "--data", data, "--epochs=1", "--load", self.model)
        self.succeed(*again, "--hash-buckets=5")
        self.refuse(USAGE, ["--hash-buckets: 6", "hashed into 5 inputs"], *again, "--hash-buckets=6")
        self.refuse(USAGE, ["--hash-buckets", "[1, 4096]"], *again, "--hash-buckets=0")

    def test_indicators(self):
        gap = lambda i: i % 5 == 1
        rows = [("" if gap(i) else f"{row[0]:.6f}", f"{row[2]:.6f}", "NA" if i % 7 == 2 else "pqr"[i % 3], side(row)) for i, row in enumerate(ROWS)]
        numbers = [(a, int(a == ""), c, *(int(word == one) for one in "pqr"), int(word == "NA"), label) for a, c, word, label in rows]
        self.expect_same(("a,c,w,y", rows), ("a,ga,c,p,q,r,gw,y", numbers), "--indicator")
        self.assertEqual([column.get("indicator", False) for column in self.kept], [True, False, True, False])
        self.train(self.save("t.csv", rows, "a,c,w,y"), "--indicator")
        whole = [("1", "2", "p", "left"), ("3", "4", "q", "right")]  # in another table there need be none
        self.assertEqual(len(self.predictions(self.save("p.csv", whole, "a,c,w,y"))), 2)
        again = ["train", f"--device={DEVICE}", "--quiet", "--load", self.model, "--epochs=1", "--test=0", "--validation=0", "--data", self.path("p.csv")]
        self.succeed(*again)
        self.succeed(*again, "--indicator")
        self.train(self.save("t.csv", whole * 9, "a,c,w,y"), "--indicator")
        self.refuse(USAGE, ["--indicator", "without gaps", "stands"], *again, "--indicator")

    def test_a_training_goes_on(self):
        """The same may be said once more where it is resumed; nothing else."""
        path = self.save("t.csv", self.rows(lambda i: "" if i % 9 == 5 else self.dates(i).isoformat()), "when,x,y")
        whole = self.save("w.csv", self.rows(lambda i: self.dates(i).isoformat()), "when,x,y")
        checkpoint = self.path("checkpoint.safetensors")
        for data in (path, whole):
            common = ["train", f"--device={DEVICE}", "--quiet", "--data", data, "--indicator", "--dates=cycle"]
            self.succeed(*common, "--epochs=1", "--checkpoint", checkpoint)
            self.succeed(*common, "--epochs=2", "--resume", checkpoint)
            self.succeed("train", f"--device={DEVICE}", "--quiet", "--data", data, "--epochs=2", "--resume", checkpoint)
            self.refuse(USAGE, ["--dates", "read as date", "learnt date and cycle", "stands"], "train", f"--device={DEVICE}", "--data", data, "--dates=number",
                        "--epochs=2", "--resume", checkpoint)

    def test_a_model_says_what_its_columns_are(self):
        rows = [(["p", "q", "r"][i % 3], "" if i % 9 == 5 else self.dates(i).isoformat(), ["yes", "no"][i % 2], f"w{i % 40}", f"{row[0]:.3f}", side(row))
                for i, row in enumerate(ROWS)]
        self.train(self.save("t.csv", rows, "c,when,ok,w,x,y"), "--indicator", "--dates=cycle")
        shown = self.json("show", self.model)["columns"]
        self.assertEqual([(one["name"], one.get("kind"), one.get("inputs"), one.get("indicator", False)) for one in shown],
                         [("c", "category", 3, False), ("when", "date and cycle", 8, True), ("ok", "truth value", 1, False), ("w", "hashed words", 64, False),
                          ("x", "number", 1, False), ("y", None, None, False)])
        self.assertIn("c (category, 3 inputs), when (date and cycle, 8 inputs, one for gaps), ok (truth value), w (hashed words, 64 inputs), x, y (label)",
                      self.succeed("show", self.model).stdout)

    def test_dates_with_gaps(self):
        rows = self.rows(lambda i: "" if i % 9 == 5 else self.dates(i).isoformat())
        path = self.save("t.csv", rows, "when,x,y")
        self.train(path, "--indicator", "--dates=cycle")
        self.assertIn('gaps in "when" (11): filled with the median', self.said)
        self.assertTrue(self.columns()[0]["indicator"])
        self.train(path, "--missing=drop")
        self.assertIn("11 of 100 rows are left out", self.said)
        self.refuse(BAD_FILE, ["line 7, column 1", "is no date"], "train", f"--device={DEVICE}", "--missing=error", "--data", path)

    def test_for_tables_alone(self):
        for option in ("--indicator", "--dates=cycle"):
            self.refuse(USAGE, [option.split("=")[0], "tables"], "train", f"--device={DEVICE}", "--data=digits", option)


if __name__ == "__main__":
    main()
