#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program from outside: its commands on a device, its files, its JSON, its exit statuses.

Usage: test_program.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
from program import (DATA, DEVICE, DONE, FAILED, INTERRUPTED, NO_DEVICE, PROGRAM, USAGE, ProgramTest, main, read_npy, run,
                     train_arguments)


# What computes, rather than moves numbers.
PRODUCTS = ("gemm", "conv", "conv_add", "conv_data_grad", "conv_weight_grad", "recurrent", "recurrent_grad", "attention", "attention_grad", "matmul")

# ------------------------------------------------------------------------------------------------------------ commands


class Basics(ProgramTest):
    """What is the same on every device."""

    def test_help_and_version(self):
        self.assertRegex(self.succeed("--version").stdout, r"\d+\.\d+\.\d+")
        self.assertIn("train", self.succeed("--help").stdout)
        for command in ("train", "evaluate", "predict", "summary", "devices", "tune", "check", "bench"):
            text = self.succeed(command, "--help").stdout
            self.assertEqual(text, self.succeed("help", command).stdout)
            for flag in ("--device", "--json", "--help"):
                self.assertIn(flag, text, command)

    def test_parameters_are_counted(self):
        result = self.json(*train_arguments("--net=dense 7 tanh; dense 10 softmax"))
        self.assertEqual(result["parameters"], 64 * 7 + 7 + 7 * 10 + 10)

    def test_a_line_per_epoch_where_there_is_no_terminal(self):
        lines = self.succeed(*train_arguments()).stdout.splitlines()
        self.assertEqual(sum(line.startswith("Epoch ") for line in lines), 2)
        self.assertRegex(lines[-1], r"^Test accuracy: 0\.\d+$")
        self.assertNotIn("\033", "\n".join(lines))

    def test_quiet(self):
        self.assertNotIn("Epoch", self.succeed(*train_arguments("--quiet")).stdout)

    def test_history_and_plot(self):
        self.succeed(*train_arguments("--history", self.path("run.csv"), "--plot", self.path("run.svg")))
        with open(self.path("run.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["epoch"] for row in rows], ["1", "2"])
        self.assertLess(float(rows[1]["loss"]), float(rows[0]["loss"]))
        root = xml.etree.ElementTree.parse(self.path("run.svg")).getroot()
        self.assertTrue(root.tag.endswith("svg"))
        text = " ".join(element.text or "" for element in root.iter())
        for word in ("Loss", "Accuracy", "training", "validation", "best"):
            self.assertIn(word, text)
        self.assertNotIn("script", {element.tag.rpartition("}")[2] for element in root.iter()})

    def test_summary(self):
        text = self.succeed("summary", "--net=dense 128 relu; dense 10 softmax", "--input=784", f"--device={DEVICE}").stdout
        self.assertIn("101770", text.replace(",", "").replace(" ", ""))
        self.assertEqual(self.json("summary", "--net=dense 5", "--input=28x28", f"--device={DEVICE}")["parameters"], 784 * 5 + 5)
        net = "conv 4 3x3 relu; residual(conv 4 3x3 pad same nobias; relu | conv 4 1x1); globalavgpool; dense 5"
        weights = 9 * 4 + 4 + 9 * 4 * 4 + 4 * 4 + 4 + 4 * 5 + 5
        summary = self.json("summary", "--net", net, "--input=28x28", f"--device={DEVICE}")
        self.assertEqual(summary["parameters"], weights)
        products = 26 * 26 * (9 * 4 + 9 * 4 * 4 + 4 * 4) + 4 * 5
        self.assertEqual(summary["flops_per_inference"], 2 * products * summary["batch"])
        text = self.succeed("summary", "--net", net, "--input=28x28", f"--device={DEVICE}").stdout
        self.assertRegex(text, r"residual_1 +residual +\[batch, 26, 26, 4\]")

    def test_devices(self):
        listed = self.json("devices")
        self.assertIn("cpu", [row["device"] for row in listed["devices"]])
        for row in listed["devices"]:
            for key in ("name", "vendor", "driver", "kind", "memory_bytes", "compute_units", "gemm"):
                self.assertIn(key, row)

    def test_auto_is_measured(self):
        """However it is written, and whether the environment says it or nothing."""
        for word, variable in ("AUTO", ""), ("auto", "Auto"):
            result = self.succeed("train", "--epochs=1", "--net=dense 10 softmax", f"--device={word}", environment={"SOMA_DEVICE": variable})
            self.assertIn("Timing this network", result.stdout)

    def plugin(self):
        path = os.environ.get("SOMA_REFERENCE_PLUGIN")
        if not path:
            self.skipTest("the plugin was not built")
        return {"SOMA_PLUGINS": path}

    def test_the_name_of_a_maker_is_no_list(self):
        """The plugin's is Soma, Inc. A list is one of selectors alone, of all of a kind however many there are."""
        environment = self.plugin()
        arguments = ["train", "--epochs=1", "--net=dense 10 softmax"]
        for option in "--bucket=1K", "--wire=bf16", "--sync-batchnorm":
            for environment_too in {}, {"SOMA_DEVICE": "soma, inc"}:
                named = [] if environment_too else ["--device=soma, inc"]
                self.refuse(USAGE, [option.split("=")[0], "there is one: reference"], *arguments, *named, option,
                            environment={**environment, **environment_too})
        self.assertEqual(self.json(*arguments, "--device=soma, inc", environment=environment)["device"], "reference")
        self.assertEqual(self.json(*arguments, "--device=reference*", "--wire=bf16", environment=environment)["device"], "reference")

    def test_plugins(self):
        environment = self.plugin()
        self.assertIn("reference", [row["device"] for row in self.json("devices", environment=environment)["devices"]])
        result = self.json("train", "--device=reference", "--epochs=1", "--net=dense 10 softmax", environment=environment)
        self.assertEqual((result["device"], result["epochs"]), ("reference", 1))

    def test_an_error_is_an_object_too(self):
        result = run("train", "--device=nosuch", "--json")
        self.assertEqual(result.returncode, NO_DEVICE)
        failure = json.loads(result.stdout)
        self.assertEqual((failure["status"], failure["exit_status"]), ("SOMA_NO_DEVICE", NO_DEVICE))
        self.assertIn("nosuch", failure["error"])
        self.assertIn("nosuch", result.stderr)
        self.assertEqual(json.loads(run("train", "--nosuch", "--json").stdout)["exit_status"], USAGE)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([PROGRAM, "devices"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, FAILED)
        self.assertIn("output", result.stderr)


class Commands(ProgramTest):
    def test_train_json_has_the_documented_keys(self):
        result = self.json(*train_arguments("--seed=5"))
        self.assertLessEqual({"device", "epochs", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds",
                              "samples_per_second", "parameters", "peak_memory_bytes", "seed"}, set(result))
        self.assertEqual((result["epochs"], result["seed"]), (2, 5))
        self.assertGreater(result["peak_memory_bytes"], 4 * result["parameters"])
        self.assertTrue(0 <= result["test_accuracy"] <= 1)

    def test_a_saved_network_is_evaluated_and_predicts(self):
        model = self.path("model.safetensors")
        trained = self.json(*train_arguments("--save", model))
        evaluated = self.json("evaluate", "--model", model, f"--device={DEVICE}")
        self.assertAlmostEqual(evaluated["accuracy"], trained["test_accuracy"], places=9)
        self.assertAlmostEqual(evaluated["loss"], trained["test_loss"], places=6)
        elsewhere = self.json("evaluate", "--model", model, "--device=cpu")
        self.assertAlmostEqual(elsewhere["accuracy"], trained["test_accuracy"], delta=1.01 / 360)
        self.succeed("predict", "--model", model, f"--device={DEVICE}", "--output", self.path("classes.csv"))
        with open(self.path("classes.csv"), newline="") as file:
            self.assertEqual(len(list(csv.DictReader(file))), 360)
        self.succeed("predict", "--model", model, f"--device={DEVICE}", "--raw", "--output", self.path("raw.npy"))
        header, _, values = read_npy(self.path("raw.npy"))
        self.assertEqual(header["descr"][1:], "f4")
        self.assertEqual(header["shape"], (360, 10))
        self.assertAlmostEqual(sum(values[-10:]), 1, places=5)

    def test_training_goes_on_from_a_model(self):
        model = self.path("model.safetensors")
        first = self.json(*train_arguments("--save", model))
        second = self.json(*train_arguments("--load", model))
        self.assertLess(second["train_loss"], first["train_loss"])

    def test_device_from_the_environment(self):
        result = self.json("train", "--epochs=1", environment={"SOMA_DEVICE": DEVICE})
        self.assertEqual(result["device"], self.json(*train_arguments())["device"])


class Bench(ProgramTest):
    def test_bench(self):
        result = self.json("bench", "--net=dense 32 relu; dense 10 softmax", "--input=64", "--batch=32", "--optimizer=sgd",
                           "--seconds=0.1", f"--device={DEVICE}")
        for key in ("step_us_median", "step_us_min", "step_us_max", "gflops", "gemm_floor_us", "calls_per_step", "startup_ms"):
            self.assertGreater(result[key], 0, key)
        self.assertLessEqual(result["step_us_min"], result["step_us_median"])
        self.assertLessEqual(result["step_us_median"], result["step_us_max"])
        # 2 m n k of three products for the last layer (forward, dW, dX) and two for the first.
        flops = 2 * 32 * (2 * 64 * 32 + 3 * 32 * 10)
        self.assertAlmostEqual(result["gflops"] * result["step_us_median"] * 1e3 / flops, 1, places=3)
        self.assertGreater(self.json("bench", "--mode=infer", "--seconds=0.1", f"--device={DEVICE}")["step_us_median"], 0)

    def test_bench_peak(self):
        result = self.json("bench", "--peak", f"--device={DEVICE}")
        self.assertEqual(sorted(result), ["device", "peak_gflops"])
        self.assertGreater(result["peak_gflops"], 0)

    def test_bench_of_so_many_steps(self):
        for steps in (1, 2, 3, 50):
            began = time.monotonic()
            result = self.json("bench", f"--steps={steps}", f"--device={DEVICE}")
            self.assertGreater(result["step_us_median"], 0)
            self.assertEqual(result["step_us_min"], result["step_us_max"])
            self.assertIsNone(result["gemm_floor_us"])
            self.assertLess(result["startup_ms"] * 1e-3, time.monotonic() - began)
            self.assertGreater(result["startup_ms"], 0)
            if steps == 1:  # the first step, which ended when starting did
                self.assertLess(result["step_us_median"] * 1e-3, result["startup_ms"])

    @staticmethod
    def is_small(row):
        """So small that starting it is what takes the time, which varies."""
        return row["us"] < 100

    def check_profile(self, rows):
        self.assertAlmostEqual(sum(row["share"] for row in rows), 1, places=6)
        total = sum(row["us"] for row in rows)
        for row in rows:
            self.assertGreater(row["us"], 0)
            self.assertAlmostEqual(row["share"], row["us"] / total, places=6)
            self.assertTrue(row["primitive"] and row["tensor"] and row["shapes"])
            self.assertEqual(row["gflops"] is not None, row["primitive"] in PRODUCTS)
            self.assertEqual(row["share_of_peak"] is not None, row["primitive"] in PRODUCTS)
            self.assertEqual(row["flops"] > 0, row["primitive"] in PRODUCTS)
            for key in ("share_of_peak", "share_of_copy"):  # what is timed while the machine is busy can exceed 1
                self.assertTrue(row[key] is None or 0 < row[key] <= 1.5 or self.is_small(row), row)
        return [row for row in rows if row["primitive"] == "gemm"]

    def test_compiling_is_told_once(self):
        if DEVICE != "pocl":
            self.skipTest("it is not known where this driver keeps its kernels")
        arguments = ["bench", "--steps=1", f"--device={DEVICE}"]
        said = [self.succeed(*arguments, environment={"POCL_CACHE_DIR": self.path("cache")}).stderr for _ in range(4)]
        self.assertEqual(said[0].count("compiling kernels"), 1, said[0])
        self.assertTrue(any("compiling kernels" not in later for later in said[1:]), said)  # where nothing holds the machine up

    def test_bench_profile(self):
        arguments = ["bench", "--net=dense 32 relu; dense 10 softmax", "--input=64", "--batch=32", "--optimizer=sgd", "--seconds=0.1",
                     f"--device={DEVICE}", "--profile"]
        result = self.json(*arguments)
        gemms = self.check_profile(result["profile"])
        # Forward, dW and dX of the last layer, and all but dX of the first.
        flops = sorted([2 * 32 * 64 * 32] * 2 + [2 * 32 * 32 * 10] * 3)
        for row, expected in zip(sorted(gemms, key=lambda row: row["gflops"] * row["us"]), flops, strict=True):
            self.assertAlmostEqual(row["gflops"] * row["us"] * 1e3 / expected, 1, places=3)
        forward = self.json(*arguments, "--mode=infer")["profile"]
        self.assertEqual(len(self.check_profile(forward)), 2)
        text = self.succeed(*arguments).stdout
        self.assertRegex(text, r"\nprimitive +tensor +shapes +time +share +rate +limit\n")
        self.assertEqual(len(re.findall(r"^gemm .* us +[\d.]+ % +[\d.]+ GFLOP/s +\d+ % of (peak|copy)", text, re.MULTILINE)), 5)
        self.assertNotIn("profile", self.json(*arguments[:-1]))

    def test_bench_roofline(self):
        """Each call against the peak and a copy, from figures that are computed here; --peak beside --profile gives the peak, too."""
        arguments = ["bench", "--net=conv 16 3x3 relu; globalavgpool; dense 10 softmax", "--input=34x34x8", "--batch=8", "--mode=infer",
                     "--seconds=0.1", f"--device={DEVICE}", "--peak", "--profile"]
        result = self.json(*arguments)
        self.check_profile(result["profile"])
        rows = {row["primitive"]: row for row in result["profile"]}
        self.assertEqual(rows["conv"]["flops"], 2 * 8 * 32 * 32 * 16 * 9 * 8)
        self.assertEqual(rows["conv"]["bytes"], 4 * (8 * 34 * 34 * 8 + 9 * 8 * 16 + 16 + 8 * 32 * 32 * 16))
        self.assertEqual(rows["gemm"]["flops"], 2 * 8 * 16 * 10)
        self.assertEqual(rows["gemm"]["bytes"], 4 * (8 * 16 + 16 * 10 + 10 + 8 * 10))
        conv = rows["conv"]
        # The peak is measured again for the calls: the same but for the noise.
        of_peak = conv["flops"] / conv["us"] * 1e-3 / result["peak_gflops"]
        self.assertTrue(0.2 < of_peak / conv["share_of_peak"] < 5, (of_peak, conv))
        self.assertRegex(self.succeed(*arguments).stdout, r"\npeak +[\d.]+ GFLOP/s\n")

    def test_train_profile(self):
        plain = self.json(*train_arguments("--seed=2"))
        profiled = self.json(*train_arguments("--seed=2", "--profile", "--save", self.path("model")))
        self.assertGreaterEqual(len(self.check_profile(profiled["profile"])), 5)
        for key in ("train_loss", "test_loss", "peak_memory_bytes"):
            self.assertEqual(profiled[key], plain[key])


class Check(ProgramTest):
    def expect_passed(self, result):
        """The rows, by primitive."""
        self.assertTrue(result["passed"])
        rows = {row["primitive"]: row for row in result["primitives"]}
        self.assertLessEqual({"gemm", "unary", "softmax", "loss", "loss_grad", "metric", "optimizer", "dropout"}, set(rows))
        for row in rows.values():
            self.assertTrue(row["passed"])
            self.assertLessEqual(row["worst_error"], row["bound"])
            self.assertGreater(row["cases"], 0)
        return rows

    def test_check(self):
        if DEVICE != "cpu":
            self.skipTest("what is timed is checked, too")
        for row in self.expect_passed(self.json("check", f"--device={DEVICE}")).values():
            self.assertNotIn("speeds", row)

    def test_check_time(self):
        rows = self.expect_passed(self.json("check", "--time", f"--device={DEVICE}"))
        for name, row in rows.items():
            self.assertEqual(row["speeds"] == [], name in ("memory", "list"), name)
            for speed in row["speeds"]:
                self.assertTrue(speed["what"] and speed["shapes"])
                self.assertGreater(speed["us"], 0)
                self.assertGreater(speed["gb_per_second"], 0)
                self.assertEqual(speed["gflops"] is None, name not in PRODUCTS)
                self.assertEqual(speed["share_of_copy"] is None, name in PRODUCTS)
                self.assertEqual(speed["share_of_peak"] is None, name not in PRODUCTS)
        square = next(speed for speed in rows["gemm"]["speeds"] if speed["what"] == "square")
        self.assertEqual(square["shapes"], "512x512, 512x512, 512x512")
        self.assertAlmostEqual(square["gflops"] * square["us"] * 1e3 / (2 * 512**3), 1, places=3)
        self.assertAlmostEqual(square["gb_per_second"] * square["us"] * 1e3 / (3 * 4 * 512**2), 1, places=3)


class Tuning(ProgramTest):
    """Choices of kernels, kept in a directory of the test's own."""

    def setUp(self):
        super().setUp()
        self.cache = self.path("cache")
        # As on GPUs, where soma itself has several kernels, whether CLBlast is there or not.
        self.environment = {"SOMA_CACHE_DIR": self.cache, "SOMA_OPENCL_WIDTH": "1", "SOMA_OPENCL_GEMM": ""}

    def kept(self):
        """The files of choices, not what else is kept there, of drivers."""
        return sorted(name for name in os.listdir(self.cache) if name.startswith("gemm-")) if os.path.isdir(self.cache) else []

    def skip_on_cpu(self):
        if DEVICE == "cpu":
            self.skipTest("the cpu device has one kernel for each product")

    def test_bad_sizes_are_refused(self):
        for sizes in ("0", "x", "", "32,", ",32", "32;64", "-1", "1.5", "65537", "99999999999", "1,2,3,4,5,6,7"):
            self.refuse(USAGE, ["--sizes"], "tune", f"--sizes={sizes}", f"--device={DEVICE}", environment=self.environment)
        self.assertEqual(self.kept(), [])

    def test_the_cpu_has_nothing_to_tune(self):
        for more in ([], ["--reset"]):
            result = self.succeed("tune", "--device=cpu", *more, environment=self.environment)
            self.assertIn("cpu: nothing to tune", result.stdout)
            self.assertEqual(result.stderr, "")
        listed = self.json("tune", "--device=cpu", environment=self.environment)["devices"]
        self.assertEqual([(row["device"], row["tuned"]) for row in listed], [("cpu", False)])
        self.assertIn("the only kernel", self.succeed("devices", "-v", "--device=cpu", environment=self.environment).stdout)
        self.assertEqual(self.kept(), [])

    def test_choices_are_made_shown_and_removed(self):
        self.skip_on_cpu()
        device, options = f"--device={DEVICE}", {"environment": self.environment}
        self.assertIn("the default; soma tune", self.succeed("devices", "-v", device, **options).stdout)
        tuned = self.json("tune", device, "--sizes=16", **options)["devices"]
        self.assertEqual(len(tuned), 1)
        self.assertTrue(tuned[0]["tuned"])
        self.assertGreater(tuned[0]["seconds"], 0)
        self.assertEqual([row["transposition"] for row in tuned[0]["choices"]], ["NN", "NT", "TN"])
        for row in tuned[0]["choices"]:
            self.assertEqual((row["m"], row["n"], row["k"]), (16, 16, 16))
            self.assertGreaterEqual(row["ratio"], 1)
            self.assertAlmostEqual(row["ratio"], row["gflops"] / row["default_gflops"])
        self.assertEqual([os.path.basename(tuned[0]["file"])], self.kept())
        shown = self.json("devices", "--verbose", device, **options)["devices"][0]
        self.assertEqual(shown["date"], tuned[0]["date"])
        self.assertEqual([row["kernel"] for row in shown["choices"]], [row["kernel"] for row in tuned[0]["choices"]])
        text = self.succeed("devices", "-v", device, **options).stdout
        self.assertIn(f"as measured on {tuned[0]['date']}, in {tuned[0]['file']}", text)
        self.assertIn(", tuned", text)
        self.assertNotIn("choices", self.json("devices", device, **options)["devices"][0])

        # A file that is damaged is told of, and removed all the same.
        with open(tuned[0]["file"], "a", encoding="ascii") as file:
            file.write("more\n")
        ignored = self.succeed("devices", "-v", device, **options)
        self.assertIn(f"{tuned[0]['file']} are ignored", ignored.stderr)
        self.assertIn("the default; soma tune", ignored.stdout)
        self.assertIn(f"removed {tuned[0]['file']}", self.succeed("tune", "--reset", device, **options).stdout)
        self.assertEqual(self.kept(), [])
        again = self.succeed("tune", "--reset", device, **options)
        self.assertIn("nothing was kept", again.stdout)
        self.assertEqual(again.stderr, "")

    def test_a_directory_that_cannot_be_made_is_an_error(self):
        self.skip_on_cpu()
        result = self.refuse(FAILED, ["/dev/null/cache", "SOMA_CACHE_DIR"], "tune", "--sizes=16", f"--device={DEVICE}",
                             environment={**self.environment, "SOMA_CACHE_DIR": "/dev/null/cache"})
        self.assertNotIn("warning", result.stderr)
        nowhere = {**self.environment, "SOMA_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": ""}
        self.refuse(FAILED, ["SOMA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"], "tune", "--sizes=16", f"--device={DEVICE}",
                    environment=nowhere)


class Terminal(ProgramTest):
    """Training on a terminal of 80 columns."""

    def screen(self, **environment):
        master, slave = self.open_terminal(24, 80)
        # As large a network as makes an epoch take longer than the bar waits: under sanitizers a smaller one does.
        units = os.environ.get("TERMINAL_UNITS", "2000")
        child = subprocess.Popen([PROGRAM, *train_arguments(f"--net=dense {units} relu; dense {units} relu; dense 10 softmax")],
                                 stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm", **environment})
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 65536):
                shown += piece
        except OSError:  # how Linux says that the other side is gone
            pass
        os.close(master)
        self.assertEqual(child.wait(), DONE)
        return shown.decode()

    def test_a_bar_on_a_terminal(self):
        shown = self.screen(LC_ALL="C.UTF-8", NO_COLOR="")
        bars = re.findall(r"\r\033\[K(Epoch [12]/2 [^\r\n]*left)", shown)
        self.assertGreater(len(bars), 0)
        for bar in bars:
            self.assertRegex(bar, r"\u2501.*loss [\d.]+  accuracy [\d.]+  [\d.]+k? samples/s  \d+:\d\d left")
            self.assertLess(len(re.sub(r"\033\[[\d;]*m", "", bar)), 80)
        self.assertIn("\033[32m", shown)
        self.assertEqual(len(re.findall(r"\r\033\[KEpoch [12]/2  loss .*val_loss .* s\r\n", shown)), 2)

    def test_neither_colour_nor_unicode_where_not_wanted(self):
        shown = self.screen(LC_ALL="C", NO_COLOR="1")
        self.assertRegex(shown, r"Epoch 1/2 =*\.*  loss")
        self.assertNotRegex(shown, r"\033\[[\d;]*m")
        self.assertTrue(shown.isascii())


# ------------------------------------------------------------------------------------------------------------ promises


def usual_signals():
    """For a child: as at a terminal, whatever runs the tests ignores, nohup for one."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def ignoring(number):
    """For a child: as at a terminal, but that it ignores this signal."""
    def before():
        usual_signals()
        signal.signal(number, signal.SIG_IGN)
    return before


class InterruptedTest(ProgramTest):
    def interrupt(self, *signals, before=usual_signals):
        """Sends the signals to a training that has begun; its exit status and the model it was to save."""
        model = self.path("interrupted.safetensors")
        child = subprocess.Popen([PROGRAM, "train", f"--device={DEVICE}", "--threads=1", "--epochs=1000000", "--save", model],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=before,
                                 env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
        for line in child.stdout:
            if line.startswith("Epoch"):
                break
        for number in signals:
            child.send_signal(number)
        child.communicate(timeout=60)
        return child.returncode, model


class Promises(InterruptedTest):
    def test_digits(self):
        self.assertGreaterEqual(self.json("train", f"--device={DEVICE}", "--epochs=30", "--seed=1")["test_accuracy"], 0.96)

    def test_the_same_seed_gives_the_same_bytes(self):
        files = []
        for name in ("one", "two"):
            self.succeed(*train_arguments("--seed=3", "--epochs=4", "--save", self.path(name)))
            with open(self.path(name), "rb") as file:
                files.append(file.read())
        self.assertEqual(files[0], files[1])
        self.succeed(*train_arguments("--seed=4", "--epochs=4", "--save", self.path("three")))
        with open(self.path("three"), "rb") as file:
            self.assertNotEqual(files[0], file.read())

    def test_ctrl_c_saves(self):
        status, model = self.interrupt(signal.SIGINT)
        self.assertEqual(status, INTERRUPTED)
        self.assertGreater(self.json("evaluate", "--model", model, f"--device={DEVICE}")["accuracy"], 0.1)
        self.assertEqual(os.listdir(self.folder.name), [os.path.basename(model)])

    def test_data_that_are_streamed(self):
        models, losses = [], []
        for limit in [], ["--data-memory=1K"]:
            path = self.path(f"streamed{len(models)}.safetensors")
            whole = self.json("train", f"--device={DEVICE}", "--data=digits", "--net=dense 12 relu; dropout 0.1; dense 10 softmax",
                              "--epochs=2", "--batch=100", "--validation=0.1", "--save=" + path, *limit)
            self.assertEqual(whole["streamed"], bool(limit))
            losses.append([whole["train_loss"], whole["validation_loss"], whole["test_loss"]])
            losses[-1].append(self.json("evaluate", f"--device={DEVICE}", "--data=digits", "--model=" + path, *limit)["loss"])
            losses[-1].append(self.succeed("predict", f"--device={DEVICE}", "--data=digits", "--model=" + path, "--quiet", *limit).stdout)
            with open(path, "rb") as file:
                models.append(file.read())
        self.assertEqual(losses[0], losses[1])
        self.assertEqual(models[0], models[1])
        self.refuse(USAGE, ["--data-memory", "positive"], "train", f"--device={DEVICE}", "--data-memory=much")


class Endings(InterruptedTest):
    """What ends a training beside Ctrl-C."""

    def test_a_second_signal_ends_at_once(self):
        if DEVICE != "cpu":
            self.skipTest("a driver's threads make it a matter of chance which of two signals comes first")
        # Both are there when the process goes on: the second is delivered when the handler of the first returns.
        status, model = self.interrupt(signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT)
        self.assertEqual(status, -signal.SIGTERM)
        self.assertFalse(os.path.exists(model))

    def test_a_background_job_ignores_ctrl_c(self):
        status, model = self.interrupt(signal.SIGINT, signal.SIGTERM, before=ignoring(signal.SIGINT))
        self.assertEqual(status, INTERRUPTED)
        self.assertTrue(os.path.exists(model))

    def test_other_wishes_to_end(self):
        """The system's, and a terminal that goes, which system, shell and service manager may each tell: that is no second wish."""
        for signals in ((signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGHUP, signal.SIGHUP), (signal.SIGTERM, signal.SIGHUP)):
            status, model = self.interrupt(*signals)
            self.assertEqual(status, INTERRUPTED, signals)
            self.assertTrue(os.path.exists(model))
            os.remove(model)

    def test_under_nohup_the_terminal_may_go(self):
        status, model = self.interrupt(signal.SIGHUP, signal.SIGINT, before=ignoring(signal.SIGHUP))
        self.assertEqual(status, INTERRUPTED)
        self.assertTrue(os.path.exists(model))

    def test_a_reader_that_goes_ends_training(self):
        """As `soma train | head -1` does, or a connection that breaks."""
        model = self.path("unread.safetensors")
        child = subprocess.Popen([PROGRAM, "train", f"--device={DEVICE}", "--threads=1", "--epochs=1000000", "--save", model],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        child.stdout.readline()
        child.stdout.close()
        with child.stderr:
            child.stderr.read()
        self.assertEqual(child.wait(timeout=60), INTERRUPTED)
        self.assertGreater(self.json("evaluate", "--model", model, f"--device={DEVICE}")["accuracy"], 0.05)

    def test_unwritable_results_are_refused_before_training(self):
        for option in ("--save", "--history", "--plot"):
            began = time.monotonic()
            self.refuse(FAILED, [option.strip("-"), "no/such"], "train", f"--device={DEVICE}", "--epochs=100000", option,
                        self.path("no/such/folder"))
            self.assertLess(time.monotonic() - began, 60)


@unittest.skipUnless(DATA, "SOMA_DATA is not set")
class RealData(ProgramTest):
    def accuracy(self, *arguments):
        return self.json("train", f"--device={DEVICE}", "--seed=1", *arguments)["test_accuracy"]

    def test_mnist(self):
        self.assertGreaterEqual(self.accuracy("--data", os.path.join(DATA, "mnist"), "--net=dense 128 relu; dense 10 softmax",
                                              "--epochs=5", "--optimizer=adam", "--batch=128"), 0.97)

    def test_fashion_mnist(self):
        self.assertGreaterEqual(self.accuracy("--data", os.path.join(DATA, "fashion-mnist"),
                                              "--net=dense 256 relu; dense 128 relu; dense 10 softmax", "--epochs=10",
                                              "--batch=128"), 0.87)

    def test_tables(self):
        for name in ("iris.csv", "wine_data.csv", "breast_cancer.csv"):
            with self.subTest(name):
                self.assertGreaterEqual(self.accuracy("--data", os.path.join(DATA, "tabular", name), "--epochs=100",
                                                      "--lr=0.01"), 0.93)


class NoDevices(ProgramTest):
    """Machines without OpenCL, or with too little of it."""

    def test_no_driver(self):
        environment = {"OCL_ICD_VENDORS": self.folder.name, "OCL_ICD_FILENAMES": ""}
        listed = self.json("devices", environment=environment)
        self.assertEqual([row["device"] for row in listed["devices"]], ["cpu"])
        self.refuse(NO_DEVICE, ["gpu", "cpu"], "train", "--device=gpu", environment=environment)
        self.assertEqual(self.json("train", "--epochs=1", environment=environment)["device"], "cpu")

    def test_a_platform_without_devices(self):
        if "WITHOUT_OPENCL" in os.environ:
            self.skipTest("this build looks at no platform")
        vendors = "/etc/OpenCL/vendors"
        icd = os.path.join(vendors, "rusticl.icd")
        if not os.path.exists(icd):
            self.skipTest("rusticl is not installed")
        environment = {"OCL_ICD_VENDORS": icd, "RUSTICL_ENABLE": ""}
        listed = self.json("devices", environment=environment)
        self.assertEqual([row["device"] for row in listed["devices"]], ["cpu"])
        self.assertEqual(len(listed["passed_over"]), 1)
        self.refuse(NO_DEVICE, ["rusticl", "no device"], "train", "--device=gpu", environment=environment)

    def test_too_little_memory(self):
        self.refuse(NO_DEVICE, ["bytes", "limit"], "train", f"--device={DEVICE}", "--memory-limit=4K")

    def test_a_kernel_that_does_not_build(self):
        if DEVICE == "cpu":
            self.skipTest("the cpu device builds no kernels")
        self.refuse(NO_DEVICE, ["build"], "train", f"--device={DEVICE}", "--quiet",
                    environment={"SOMA_OPENCL_BUILD_OPTIONS": "-Dreal=nosuchtype -include nosuchfile.h"})

    def test_a_matrix_library_that_cannot_be_loaded(self):
        if DEVICE == "cpu":
            self.skipTest("the cpu device multiplies by itself")
        if "CLBLAST_IS_LINKED" in os.environ:
            self.skipTest("CLBlast is linked in this build, and not loaded")
        for name in ("libclblast.so.1", "libclblast.so"):
            self.write(name, "no library")
        environment = {"LD_LIBRARY_PATH": self.folder.name + ":" + os.environ.get("LD_LIBRARY_PATH", "")}
        self.json("train", "--epochs=1", f"--device={DEVICE}", environment=environment)
        self.refuse(NO_DEVICE, ["CLBlast can't serve"], "train", f"--device={DEVICE}", "--quiet",
                    environment={**environment, "SOMA_OPENCL_GEMM": "clblast"})


if __name__ == "__main__":
    main()
