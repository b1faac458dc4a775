# SPDX-License-Identifier: MIT
"""Tests of `soma train --distributed mpi`, by processes that mpirun starts: what they make together, what they refuse, how they end.

SOMA_MPIRUN names the mpirun of an MPI that the program has a module for; where it is empty, the tests that need it are skipped.
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import program
from program import DEVICE, PROGRAM, USAGE, ProgramTest, read_safetensors

MPIRUN = os.environ.get("SOMA_MPIRUN") or None
# Open MPI and its successor: as root, and with more processes than cores.
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
               "OMPI_MCA_hwloc_base_binding_policy": "none", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}
TRAIN = ["train", f"--device={DEVICE}", "--threads=1", "--data=digits", "--net=dense 16 tanh; dropout 0.2; dense 10 softmax", "--seed=3"]


def command(ranks, *arguments):
    return ["-n", str(ranks), PROGRAM, *arguments, "--distributed=mpi"]


def mpirun(*parts, timeout=120):
    """Runs these commands as one job."""
    words = [MPIRUN]
    for i, part in enumerate(parts):
        words += [":"] * (i > 0) + part
    return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=timeout, env=ENVIRONMENT)


def numbers(tensor):
    """Of a matrix or a vector, one after the other."""
    return [x for row in tensor for x in (row if isinstance(row, tuple) else [row])]


class WithoutStarter(ProgramTest):
    def test_other_repetitions_are_refused(self):
        for other in (["--folds=3"], ["--seeds=2"], [f"--find-lr={self.path('rates.svg')}"]):
            self.refuse(USAGE, ["--distributed", other[0].split("=")[0]], *TRAIN, "--distributed=mpi", *other)

    def test_shards_are_of_what_is_repeatable(self):
        self.refuse(USAGE, ["--shards", "--repeatable"], *TRAIN, "--shards=4")

    def test_what_several_processes_do_is_of_several(self):
        for option in ("--bucket=1K", "--wire=bf16", "--sync-batchnorm"):
            self.refuse(USAGE, [option.split("=")[0], "--distributed"], *TRAIN, option)

    def test_a_module_that_is_not_there_is_named(self):
        alone = self.path("soma")
        shutil.copy(PROGRAM, alone)
        # The library stays where it is.
        library = os.path.join(os.path.dirname(os.path.dirname(PROGRAM)), "src")
        result = subprocess.run([alone, *TRAIN, "--distributed=mpi"], capture_output=True, text=True, timeout=60,
                                env={**os.environ, "LD_LIBRARY_PATH": library, "PMI_SIZE": "2"})
        self.assertEqual(result.returncode, USAGE, result.stderr)
        self.assertIn("soma-mpi-mpich.so", result.stderr)
        self.assertIn("-Dmpi=enabled", result.stderr)


class Devices(ProgramTest):
    """Two of what DEVICE is: cpu, or OpenCL devices that PoCL makes of one processor."""
    def setUp(self):
        super().setUp()
        self.devices = ["cpu", "cpu"] if DEVICE == "cpu" else ["opencl:0", "opencl:1"]
        self.several = ",".join(self.devices)
        if DEVICE != "cpu" and program.run("devices", f"--device={self.several}").returncode:
            self.skipTest("there are no two OpenCL devices")

    def test_repeatable_training_makes_the_same_bytes(self):
        arguments = ["train", "--threads=1", "--data=digits", "--epochs=2", "--repeatable", "--shards=4", "--batch=60", "--seed=3",
                     "--net=conv 4 3x3 relu; batchnorm; flatten; dropout 0.2; dense 10 softmax", "--augment=shift 1; brightness 0.1"]
        self.succeed(*arguments, f"--device={self.devices[0]}", f"--save={self.path('one')}")
        with open(self.path("one"), "rb") as file:
            expected = file.read()
        for several in [self.several] + (["cpu,cpu,cpu,cpu"] if DEVICE == "cpu" else []):
            result = self.succeed(*arguments, f"--device={several}", f"--save={self.path('several')}")
            self.assertEqual(len(re.findall(f"^Device +{re.escape(several)}: ", result.stdout, re.M)), 1, result.stdout)
            with open(self.path("several"), "rb") as file:
                self.assertEqual(file.read(), expected, several)

    def test_a_checkpoint_of_two_is_one_s_to_go_on_from(self):
        checkpoint = self.path("run.ckpt")
        arguments = [*TRAIN[:1], *TRAIN[2:], "--repeatable", "--shards=4", "--batch=60"]
        self.succeed(*arguments, f"--device={self.devices[0]}", "--epochs=2", f"--save={self.path('whole')}")
        self.succeed(*arguments, f"--device={self.several}", "--epochs=1", f"--checkpoint={checkpoint}", "--every=5")
        self.succeed(*arguments, f"--device={self.devices[0]}", "--epochs=2", f"--resume={checkpoint}", f"--save={self.path('gone on')}")
        whole, on = (read_safetensors(self.path(name))[1] for name in ("whole", "gone on"))
        self.assertEqual(whole, on)

    def test_all_but_training_is_done_on_the_first(self):
        model = self.path("model")
        net = ["--epochs=1", "--bucket=1K", "--wire=bf16", "--json"]
        trained = self.succeed(*TRAIN[:1], *TRAIN[2:], *net, f"--device={self.several}", f"--save={model}")
        self.assertIn(f'"device": "{self.several}"', trained.stdout)
        result = self.succeed("evaluate", f"--model={model}", "--data=digits", f"--device={self.several}")
        self.assertEqual(result.stderr.count("only training uses all"), 1, result.stderr)
        listed = self.succeed("devices", f"--device={self.several}", "--json")
        for device in self.devices:
            self.assertEqual(listed.stdout.count(f'"device": "{device}"'), self.devices.count(device), listed.stdout)

    def test_what_is_no_device_is_refused(self):
        self.refuse(program.NO_DEVICE, [f"{self.devices[0]},sundial"], *TRAIN[:1], *TRAIN[2:], f"--device={self.devices[0]},sundial")
        self.refuse(program.NO_DEVICE, ["opencl:77"], *TRAIN[:1], *TRAIN[2:], f"--device={self.devices[0]},opencl:77")
        if DEVICE != "cpu":
            self.refuse(program.NO_DEVICE, ["opencl:0", "twice"], *TRAIN[:1], *TRAIN[2:], "--device=opencl:0,opencl:0")


@unittest.skipUnless(MPIRUN, "there is no MPI that the program has a module for, or its mpirun is missing")
class Distributed(ProgramTest):
    def expect_job(self, status, result):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)

    def test_two_processes_make_what_one_makes(self):
        more = ["--epochs=2", f"--checkpoint={self.path('run.ckpt')}"]
        self.succeed(*TRAIN, "--epochs=2", f"--save={self.path('one')}", f"--history={self.path('one.csv')}")
        result = mpirun(command(2, *TRAIN, *more, f"--save={self.path('two')}", f"--history={self.path('two.csv')}"))
        self.expect_job(0, result)
        self.assertEqual(result.stdout.count("Saved the network"), 1, result.stdout)
        self.assertEqual(result.stdout.count("Trained 2 epochs"), 1, result.stdout)
        self.assertEqual(len(re.findall("^Ranks +2 by ", result.stdout, re.M)), 1, result.stdout)
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["one", "one.csv", "run.ckpt", "two", "two.csv"])
        one, two = (read_safetensors(self.path(name))[1] for name in ("one", "two"))
        self.assertEqual(one.keys(), two.keys())
        # Adam moves a weight by at most the learning rate, 0.001, in each of 82 steps; what rounding does to that stays far below one of them.
        for name, values in one.items():
            self.assertLess(max(abs(a - b) for a, b in zip(numbers(values), numbers(two[name]))), 1e-4, name)
        with open(self.path("one.csv")) as a, open(self.path("two.csv")) as b:
            for first, second in list(zip(a, b))[1:]:
                for x, y in zip(first.split(",")[:6], second.split(",")[:6]):
                    self.assertAlmostEqual(float(x), float(y), delta=1e-3)

    def test_two_devices_of_one_process_make_what_two_processes_make(self):
        arguments = [*TRAIN, "--epochs=1", f"--save={self.path('processes')}"]
        self.expect_job(0, mpirun(command(2, *arguments)))
        self.succeed(*TRAIN[:1], f"--device={DEVICE},{DEVICE}", *TRAIN[2:], "--epochs=1", f"--save={self.path('devices')}")
        saved = []
        for name in "processes", "devices":
            with open(self.path(name), "rb") as file:
                saved.append(file.read())
        self.assertEqual(*saved)

    def test_several_processes_have_one_device_each(self):
        result = mpirun(command(2, *TRAIN[:1], f"--device={DEVICE},{DEVICE}", *TRAIN[2:], "--epochs=1"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("of several processes each can have one device", result.stderr)

    def test_sums_go_in_buckets_and_as_bfloat16(self):
        """Two add up elements one by one: so buckets change no byte."""
        net = "--net=conv 4 3x3 relu; batchnorm; flatten; dense 10 softmax"
        saved = {}
        for name, more in (("whole", ["--bucket=1G"]), ("parts", ["--bucket=1K"]), ("half", ["--wire=bf16"]), ("one", []), ("all", ["--sync-batchnorm"])):
            ranks = 1 if name == "one" else 2
            self.expect_job(0, mpirun(command(ranks, *TRAIN[:4], net, *TRAIN[5:], "--epochs=1", "--batch=64", *more, f"--save={self.path(name)}")))
            saved[name] = {key: numbers(values) for key, values in read_safetensors(self.path(name))[1].items()}

        def apart(a, b):
            return max(abs(x - y) for key, values in saved[a].items() for x, y in zip(values, saved[b][key]))

        self.assertEqual(apart("whole", "parts"), 0)
        self.assertGreater(apart("whole", "half"), 0)
        # Adam's 21 steps move a weight by 0.001 each at most, and rounding changes few of their signs; a batch of half the size changes its figures.
        self.assertLess(apart("whole", "half"), 21e-3)
        self.assertLess(apart("one", "all"), 1e-3)
        self.assertGreater(apart("one", "whole"), 4 * apart("one", "all"))

    def test_repeatable_ones_make_the_same_bytes(self):
        more = ["--epochs=2", "--repeatable", "--shards=6", "--net=conv 4 3x3 relu; batchnorm; flatten; dropout 0.2; dense 10 softmax",
                "--augment=shift 1; brightness 0.1"]
        arguments = TRAIN[:4] + TRAIN[5:] + more
        self.succeed(*arguments, f"--save={self.path('one')}")
        self.assertIn("repeatable, by batches in 6 shards", self.succeed("show", self.path("one")).stdout)
        with open(self.path("one"), "rb") as file:
            expected = file.read()
        for ranks in 2, 3:
            self.expect_job(0, mpirun(command(ranks, *arguments, f"--save={self.path('several')}")))
            with open(self.path("several"), "rb") as file:
                self.assertEqual(file.read(), expected, f"by {ranks} processes")

    def test_processes_with_other_data_are_refused(self):
        rows = "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40))
        tables = [self.write("a.csv", rows), self.write("b.csv", rows.replace("6,", "5.5,"))]
        commands = [command(1, "train", f"--device={DEVICE}", f"--data={table}", "--net=dense 2 softmax", "--no-standardize") for table in tables]
        result = mpirun(*commands)
        self.assertNotEqual(result.returncode, 0)
        # The ranges of the data are kept with the network.
        self.assertEqual(len(re.findall("rank 1 has (another network|other training data) than rank 0", result.stderr)), 1, result.stderr)

    def test_a_process_that_cannot_begin_ends_all(self):
        start = time.monotonic()
        result = mpirun(command(1, *TRAIN), command(1, *TRAIN[:3], "--data=/nowhere"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("rank 1: --data", result.stderr)
        self.assertLess(time.monotonic() - start, 60 * program.SLOWNESS)

    def begin_long_run(self):
        """A job of three processes that would go on for long, once it has written a checkpoint; and the processes."""
        checkpoint = self.path("long.ckpt")
        arguments = command(3, *TRAIN, "--epochs=100000", f"--checkpoint={checkpoint}", "--every=20")
        job = subprocess.Popen([MPIRUN, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        self.addCleanup(job.stderr.close)
        self.addCleanup(job.kill)
        for _ in range(600):
            if os.path.exists(checkpoint) or job.poll() is not None:
                break
            time.sleep(0.05)
        self.assertTrue(os.path.exists(checkpoint), "no checkpoint was written")
        return job, checkpoint

    def processes(self, checkpoint):
        """Those of the program that have this checkpoint among their arguments."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[0] == PROGRAM.encode() and f"--checkpoint={checkpoint}".encode() in words:
                found.append(int(path.split("/")[2]))
        return found

    def expect_whole(self, checkpoint):
        """All processes are gone, and two go on from the checkpoint of three."""
        self.assertEqual(self.processes(checkpoint), [])
        self.succeed("show", checkpoint)
        result = mpirun(command(2, *TRAIN, "--epochs=100000", f"--checkpoint={checkpoint}", f"--resume={checkpoint}", "--early-stopping=1",
                                "--min-delta=1000"))
        self.expect_job(0, result)

    def test_a_wish_to_end_is_heeded(self):
        job, checkpoint = self.begin_long_run()
        job.send_signal(signal.SIGTERM)
        job.wait(timeout=30 * program.SLOWNESS)
        self.assertNotEqual(job.returncode, 0)
        self.expect_whole(checkpoint)


if __name__ == "__main__":
    program.main()
