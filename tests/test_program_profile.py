#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""soma data, from outside: what it says of a table is counted here by hand, or by Python's own arithmetic.

Usage: test_program_profile.py PROGRAM DEVICE [CLASS ...]
"""
import gzip
import random
import statistics
import struct
import sys
from datetime import datetime, timezone

sys.dont_write_bytecode = True
from program import BAD_FILE, USAGE, ProgramTest, main, npy

RANDOM = random.Random(3)


def single(number):
    """The number as float32 has it."""
    return struct.unpack("f", struct.pack("f", number))[0]


class ProfileTest(ProgramTest):
    def data(self, lines, *arguments, name="t.csv"):
        self.file = self.write(name, lines if isinstance(lines, (str, bytes)) else "\n".join(lines) + "\n")
        self.text = self.succeed("data", self.file, *arguments).stdout
        return self.json("data", self.file, *arguments)

    def column(self, values, labels=None, name="x", **more):
        """Of a table of this column and a label."""
        labels = labels or ["ab"[i % 2] for i in range(len(values))]
        self.table = self.data([f"{name},y"] + [f"{value},{label}" for value, label in zip(values, labels)], **more)
        return self.table["columns"][0]


class Kinds(ProfileTest):
    def test_numbers(self):
        values = [RANDOM.gauss(0, 1e6) for _ in range(500)]
        found = self.column(["" if i % 5 == 2 else repr(value) for i, value in enumerate(values)])
        there = [value for i, value in enumerate(values) if i % 5 != 2]
        self.assertEqual([found[key] for key in ("kind", "role", "values", "gaps", "distinct", "more")], ["number", "feature", 400, 100, 400, False])
        for key, figure in (("minimum", min), ("maximum", max), ("mean", statistics.fmean)):
            self.assertAlmostEqual(found[key] / figure(there), 1, places=8)
        self.assertEqual(found["findings"], [])
        self.assertIn("400     100      400", self.text)

    def test_of_each_kind(self):
        for values, kind, distinct in (
                (["1", "2", "1.0", "+1", "-3"], "whole number", 3),
                (["1", "2.5", "0", "-0", "1e1"], "number", 4),
                (["yes", "No", "t", "FALSE", "?"], "truth value", 4),
                (["2024-02-29", "2024-02-29T12:30", "1970-01-01", "NA", "1969-12-31"], "date", 4),
                (["Bern", "bern", "Rome", "Bern", "2"], "category", 4),
                (["", "NA", "n/a", "?", "null"], "no values", 0),
                ([f"word {i}" for i in range(33)], "text", 33),
                ([f"word {i % 33}" for i in range(66)], "category", 33),
                ([f"word {i}" for i in range(32)], "category", 32)):
            found = self.column(values)
            self.assertEqual((found["kind"], found["distinct"]), (kind, distinct), values)

    def test_dates(self):
        found = self.column(["2024-03-01", "2024-02-29T12:30:00+02:00", "1969-12-31"])
        seconds = [datetime(2024, 3, 1, tzinfo=timezone.utc).timestamp(), datetime(2024, 2, 29, 10, 30, tzinfo=timezone.utc).timestamp(), -86400.0]
        mean = datetime.fromtimestamp(int(statistics.fmean(seconds)), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        self.assertEqual([found[key] for key in ("minimum", "maximum", "mean")], ["1969-12-31", "2024-03-01", mean])

    def test_a_field_of_another_kind(self):
        found = self.column(["1", "2", "3", "two", "5", "2024-01-01", "1e39"])
        self.assertEqual((found["kind"], found["odd"], found["odd_line"], found["findings"]), ("whole number", 3, 5, ["mixed"]))
        self.assertIn('column 1 ("x"): 3 of 7 values are no number that float32 can hold, the first "two" in line 5', self.text)
        found = self.column(["50%", "60%", "$7"])
        self.assertEqual((found["kind"], found["odd"], found["odd_line"]), ("whole number", 3, 2))
        self.assertNotIn("mean", found)
        found = self.column(["2024-01-01", "2024-01-02", "soon"])
        self.assertEqual((found["kind"], found["odd"], found["odd_line"]), ("date", 1, 4))
        self.assertIn('"soon" in line 4', self.text)

    def test_every_way_to_write_a_table(self):
        rows = [["a", "b", "y"], ["1", "x", "u"], ["2", "z", "v"]]
        want = self.data("\n".join(",".join(row) for row in rows))["columns"]
        for separator in ";\t|":
            text = "\r\n".join(separator.join(f'"{field}"' for field in row) for row in rows)
            more = ["--separator=|"] if separator == "|" else []
            self.assertEqual(self.data(text, *more)["columns"], want)
            self.assertEqual(self.json("data", self.write("t.csv.gz", gzip.compress(text.encode())), *more)["columns"], want)
        self.assertFalse(self.data("1,2,3\n4,5,6\n")["header"])
        self.assertIsNone(self.data("1,2,3\n4,5,6\n", "--no-header")["columns"][0]["name"])

    def test_more_different_values_than_are_counted(self):
        found = self.column([str(i % 70000) for i in range(80000)])
        self.assertEqual((found["distinct"], found["more"]), (65536, True))


class Labels(ProfileTest):
    def classes(self):
        return [(one["name"], one["rows"]) for one in self.table["classes"]]

    def test_classes_are_counted(self):
        self.column(range(30), ["b"] * 5 + ["a"] * 20 + ["b"] * 5)
        self.assertEqual(self.classes(), [("b", 10), ("a", 20)])
        self.assertFalse(self.table["imbalanced"])
        self.column(range(40), ["2", "1.0", "1", "+2"] * 10)
        self.assertEqual(self.classes(), [("0", 0), ("1", 20), ("2", 20)])  # whole numbers from 0 on are class numbers
        self.assertIn("1 of the classes has no rows", self.text)

    def test_imbalance(self):
        self.column(range(60), ["a"] * 50 + ["b"] * 10)
        self.assertTrue(self.table["imbalanced"])
        self.assertIn("5 times the rows of the smallest", self.text)
        self.column(range(59), ["a"] * 49 + ["b"] * 10)
        self.assertFalse(self.table["imbalanced"])

    def test_as_many_of_each(self):
        self.column(range(8), labels=list("abababab"))
        self.assertIn("2 classes: a 4, b 4", self.text)
        self.assertNotIn("nothing to learn", self.text)

    def test_several_labels(self):
        found = self.data(["u,x,v"] + [f"{i % 2},{i},{2 * i}" for i in range(50)], "--label=u,v")
        self.assertEqual([one["role"] for one in found["columns"]], ["label", "feature", "label"])
        self.assertNotIn("classes", found)
        self.assertIn('2 labels: column 1 ("u"), column 3 ("v")', self.text)
        self.assertEqual(found["columns"][1]["findings"], ["identifier"])

    def test_columns_that_are_no_features(self):
        lines = ["who,id,when,w,a,b,y"] + [f"p{i % 7},{i},{1000 + i},1,{i},{i % 2},{'uv'[i % 2]}" for i in range(40)]
        arguments = ["--group-column=who", "--id-column=id", "--time-column=when", "--weight-column=w", "--ignore=a"]
        found = self.data(lines, *arguments)["columns"]
        self.assertEqual([one["role"] for one in found], ["group", "id", "time", "weight", "ignored", "feature", "label"])
        self.assertEqual([one["findings"] for one in found], [[], [], [], [], [], ["gives_label_away"], []])
        self.assertRegex(self.text, r"who +category .* group\n")
        self.assertEqual([one["role"] for one in self.data(lines, "--columns=b")["columns"]], ["ignored"] * 5 + ["feature", "label"])
        self.refuse(BAD_FILE, ['"nothing"'], "data", self.file, "--ignore=nothing")

    def test_one_class(self):
        self.column(range(3), "aaa")
        self.assertIn("all rows have the same label", self.text)

    def test_rows_without_a_label(self):
        self.column(range(5), ["a", "", "b", "", "a"])
        self.assertEqual((self.table["label_gaps"], self.classes()), (2, [("a", 2), ("b", 1)]))
        self.column(range(5), ["1", "?", "0", "NA", "1"])  # among numbers they are none
        self.assertEqual((self.table["label_gaps"], self.classes()), (2, [("0", 1), ("1", 2)]))
        self.column(range(5), ["a", "NA", "b", "NA", "a"])  # among words they may be
        self.assertEqual((self.table["label_gaps"], self.classes()), (0, [("a", 2), ("NA", 2), ("b", 1)]))

    def test_numbers_to_predict(self):
        self.column(range(50), [i * 0.37 % 1 for i in range(50)])
        self.assertNotIn("classes", self.table)
        self.assertIn("a number to predict", self.text)
        found = self.data("a,y\n" + "1,0\n2,1\n" * 20, "--regression")
        self.assertNotIn("classes", found)

    def test_the_label_is_chosen(self):
        text = "y,a\nu,1\nv,2\nu,3\n"
        for label in ("y", "1"):
            found = self.data(text, f"--label={label}")
            self.assertEqual([column["role"] for column in found["columns"]], ["label", "feature"])
            self.assertEqual([one["rows"] for one in found["classes"]], [2, 1])
        found = self.data(text, "--label=none")
        self.assertEqual({column["role"] for column in found["columns"]}, {"feature"})
        self.assertNotIn("classes", found)
        self.refuse(BAD_FILE, ["no column is called", '"z"', '"y", "a"'], "data", self.file, "--label=z")


class Findings(ProfileTest):
    def test_doubled_rows(self):
        found = self.data(["x,y", "1,a", "2,b", "1,a", "1,b", "2,b", "1,a"])
        self.assertEqual((found["doubled"], found["doubled_lines"]), (3, [2, 4]))
        self.assertIn("lines 2 and 4", self.text)
        self.assertEqual(self.data(["x,y", "1,a", "1.0,a", "1,b"])["doubled"], 0)  # to the letter
        self.assertEqual(self.data('x,y\r\n"1\n1",a\r\n2,b\r\n"1\n1",a')["doubled_lines"], [2, 5])
        rows = [f"{i % 4999},{'ab'[i % 4999 % 2]}" for i in range(10000)]
        self.assertEqual(self.data(["x,y", *rows])["doubled"], 5001)

    def test_constant(self):
        self.assertEqual(self.column(["7", "7.0", "+7", ""])["findings"], ["constant"])
        self.assertIn("all 3 values are the same", self.text)
        self.assertEqual(self.column(["u"] * 4)["findings"], ["constant"])
        self.assertEqual(self.column(["7", "7.000001"])["findings"], [])

    def test_identifiers(self):
        shuffled = RANDOM.sample(range(100, 150), 50)
        sparse = RANDOM.sample(range(10000), 50)
        for values, name, expected in ((range(50), "x", True), (shuffled, "x", True), (range(0, 500, 10), "x", True), (sparse, "x", False),
                                       (sparse, "customer_id", True), (sparse, "customerId", True), (sparse, "paid", False), (range(19), "x", False),
                                       ([f"n{i}" for i in range(50)], "x", True), ([f"n{i % 49}" for i in range(50)], "x", False),
                                       ([*range(49), 48], "id", False), ([i + 0.5 for i in range(50)], "id", False)):
            found = self.column(values, [RANDOM.choice("ab") for _ in values], name=name)
            self.assertEqual("identifier" in found["findings"], expected, (list(values)[:3], name))

    def column_beside(self, value_of, rows=60, name="x"):
        labels = [RANDOM.choice("abc") for _ in range(rows)]
        return self.column([value_of(label, i) for i, label in enumerate(labels)], labels, name=name)

    def test_columns_that_give_the_label_away(self):
        give = lambda found: "gives_label_away" in found["findings"]
        self.assertTrue(give(self.column_beside(lambda label, i: label.upper())))
        self.assertTrue(give(self.column_beside(lambda label, i: 10 * ord(label) + i % 2)))
        self.assertTrue(give(self.column_beside(lambda label, i: "" if i % 4 == 0 else label)))
        self.assertTrue(give(self.column(["yes", "no"] * 20, ["a", "b"] * 20)))
        self.assertFalse(give(self.column(["p"] * 20 + ["q"] * 20 + ["p"], ["a"] * 20 + ["b"] * 21)))
        self.assertFalse(give(self.column_beside(lambda label, i: f"{label}{i % 30}")))  # two rows a value: by chance
        self.assertFalse(give(self.column_beside(lambda label, i: f"{label}{i}")))  # an identifier is said as such
        self.assertFalse(give(self.column(["u"] * 40)))
        self.assertFalse(give(self.column(["u", "v"] * 10, ["a"] * 20)))  # there is but one class

    def test_numbers_that_follow_the_label(self):
        y = [RANDOM.gauss(250000, 80000) for _ in range(200)]
        for slope, noise, expected in ((2.5, 0, True), (-1e-3, 0, True), (1, 500, True), (1, 20000, False)):
            x = [slope * value + RANDOM.gauss(0, noise) for value in y]
            found = self.column([repr(value) for value in x], [repr(value) for value in y])
            self.assertEqual("follows_label" in found["findings"], expected, (slope, noise))
            mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
            r = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / (
                sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y)) ** 0.5
            self.assertAlmostEqual(found["correlation"], r, places=9)
        far = [1e9 + i for i in range(40)]  # far from 0, and without a relation
        found = self.column([repr(value) for value in far], [repr(1e9 + i * 7919 % 40 / 2) for i in range(40)])
        self.assertLess(abs(found["correlation"]), 0.9)
        self.assertNotIn("correlation", self.column(range(9), [i + 0.5 for i in range(9)]))  # of nine rows nothing is said

    def test_float32(self):
        stamps = [1700000000 + i for i in range(200)]
        found = self.column(RANDOM.sample(stamps, 200))
        self.assertEqual((found["distinct"], found["distinct_float32"], found["distinct_kept"]), (200, len({single(s) for s in stamps}), 200))
        self.assertIn("float32", found["findings"])
        self.assertIn("soma keeps differences from", self.text)
        close = [1 + i * 1e-9 for i in range(100)]
        found = self.column([repr(value) for value in RANDOM.sample(close, 100)])
        self.assertEqual((found["distinct_float32"], found["distinct_kept"]), (len({single(c) for c in close}), 100))
        self.assertIn("float32", found["findings"])
        # Far apart, and close to each other there: no offset serves both.
        far = [base + i for base in (0, 10 ** 12) for i in range(100)]
        found = self.column(RANDOM.sample(far, 200))
        self.assertEqual(found["distinct_float32"], len({single(f) for f in far}))
        self.assertLess(found["distinct_kept"], 200)
        for values in ([i * 0.1 for i in range(100)], range(16777216, 16777116, -1)):
            self.assertNotIn("float32", self.column(values)["findings"])
        labelled = self.data(["x,y", *(f"{i % 7},{stamp}" for i, stamp in enumerate(stamps))], "--regression")["columns"][1]
        self.assertIn("float32", labelled["findings"])
        self.assertIn("a number to predict is kept so", self.text)


class Refusals(ProfileTest):
    def refuse_table(self, words, text, *arguments):
        self.refuse(BAD_FILE, words, "data", self.write("t.csv", text), *arguments)

    def test_what_is_no_table(self):
        self.refuse_table(["line 3", "1 fields", "2 are wanted"], "a,y\n1,2\n3\n")
        self.refuse_table(["line 1: the table is empty"], "")
        self.refuse_table(["no rows"], "a,y\n", "--header")
        self.refuse_table(["zero byte", "line 2"], b"a,y\n1\0,2\n")
        self.refuse(BAD_FILE, ["no file or directory", "none.csv"], "data", self.path("none.csv"))
        self.refuse(USAGE, ["a file is needed"], "data")
        self.refuse(USAGE, ["separator"], "data", self.write("t.csv", "1,2\n"), "--separator=3")

    def test_show_points_to_it(self):
        path = self.write("t.csv", "a,y\n1,0\n2,1\n")
        self.assertIn(f"`soma data {path}`", self.succeed("show", path).stdout)


class Arrays(ProfileTest):
    def npy(self, name, *array):
        return self.write(name, npy(*array))

    def test_npy(self):
        values = [RANDOM.gauss(2, 3) for _ in range(60)]
        values[0::3] = [4.0] * 20
        x = self.npy("x.npy", "<f4", (20, 3), values)
        (part,) = self.json("data", x, "--labels", self.npy("y.npy", "<i4", (20,), [0] * 16 + [2] * 4))["parts"]
        (found,) = part["inputs"]
        self.assertEqual((part["samples"], found["shape"], found["type"], found["constant"]), (20, [3], "float32", 1))
        for key, figure in (("minimum", min), ("maximum", max), ("mean", statistics.fmean)):
            self.assertAlmostEqual(found[key], figure(map(single, values)), places=6)
        self.assertEqual([one["rows"] for one in part["classes"]], [16, 0, 4])
        self.assertFalse(part["imbalanced"])
        self.assertIn("no labels", self.succeed("data", x).stdout)

    def test_what_is_not_finite(self):
        for kind in "<f4", "<f8":
            values = [RANDOM.gauss(2, 3) for _ in range(60)]
            values[7] = values[9] = float("nan")
            values[11] = float("-inf")
            bad = self.npy("bad.npy", kind, (20, 3), values)
            (found,) = self.json("data", bad)["parts"][0]["inputs"]
            finite = [single(value) for value in values if abs(value) < 1e30]
            self.assertEqual((found["not_finite"], found["constant"]), (3, 0))
            for key, figure in (("minimum", min), ("maximum", max), ("mean", statistics.fmean)):
                self.assertAlmostEqual(found[key], figure(finite), places=6)
            self.assertIn("3 of the numbers are not finite", self.succeed("data", bad).stdout)
            self.refuse(BAD_FILE, ["bad.npy", "element 7", "nan", "finite"], "show", bad)  # as whatever else reads samples
            (found,) = self.json("data", self.npy("all.npy", kind, (3, 1), [float("nan")] * 3))["parts"][0]["inputs"]
            self.assertEqual((found["not_finite"], found["minimum"], found["mean"], found["constant"]), (3, None, None, 0))
            self.assertIn("input of shape 1, float32\n  3 of the numbers", self.succeed("data", self.path("all.npy")).stdout)

    def test_numbers_to_predict(self):
        x = self.npy("x.npy", "|u1", (4, 2), list(range(8)))
        (part,) = self.json("data", x, "--labels", self.npy("y.npy", "<f4", (4,), [1, 2, 3, 6.5]))["parts"]
        self.assertEqual(part["target"], {"width": 1, "minimum": 1, "maximum": 6.5, "mean": 3.125})
        self.assertEqual(part["inputs"][0]["type"], "uint8")
        self.assertAlmostEqual(part["inputs"][0]["maximum"], 7 / 255, places=7)

    def test_idx(self):
        x = self.write("x-idx3-ubyte", struct.pack(">4B3I", 0, 0, 8, 3, 4, 2, 2) + bytes(range(16)))
        y = self.write("y-idx1-ubyte", struct.pack(">4BI", 0, 0, 8, 1, 4) + bytes([1, 0, 1, 1]))
        (part,) = self.json("data", x, "--labels", y)["parts"]
        self.assertEqual((part["inputs"][0]["shape"], part["inputs"][0]["type"]), ([2, 2, 1], "uint8"))
        self.assertAlmostEqual(part["inputs"][0]["mean"], 7.5 / 255, places=7)
        self.assertEqual([one["rows"] for one in part["classes"]], [1, 3])
        self.assertEqual([part["part"] for part in self.json("data", "digits")["parts"]], ["train", "test"])


if __name__ == "__main__":
    main()
