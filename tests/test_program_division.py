# SPDX-License-Identifier: MIT
"""How data are divided, from outside: what was held out of a training is found again, or its use is refused; folds and seeds.

Labels are drawn at random, so that whoever has seen a row knows more of it than who has not, and a test on rows that were trained on shows.
"""
import gzip
import json
import os
import random
import statistics
import struct

from program import BAD_FILE, DEVICE, FAILED, USAGE, ProgramTest, main, npy

SAMPLES = 100


def table(seed=1, samples=SAMPLES, classes="ab"):
    """A header, and rows of four random features and a random label."""
    draw = random.Random(seed)
    rows = [",".join(f"{draw.gauss(0, 1):.6f}" for _ in range(4)) + f",{draw.choice(classes)}" for _ in range(samples)]
    return ["p,q,r,s,label", *rows]


class DivisionTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.lines = table()
        self.data = self.save("data.csv", self.lines)
        self.model = self.path("model")

    def save(self, name, lines):
        return self.write(name, "\n".join(lines) + "\n")

    def train(self, *arguments, data=None):
        return self.json("train", f"--device={DEVICE}", "--epochs=8", "--lr=0.01", "--net=dense 32 relu; dense 2 softmax", "--save", self.model,
                         "--data", data or self.data, *arguments)

    def arguments(self, command, *arguments, data=None, model=None):
        return (command, f"--device={DEVICE}", "--model", model or self.model, "--data", data or self.data, *arguments)

    def evaluate(self, *arguments, **which):
        return self.json(*self.arguments("evaluate", *arguments, **which))

    def predict(self, *arguments, **which):
        """What the network says of each sample, which no other sample shares: it tells which samples these are."""
        return self.succeed(*self.arguments("predict", "--raw", *arguments, **which)).stdout.splitlines()[1:]

    def expect_test(self, trained, *arguments, **which):
        """The very samples that the training was tested on: the same figures."""
        found = self.evaluate("--part=test", *arguments, **which)
        self.assertEqual(found["samples"], SAMPLES // 5)
        self.assertEqual(found["accuracy"], trained["test_accuracy"])
        self.assertAlmostEqual(found["loss"], trained["test_loss"], places=6)

    def refuse_part(self, status, words, *arguments, part="test", **which):
        for command in ("evaluate", "predict"):
            self.refuse(status, [f"--part={part}", *words], *self.arguments(command, f"--part={part}", *arguments, **which))

    def description(self, model=None):
        with open(model or self.model, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            return json.loads(json.loads(file.read(length))["__metadata__"]["soma.data"])

    def forget(self):
        """The model as earlier versions have written it."""
        with open(self.model, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header, rest = json.loads(file.read(length)), file.read()
        del header["__metadata__"]["soma.data"]
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        self.write("model", struct.pack("<Q", len(text)) + text + rest)


class Parts(DivisionTest):
    def test_what_was_held_out_is_found_again(self):
        trained = self.train("--seed=5")
        self.expect_test(trained)
        self.expect_test(trained, "--seed=5", "--test=0.2")  # the same said again
        self.assertGreater(self.evaluate()["accuracy"], trained["test_accuracy"])  # most were learnt by heart

    def test_the_parts_are_all_there_is(self):
        trained = self.train("--seed=5", "--validation=0.25")
        parts = {part: self.predict(f"--part={part}") for part in ("train", "validation", "test", "all")}
        self.assertEqual({part: len(rows) for part, rows in parts.items()}, {"train": 60, "validation": 20, "test": 20, "all": 100})
        self.assertEqual(len(set(parts["all"])), 100)
        self.assertEqual(sorted(parts["train"] + parts["validation"] + parts["test"]), sorted(parts["all"]))
        self.assertAlmostEqual(self.evaluate("--part=validation")["loss"], trained["validation_loss"], places=6)

    def test_another_seed_or_fraction_is_refused(self):
        self.train("--seed=5")
        for arguments, words in ((["--seed=6"], ["--seed", "--seed=5"]), (["--test=0.3"], ["--test", "--test=0.2"]), (["--seed=0"], ["--seed=5"]),
                                 (["--test=0"], ["--test=0.2"])):
            for command in ("evaluate", "predict"):
                self.refuse(USAGE, [*words, "the model knows"], *self.arguments(command, "--part=test", *arguments))

    def test_another_file_is_refused(self):
        self.train("--seed=5")
        header, *rows = self.lines
        changed = rows[:50] + [rows[50].replace(",", "1,", 1)] + rows[51:]
        relabelled = [rows[0][:-1] + ("a" if rows[0][-1] == "b" else "b"), *rows[1:]]
        for name, other in (("reordered", rows[::-1]), ("swapped", [rows[1], rows[0], *rows[2:]]), ("changed", changed), ("shorter", rows[:-1]),
                            ("relabelled", relabelled), ("others", table(2)[1:])):
            self.refuse_part(BAD_FILE, [f"{name}.csv", f"{len(other)} samples", "the 100", "--part=all"],
                             data=self.save(f"{name}.csv", [header, *other]))
        longer = self.save("longer.csv", [header, *rows, *table(2)[1:8]])
        self.refuse_part(BAD_FILE, ["107 samples", "the first 100", "--part=all"], data=longer)
        for part in ("train", "validation"):
            self.refuse_part(BAD_FILE, ["107 samples"], data=longer, part=part)

    def test_the_same_samples_otherwise_written(self):
        trained = self.train("--seed=5")
        packed = self.write("data.csv.gz", gzip.compress("\n".join(self.lines).encode()))
        self.expect_test(trained, data=packed)
        self.expect_test(trained, data=self.save("semicolons.csv", [line.replace(",", ";") for line in self.lines]))
        zeros = [self.lines[0], *(line.replace(",", "0,") for line in self.lines[1:])]
        self.expect_test(trained, data=self.save("zeros.csv", zeros))

    def test_what_was_trained_on_warns(self):
        self.train("--seed=5")
        header, *rows = self.lines
        longer = self.save("longer.csv", [header, *rows, *table(2)[1:8]])
        for arguments, data, words in (([], self.data, ["trained on", "--part=test"]), (["--part=all"], self.data, ["trained on", "--part=test"]),
                                       ([], longer, ["first 100 of the 107"])):
            said = self.succeed(*self.arguments("evaluate", *arguments, data=data)).stderr
            for word in words:
                self.assertIn(word, said)
        self.assertNotIn("trained on", self.succeed(*self.arguments("evaluate", "--part=test")).stderr)
        self.assertNotIn("trained on", self.succeed(*self.arguments("evaluate", data=self.save("others.csv", table(2)))).stderr)
        self.assertNotIn("trained on", self.succeed(*self.arguments("predict")).stderr)
        for name, other in (("reordered", rows[::-1]), ("swapped", [rows[1], rows[0], *rows[2:]]), ("sorted", sorted(rows, key=lambda row: row[-1]))):
            data = self.save(f"{name}.csv", [header, *other])
            self.assertIn("in another order", self.succeed(*self.arguments("evaluate", data=data)).stderr)
            self.refuse_part(BAD_FILE, ["in another order"], data=data)
        for other in ([*rows[1:], rows[1]], [rows[0][:-1] + rows[1][-1], rows[1][:-1] + rows[0][-1], *rows[2:]] if rows[0][-1] != rows[1][-1] else table(2)[1:]):
            self.assertNotIn("in another order", self.succeed(*self.arguments("evaluate", data=self.save("others.csv", [header, *other]))).stderr)
        self.train("--test=0", "--validation=0")
        self.assertIn("none were held out", self.succeed(*self.arguments("evaluate")).stderr.lower())

    def test_a_part_of_what_was_trained_on_warns(self):
        """Samples that were learnt from are known in any file; those that were held out of the training are not among them."""
        self.train("--test=0", "--validation=0")
        header, *rows = self.lines
        new = table(2)[1:]
        turned = [",".join(line.split(",")[i] for i in (1, 0, *range(2, header.count(",") + 1))) for line in (header, *rows[:10])]
        for lines, words in (([header, *rows[5:15]], "10 of the 10 samples"), ([header, *new[:10], *rows[90:]], "10 of the 20 samples"),
                             (turned, "10 of the 10 samples"), ([header, *new[:98], *rows[:2]], None), ([header, *new], None)):
            said = self.succeed(*self.arguments("evaluate", data=self.save("part.csv", lines))).stderr
            if words:
                self.assertIn(words, said)
                self.assertIn("trained on", said)
            else:
                self.assertNotIn("trained on", said)
        self.train("--seed=5", "--test=0.2", "--validation=0.2")
        said = self.succeed(*self.arguments("evaluate", data=self.save("most.csv", self.lines[:-1]))).stderr
        self.assertRegex(said, r"about (63|64) of the 99 samples")
        said = self.succeed("train", f"--device={DEVICE}", "--epochs=1", f"--load={self.model}", "--data", self.save("again.csv", [header, *rows[::-1], *rows[:1]])).stderr
        self.assertIn("to test on are those", said)

    def test_gaps_words_and_numbers_in_another_order(self):
        """What a column's first rows decide, as which category comes first, is the model's."""
        draw = random.Random(4)
        rows = [f"{1700000000 + draw.randrange(10 ** 6)},{draw.choice(['', 'NA', '3', '4.5'])},{draw.choice(['x', 'y', 'z'])},{draw.gauss(0, 1)}" for _ in range(80)]
        data = self.save("t.csv", ["time,gap,word,y", *rows])
        self.succeed("train", f"--device={DEVICE}", "--epochs=1", "--save", self.model, "--data", data)
        for other in (rows[::-1], sorted(rows)):
            self.assertIn("in another order", self.succeed(*self.arguments("evaluate", data=self.save("o.csv", ["time,gap,word,y", *other]))).stderr)
        self.assertNotIn("in another order", self.succeed(*self.arguments("evaluate", data=self.save("o.csv", ["time,gap,word,y", *rows[1:], rows[1]]))).stderr)

    def test_nothing_was_held_out(self):
        self.train("--test=0", "--validation=0")
        for part in ("test", "validation"):
            self.refuse_part(USAGE, [f"--{part}=0", "none"], part=part)
        self.assertEqual(self.evaluate("--part=train")["samples"], SAMPLES)

    def test_a_model_that_does_not_know(self):
        trained = self.train("--seed=5")
        self.forget()
        self.refuse_part(USAGE, ["does not keep", "--seed", "--test", "--part=all"])
        self.refuse_part(USAGE, ["does not keep", "--part=train"], "--seed=5", part="validation")
        self.expect_test(trained, "--seed=5")
        self.assertEqual(self.evaluate("--part=train", "--test=0.3")["samples"], 70)
        self.assertNotIn("trained on", self.succeed(*self.arguments("evaluate")).stderr)

    def test_a_model_that_is_trained_on(self):
        """Without --seed: what was held out by another stays so."""
        self.train("--seed=5")
        held_out, first = self.predict("--part=test"), self.model
        self.model = self.path("more")
        trained = self.train_on("--load", first)
        self.expect_test(trained)
        self.assertEqual(held_out, self.predict("--part=test", model=first))
        self.assertEqual(self.description()["division"], self.description(first)["division"])
        said = self.succeed("train", f"--device={DEVICE}", "--epochs=1", "--data", self.data, "--load", first, "--seed=6").stdout
        self.assertIn("by the seed 5", said)
        said = self.succeed("train", f"--device={DEVICE}", "--epochs=1", "--data", self.data, "--load", first, "--test=0.3").stderr
        self.assertIn("it has learnt from", said)
        others = self.save("others.csv", table(2))
        self.expect_test(self.train_on("--load", first, data=others), data=others)
        self.refuse_part(BAD_FILE, ["data.csv"])

    def train_on(self, *arguments, data=None):
        return self.json("train", f"--device={DEVICE}", "--epochs=4", "--save", self.model, "--data", data or self.data, *arguments)

    def test_checkpoints_know_it(self):
        checkpoint = self.path("run.ckpt")
        self.train("--seed=5", "--validation=0.25", "--checkpoint", checkpoint, "--epochs=3")
        self.assertEqual(len(self.predict("--part=validation", model=checkpoint)), 20)
        trained = self.train_on("--seed=5", "--resume", checkpoint)  # it knows what was held out for validation
        self.expect_test(trained)
        self.expect_test(trained, model=self.model)

    def test_onnx_knows_it(self):
        onnx = self.path("model.onnx")
        self.model = onnx
        trained = self.train("--seed=5")
        self.expect_test(trained, "--loss=categorical_crossentropy")
        self.refuse_part(BAD_FILE, ["others.csv"], data=self.save("others.csv", table(2)))

    def test_arrays(self):
        values = [float(number) for line in self.lines[1:] for number in line.split(",")[:4]]
        classes = ["ab".index(line[-1]) for line in self.lines[1:]]
        labels = self.write("y.npy", npy("<i4", (SAMPLES,), classes))
        data, halves = self.write("x.npy", npy("<f4", (SAMPLES, 4), values)), self.write("half.npy", npy("<f4", (SAMPLES, 4), values[::-1]))
        trained = self.train("--seed=5", "--labels", labels, data=data)
        self.expect_test(trained, "--labels", labels, data=data)
        self.refuse_part(BAD_FILE, ["half.npy"], "--labels", labels, data=halves)
        swapped = self.write("z.npy", npy("<i4", (SAMPLES,), classes[1:] + classes[:1]))
        self.refuse_part(BAD_FILE, ["x.npy"], "--labels", swapped, data=data)

    def test_data_with_a_test_set_of_their_own(self):
        """The digits: 1438 to train on, of which 0.1 is held out to watch by, and 359 to test on."""
        trained = self.json("train", f"--device={DEVICE}", "--epochs=1", "--net=dense 10 softmax", "--seed=5", "--save", self.model)
        found = self.evaluate(data="digits")
        self.assertAlmostEqual(found["loss"], trained["test_loss"], places=6)
        test, rest = found["samples"], 1797 - found["samples"]
        held_out = round(rest * 0.1)
        self.assertEqual(self.evaluate("--part=test", data="digits")["samples"], test)
        self.assertEqual(self.evaluate("--part=train", data="digits")["samples"], rest - held_out)
        found = self.evaluate("--part=validation", data="digits")
        self.assertEqual(found["samples"], held_out)
        self.assertAlmostEqual(found["loss"], trained["validation_loss"], places=6)
        self.assertEqual(self.description()["division"]["test"], 0)

    def test_numbers_to_predict(self):
        draw = random.Random(3)
        data = self.save("numbers.csv", ["p,y", *(f"{draw.random():.6f},{draw.random():.6f}" for _ in range(SAMPLES))])
        trained = self.train("--regression", "--net=dense 1", "--seed=9", data=data)
        self.assertAlmostEqual(self.evaluate("--part=test", data=data)["loss"], trained["test_loss"], places=6)

    def test_the_model_file_says_it(self):
        self.train("--seed=9007199254740992", "--test=0.3", "--validation=0.2")
        self.assertEqual(self.description()["format"], 1)
        division = self.description()["division"]
        self.assertEqual((division["by"], division["seed"], division["test"], division["validation"], division["samples"]),
                         ("rows", "9007199254740992", 0.3, 0.2, 100))
        self.assertRegex(division["fingerprint"], "^[1-9][0-9]*$")


class Columns(DivisionTest):
    """Groups and times: the label depends on the group alone, and each group has features of its own, so that whoever knows a group knows its label."""

    def setUp(self):
        super().setUp()
        draw = random.Random(6)
        self.groups = [i % 20 for i in range(SAMPLES)]
        own = [([draw.gauss(0, 3) for _ in range(3)], draw.choice("ab")) for _ in range(20)]
        self.rows = [[f"{value + draw.gauss(0, 0.1):.5f}" for value in own[group][0]] + [own[group][1]] for group in self.groups]

    def columned(self, name, values, first=True):
        lines = [",".join([str(value), *row] if first else [*row[:3], str(value), row[3]]) for value, row in zip(values, self.rows)]
        return self.save(name, [("what,p,q,r,label" if first else "p,q,r,what,label"), *lines])

    def features_of(self, part, data):
        """Rows of a part, told by what the network says of each."""
        everything, some = self.predict("--part=all", data=data), self.predict(f"--part={part}", data=data)
        self.assertEqual(len(set(everything)), SAMPLES)
        return sorted(everything.index(row) for row in some)

    def test_groups_are_on_one_side(self):
        for first in (True, False):
            data = self.columned("groups.csv", [f"patient {group}" for group in self.groups], first)
            trained = self.train("--group-column=what", "--seed=5", "--validation=0.25", data=data)
            parts = {part: self.features_of(part, data) for part in ("train", "validation", "test")}
            self.assertEqual(sorted(sum(parts.values(), [])), list(range(SAMPLES)))
            self.assertEqual({part: len(rows) for part, rows in parts.items()}, {"train": 60, "validation": 20, "test": 20})
            seen = [{self.groups[row] for row in rows} for rows in parts.values()]
            self.assertEqual(sum(len(groups) for groups in seen), 20)
            self.expect_test(trained, data=data)
            self.assertEqual((self.description()["division"]["by"], self.description()["division"]["column"]), ("groups", "what"))
            self.assertEqual(self.predict(data=self.save("bare.csv", ["p,q,r,label", *(",".join(row) for row in self.rows)])), self.predict(data=data))
        moved = self.columned("moved.csv", [f"patient {group}" for group in [1, *self.groups[1:]]], False)
        self.refuse_part(BAD_FILE, ["moved.csv"], data=moved)

    def test_the_latest_are_held_out(self):
        draw = random.Random(8)
        days = [f"{2000 + i // 12:04}-{i % 12 + 1:02}-15" for i in range(SAMPLES)]
        draw.shuffle(days)
        for values in (days, [1700000000 + sorted(days).index(day) for day in days]):
            data = self.columned("times.csv", values)
            trained = self.train("--split-by=time", "--time-column=what", "--validation=0.25", data=data)
            order = sorted(range(SAMPLES), key=lambda row: days[row])
            self.assertEqual(self.features_of("train", data), sorted(order[:60]))
            self.assertEqual(self.features_of("validation", data), sorted(order[60:80]))
            self.assertEqual(self.features_of("test", data), sorted(order[80:]))
            self.expect_test(trained, data=data)
        weeks = self.columned("weeks.csv", [i // 7 for i in range(SAMPLES)])  # 14 of 7 rows, and the last of 2
        self.train("--time-column=what", "--validation=0", data=weeks)
        self.assertEqual(self.features_of("test", weeks), list(range(77, SAMPLES)))  # 80 is nearer to 77 than to 84

    def test_folds_keep_to_it(self):
        """A group is known by heart where some of its rows were seen; where none were, its label is a guess."""
        data = self.columned("groups.csv", self.groups)
        common = ("train", f"--device={DEVICE}", "--net=dense 32 relu; dense 2 softmax", "--epochs=30", "--lr=0.02", "--folds=5", "--test=0", "--data")
        rows = self.json(*common, self.save("rows.csv", ["p,q,r,label", *(",".join(row) for row in self.rows)]))
        groups = self.json(*common, data, "--group-column=1")
        self.assertGreater(rows["mean"]["accuracy"], 0.95)
        self.assertLess(groups["mean"]["accuracy"], 0.85)
        self.assertEqual([one["samples"] for one in groups["runs"]], [20] * 5)
        forward = self.json(*common, self.columned("times.csv", range(SAMPLES)), "--time-column=what")
        self.assertEqual([(one["train_samples"], one["samples"]) for one in forward["runs"]], [(17, 16), (33, 17), (50, 17), (67, 16), (83, 17)])

    def test_a_model_that_is_trained_on_keeps_them(self):
        data = self.columned("groups.csv", self.groups)
        self.train("--group-column=what", "--seed=5", data=data)
        first, held_out = self.model, self.features_of("test", data)
        self.model = self.path("more")
        self.json("train", f"--device={DEVICE}", "--epochs=2", "--data", data, "--load", first, "--save", self.model)
        self.assertEqual(self.features_of("test", data), held_out)
        self.assertEqual(self.description(first), self.description())

    def visits(self, name, groups, *columns):
        """Other rows of these groups, under these columns."""
        return self.save(name, [",".join(columns), *(",".join(f"patient {group}" if one == "what" else "b" if one == "label" else f"{group + i / 7:.5f}" for one in columns)
                                                     for i, group in enumerate(groups))])

    def test_groups_that_were_trained_on_are_known_in_other_files(self):
        data = self.columned("groups.csv", [f"patient {group}" for group in self.groups])
        self.train("--group-column=what", "--seed=5", data=data)
        learnt = {self.groups[row] for row in self.features_of("train", data)}
        watched = {self.groups[row] for row in self.features_of("validation", data) + self.features_of("test", data)}
        self.assertEqual(len(self.description()["groups"]), len(learnt))
        columns = ("r", "label", "what", "q", "p")
        some, few = sorted(learnt)[:3], sorted(watched)[:2]

        def told(groups, *names):
            return self.succeed(*self.arguments("evaluate", data=self.visits("visits.csv", groups, *names))).stderr

        self.assertIn("3 of the 5 samples of", told([*some, 77, 78], *columns))
        self.assertIn("5 of the 5 samples of", told(some[:1] * 5, *columns))
        for groups in ([77, 78, 79], few * 2):  # nobody knows them; they were held out
            self.assertNotIn("of groups", told(groups, *columns))
        self.assertIn("is not known", told(some, "p", "q", "r", "label"))
        self.assertNotIn("of groups", self.succeed(*self.arguments("evaluate", data=data)).stderr)  # it says that it was trained on them
        self.assertNotIn("of groups", self.succeed(*self.arguments("evaluate", "--part=test", data=data)).stderr)
        self.assertNotIn("of groups", self.succeed(*self.arguments("predict", data=self.visits("v.csv", some, *columns))).stderr)
        onnx = self.path("model.onnx")
        self.succeed("convert", self.model, onnx)
        said = self.succeed("evaluate", f"--device={DEVICE}", "--loss=cce", "--model", onnx, "--data", self.visits("visits.csv", some, *columns)).stderr
        self.assertIn("3 of the 3 samples of", said)

    def test_a_training_that_goes_on_knows_all_groups(self):
        """Those of the first table and of the second, which is tested on some of the first."""
        data = self.columned("groups.csv", [f"patient {group}" for group in self.groups])
        self.train("--group-column=what", "--test=0", "--validation=0", data=data)
        first, self.model = self.model, self.path("more")
        second = self.visits("second.csv", [10 + i % 20 for i in range(60)], "what", "p", "q", "r", "label")
        arguments = ("train", f"--device={DEVICE}", "--epochs=1", "--data", second, "--load", first, "--save", self.model)
        said = self.succeed(*arguments, "--test=0.5", "--validation=0").stderr
        self.assertRegex(said, "[1-9][0-9]* of the 30 samples to test on are of groups that .* was trained on")
        self.assertEqual((self.description()["division"]["by"], self.description()["division"]["column"]), ("groups", "what"))
        rows = self.succeed(*arguments, "--split-by=rows").stderr
        self.assertNotIn("by chance", rows)
        bare = self.visits("bare.csv", range(40), "p", "q", "r", "label")
        said = self.succeed("train", f"--device={DEVICE}", "--epochs=1", "--data", bare, "--load", first).stderr
        self.assertIn('has no column "what"', said)
        self.succeed(*arguments, "--test=0.5", "--validation=0")
        both = self.visits("both.csv", [0, 15, 29], "what", "p", "q", "r", "label")
        known = set(self.description()["groups"])
        self.assertLess(set(self.description(first)["groups"]), known)
        self.assertEqual(len(self.description(first)["groups"]), 20)
        self.assertIn("of the 3 samples of", self.succeed(*self.arguments("evaluate", data=both)).stderr)

    def test_refusals(self):
        data = self.columned("groups.csv", self.groups)
        one = self.columned("one.csv", [3] * SAMPLES)
        train = ("train", f"--device={DEVICE}", "--epochs=1")
        for status, words, arguments in (
                (USAGE, ["--group-column", "--time-column"], ["--data", data, "--group-column=what", "--time-column=p"]),
                (USAGE, ["--split-by=time", "--time-column"], ["--data", data, "--split-by=time"]),
                (USAGE, ["--split-by=time", "--time-column"], ["--data", data, "--split-by=time", "--group-column=what"]),
                (USAGE, ["--split-by=rows"], ["--data", data, "--split-by=rows", "--group-column=what"]),
                (USAGE, ["'weekday'", "rows, group, time"], ["--data", data, "--split-by=weekday"]),
                (USAGE, ["--group-column", "digits", "tables"], ["--group-column=what"]),
                (BAD_FILE, ["\"where\"", "\"what\""], ["--data", data, "--group-column=where"]),
                (BAD_FILE, ["column 6", "1 to 5"], ["--data", data, "--group-column=6"]),
                (USAGE, ["one group"], ["--data", one, "--group-column=what"]),
                (USAGE, ["one time"], ["--data", one, "--time-column=what"]),
                (USAGE, ["21 folds", "20 groups"], ["--data", data, "--group-column=what", "--folds=21", "--test=0"])):
            self.refuse(status, words, *train, *arguments)


class Folds(DivisionTest):
    def setUp(self):
        super().setUp()
        draw = random.Random(4)
        rows = [(draw.gauss(0, 1), draw.gauss(0, 1)) for _ in range(SAMPLES)]
        self.easy = self.save("easy.csv", ["p,q,label", *(f"{p:.4f},{q:.4f},{'b' if p > q else 'a'}" for p, q in rows)])

    def folds(self, *arguments, data=None):
        return self.json("train", f"--device={DEVICE}", "--net=dense 8 relu; dense 2 softmax", "--epochs=5", "--lr=0.05", "--data",
                         data or self.easy, *arguments)

    def expect_summary(self, result, count):
        self.assertEqual(len(result["runs"]), count)
        for name in ("loss", "accuracy"):
            values = [one[name] for one in result["runs"]]
            self.assertAlmostEqual(result["mean"][name], statistics.fmean(values), places=9)
            self.assertAlmostEqual(result["deviation"][name], statistics.stdev(values), places=9)

    def test_each_sample_is_measured_on_once(self):
        result = self.folds("--folds=5")
        self.expect_summary(result, 5)
        self.assertEqual([(one["fold"], one["samples"], one["train_samples"]) for one in result["runs"]], [(i, 16, 64) for i in range(1, 6)])
        self.assertGreater(result["mean"]["accuracy"], 0.85)
        self.assertNotIn("test_loss", result)  # the test samples were left alone
        result = self.folds("--folds=3", "--test=0", "--validation=0.25")
        self.assertEqual(sorted(one["samples"] for one in result["runs"]), [33, 33, 34])
        self.assertEqual(sum(one["train_samples"] for one in result["runs"]), 50 + 50 + 49)  # 67, 67 and 66 but for a quarter
        self.assertEqual(self.folds("--folds=5", "--seed=3")["runs"], self.folds("--folds=5", "--seed=3")["runs"])

    def test_random_labels_are_not_learnt(self):
        """What was trained on is not measured on: of 100 labels by chance 50 are right, with a deviation of 5; 90 would be learnt by heart."""
        result = self.folds("--folds=10", "--test=0", "--epochs=60", data=self.data)
        self.assertLess(abs(result["mean"]["accuracy"] - 0.5), 0.2)

    def test_a_fit_on_all_the_rest_is_saved(self):
        result = self.folds("--folds=4", "--seed=5", "--save", self.model)
        self.expect_summary(result, 4)
        self.assertGreater(result["test_accuracy"], 0.8)
        self.expect_test(result, data=self.easy)
        self.assertEqual(self.evaluate("--part=train", data=self.easy)["samples"], 80)
        alone = self.folds("--seed=5", "--validation=0")
        self.assertEqual(result["test_loss"], alone["test_loss"])

    def test_a_fold_that_diverges(self):
        """It is named, and nothing is saved: neither by it nor by the training on all the rest that would have come after."""
        rows = table()
        rows[40] = "3e38,3e38,3e38,3e38,a"
        data = self.save("huge.csv", rows)
        told = self.refuse_with_object(FAILED, "train", f"--device={DEVICE}", "--json", "--no-standardize", "--epochs=2", "--lr=1", "--optimizer=sgd",
                                       "--net=dense 8 relu; dense 2 softmax", "--folds=3", "--test=0", "--data", data, "--save", self.model)
        self.assertRegex(told["error"], "^fold [123] of .*huge.csv: training stopped in epoch 1")
        self.assertFalse(os.path.exists(self.model))

    def test_a_table_is_one_in_each_fold(self):
        """It is standardised, so that units do not matter (128: to the bit); of several columns of 0 and 1 labels are learnt, of numbers scaled ones."""
        draw = random.Random(6)
        rows = [(draw.randrange(-900, 900), draw.randrange(-900, 900)) for _ in range(SAMPLES)]
        found = {}
        for unit in (1, 128):
            table = self.save(f"unit{unit}.csv", ["p,q,label", *(f"{unit * p},{q},{'b' if p > q else 'a'}" for p, q in rows)])
            found[unit] = [self.folds("--folds=2", *more, data=table)["mean"] for more in ([], ["--standardize"], ["--no-standardize"])]
        self.assertEqual(found[1][0], found[128][0])
        self.assertEqual(found[1][0], found[1][1])
        self.assertNotEqual(found[1][0], found[1][2])
        labels = self.save("labels.csv", ["p,q,up,right", *(f"{p},{q},{p > 0:d},{q > 0:d}" for p, q in rows)])
        prices = self.save("prices.csv", ["p,q,price", *(f"{p},{q},{500000 + 100 * p - 50 * q}.5" for p, q in rows)])
        for data, label in ((labels, "up,right"), (prices, "price")):
            arguments = ("train", f"--device={DEVICE}", "--data", data, "--label", label, "--epochs=60")
            alone, folds = self.json(*arguments), self.json(*arguments, "--folds=2")
            self.assertEqual({f"test_{name}" for name in folds["mean"]} - set(alone), set())
        self.assertLess(folds["mean"]["mean_absolute_error"], 10000)  # of a deviation of 58,000

    def test_seeds(self):
        result = self.folds("--seeds=3", "--seed=5")
        self.expect_summary(result, 3)
        for one, seed in zip(result["runs"], (5, 6, 7)):
            alone = self.folds(f"--seed={seed}")
            self.assertEqual((one["seed"], one["samples"], one["loss"], one["accuracy"]), (seed, 20, alone["test_loss"], alone["test_accuracy"]))
        result = self.folds("--seeds=2", "--folds=3")
        self.expect_summary(result, 6)
        self.assertEqual([(one["seed"], one["fold"]) for one in result["runs"]], [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)])

    def test_report(self):
        """All scores of each fold, which hold together as their definitions say, with mean and deviation; a class that a fold lacks is in no mean."""
        rows = open(self.easy, encoding="utf-8").read().split()
        rare = self.save("rare.csv", rows + ["9.0,-9.0,c", "9.5,-9.0,c"])
        result = self.folds("--folds=4", "--test=0", "--report", "--metric=accuracy", "--net=dense 8 relu; dense 3 softmax", data=rare)
        self.assertEqual(sum(one["report"]["classes"][2]["support"] for one in result["runs"]), 2)
        for one in result["runs"]:
            scores, classes = one["report"], one["report"]["classes"]
            self.assertAlmostEqual(scores["accuracy"], one["accuracy"], places=6)
            self.assertAlmostEqual(scores["log_loss"], one["loss"], places=5)
            self.assertEqual(sum(each["support"] for each in classes), one["samples"])
            held = [each for each in classes if each["recall"] is not None]
            self.assertAlmostEqual(sum(each["recall"] * each["support"] for each in held) / one["samples"], scores["accuracy"])
            self.assertAlmostEqual(scores["recall_macro"], statistics.fmean(each["recall"] for each in held))

        def expect(summary, values):
            for name, mean in summary["mean"].items():
                defined = [each[name] for each in values if each[name] is not None]
                for found, expected in ((mean, statistics.fmean(defined) if defined else None),
                                        (summary["deviation"][name], statistics.stdev(defined) if len(defined) > 1 else None)):
                    self.assertEqual(found is None, expected is None, name)
                    if expected is not None:
                        self.assertAlmostEqual(found, expected, places=8)

        scores = [one["report"] for one in result["runs"]]
        expect(result["report"], scores)
        self.assertIn("f1_weighted", result["report"]["mean"])
        for i, each in enumerate(result["report"]["classes"]):
            self.assertEqual(each["name"], "abc"[i])
            expect(each, [one["classes"][i] for one in scores])
        self.assertIn(None, [one["classes"][2]["recall"] for one in scores])  # two rows, four folds
        said = self.succeed("train", f"--device={DEVICE}", "--epochs=1", "--net=dense 1", "--data", self.easy, "--label=q", "--ignore=label", "--seeds=2",
                            "--report").stdout
        for words in ("mean   deviation      seed 0      seed 1", "\nr2 ", "\nmedian absolute error "):
            self.assertIn(words, said)

    def test_it_is_told(self):
        said = self.succeed("train", f"--device={DEVICE}", "--epochs=1", "--net=dense 2 softmax", "--data", self.easy, "--folds=3").stdout
        for words in ("Fold 1 of 3: trained on 53 samples, measured on 27", "Fold 3 of 3", "Mean loss: ", "Mean accuracy: ", ", deviation "):
            self.assertIn(words, said)
        quiet = self.succeed("train", f"--device={DEVICE}", "--epochs=1", "--net=dense 2 softmax", "--data", self.easy, "--seeds=2", "--quiet").stdout
        self.assertEqual(len(quiet.splitlines()), 2)

    def test_refusals(self):
        train = ("train", f"--device={DEVICE}", "--data", self.easy, "--epochs=1")
        for arguments, words in ((["--folds=1"], ["--folds", "[2, 1000]"]), (["--folds=81"], ["81 folds", "80 samples"]),
                                 (["--folds=3", "--load", self.model], ["--load", "--folds"]), (["--seeds=3", "--resume", self.model], ["--resume", "--seeds"]),
                                 (["--report"], ["--report", "--folds"]), (["--folds=3", "--plot", self.path("a.svg")], ["--plot"]), (["--seeds=3", "--save", self.model], ["--save", "--seed"]),
                                 (["--seeds=3", "--test=0", "--validation=0"], ["--test", "--validation"]),
                                 (["--folds=3", "--checkpoint", self.path("c")], ["--checkpoint"]), (["--folds=2", "--history", self.path("h")], ["--history"])):
            self.refuse(USAGE, words, *train, *arguments)
            self.assertIn("error", self.refuse_with_object(USAGE, *train, "--json", *arguments))


if __name__ == "__main__":
    main()
