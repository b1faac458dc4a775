#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program from outside: its commands on a device, its files, its JSON, its exit statuses.

Usage: test_program.py PROGRAM DEVICE [CLASS ...]        (exit status 77: the device is not there)
"""
import ast
import csv
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

PROGRAM, DEVICE = sys.argv[1], sys.argv[2]
DATA = os.environ.get("SOMA_DATA")

DONE, FAILED, USAGE, NO_DEVICE, BAD_FILE, INTERRUPTED = 0, 1, 2, 3, 4, 130


def run(*arguments, environment=None, directory=None, timeout=300):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=timeout, cwd=directory,
                          env={**os.environ, **(environment or {})})


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def succeed(self, *arguments, **options):
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, DONE, f"{arguments}: {result.stderr}")
        return result

    def json(self, *arguments, **options):
        """The object that is all of stdout."""
        return json.loads(self.succeed(*arguments, "--json", **options).stdout)

    def refuse(self, status, words, *arguments, **options):
        """Fails with this status, in a message that has all the words, and prints nothing on stdout."""
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, status, f"{arguments}: {result.stderr}")
        self.assertEqual(result.stdout, "", f"{arguments}")
        for word in words:
            self.assertIn(word.lower(), result.stderr.lower(), f"{arguments}")
        return result


def train_arguments(*more):
    return ["train", f"--device={DEVICE}", "--epochs=2", *more]


# ------------------------------------------------------------------------------------------------------------ commands


class Commands(ProgramTest):
    def test_help_and_version(self):
        self.assertRegex(self.succeed("--version").stdout, r"\d+\.\d+\.\d+")
        self.assertIn("train", self.succeed("--help").stdout)
        for command in ("train", "evaluate", "predict", "summary", "devices", "check", "bench"):
            text = self.succeed(command, "--help").stdout
            self.assertEqual(text, self.succeed("help", command).stdout)
            for flag in ("--device", "--json", "--help"):
                self.assertIn(flag, text, command)

    def test_train_json_has_the_documented_keys(self):
        result = self.json(*train_arguments("--seed=5"))
        self.assertLessEqual({"device", "epochs", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds",
                              "samples_per_second", "parameters", "peak_memory_bytes", "seed"}, set(result))
        self.assertEqual((result["epochs"], result["seed"]), (2, 5))
        self.assertGreater(result["peak_memory_bytes"], 4 * result["parameters"])
        self.assertTrue(0 <= result["test_accuracy"] <= 1)

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
        with open(self.path("raw.npy"), "rb") as file:
            content = file.read()
        self.assertEqual(content[:6], b"\x93NUMPY")
        header = content[10:10 + struct.unpack("<H", content[8:10])[0]].decode()
        self.assertEqual(ast.literal_eval(header)["descr"], "<f4")
        self.assertEqual(ast.literal_eval(header)["shape"], (360, 10))
        row = struct.unpack("<10f", content[-40:])
        self.assertAlmostEqual(sum(row), 1, places=5)

    def test_training_goes_on_from_a_model(self):
        model = self.path("model.safetensors")
        first = self.json(*train_arguments("--save", model))
        second = self.json(*train_arguments("--load", model))
        self.assertLess(second["train_loss"], first["train_loss"])

    def test_summary(self):
        text = self.succeed("summary", "--net=dense 128 relu; dense 10 softmax", "--input=784", f"--device={DEVICE}").stdout
        self.assertIn("101770", text.replace(",", "").replace(" ", ""))
        self.assertEqual(self.json("summary", "--net=dense 5", "--input=28x28", f"--device={DEVICE}")["parameters"], 784 * 5 + 5)

    def test_devices(self):
        listed = self.json("devices")
        self.assertIn("cpu", [row["device"] for row in listed["devices"]])
        for row in listed["devices"]:
            for key in ("name", "vendor", "driver", "kind", "memory_bytes", "compute_units", "gemm"):
                self.assertIn(key, row)

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

    def check_profile(self, rows):
        self.assertAlmostEqual(sum(row["share"] for row in rows), 1, places=6)
        total = sum(row["us"] for row in rows)
        for row in rows:
            self.assertGreater(row["us"], 0)
            self.assertAlmostEqual(row["share"], row["us"] / total, places=6)
            self.assertTrue(row["primitive"] and row["tensor"] and row["shapes"])
            self.assertEqual(row["gflops"] is not None, row["primitive"] == "gemm")
        return [row for row in rows if row["primitive"] == "gemm"]

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
        self.assertRegex(text, r"\nprimitive +tensor +shapes +time +share +rate\n")
        self.assertEqual(len(re.findall(r"^gemm .* us +[\d.]+ % +[\d.]+ GFLOP/s", text, re.MULTILINE)), 5)
        self.assertNotIn("profile", self.json(*arguments[:-1]))

    def test_train_profile(self):
        plain = self.json(*train_arguments("--seed=2"))
        profiled = self.json(*train_arguments("--seed=2", "--profile", "--save", self.path("model")))
        self.assertGreaterEqual(len(self.check_profile(profiled["profile"])), 5)
        for key in ("train_loss", "test_loss", "peak_memory_bytes"):
            self.assertEqual(profiled[key], plain[key])

    def test_device_from_the_environment(self):
        result = self.json("train", "--epochs=1", environment={"SOMA_DEVICE": DEVICE})
        self.assertEqual(result["device"], self.json(*train_arguments())["device"])

    def test_plugins(self):
        plugin = os.environ.get("SOMA_REFERENCE_PLUGIN")
        if not plugin:
            self.skipTest("the plugin was not built")
        environment = {"SOMA_PLUGINS": plugin}
        self.assertIn("reference", [row["device"] for row in self.json("devices", environment=environment)["devices"]])
        result = self.json("train", "--device=reference", "--epochs=1", "--net=dense 10 softmax", environment=environment)
        self.assertEqual((result["device"], result["epochs"]), ("reference", 1))


# ------------------------------------------------------------------------------------------------------------ promises


class Promises(ProgramTest):
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

    def interrupt(self, *signals, before=None):
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

    def test_ctrl_c_saves(self):
        status, model = self.interrupt(signal.SIGINT)
        self.assertEqual(status, INTERRUPTED)
        self.assertGreater(self.json("evaluate", "--model", model, f"--device={DEVICE}")["accuracy"], 0.1)
        self.assertEqual(os.listdir(self.folder.name), [os.path.basename(model)])

    def test_a_second_signal_ends_at_once(self):
        if DEVICE != "cpu":
            self.skipTest("a driver's threads make it a matter of chance which of two signals comes first")
        # Both are there when the process goes on: the second is delivered when the handler of the first returns.
        status, model = self.interrupt(signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT)
        self.assertEqual(status, -signal.SIGTERM)
        self.assertFalse(os.path.exists(model))

    def test_a_background_job_ignores_ctrl_c(self):
        status, model = self.interrupt(signal.SIGINT, signal.SIGTERM,
                                       before=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        self.assertEqual(status, INTERRUPTED)
        self.assertTrue(os.path.exists(model))

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


# ---------------------------------------------------------------------------------------------------------- bad inputs


class BadInputs(ProgramTest):
    def test_device_names(self):
        names = [" ", "nosuch", "gpuu", "opencl:99", "opencl:-1", "opencl:x", "opencl:", "opencl:1.5", "cpu:7", "cpu ", "CPU0",
                 "cuda", "metal", "opencl:99999999999999999999", "../cpu", "reference", "auto:1", "gpu:0:0", "\N{GREEK SMALL LETTER MU}",
                 "x" * 3000]
        self.assertGreaterEqual(len(names), 20)
        for name in names:
            with self.subTest(name):
                self.refuse(NO_DEVICE, ["device", "cpu"], "train", "--device=" + name)

    def test_flags(self):
        cases = [
            (["--nosuch"], ["--nosuch"]), (["--epochss=3"], ["--epochss", "--epochs"]), (["--epochs=0"], ["epochs", "0"]),
            (["--epochs=-1"], ["epochs", "-1"]), (["--epochs=three"], ["epochs", "three"]), (["--epochs=1.5"], ["epochs", "1.5"]),
            (["--epochs="], ["epochs"]), (["--epochs=99999999999999999999"], ["epochs"]), (["--batch=0"], ["batch"]),
            (["--batch=12x"], ["batch", "12x"]), (["--lr=-1"], ["lr", "-1"]), (["--lr=nan"], ["lr", "nan"]),
            (["--lr=inf"], ["lr"]), (["--optimizer=adan"], ["adan", "adam"]), (["--loss=mse"], ["mse", "mean_squared_error"]),
            (["--schedule=cos"], ["cos", "cosine"]), (["--validation=1"], ["validation", "1"]),
            (["--validation=-0.1"], ["validation"]), (["--seed=-3"], ["seed", "-3"]), (["--metric=accuraccy"], ["accuraccy", "accuracy"]),
            (["--threads=0"], ["threads"]), (["--top-k=0"], ["top-k"]), (["stray"], ["stray"]), (["--save"], ["save"]),
            (["--momentum=1.5"], ["momentum", "1.5"]), (["--class-weights=1,x"], ["class-weights", "x"]),
        ]
        self.assertGreaterEqual(len(cases), 20)
        for flags, words in cases:
            with self.subTest(flags):
                self.refuse(USAGE, words, "train", "--device=cpu", *flags)
        self.refuse(USAGE, ["trane", "train"], "trane")
        self.refuse(USAGE, ["command"])

    def test_networks(self):
        cases = [
            (" ", ["layer"]), (";", ["layer 1"]), ("dense", ["dense", "units"]), ("dense 0", ["0"]), ("dense -3 relu", ["-3"]),
            ("dense 1.5", ["1.5"]), ("dense ten", ["ten"]), ("dense 10 reluu", ["reluu", "relu"]), ("dens 10", ["dens", "dense"]),
            ("dense 10 relu;; dense 10", ["layer 2"]), ("dropout", ["dropout"]), ("dropout 1; dense 10 softmax", ["1", "less than 1"]),
            ("dropout -0.5", ["-0.5"]), ("dropout x", ["x"]), ("dense 99999999999", ["99999999999"]),
            ("dense 10 leaky_relu(0.1,0.5)", ["leaky_relu", "b < a"]), ("dense 10 leaky_relu(1,2,3)", ["parameters"]),
            ("dense 10 elu(x)", ["x"]), ("dense 10 elu(1", ["parenthesis"]), ("dense 5 softmax", ["5", "10"]),
            ("reshape 3 3; dense 10 softmax", ["reshape", "64", "9"]), ("reshape 8 8; flatten; dense 10 relu extra", ["extra"]),
            ("conv 3", ["conv"]), ("dense 10 relu softmax(2)", ["softmax"]),
        ]
        self.assertGreaterEqual(len(cases), 20)
        for text, words in cases:
            with self.subTest(text):
                self.refuse(USAGE, words, "train", "--device=cpu", "--epochs=1", "--quiet", "--net=" + text)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def test_data_files(self):
        idx = struct.pack(">HBBIII", 0, 8, 3, 2, 2, 2) + bytes(8)
        labels = struct.pack(">HBBI", 0, 8, 1, 2) + bytes([0, 1])
        good = self.write("good-labels.idx", labels)
        cases = [
            ("empty.csv", "", []), ("one.csv", "a,b\n", []), ("ragged.csv", "1,2,x\n3,4\n", ["2"]), ("word.csv", "1,2,x\n1,two,y\n", ["two", "2"]),
            ("quote.csv", '1,2,"x\n1,2,y\n', []), ("nul.csv", b"1,2,x\n1,\0,y\n", []), ("nan.csv", "1,2,x\nnan,2,y\n", ["2"]),
            ("inf.csv", "1,2,x\n1,inf,y\n", ["2"]), ("hole.csv", "1,2,x\n1,,y\n", ["2"]), ("long.csv", "1,2,x\n1,2,3,y\n", ["2"]),
            ("huge.csv", "1,2,x\n1,1e999,y\n", ["2"]), ("binary.csv", bytes(range(256)), []), ("magic.idx", b"\1" + idx[1:], []),
            ("short.idx", idx[:-3], []), ("extra.idx", idx + b"xx", []), ("type.idx", idx[:2] + b"\x55" + idx[3:], []),
            ("head.idx", idx[:6], []), ("rank.idx", idx[:3] + b"\x09" + idx[4:], []),
            ("overflow.idx", struct.pack(">HBBIII", 0, 8, 3, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF), []),
            ("count.idx", struct.pack(">HBBIII", 0, 8, 3, 3, 2, 2) + bytes(12), ["3", "2"]), ("torn.idx.gz", b"\x1f\x8b\x08\0" + bytes(9), []),
        ]
        self.assertGreaterEqual(len(cases), 20)
        for name, content, words in cases:
            with self.subTest(name):
                path = self.write(name, content)
                more = ["--labels", good] if ".idx" in name else []
                self.refuse(BAD_FILE, [name, *words], "train", "--device=cpu", "--epochs=1", "--data", path, *more)
        self.refuse(BAD_FILE, ["absent.csv"], "train", "--device=cpu", "--data", self.path("absent.csv"))
        self.refuse(BAD_FILE, [self.folder.name], "train", "--device=cpu", "--data", self.folder.name)

    def test_model_files(self):
        model = self.path("good.safetensors")
        self.succeed("train", "--device=cpu", "--epochs=1", "--net=dense 10 softmax", "--save", model)
        with open(model, "rb") as file:
            content = file.read()
        size = struct.unpack("<Q", content[:8])[0]
        header, tensors = json.loads(content[8:8 + size]), content[8 + size:]

        def pack(changed, rest=tensors):
            text = json.dumps(changed).encode()
            text += b" " * (-len(text) % 8)
            return struct.pack("<Q", len(text)) + text + rest

        def with_network(change):
            changed = json.loads(json.dumps(header))
            network = json.loads(changed["__metadata__"]["soma.network"])
            change(network)
            changed["__metadata__"]["soma.network"] = json.dumps(network)
            return pack(changed)

        def with_header(change):
            changed = json.loads(json.dumps(header))
            change(changed)
            return pack(changed)

        weight = next(name for name in header if name.endswith("weight"))
        cases = [
            ("empty", b""), ("seven", content[:7]), ("torn header", content[:8 + size // 2]), ("torn tensors", content[:-1]),
            ("longer", content + b"\0"), ("huge header", struct.pack("<Q", 2**62) + content[8:]), ("no JSON", pack("x")),
            ("broken JSON", struct.pack("<Q", 8) + b"{\"a\":   " + tensors), ("text", b"this is no model file, it is text"),
            ("no network", with_header(lambda h: h.pop("__metadata__"))), ("no weight", with_header(lambda h: h.pop(weight))),
            ("wrong dtype", with_header(lambda h: h[weight].update(dtype="F64"))),
            ("wrong shape", with_header(lambda h: h[weight].update(shape=[1, 640]))),
            ("overlap", with_header(lambda h: h[weight].update(data_offsets=[8, 2568]))),
            ("network no JSON", with_header(lambda h: h["__metadata__"].update({"soma.network": "{"}))),
            ("format", with_network(lambda n: n.update(format=99))), ("unknown op", with_network(lambda n: n["tensors"][0].update(op="warp"))),
            ("no tensors", with_network(lambda n: n.update(tensors=[]))), ("forward input", with_network(lambda n: n["tensors"][3].update(inputs=[9, 1, 2]))),
            ("negative input", with_network(lambda n: n["tensors"][3].update(inputs=[-1, 1, 2]))),
            ("zero dimension", with_network(lambda n: n["tensors"][0].update(shape=[0]))),
            ("no layers", with_network(lambda n: n.pop("layers"))), ("deep", pack(header)[:8] + b"[" * 4000),
        ]
        self.assertGreaterEqual(len(cases), 20)
        for name, content in cases:
            with self.subTest(name):
                self.refuse(BAD_FILE, ["bad.safetensors"], "evaluate", "--device=cpu", "--model", self.write("bad.safetensors", content))
        self.refuse(BAD_FILE, ["absent"], "evaluate", "--device=cpu", "--model", self.path("absent"))

    def test_a_model_that_does_not_fit_the_data(self):
        model = self.path("model.safetensors")
        self.succeed("train", "--device=cpu", "--epochs=1", "--save", model)
        table = self.write("table.csv", "1,2,3,a\n4,5,6,b\n")
        self.refuse(BAD_FILE, ["3", "64"], "evaluate", "--device=cpu", "--model", model, "--data", table)


class NoDevices(ProgramTest):
    """Machines without OpenCL, or with too little of it."""

    def test_no_driver(self):
        environment = {"OCL_ICD_VENDORS": self.folder.name, "OCL_ICD_FILENAMES": ""}
        listed = self.json("devices", environment=environment)
        self.assertEqual([row["device"] for row in listed["devices"]], ["cpu"])
        self.refuse(NO_DEVICE, ["gpu", "cpu"], "train", "--device=gpu", environment=environment)
        self.assertEqual(self.json("train", "--epochs=1", environment=environment)["device"], "cpu")

    def test_a_platform_without_devices(self):
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


def main():
    if run("devices", f"--device={DEVICE}").returncode == NO_DEVICE:
        print(f"skipped: there is no device {DEVICE} here")
        sys.exit(77)
    names = sys.argv[3:] or ["Commands", "Promises", "RealData", "BadInputs", "NoDevices"]
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(globals()[name]) for name in names)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.wasSuccessful() and result.testsRun == len(result.skipped):
        print("skipped: " + "; ".join(sorted({reason for _, reason in result.skipped})))
        sys.exit(77)
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
