# SPDX-License-Identifier: MIT
"""What commands leave behind: where results are put and with which permissions, what is refused before training, and what is kept
where training or writing fails.

Usage: test_program_results.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import json
import os
import resource
import stat

from program import BAD_FILE, DEVICE, FAILED, PROGRAM, USAGE, ProgramTest, main, run

OPTIONS = ("--save", "--checkpoint", "--history", "--plot")


class ResultTest(ProgramTest):
    def content(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def fail_at_the_end(self, *arguments, **options):
        """Status 1; before that, it may have had something to say on stdout."""
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, FAILED, result.stderr)
        return result


def limited(size):
    """Files of the process end at this size, which stands in for a full disk, for root as for anybody else."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def pictures():
    """The endings of pictures that the program writes: PNG only with libpng."""
    return (".svg",) if "libpng" in run("show", "no.safetensors", "--filters=f.png").stderr else (".svg", ".png")


class Results(ResultTest):
    def setUp(self):
        super().setUp()
        self.data = self.write("d.csv", "".join(f"{i % 7},{i % 5},{'uv'[i % 2]}\n" for i in range(60)))

    def train(self, *more):
        """The table is one of pictures, too, of two pixels."""
        net = "reshape 1 2; conv 2 1x1; flatten; dense 5 tanh; dense 2 softmax"
        return ["train", f"--device={DEVICE}", "--data", self.data, "--net", net, "--epochs=2", *more]

    def model(self):
        """Makes a model, and returns its name."""
        self.succeed(*self.train("--save", self.path("a.safetensors")))
        return self.path("a.safetensors")

    def targets(self, model):
        """Every way to name a file of results: the command, which the name is to follow, and the endings that go with it."""
        with_data = [f"--device={DEVICE}", "--model", model, "--data", self.data]
        return [(self.train(option), ("",)) for option in OPTIONS] + [
            (["predict", *with_data, "--output"], (".csv", ".npy", ".npz")), (["convert", model], (".safetensors", ".onnx")),
            (["evaluate", *with_data, "--mistakes"], pictures()), (["evaluate", *with_data, "--plot"], ("",)), (["show", model, "--filters"], pictures())]

    def test_names_up_to_the_longest(self):
        model = self.model()
        for command, endings in self.targets(model):
            for ending in endings:
                for length in (31, 32, 200, 249, 250, 251, 252, 253, 254, 255):
                    name = self.path("n" * (length - len(ending)) + ending)
                    self.succeed(*command, name)
                    self.assertTrue(os.path.isfile(name), f"{command[0]} {length}")
                    os.remove(name)
                    self.assertEqual(sorted(os.listdir(self.folder.name)), ["a.safetensors", "d.csv"])

    def unwritable(self, ending):
        """Names at which no file can be made, and what is to be said of each."""
        for name, target in (("dangling", "no/such/target"), ("long", "x" * 256)):
            if not os.path.islink(self.path(name + ending)):
                os.symlink(target, self.path(name + ending))
        os.makedirs(self.path("directory" + ending), exist_ok=True)
        return [(self.path("no/such/folder" + ending), "No such file"), (self.path("n" * (256 - len(ending)) + ending), "name too long"),
                (self.path("dangling" + ending), "No such file"), (self.path("long" + ending), "name too long"),
                (self.path("d.csv/below" + ending), "Not a directory"), (self.path("directory" + ending), "is a directory")]

    def test_what_cannot_be_written_is_refused_before_the_work(self):
        model = self.model()
        for command, endings in self.targets(model):
            option = [command[-1]] if command[-1].startswith("--") else []
            if command[0] == "train":
                command = [*command[:-1], "--epochs=1000000", *option]
            for ending in endings:
                unwritable = self.unwritable(ending)
                before = sorted(os.listdir(self.folder.name))
                for name, reason in unwritable:
                    self.refuse(FAILED, [reason, *option], *command, name, timeout=60)
                self.assertEqual(sorted(os.listdir(self.folder.name)), before)

    def test_a_network_that_the_format_cannot_hold_is_refused_before_the_work(self):
        """An ONNX file ends at 2 GiB; these are 2.7 GB of weights, for which no memory is taken. On 32 bits they are more than could be addressed."""
        refusal = (FAILED, ["--save", "x.onnx", "2700000040 bytes", "safetensors"])
        with open(PROGRAM, "rb") as file:
            of_32_bits = file.read(5) == b"\x7fELF\x01"
        if of_32_bits:
            refusal = (USAGE, ["--net", "dense_1", "memory"])
        self.refuse(*refusal, "train", f"--device={DEVICE}", "--epochs=1000000", "--net", "dense 9000000 relu; dense 10 softmax",
                    "--save", self.path("x.onnx"), timeout=60)

    def test_models_do_not_go_into_devices(self):
        """But texts do: those who watch a training may read its history from a pipe."""
        for option in ("--save", "--checkpoint"):
            self.refuse(FAILED, [option, "/dev/null", "no ordinary file"], *self.train("--epochs=1000000", option, "/dev/null"),
                        timeout=60)
        for option in ("--history", "--plot"):
            self.succeed(*self.train(option, "/dev/null"))
        printed = self.succeed(*self.train("--history", "/dev/stdout", "--quiet")).stdout
        self.assertEqual(len([line for line in printed.splitlines() if line.startswith(("1,", "2,"))]), 2)

    def test_links_are_kept(self):
        """To a file that is there and to one that is not yet."""
        model = self.model()
        os.mkdir(self.path("there"))
        for command, endings in self.targets(model):
            for ending in endings:
                link, target = self.path("link" + ending), self.path("there/target" + ending)
                os.symlink("there/target" + ending, link)
                for _ in range(2):
                    self.succeed(*command, link)
                    self.assertTrue(os.path.islink(link), command)
                    self.assertTrue(os.path.isfile(target) and not os.path.islink(target), command)
                    self.assertGreater(os.path.getsize(target), 0)
                self.assertEqual(os.listdir(self.path("there")), ["target" + ending])
                os.remove(link)
                os.remove(target)

    def test_permissions(self):
        """Those of any new file; or of the one that is replaced."""
        model = self.model()
        for command, endings in self.targets(model):
            for ending in endings:
                name = self.path("result" + ending)
                for mask, mode in ((0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0, 0o666)):
                    self.succeed(*command, name, before=lambda mask=mask: os.umask(mask))
                    self.assertEqual(stat.S_IMODE(os.stat(name).st_mode), mode, command)
                    os.remove(name)
                self.write("result" + ending, "old")
                os.chmod(name, 0o604)
                self.succeed(*command, name, before=lambda: os.umask(0o077))
                self.assertEqual(stat.S_IMODE(os.stat(name).st_mode), 0o604, command)
                self.assertGreater(os.path.getsize(name), 3)
                os.remove(name)


class FullDisk(ResultTest):
    """The digits, and a network whose model fits under the limit while its checkpoint, with Adam's state, does not."""

    NET = "dense 4000 relu; dense 10 softmax"
    LIMIT = 2 * 4 * (64 * 4000 + 4000 + 4000 * 10 + 10)  # bytes: the model is half of it, a checkpoint one and a half

    def train(self, *more):
        return ["train", f"--device={DEVICE}", "--net", self.NET, "--epochs=2", "--batch=128", *more]

    def files(self, *names):
        self.assertEqual(sorted(os.listdir(self.folder.name)), sorted(names))

    def test_what_was_learnt_is_saved(self):
        self.succeed(*self.train("--epochs=1", "--save", self.path("one")))
        self.succeed(*self.train("--save", self.path("two")))
        arguments = ["--save", self.path("model"), "--history", self.path("history"), "--checkpoint", self.path("checkpoint")]
        for every, epochs, same in (((), 1, "one"), (("--every=15",), 1, None), (("--every=3",), 0, None), (("--every=1000",), 2, "two")):
            result = self.fail_at_the_end(*self.train(*arguments, *every), before=limited(self.LIMIT))
            for words in ("--checkpoint", self.path("checkpoint"), "File too large", "The weights are saved in " + self.path("model")):
                self.assertIn(words, result.stderr)
            self.assertEqual(result.stderr.count(self.path("checkpoint")), 1)
            self.assertNotIn("soma train: digits", result.stderr)
            self.files("history", "model", "one", "two")
            with open(self.path("history"), encoding="utf-8", newline="") as file:
                self.assertEqual(len(list(csv.reader(file))), 1 + epochs, every)
            if same:
                self.assertEqual(self.content("model"), self.content(same))
            self.assertGreater(self.json("evaluate", "--model", self.path("model"), f"--device={DEVICE}")["accuracy"], 0.1)

    def test_with_resume(self):
        """The checkpoint that was resumed stays, and the same training goes on from it when there is room."""
        checkpoint = self.path("checkpoint")
        self.succeed(*self.train("--save", self.path("two")))
        self.succeed(*self.train("--epochs=1", "--checkpoint", checkpoint))
        before = self.content("checkpoint")
        more = ["--resume", checkpoint, "--checkpoint", checkpoint, "--save", self.path("model")]
        failure = self.refuse_with_object(FAILED, *self.train("--json", *more), before=limited(self.LIMIT))
        self.assertEqual((failure["status"], failure["exit_status"]), ("SOMA_IO", FAILED))
        self.assertIn(checkpoint, failure["error"])
        self.assertNotIn("--resume", failure["error"])
        self.assertEqual(self.content("model"), self.content("two"))
        self.assertEqual(self.content("checkpoint"), before)
        self.files("checkpoint", "model", "two")
        self.succeed(*self.train(*more))
        self.assertEqual(self.content("model"), self.content("two"))
        result = run(*self.train("--resume", self.path("absent")))
        self.assertEqual(result.returncode, BAD_FILE)
        self.assertIn("--resume: " + self.path("absent"), result.stderr)

    def test_where_nothing_fits_both_are_named(self):
        """The file that is there already stays as it was. On the cpu: drivers do not bear it when their caches cannot be written."""
        self.write("model", "precious")
        arguments = self.train("--device=cpu", "--save", self.path("model"), "--checkpoint", self.path("checkpoint"), "--json")
        result = self.fail_at_the_end(*arguments, before=limited(self.LIMIT // 3))
        self.assertIn("--save: " + self.path("model"), result.stderr)
        self.assertIn("--checkpoint: " + self.path("checkpoint"), result.stderr)
        self.assertIn("--save", json.loads(result.stdout)["error"])
        self.assertEqual(self.content("model"), b"precious")
        self.files("model")

    def test_convert_and_predict(self):
        data = self.write("d.csv", "".join(f"{i % 7},{i % 5}\n" for i in range(200)))
        self.succeed("train", "--device=cpu", "--data", data, "--net", "dense 50 tanh; dense 1", "--epochs=1", "--regression",
                     "--save", self.path("a.safetensors"))
        for ending in ("safetensors", "onnx"):
            target = self.path("b." + ending)
            result = self.refuse(FAILED, ["File too large"], "convert", self.path("a.safetensors"), target, before=limited(500))
            self.assertEqual(result.stderr.count(target), 1, result.stderr)
            self.files("a.safetensors", "d.csv")
        for ending in ("csv", "npy", "npz"):
            target = self.path("p." + ending)
            result = self.refuse(FAILED, ["--output", "File too large"], "predict", "--device=cpu", "--model",
                                 self.path("a.safetensors"), "--data", data, "--output", target, before=limited(500))
            self.assertEqual(result.stderr.count(target), 1, result.stderr)
            self.files("a.safetensors", "d.csv")


    def test_pictures(self):
        self.succeed("train", "--device=cpu", "--net", "conv 16 5x5; flatten; dense 10 softmax", "--epochs=1", "--save", self.path("model"))
        for ending in pictures():
            for command in (["show", self.path("model"), "--filters"], ["evaluate", "--device=cpu", "--model", self.path("model"), "--mistakes"]):
                target = self.path("f" + ending)
                result = self.fail_at_the_end(*command, target, before=limited(500))
                self.assertIn(command[-1] + ": ", result.stderr)
                self.assertIn("File too large", result.stderr)
                self.assertEqual(result.stderr.count(target), 1, result.stderr)
                self.files("model")


class Divergence(ResultTest):
    """One weight w under w <- w - 2 r w on samples x = 1, y = 0: with r = 50 it grows by 99 from step to step."""

    def setUp(self):
        super().setUp()
        self.data = self.write("d.csv", "1,0\n" * 8)

    def train(self, *more):
        return ["train", f"--device={DEVICE}", "--data", self.data, "--regression", "--net", "dense 1", "--optimizer=sgd", "--lr=50",
                "--batch=8", "--validation=0", "--test=0", "--no-standardize", *more]

    def test_the_last_good_weights_are_saved(self):
        result = self.fail_at_the_end(*self.train("--epochs=100", "--save", self.path("model"), "--history", self.path("history")))
        with open(self.path("history"), encoding="utf-8", newline="") as file:
            epochs = len(list(csv.reader(file))) - 1
        self.assertGreater(epochs, 3)
        self.assertIn(f"stopped in epoch {epochs + 1}", result.stderr)
        self.assertIn(f"those of the end of epoch {epochs}", result.stderr)
        self.assertIn("The weights are saved in " + self.path("model"), result.stderr)
        self.succeed(*self.train(f"--epochs={epochs}", "--save", self.path("same")))
        self.assertEqual(self.content("model"), self.content("same"))

    def test_in_the_first_epoch(self):
        """The weights from before the training; but they replace nothing."""
        bad = self.train("--epochs=2", "--lr=1e38", "--batch=1", "--save", self.path("model"))
        failure = self.refuse_with_object(FAILED, *bad, "--json")
        self.assertEqual(failure["status"], "SOMA_NOT_FINITE")
        self.assertIn("from before the training", failure["error"])
        self.assertIn("The weights are saved in " + self.path("model"), failure["error"])
        self.succeed("summary", "--model", self.path("model"))
        self.write("model", "precious")
        failure = self.refuse_with_object(FAILED, *bad, "--json", "--history", self.path("history"))
        self.assertIn("model is left as it was", failure["error"])
        self.assertEqual(self.content("model"), b"precious")
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["d.csv", "model"])


if __name__ == "__main__":
    main()
