#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What columns of a table are for: features by list, weights, identities, several labels. The model keeps it, so that no later command says it again;
what cannot be right is refused.

Usage: test_program_columns.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import json
import random
import sys

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, USAGE, ProgramTest, main, run

RANDOM = random.Random(11)
POINTS = [(RANDOM.gauss(0, 1), RANDOM.gauss(0, 1)) for _ in range(120)]


def side(w):
    return "right" if w > 0 else "left"


class Tables(ProgramTest):
    def table(self, name, header, rows):
        with open(self.path(name), "w", newline="") as file:
            csv.writer(file).writerows(([header] if header else []) + rows)
        return self.path(name)

    def train(self, data, *arguments):
        self.model = self.path("model.safetensors")
        self.said = self.succeed("train", f"--device={DEVICE}", "--data", data, "--save", self.model, "--epochs=60", "--lr=0.01", "--seed=1", *arguments).stdout

    def evaluate(self, data, *arguments):
        result = run("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", data, "--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.warned = result.stderr
        return json.loads(result.stdout)

    def predict(self, data, *arguments):
        result = self.succeed("predict", f"--device={DEVICE}", "--model", self.model, "--data", data, *arguments)
        self.warned = result.stderr
        return list(csv.reader(result.stdout.splitlines()))

    def roles(self):
        return [(one.get("name"), one["role"]) for one in self.json("show", self.model)["columns"]]

    def refuse_training(self, words, data, *arguments, status=BAD_FILE):
        self.refuse(status, words, "train", f"--device={DEVICE}", "--epochs=1", "--data", data, *arguments)


HEADER = ["code", "w", "h", "x_1", "x_2", "tail, end", "side"]


def row(i, w, h):
    return [f"c{i % 90:03}", w, h, 1000 * i, -i, "word", side(w)]


class Choice(Tables):
    """Columns of words and of row numbers, which would spoil the training, are left out in every way that there is."""

    def setUp(self):
        super().setUp()
        self.data = self.table("t.csv", HEADER, [row(i, *p) for i, p in enumerate(POINTS)])

    def test_features_by_list(self):
        for said in (["--columns=w,h"], ["--columns= w , h "], ["--columns=w:h"], ["--columns=2:3"], ["--columns=2,h"], ["--columns=?"], ["--columns=w:3"],
                     ['--ignore=code,x_*,"tail, end"'], ["--ignore=1,4:6"], ["--ignore=code", "--columns=code:h"], ["--columns=2:3,side"]):
            self.train(self.data, *said)
            self.assertEqual([name for name, role in self.roles() if role == "feature"], ["w", "h"], said)
            self.assertEqual([name for name, role in self.roles() if role == "ignored"], ["code", "x_1", "x_2", "tail, end"], said)

    def test_the_model_keeps_them(self):
        self.train(self.data, "--columns=w,h")
        self.assertIn("code (ignored)", self.succeed("show", self.model).stdout)
        self.assertGreater(self.evaluate(self.data)["accuracy"], 0.95)
        self.assertNotIn("passed over", self.warned)
        other = self.table("o.csv", ["h", "code", "new", "side", "w"], [[h, "zz", 1, side(w), w] for w, h in POINTS])
        self.assertGreater(self.evaluate(other)["accuracy"], 0.95)
        self.assertIn('not trained on "new": passed over', self.warned)
        self.assertEqual(len(self.predict(self.table("p.csv", ["h", "w"], [[h, w] for w, h in POINTS]))), 121)
        self.succeed("train", f"--device={DEVICE}", "--quiet", "--load", self.model, "--save", self.model, "--epochs=1", "--lr=1e-9", "--data", self.data)
        self.assertGreater(self.evaluate(self.data)["accuracy"], 0.95)

    def test_without_names(self):
        rows = [row(i, *p) for i, p in enumerate(POINTS)]
        data = self.table("n.csv", None, rows)
        self.train(data, "--ignore=1,4:6")
        for name, given in (("all.csv", rows), ("unlabelled.csv", [one[:-1] for one in rows])):
            said = self.predict(self.table(name, None, given))[1:]
            self.assertEqual(len(said), 120)  # the first row is no header, though words are in it
            self.assertLess(sum(one[0] != side(w) for one, (w, _) in zip(said, POINTS)), 6)
        self.assertEqual(self.evaluate(data)["samples"], 120)

    def test_what_fits_no_column(self):
        for said, words in (("--columns=w,wide", ['"wide"', "fits no column", '"code", "w", "h", "x_1", "x_2", "tail, end", "side"']),
                            ("--columns=8", ['"8"', "fits no column"]), ("--columns=0", ['"0"']), ("--columns=y_*", ['"y_*"', "fits no column"]),
                            ("--columns=h:w", ['"h:w"', "backwards"]), ("--columns=w:z", ['"w:z"', "fits no column"]),
                            ('--columns="x_*"', ["x_*", "fits no column"]), ('--columns="w', ["no quote at its end"]), ("--columns=w,,h", ["is empty"]),
                            ("--columns= ", ["is empty"]), ("--ignore=nothing", ["ignore", '"nothing"', "fits no column"]),
                            ("--ignore=side", ['column 7 ("side")', "the label", "ignored"]), ("--ignore=*", ["the label", "ignored"]),
                            ("--columns=side", ["at least one feature"])):
            self.refuse_training(words, self.data, said)
        self.refuse_training(["--columns", "digits"], "digits", "--columns=1", status=USAGE)
        self.refuse_training(["--ignore", "digits"], "digits", "--ignore=1", status=USAGE)
        self.refuse_training(["code,w", "no header"], self.table("n.csv", None, [row(i, *p) for i, p in enumerate(POINTS)]), "--columns=code,w", "--no-header")

    def test_a_feature_of_the_model_cannot_be_left_out(self):
        self.train(self.data, "--columns=w,h")
        self.refuse_training(['("h")', "is no feature by the options", "trained on it"], self.data, "--load", self.model, "--ignore=h")

    def test_a_table_that_promises(self):
        data = self.path("promise.csv")
        self.write("promise.csv", "120,3,left,right\n" + "".join(f"{i},{w},{h},{int(w > 0)}\n" for i, (w, h) in enumerate(POINTS)))
        self.train(data, "--columns=2:3")
        self.assertEqual([role for _, role in self.roles()], ["ignored", "feature", "feature", "label"])
        self.assertGreater(self.evaluate(data)["accuracy"], 0.95)


class Identities(Tables):
    def rows(self):
        return [[f" r{i:02}, {i}\"x\" " if i else "007", w, h, side(w)] for i, (w, h) in enumerate(POINTS)]

    def expected(self):
        return [one[0].strip() for one in self.rows()]

    def test_they_come_first(self):
        data = self.table("t.csv", ["who", "w", "h", "side"], self.rows())
        self.train(data, "--id-column=who")
        self.assertEqual(self.roles()[0], ("who", "id"))
        said = self.predict(data)
        self.assertEqual(said[0][:2], ["who", "class"])
        self.assertEqual([one[0].strip() for one in said[1:]], self.expected())
        self.assertEqual([one.strip() for one in self.json("predict", f"--device={DEVICE}", "--model", self.model, "--data", data)["ids"]], self.expected())
        turned = self.table("o.csv", ["h", "w", "who"], [[one[2], one[1], one[0]] for one in self.rows()])
        said = self.predict(turned, "--raw")
        self.assertEqual(said[0], ["who", "output_1", "output_2"])
        self.assertEqual([one[0].strip() for one in said[1:]], self.expected())
        self.assertEqual(self.predict(self.table("p.csv", ["h", "w"], [[h, w] for w, h in POINTS]))[0][0], "class")
        self.assertIn('no column "who"', self.warned)

    def test_of_the_rows_of_a_part(self):
        data = self.table("t.csv", ["who", "w", "h", "side"], self.rows())
        self.train(data, "--id-column=1")
        said = self.predict(data, "--part=test")[1:]
        self.assertEqual(len(said), 24)
        truth = dict(zip(self.expected(), POINTS))
        self.assertGreater(sum(side(truth[one[0].strip()][0]) == one[1] for one in said), 21)
        self.assertEqual(len({one[0] for one in said}), 24)

    def test_a_model_that_knows_of_none(self):
        rows = self.rows()
        self.train(self.table("t.csv", ["w", "h", "side"], [one[1:] for one in rows]))
        said = self.predict(self.table("o.csv", ["who", "w", "h"], [one[:-1] for one in rows]), "--id-column=who")
        self.assertEqual([one[0].strip() for one in said[1:]], self.expected())
        self.refuse(BAD_FILE, ['"whom"', '"who", "w", "h"'], "predict", f"--device={DEVICE}", "--model", self.model, "--data", self.path("o.csv"), "--id-column=whom")

    def test_without_a_name_and_rows_left_out(self):
        rows = self.rows()
        for one in rows[::5]:
            one[1] = "NA"
        data = self.table("t.csv", None, rows)
        self.train(data, "--id-column=1", "--missing=drop", "--no-header")
        self.assertEqual(self.evaluate(data)["samples"], 96)
        said = self.predict(self.table("o.csv", None, [one for one in rows if one[1] != "NA"]))
        self.assertEqual(said[0][:2], ["id", "class"])
        self.assertEqual([one[0].strip() for one in said[1:]], [one[0].strip() for one in rows if one[1] != "NA"])


class Weights(Tables):
    """Whole weights are as rows that come as often."""

    def rows(self):
        return [[w, h, i % 4, w + (3 if i % 4 == 0 else 0)] for i, (w, h) in enumerate(POINTS)]

    def test_rows_of_no_weight_are_not_learnt(self):
        rows = self.rows()
        common = ("--regression", "--validation=0", "--test=0", "--epochs=300", "--lr=0.03", "--loss=mse", "--no-standardize", "--no-scale-target")
        data = self.table("t.csv", ["w", "h", "much", "y"], rows)
        self.train(data, "--weight-column=much", *common)
        self.assertEqual(self.roles()[2], ("much", "weight"))
        again = self.table("again.csv", ["w", "h", "y"], [[one[0], one[1], one[3]] for one in rows for _ in range(one[2])])
        weighted, repeated = self.evaluate(data), self.evaluate(again)
        self.assertIn('no column "much"', self.warned)
        self.assertLess(repeated["loss"], 0.1)
        # Weighted by 0 to 3, of mean 1.5: the sum is the same, of 180 rows or over 120.
        self.assertAlmostEqual(weighted["weighted_loss"], repeated["loss"] * 180 / 120, delta=1e-4 * max(1, repeated["loss"]))
        self.assertGreater(self.evaluate(self.table("plain.csv", ["w", "h", "y"], [[one[0], one[1], one[3]] for one in rows]))["loss"], 1)
        self.assertEqual(len(self.predict(self.table("p.csv", ["w", "h", "much"], [[*one[:2], "?"] for one in rows]))), 121)

    def test_bad_weights(self):
        for text, words in (("-1", ["line 3, column 3", '("much")', '"-1"', "from 0 on"]), ("heavy", ["line 3, column 3", '"heavy"', "no weight"]),
                            ("", ["line 3", "no weight"]), ("nan", ["line 3", "no weight"]), ("1e39", ["line 3", "no weight"])):
            rows = self.rows()
            rows[1][2] = text
            self.refuse_training(words, self.table("t.csv", ["w", "h", "much", "y"], rows), "--weight-column=much", "--regression")
        rows = [[*one[:2], 0, one[3]] for one in self.rows()]
        self.refuse_training(["column 3", "all 0"], self.table("t.csv", ["w", "h", "much", "y"], rows), "--weight-column=much", "--regression")
        self.refuse_training(["the label", "the weights"], self.path("t.csv"), "--weight-column=y", "--regression")
        self.refuse_training(["the weights", "the identities"], self.path("t.csv"), "--weight-column=much", "--id-column=much", "--regression")
        self.refuse_training(["--weight-column", "digits"], "digits", "--weight-column=1", status=USAGE)


if __name__ == "__main__":
    main()
