# SPDX-License-Identifier: MIT
"""soma search, from outside: its trials are cross-validations that soma train repeats, and the test samples stay out of them."""
import json
import os
import random
import signal
import subprocess
import time

from program import BAD_FILE, DEVICE, FAILED, INTERRUPTED, PROGRAM, SLOWNESS, USAGE, ProgramTest, main

NETS = ["dense 2 softmax", "dense 4 relu; dense 2 softmax"]


def read_from_a_pipe():
    """In the process that becomes the program: its standard input is a pipe into which nobody writes."""
    ends = os.pipe()
    os.dup2(ends[0], 0)


class SearchTest(ProgramTest):
    def setUp(self):
        super().setUp()
        draw = random.Random(4)
        self.rows = [(draw.gauss(0, 1), draw.gauss(0, 1)) for _ in range(40)]
        self.data = self.table("easy.csv", self.rows)
        self.results, self.model = self.path("trials.jsonl"), self.path("best.safetensors")

    def table(self, name, rows):
        """A row's number is the time at which it was taken."""
        return self.write(name, "t,p,q,label\n" + "".join(f"{i},{p:.4f},{q:.4f},{'b' if p > q else 'a'}\n" for i, (p, q) in enumerate(rows)))

    def arguments(self, space, *more, data=None):
        path = space if isinstance(space, str) else self.write("space.json", json.dumps(space))
        return ["search", f"--device={DEVICE}", "--space", path, "--data", data or self.data, "--folds=2", "--epochs=2", "--ignore=t", *more]

    def search(self, space, *more, **options):
        return self.json(*self.arguments(space, *more, **options))

    def train(self, options, *more):
        given = [f"--{name}={value}" if value != "true" else f"--{name}" for name, value in options.items() if value != "false"]
        return self.json("train", f"--device={DEVICE}", "--data", self.data, "--epochs=2", "--ignore=t", *given, *more)

    def lines(self):
        with open(self.results, encoding="utf-8") as file:
            return file.read().splitlines()


class Search(SearchTest):
    SPACE = {"lr": {"min": 0.01, "max": 0.3, "log": True}, "net": NETS, "batch": {"min": 4, "max": 6}, "no-shuffle": [True, False]}

    def test_trials_are_cross_validations(self):
        found = self.search(self.SPACE, "--trials=4", "--seed=3", "--save", self.model)
        self.assertEqual(sorted(one["trial"] for one in found["trials"]), [1, 2, 3, 4])
        losses = [one["mean"]["loss"] for one in found["trials"]]
        self.assertEqual(losses, sorted(losses))
        self.assertEqual(found["compared_by"], "loss")
        for one in found["trials"]:
            options = one["options"]
            self.assertEqual(list(options), list(self.SPACE))
            self.assertTrue(0.01 <= float(options["lr"]) <= 0.3 and options["net"] in NETS and options["batch"] in ("4", "5", "6"))
            again = self.train(options, "--folds=2", "--seed=3")
            self.assertEqual((again["mean"], again["deviation"]), (one["mean"], one["deviation"]))
        best = self.train(found["trials"][0]["options"], "--seed=3", "--validation=0")
        self.assertEqual((found["test_loss"], found["test_accuracy"]), (best["test_loss"], best["test_accuracy"]))
        tested = self.json("evaluate", f"--device={DEVICE}", "--model", self.model, "--data", self.data, "--part=test")
        self.assertAlmostEqual(tested["loss"], found["test_loss"], places=6)

    def test_columns_of_tables(self):
        """Each trial reads the table as soma train does with its options, on the same rows, whatever is ignored."""
        self.data = self.write("gaps.csv", "t,p,q,label\n" + "".join(
            f"{i},{'' if i % 7 == 3 else f'{p:.4f}'},{q:.4f},{'b' if p > q else 'a'}\n" for i, (p, q) in enumerate(self.rows)))
        space = {"missing": ["median", "zero"], "ignore": ["t", "t,q"], "no-standardize": [True, False], "net": NETS[:1]}
        search = [one for one in self.arguments(space, "--json", "--seed=3", "--save", self.model) if one != "--ignore=t"]
        found = json.loads(self.succeed(*search).stdout)
        self.assertEqual(len(found["trials"]), 8)
        train = ["train", f"--device={DEVICE}", "--data", self.data, "--epochs=2", "--seed=3"]
        given = [[f"--{name}={value}" if value != "true" else f"--{name}" for name, value in one["options"].items() if value != "false"]
                 for one in found["trials"]]
        for one, options in list(zip(found["trials"], given))[::3]:
            again = self.json(*train, *options, "--folds=2")
            self.assertEqual(again["mean"], one["mean"])
        self.assertGreater(len({one["mean"]["loss"] for one in found["trials"]}), 7)
        self.assertEqual(self.json(*train, *given[0], "--validation=0")["test_loss"], found["test_loss"])
        drops = {"missing": ["median", "drop"], "net": NETS[:1]}
        self.refuse(USAGE, ["space.json", "missing drop", "samples are left", "accepted"], *self.arguments(drops, "-q"))
        self.refuse(BAD_FILE, ["'label' is no option"], *self.arguments({"label": ["p", "q"]}, "-q"))
        self.refuse(USAGE, ["only once", "accepted: a file"], *self.arguments(drops, "-q", data="/dev/stdin"), before=read_from_a_pipe)

    def test_false_is_the_opposite(self):
        """Not being given would be as true: tables are standardised by default."""
        found = {}
        for name in ("standardize", "no-standardize"):
            trials = json.loads(self.succeed(*self.arguments({name: [True, False], "net": NETS[:1]}, "--json", "-q")).stdout)["trials"]
            for one in trials:
                found[name, one["options"][name]] = one["mean"]["loss"]
        self.assertNotEqual(found["standardize", "true"], found["standardize", "false"])
        self.assertEqual(found["standardize", "true"], found["no-standardize", "false"])
        self.assertEqual(found["standardize", "false"], found["no-standardize", "true"])
        both = {"standardize": [True, False], "no-standardize": [True, False]}
        self.refuse(BAD_FILE, ["'no-standardize' is standardize", "accepted"], *self.arguments(both, "-q"))
        self.refuse(USAGE, ["--no-standardize", "'standardize'", "accepted"], *self.arguments({"standardize": [True]}, "-q", "--no-standardize"))

    def test_what_diverges_is_the_worst(self):
        """Of the metric, too, of which larger values are better."""
        for watched in ("loss", "metric"):
            found = self.search({"lr": [1e30, 0.1], "net": NETS[1:]}, "--epochs=4", f"--monitor={watched}")
            self.assertEqual([(one["options"]["lr"], one["diverged"]) for one in found["trials"]], [("0.1", False), ("1e+30", True)])
            self.assertEqual(found["trials"][1]["mean"], {})
            self.assertIsNotNone(found["test_loss"])
        self.assertIn("each of the 1 trials diverged", self.refuse_with_object(FAILED, *self.arguments({"lr": [1e30], "net": NETS[1:]}, "--epochs=4", "--save", self.model, "--json"))["error"])
        self.assertFalse(os.path.exists(self.model))


class Spaces(SearchTest):
    def test_better_metrics(self):
        """Accuracy is better where it is larger, an error where it is smaller."""
        space = {"lr": [1e-6, 0.01, 0.1], "net": ["dense 1"]}
        for more, sign in ((["--label=label", "--metric=accuracy"], -1), (["--label=q", "--ignore=t,label", "--regression", "--metric=mae"], 1)):
            nets = {"net": ["dense 2 softmax"]} if sign < 0 else {}
            trials = self.search({**space, **nets}, "--monitor=metric", *more)["trials"]
            (name,) = trials[0]["mean"].keys() - {"loss"}
            values = [sign * one["mean"][name] for one in trials]
            self.assertEqual(values, sorted(values))
            self.assertLess(values[0], values[-1])

    def test_few_points_are_tried_once_each(self):
        space = {"lr": [0.01, 0.1], "net": NETS, "restore-best": [True, False]}
        said = self.succeed(*self.arguments(space, "--epochs=1", "--results", self.results)).stdout
        self.assertIn("no more than 8 points", said)
        points = {tuple(json.loads(line)["options"].values()) for line in self.lines()[1:]}
        self.assertEqual(points, {(lr, net, best) for lr in ("0.01", "0.1") for net in NETS for best in ("true", "false")})
        table = [line for line in said.splitlines() if line.split() and line.split()[0].isdigit()]
        self.assertEqual([line.split()[0] for line in table], [str(i) for i in range(1, 9)])

    def test_test_samples_are_in_no_trial(self):
        """The latest fifth is tested on: where it changes, the trials are the same, to the bit, and the test is not."""
        rows = self.rows[:32] + [(-p, q + 3) for p, q in self.rows[32:]]
        found = {}
        for name, data in (("first", self.data), ("other", self.table("other.csv", rows))):
            self.results = self.path(name)
            arguments = [one.replace("--ignore=t", "--time-column=t") for one in self.arguments(Search.SPACE, "--trials=2", "--json", data=data)]
            found[name] = json.loads(self.succeed(*arguments, "--results", self.results).stdout), self.lines()
        self.assertEqual(found["first"][1], found["other"][1])
        self.assertNotEqual(found["first"][0]["test_loss"], found["other"][0]["test_loss"])

    def test_it_goes_on(self):
        whole = self.search(Search.SPACE, "--trials=5", "--results", self.results)
        lines = self.lines()
        self.write("trials.jsonl", "\n".join(lines[:3]) + "\n")
        self.assertEqual(self.search(Search.SPACE, "--trials=5", "--results", self.results)["trials"], whole["trials"])
        self.assertEqual(self.lines(), lines)
        said = self.succeed(*self.arguments(Search.SPACE, "--trials=5", "--results", self.results)).stdout
        self.assertIn("5 of 5 trials are in", said)
        self.assertNotIn("Fold", said)
        self.search(Search.SPACE, "--trials=6", "--results", self.results)
        self.assertEqual(self.lines()[:6], lines)

    def test_an_interruption_leaves_what_goes_on(self):
        many = [*self.arguments(Search.SPACE, "--trials=10000", "--results", self.results, "--save", self.model, "--json")]
        with subprocess.Popen([PROGRAM, *many], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            end = time.monotonic() + 60 * SLOWNESS
            while (not os.path.exists(self.results) or len(self.lines()) < 4) and process.poll() is None and time.monotonic() < end:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            said = json.loads(process.communicate(timeout=60 * SLOWNESS)[0])
        self.assertEqual((process.returncode, said["interrupted"]), (INTERRUPTED, True))
        self.assertFalse(os.path.exists(self.model))
        made = len(self.lines()) - 1
        self.assertTrue(3 <= made == len(said["trials"]) < 10000)
        self.assertIn(f"{made} of {made} trials are in", self.succeed(*self.arguments(Search.SPACE, f"--trials={made}", "--results", self.results)).stdout)

    def test_results_of_another_search_are_refused(self):
        space = {"lr": [0.01, 0.1], "net": NETS[:1]}
        self.search(space, "--results", self.results)
        lines = self.lines()
        common = ("--results", self.results)
        cases = [((space, "--seed=1"), ["--seed", "there 0, here 1"]), ((space, "--folds=3"), ["--folds", "there 2, here 3"]),
                 ((space, "--l2=0.5"), ["--l2", "there not given, here 0.5"]), ((space, "--epochs=3"), ["--epochs", "there 2, here 3"]),
                 (({**space, "lr": [0.01, 0.2]},), ["--space, in lr", "[0.01,0.1]", "[0.01,0.2]"]), ((space, "--trials=1"), ["more than 1 trials"]),
                 (({"lr": [0.01, 0.1]},), ["--space, in net", "here not given"])]
        for arguments, words in cases:
            self.refuse(BAD_FILE, ["trials.jsonl", *words], *self.arguments(*arguments, "-q", *common))
        other = self.table("other.csv", [*self.rows[1:], self.rows[0]])
        self.refuse(BAD_FILE, ["trials.jsonl", "other data"], *self.arguments(space, "-q", *common, data=other))
        self.assertEqual(self.lines(), lines)
        for changed in ("p,q\n1,2\n", "{}\n", lines[0] + "\n" + lines[2] + "\n", lines[0] + "\n" + lines[1][:40] + "\n",
                        "\n".join([lines[0], lines[1].replace('"mean":{"loss":', '"mean":{"loss":null,"x":')]) + "\n"):
            self.write("trials.jsonl", changed)
            self.refuse(BAD_FILE, ["trials.jsonl", "soma search" if changed[0] in "p{" and "trial" not in changed else "line 2"],
                        *self.arguments(space, "-q", *common))
            self.assertEqual("\n".join(self.lines()) + "\n", changed)

    def test_a_space_is_checked_before_it_is_trained(self):
        for space, status, words in (
                ({"net": [NETS[0], "dense 2 softmaxx"]}, USAGE, ["net dense 2 softmaxx", "\"softmaxx\""]), ({"net": ["dense 1 softmax"], "lr": [1]}, USAGE, ["net dense 1 softmax"]),
                ({"augment": ["flip"]}, USAGE, ["augment flip"]), ({"lrr": [1]}, BAD_FILE, ["'lrr'", "did you mean 'lr'"]),
                ({"lr": [1], "learning_rate": [2]}, BAD_FILE, ["'learning_rate' is lr, which is there already"]),
                ({"loss": ["mse"]}, BAD_FILE, ["'loss'"]), ({"data": ["a.csv"]}, BAD_FILE, ["'data'"]), ({"lr": [-1]}, USAGE, ["--lr", "(0, inf)"]),
                ({"lr": [0.1, 0.1]}, BAD_FILE, ["0.1 twice"]), ({"lr": []}, BAD_FILE, ["'lr' is empty"]), ({"lr": 0.1}, BAD_FILE, ["'lr'", "list"]),
                ({"lr": [[1]]}, BAD_FILE, ["value 1 of 'lr'"]), ({"lr": {"min": 1}}, BAD_FILE, ["'lr' is no range"]),
                ({"lr": {"min": 2, "max": 1}}, BAD_FILE, ["'lr' is no range"]), ({"l2": {"min": 0, "max": 1, "log": True}}, BAD_FILE, ["greater than 0"]),
                ({"lr": {"min": 1, "max": 2, "step": 1}}, BAD_FILE, ["'lr' is no range"]), ({"momentum": {"min": 0, "max": 1}}, USAGE, ["--momentum", "[0, 1)"]),
                ({"batch": {"min": 1.5, "max": 4}}, USAGE, ["--batch", "1.5"]), ({"net": {"min": 1, "max": 2}}, BAD_FILE, ["'net'", "list of values"]),
                ({"no-shuffle": [3]}, USAGE, ["'no-shuffle'", "true and false"]), ({"optimizer": ["adan"]}, USAGE, ["--optimizer", "'adam'"]), ([], BAD_FILE, ["object of options"])):
            with self.subTest(space=space):
                self.refuse(status, ["space.json", *words], *self.arguments(space, "-q", "--trials=20"))
        self.refuse(BAD_FILE, ["a.json", "line 1"], *self.arguments(self.write("a.json", "{\"lr\": 0.1, }"), "-q"))
        self.refuse(BAD_FILE, ["gone.json"], *self.arguments(self.path("gone.json"), "-q"))

    def test_refusals(self):
        space = self.write("space.json", json.dumps({"lr": [0.1]}))
        self.refuse(USAGE, ["--space"], "search", f"--device={DEVICE}")
        for more, words in ((["--lr=0.1"], ["--lr", "space.json"]), (["--results", self.model, "--save", self.model], ["--results", "--save"]),
                            (["--results", self.model, "--save", os.path.join(self.folder.name, ".", "best.safetensors")], ["--results", "--save"]),
                            (["--save", space], ["--space", "--save"]), (["--folds=1"], ["--folds", "[2, 1000]"]), (["--folds=33"], ["33 folds"]),
                            (["--plot=a.svg"], ["--plot"]), (["--load=a"], ["--load"]), (["--trials=0"], ["--trials"]), (["--results=/dev/null"], ["--results"])):
            with self.subTest(more=more):
                self.refuse(USAGE, words, *self.arguments(space, "-q", *more))


if __name__ == "__main__":
    main()
