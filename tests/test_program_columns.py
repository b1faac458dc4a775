#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What columns of a table are for: features by list, weights, identities, several labels. The model keeps it, so that no later command says it again;
what cannot be right is refused.

Usage: test_program_columns.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import json
import math
import random
import statistics
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
        for table, said in ((data, self.assertIn), (again, self.assertNotIn)):
            said("each sample counts by its weight, of 180 in all", self.succeed("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", table, "--report").stdout)
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


class Labels(Tables):
    """Three labels, each of which holds where a number is large enough."""

    HEADER = ["up", "w", "right", "h", "far, away"]

    def setUp(self):
        super().setUp()
        self.rows = [[int(h > 0), w, int(w > 0), h, int(w * w + h * h > 1)] for w, h in POINTS]
        self.data = self.table("t.csv", self.HEADER, self.rows)
        self.common = ("--epochs=200", "--lr=0.02", "--test=0", "--validation=0")

    def truth(self):
        return [";".join(name for name, holds in zip(["up", "right", "far, away"], (up, right, far)) if holds) for up, _, right, _, far in self.rows]

    def assert_right(self, said):
        self.assertEqual(said[0], ["labels", "up", "right", "far, away"])
        self.assertGreater(sum(one[0] == truth for one, truth in zip(said[1:], self.truth())), 110)

    def weighted_loss(self, weights, *more):
        """Of a training that moves nothing."""
        return self.json("train", f"--device={DEVICE}", "--data", self.data, "--label=1,3,5", "--net=dense 3 sigmoid",
                         "--epochs=1", "--lr=1e-30", "--test=0", "--validation=0", f"--positive-weights={weights}", *more)["train_weighted_loss"]

    def test_positive_weights(self):
        """The loss is the mean over samples and labels of -w t ln p - (1 - t) ln(1 - p)."""
        model = self.path("m.soma")
        found = self.weighted_loss("2,0.5,3", "--save", model)
        rows = list(csv.reader(self.succeed("predict", "-q", f"--device={DEVICE}", "--model", model, "--data", self.data, "--raw").stdout.splitlines()))[1:]
        truths = [(up, right, far) for up, _, right, _, far in self.rows]
        terms = [-weight * math.log(p) if holds else -math.log(1 - p)
                 for row, truth in zip(rows, truths) for p, holds, weight in zip(map(float, row), truth, (2, 0.5, 3))]
        self.assertEqual(len(terms), 3 * len(self.rows))
        self.assertAlmostEqual(found / statistics.fmean(terms), 1, places=5)
        ones = [sum(truth[i] for truth in truths) for i in range(3)]
        ratios = ",".join(repr((len(truths) - count) / count) for count in ones)
        self.assertAlmostEqual(self.weighted_loss("balanced") / self.weighted_loss(ratios), 1, places=6)
        self.assertEqual(self.weighted_loss("2"), self.weighted_loss("2,2,2"))

    def test_positives_of_two_classes(self):
        data = self.table("two.csv", ["w", "h", "c"], [[w, h, "yes" if i % 4 == 3 else "no"] for i, (w, h) in enumerate(POINTS)])
        for net in ("dense 1 sigmoid", "dense 2 softmax"):
            losses = {self.json("train", f"--device={DEVICE}", "--data", data, "--net", net, "--epochs=2", "--test=0", "--validation=0", weights)["train_weighted_loss"]
                      for weights in ("--positive-weights=balanced", f"--positive-weights={(len(POINTS) - len(POINTS) // 4) / (len(POINTS) // 4)!r}",
                                      f"--class-weights=1,{(len(POINTS) - len(POINTS) // 4) / (len(POINTS) // 4)!r}")}
            self.assertEqual(len(losses), 1)

    def test_positive_weights_that_do_not_fit(self):
        train = ("train", "-q", f"--device={DEVICE}", "--epochs=1", "--data")
        three = self.table("three.csv", ["w", "c"], [[w, "abc"[i % 3]] for i, (w, _) in enumerate(POINTS)])
        for words, more in ((["2 weights for 3 labels"], [self.data, "--label=1,3,5", "--positive-weights=1,2"]),
                            (["'x'", "balanced"], [self.data, "--label=1,3,5", "--positive-weights=x"]), (["'-1'"], [self.data, "--label=1,3,5", "--positive-weights=-1"]),
                            (["3 classes", "--class-weights"], [three, "--positive-weights=2"]),
                            (["cross-entropy"], [self.data, "--label=w", "--regression", "--ignore=1,3,5", "--net=dense 1", "--positive-weights=2"]),
                            (["--class-weights and --positive-weights"], [three, "--class-weights=balanced", "--positive-weights=2"])):
            self.refuse(USAGE, words, *train, *more)

    def test_by_their_names(self):
        for said in ('up,right,"far, away"', "right,1,5", "?p,3,far*", "1,3,5"):
            self.train(self.data, "--label", said, *self.common)
            self.assertEqual([name for name, role in self.roles() if role == "label"], ["up", "right", "far, away"], said)
        self.assertIn("the 3 labels are all 0 or 1", self.said)
        self.assert_right(self.predict(self.data))
        found = self.evaluate(self.data, "--report")
        self.assertEqual([one["name"] for one in found["report"]["labels"]], ["up", "right", "far, away"])
        self.assertEqual([one["support"] for one in found["report"]["labels"]], [sum(row[i] for row in self.rows) for i in (0, 2, 4)])
        self.assertGreater(found["report"]["subset_accuracy"], 0.9)
        said = self.json("predict", f"--device={DEVICE}", "--model", self.model, "--data", self.data)["predictions"]
        self.assertEqual(sum(";".join(one) == truth for one, truth in zip(said, self.truth())), round(found["report"]["subset_accuracy"] * 120))
        self.assertEqual(found["report"], self.evaluate(self.table("o.csv", ["far, away", "h", "right", "up", "w"],
                                                                   [[far, h, right, up, w] for up, w, right, h, far in self.rows]), "--report")["report"])

    def test_without_them_and_without_names(self):
        self.train(self.data, '--label=up,right,"far, away"', *self.common)
        self.assert_right(self.predict(self.table("p.csv", ["h", "w"], [[h, w] for w, h in POINTS])))
        self.assert_right(self.predict(self.table("q.csv", ["right", "h", "w"], [["", h, w] for w, h in POINTS])))
        self.assert_right(self.predict(self.table("n.csv", None, self.rows)))
        self.assert_right(self.predict(self.table("m.csv", None, POINTS)))
        self.assertGreater(self.evaluate(self.path("n.csv"))["accuracy"], 0.95)

    def test_what_is_not_right(self):
        self.train(self.data, '--label=up,right,"far, away"', *self.common)
        command = ("evaluate", f"--device={DEVICE}", "--model", self.model, "--data")
        self.refuse(BAD_FILE, ['no column "right"', "label"], *command, self.table("a.csv", ["up", "w", "h", "far, away"], [[*row[:2], *row[3:]] for row in self.rows]))
        self.refuse(BAD_FILE, ["line 4, column 3", '"right"', "2 says not", "0 or 1"], *command,
                    self.table("a.csv", self.HEADER, [[up, w, 2 if i == 2 else right, h, far] for i, (up, w, right, h, far) in enumerate(self.rows)]))
        self.refuse(BAD_FILE, ['"w" is no label', '"up", "right", "far, away"'], *command, self.data, "--label=up,w,right")
        self.refuse_training(['"nothing"', "fits no column"], self.data, "--label=up,nothing")
        self.refuse_training(["column 3", "the label", "the weights"], self.data, "--label=up,right", "--weight-column=right")
        self.refuse_training(["column 3", "the label", "ignored"], self.data, "--label=up,right", "--ignore=right")
        self.refuse_training(["line 2, column 2", "0 or 1"], self.data, "--label=up,w", "--classification")
        self.refuse_training(["line 3, column 1", '"up"', "no number"],
                             self.table("a.csv", self.HEADER, [["yes" if i == 1 else row[0], *row[1:]] for i, row in enumerate(self.rows)]), "--label=up,right")

    def test_numbers_to_predict(self):
        rows = [[w, 1000 * (w + h), h, 3 * w - h + 50] for w, h in POINTS]
        data = self.table("t.csv", ["w", "sum", "h", "other"], rows)
        self.train(data, "--label=sum,other", *self.common)
        said = self.predict(self.table("p.csv", ["h", "w"], [[h, w] for w, h in POINTS]))
        self.assertEqual(said[0], ["sum", "other"])
        for one, row in zip(said[1:], rows):
            self.assertAlmostEqual(float(one[0]), row[1], delta=400)
            self.assertAlmostEqual(float(one[1]), row[3], delta=1)
        found = self.evaluate(self.table("o.csv", ["other", "h", "sum", "w"], [row[::-1] for row in rows]), "--report")
        self.assertEqual([one["name"] for one in found["report"]["targets"]], ["sum", "other"])
        for one in found["report"]["targets"]:
            self.assertGreater(one["r2"], 0.99)

    def test_truths_can_be_numbers(self):
        self.train(self.data, "--label=up,right", "--regression", "--ignore=5", *self.common)
        self.assertEqual(self.predict(self.data)[0], ["up", "right"])
        self.assertIn("mean_absolute_error", self.evaluate(self.data))

    def test_thresholds(self):
        self.train(self.data, '--label=up,right,"far, away"', "--threshold=best", "--epochs=50", "--validation=0.3")
        self.assertEqual(len(self.evaluate(self.data)["thresholds"]), 3)


if __name__ == "__main__":
    main()
