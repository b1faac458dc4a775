# SPDX-License-Identifier: MIT
"""soma evaluate --report and --plot, labels and thresholds from outside: numbers against what the predictions say.

Usage: test_program_report.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import io
import os
import xml.dom.minidom

from program import BAD_FILE, DEVICE, FAILED, USAGE, ProgramTest, main, npy, run


class Scores(ProgramTest):
    def train(self, data, *more, net="dense 8 tanh; dense 2 softmax"):
        model = self.path("m.safetensors")
        self.succeed("train", f"--device={DEVICE}", "--data", data, "--net", net, "--epochs=3", "--save", model, *more)
        return model

    def evaluate(self, model, *more):
        return self.json("evaluate", f"--device={DEVICE}", "--model", model, *more)

    def predictions(self, model, *more):
        done = self.succeed("predict", "-q", f"--device={DEVICE}", "--model", model, *more)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def test_classes_by_name(self):
        table = self.write("d.csv", "".join(f"{i % 7},{i % 5},{'uv'[(i * i) % 7 > 2]}\n" for i in range(90)))
        model = self.train(table)
        found = self.evaluate(model, "--data", table, "--report")
        said = [row["class"] for row in self.predictions(model, "--data", table)]
        true = [row.split(",")[2] for row in open(table, encoding="utf-8").read().split()]
        names = [one["name"] for one in found["report"]["classes"]]
        self.assertEqual(sorted(names), ["u", "v"])
        expected = [[sum(t == a and s == b for t, s in zip(true, said)) for b in names] for a in names]
        self.assertEqual(found["report"]["confusion"], expected)
        self.assertAlmostEqual(found["report"]["accuracy"], found["accuracy"])
        self.assertEqual([one["support"] for one in found["report"]["classes"]], [true.count(name) for name in names])
        table_said = self.succeed("evaluate", f"--device={DEVICE}", "--model", model, "--data", table, "--report").stdout
        for word in ("precision", "macro avg", "is \\ said", "matthews", "u ", "v "):
            self.assertIn(word, table_said)

    def test_what_is_not_defined_is_a_dash_and_null(self):
        table = self.write("d.csv", "".join(f"{i % 7},{i % 5},{'uv'[i % 2]}\n" for i in range(60)))
        model = self.train(table)
        only = self.write("only.csv", "1,2,u\n3,4,u\n")
        found = self.evaluate(model, "--data", only, "--report")
        self.assertIsNone(found["report"]["roc_auc"])
        self.assertEqual(found["report"]["classes"][1]["support"], 0)
        self.assertIsNone(found["report"]["classes"][1]["recall"])
        said = self.succeed("evaluate", f"--device={DEVICE}", "--model", model, "--data", only, "--report").stdout
        self.assertIn("-: not defined", said)
        self.succeed("evaluate", f"--device={DEVICE}", "--model", model, "--data", only, "--plot", self.path("p.svg"))

    def test_numbers(self):
        table = self.write("r.csv", "".join(f"{i % 7},{i % 5},{(i % 7) * 1.5 + 0.25}\n" for i in range(60)))
        model = self.train(table, "--regression", net="dense 8 tanh; dense 1")
        found = self.evaluate(model, "--data", table, "--report", "--plot", self.path("p.svg"))
        said = [float(row["output_1"]) for row in self.predictions(model, "--data", table)]
        true = [float(row.split(",")[2]) for row in open(table, encoding="utf-8").read().split()]
        mean = sum(true) / len(true)
        squares = sum((s - t) ** 2 for s, t in zip(said, true))
        self.assertAlmostEqual(found["report"]["r2"], 1 - squares / sum((t - mean) ** 2 for t in true), 4)
        self.assertAlmostEqual(found["report"]["rmse"], (squares / len(true)) ** 0.5, 4)
        self.assertAlmostEqual(found["report"]["mean_absolute_error"], found["mean_absolute_error"], 4)
        self.picture("p.svg", "Predicted against true", "Residuals")

    def picture(self, name, *words):
        with open(self.path(name), encoding="utf-8") as file:
            text = file.read()
        xml.dom.minidom.parseString(text)
        for word in words:
            self.assertIn(word, text)
        self.assertNotIn("nan", text)

    def test_pictures(self):
        table = self.write("d.csv", "".join(f"{i % 7},{i % 5},{'u<v&w'[i % 5]}\n" for i in range(60)))
        model = self.train(table, net="dense 5 softmax")
        self.evaluate(model, "--data", table, "--plot", self.path("p.svg"))
        self.picture("p.svg", "Confusion matrix", "Receiver operating characteristic", "Calibration", "&lt;", "&amp;")
        where = self.path("no/p.svg")
        self.refuse(FAILED, ["--plot", where], "evaluate", f"--device={DEVICE}", "--model", model, "--data", table, "--plot", where)

    # ------------------------------------------------------------------------------------------------------ labels

    def labels(self, *more, net="dense 3 sigmoid"):
        """Each label holds where its input is above 0; the labels' own files, and a model of them."""
        values = [((i * 37 + j * 11) % 21 - 10) / 4 for i in range(60) for j in range(3)]
        values[:6] = [2.5] * 3 + [-2.5] * 3  # all hold, and none
        x = self.write("x.npy", npy("<f4", (60, 3), values))
        y = self.write("y.npy", npy("<f4", (60, 3), [float(value > 0) for value in values]))
        model = self.path("m.safetensors")
        self.succeed("train", f"--device={DEVICE}", "--data", x, "--labels", y, "--net", net, "--epochs=60", "--lr=0.1", "--save",
                     model, *more)
        return model, ["--data", x, "--labels", y], values

    def test_labels_that_hold(self):
        model, data, values = self.labels("--no-standardize")
        rows = self.predictions(model, "--data", data[1])
        holds = ["".join(f";{j}" for j in range(3) if float(row[str(j)]) > 0.5)[1:] for row in rows]
        self.assertEqual([row["labels"] for row in rows], holds)
        right = ["".join(f";{j}" for j in range(3) if values[3 * i + j] > 0)[1:] for i in range(60)]
        self.assertGreater(sum(a == b for a, b in zip(holds, right)), 50)
        self.assertEqual(holds[1], "")
        self.assertTrue(any(";" in one for one in holds))
        result = self.json("predict", f"--device={DEVICE}", "--model", model, "--data", data[1])
        self.assertEqual([";".join(one) for one in result["predictions"]], holds)
        path = self.path("p.npy")
        self.succeed("predict", f"--device={DEVICE}", "--model", model, "--data", data[1], "--output", path)
        with open(path, "rb") as file:
            self.assertIn(b"(60, 3)", file.read(128))
        found = self.evaluate(model, *data, "--report", "--plot", self.path("p.svg"))
        self.assertEqual([one["name"] for one in found["report"]["labels"]], ["0", "1", "2"])
        self.assertAlmostEqual(found["report"]["subset_accuracy"], sum(a == b for a, b in zip(holds, right)) / 60)
        self.assertAlmostEqual(1 - found["report"]["hamming_loss"], found["accuracy"], 5)
        self.picture("p.svg", "Receiver operating characteristic", "Calibration")

    def test_thresholds(self):
        model, data, _ = self.labels("--no-standardize")
        all_hold = self.predictions(model, "--data", data[1], "--threshold=0")
        self.assertEqual({row["labels"] for row in all_hold}, {"0;1;2"})
        one = self.predictions(model, "--data", data[1], "--threshold=1,0,1")
        self.assertEqual({row["labels"] for row in one}, {"1"})
        found = self.evaluate(model, *data, "--report", "--threshold=0.25")
        self.assertEqual(found["thresholds"], [0.25] * 3)
        predict = ["predict", f"--device={DEVICE}", "--model", model, "--data", data[1]]
        self.refuse(USAGE, ["--threshold", "2 thresholds", "3 labels"], *predict, "--threshold=0.1,0.2")
        self.refuse(USAGE, ["--threshold", "'1.5'", "from 0 to 1"], *predict, "--threshold=1.5")
        self.refuse(USAGE, ["--threshold", "'x'"], *predict, "--threshold=0.1,x,0.2")
        self.refuse(USAGE, ["--threshold", "'best'"], *predict, "--threshold=best")

    def test_best_thresholds_are_kept(self):
        model, data, _ = self.labels("--no-standardize", "--threshold=best")
        kept = self.evaluate(model, *data)["thresholds"]
        self.assertEqual(len(kept), 3)
        rows = self.predictions(model, "--data", data[1])
        holds = ["".join(f";{j}" for j in range(3) if float(row[str(j)]) > kept[j])[1:] for row in rows]
        self.assertEqual([row["labels"] for row in rows], holds)
        train = ["train", f"--device={DEVICE}", *data, "--net", "dense 3 sigmoid", "--epochs=1"]
        self.refuse(USAGE, ["--threshold", "best", "--validation"], *train, "--threshold=best", "--validation=0")

    def test_a_threshold_of_two_classes(self):
        table = self.write("d.csv", "".join(f"{i % 7},{'uv'[i % 7 > 3]}\n" for i in range(70)))
        model = self.train(table, net="dense 1 sigmoid")
        said = {row["class"] for row in self.predictions(model, "--data", table, "--threshold=0")}
        self.assertEqual(len(said), 1)
        found = self.evaluate(model, "--data", table, "--report", "--threshold=0")
        self.assertAlmostEqual(found["accuracy"], found["report"]["accuracy"])
        self.assertEqual(found["report"]["classes"][1]["recall"], 1)
        softmax = self.train(table)
        self.refuse(USAGE, ["--threshold", "categorical_crossentropy", "accepted"], "evaluate", f"--device={DEVICE}", "--model", softmax,
                    "--data", table, "--threshold=0.3")

    def test_labels_that_are_none_are_refused(self):
        model, data, _ = self.labels()
        half = self.write("half.npy", npy("<f4", (60, 3), [0.5] * 180))
        self.refuse(BAD_FILE, ["label 0 of sample 0", "0.5"], "evaluate", f"--device={DEVICE}", "--model", model, *data[:2], "--labels",
                    half, "--report", "-q")


if __name__ == "__main__":
    main()
