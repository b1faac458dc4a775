# SPDX-License-Identifier: MIT
"""The program of a soma that was built without training: it says so, and works on what another has trained.

SOMA_TEST_CHECKPOINT names a model that soma with training has written, see test_inference.c.

Usage: test_program_inference.py PROGRAM DEVICE [CLASS ...]
"""
import os

from program import DEVICE, USAGE, ProgramTest, main

MODEL = os.environ["SOMA_TEST_CHECKPOINT"]
ABSENT = ["built without training", "-Dtraining=false"]


class Inference(ProgramTest):
    def data(self):
        return self.write("d.csv", "".join(f"{i % 7},{i % 5},{i % 3},{i % 2},{i % 3}\n" for i in range(40)))

    def test_training_is_refused(self):
        self.refuse(USAGE, ABSENT, "train", "--data", self.data(), f"--device={DEVICE}", "--save", self.path("m"))
        self.refuse(USAGE, ABSENT, "bench", "--quiet", "--model", MODEL, "--mode=train", f"--device={DEVICE}")
        self.assertFalse(os.path.exists(self.path("m")))

    def test_what_is_there_is_measured(self):
        """Without a word about the mode, what this soma can do."""
        self.assertEqual(self.json("bench", "--seconds=0.05", "--model", MODEL, f"--device={DEVICE}")["mode"], "infer")

    def test_a_model_is_run(self):
        model = ["--model", MODEL, f"--device={DEVICE}"]
        self.succeed("predict", *model, "--data", self.data(), "--raw", "--output", self.path("y.csv"))
        with open(self.path("y.csv"), encoding="utf-8") as file:
            rows = [[float(word) for word in line.split(",")] for line in file if not line[0].isalpha()]
        self.assertEqual(len(rows), 40)
        for row in rows:
            self.assertAlmostEqual(sum(row), 1, places=5)
        self.assertGreater(self.json("evaluate", *model, "--data", self.data(), "--part=all")["loss"], 0)

    def test_a_model_is_looked_at(self):
        self.assertEqual(self.json("show", MODEL)["parameters"], 43)
        self.assertEqual(self.json("summary", "--model", MODEL, f"--device={DEVICE}")["parameters"], 43)
        self.succeed("convert", MODEL, self.path("again.safetensors"))
        self.assertEqual(self.json("show", self.path("again.safetensors"))["parameters"], 43)

    def test_inference_is_timed(self):
        for device in (DEVICE, "auto"):
            report = self.json("bench", "--model", MODEL, "--mode=infer", f"--device={device}", "--seconds=0.2")
            self.assertGreater(report["step_us_median"], 0)

    def test_devices_are_checked(self):
        self.assertNotIn("optimizer", self.succeed("check", f"--device={DEVICE}").stdout)


if __name__ == "__main__":
    main()
