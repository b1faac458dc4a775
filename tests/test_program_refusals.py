#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the program refuses: twenty wrong device names, options, networks, data files and model files each.

Usage: test_program_refusals.py PROGRAM DEVICE [CLASS ...]
"""
import json
import struct
import sys

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, NO_DEVICE, USAGE, ProgramTest, main, run


class BadInputs(ProgramTest):
    def test_device_names(self):
        names = [" ", "nosuch", "gpuu", "opencl:99", "opencl:-1", "opencl:x", "opencl:", "opencl:1.5", "cpu:7", "cpu ", "CPU0",
                 "cuda", "metal", "opencl:99999999999999999999", "../cpu", "reference", "auto:1", "gpu:0:0", "\N{GREEK SMALL LETTER MU}",
                 "x" * 3000]
        self.assertGreaterEqual(len(names), 20)
        for name in names:
            with self.subTest(name):
                self.refuse(NO_DEVICE, ["device", "cpu"], "train", "--device=" + name)

    def test_what_other_programs_call_them(self):
        """The same training by other words, typed with - or _; of what means two things, both are named."""
        own = self.json("train", f"--device={DEVICE}", "--lr=0.02", "--batch=64", "--epochs=1", "--validation=0.2", "--seed=3", "--metric=accuracy,top_k")
        for words in (("--learning-rate=0.02", "--batch-size=64", "--num-epochs=1", "--validation-split=0.2", "--random-state=3", "--metrics=accuracy,top_k"),
                      ("--learning_rate=0.02", "--batch_size", "64", "--num_epochs=1", "--validation_split=0.2", "--random_seed=3", "--metric=accuracy,top_k")):
            other = self.json("train", f"--device={DEVICE}", *words)
            self.assertEqual(other["test_loss"], own["test_loss"])
        table = self.write("t.csv", "a;y;b\n" + "".join(f"{i};{i % 2};{i * 2 % 5}\n" for i in range(20)))
        found = self.succeed("train", f"--device={DEVICE}", "--data", table, "--target=y", "--delimiter=;", "--test_size=0.5", "--early_stopping=3", "--criterion=mse", "--regression", "--epochs=1")
        self.assertIn("9 samples to train on, 1 for validation, 10 to test on", found.stdout)
        for word in ("--weight-decay=0.1", "--weight_decay=0.1"):
            self.refuse(USAGE, [word.split("=")[0], "--decay", "--l2"], "train", f"--device={DEVICE}", word)
        self.refuse(USAGE, ["--learningrate", "did you mean '--learning-rate'"], "train", f"--device={DEVICE}", "--learningrate=1")

    def test_flags(self):
        cases = [
            (["--nosuch"], ["--nosuch"]), (["--epochss=3"], ["--epochss", "--epochs"]), (["--epochs=0"], ["epochs", "0"]),
            (["--epochs=-1"], ["epochs", "-1"]), (["--epochs=three"], ["epochs", "three"]), (["--epochs=1.5"], ["epochs", "1.5"]),
            (["--epochs="], ["epochs"]), (["--epochs=99999999999999999999"], ["epochs"]), (["--batch=0"], ["batch"]),
            (["--batch=12x"], ["batch", "12x"]), (["--lr=-1"], ["lr", "-1"]), (["--lr=nan"], ["lr", "nan"]),
            (["--lr=inf"], ["lr"]), (["--optimizer=adan"], ["adan", "adam"]), (["--loss=msee"], ["msee", "did you mean 'mse'", "mean_squared_error (mse), "]), (["--loss=none"], ["none"]),
            (["--optimizer=adamm"], ["adam"]), (["--metric=acuracy,acc"], ["did you mean 'accuracy'", "accuracy (acc), "]),
            (["--schedule=reduce_on_platau"], ["did you mean 'reduce_on_plateau'"]),
            (["--schedule=cos"], ["cos", "cosine"]), (["--validation=1"], ["validation", "1"]),
            (["--validation=-0.1"], ["validation"]), (["--seed=-3"], ["seed", "-3"]), (["--metric=accuraccy"], ["accuraccy", "accuracy"]),
            (["--threads=0"], ["threads"]), (["--top-k=0"], ["top-k"]), (["stray"], ["stray"]), (["--save"], ["save"]),
            (["--momentum=1.5"], ["momentum", "1.5"]), (["--class-weights=1,x"], ["class-weights", "x"]),
            (["--image-size=9"], ["--image-size", "digits"]), (["--grey"], ["--grey", "digits"]),
            (["--label=3"], ["--label, --header", "tables", "digits is none", "--labels"]), (["--header"], ["tables", "digits"]),
            (["--no-header"], ["tables", "digits"]), (["--separator=;"], ["tables", "digits"]),
            (["--augment=shift"], ["--augment", "shift PIXELS"]), (["--checkpoint=run.onnx"], ["--checkpoint", "run.onnx", ".ckpt"]),
        ]
        self.assertGreaterEqual(len(cases), 20)
        for flags, words in cases:
            with self.subTest(flags):
                self.refuse(USAGE, words, "train", "--device=cpu", *flags)
        # Of the network, whoever is asked to train it: no device failed.
        for text, words in (("shift 20", ["shift of up to 20", "8 x 8"]), ("cutout 80", ["cutout of 80", "8 x 8"])):
            for device in ("auto", "cpu"):
                with self.subTest(text, device=device):
                    found = self.refuse(USAGE, words, "train", "--device=" + device, "--quiet", "--epochs=1", "--augment=" + text)
                    self.assertEqual(found.stderr.count("\n"), 1, found.stderr)
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

    def test_data_files(self):
        idx = struct.pack(">HBBIII", 0, 8, 3, 2, 2, 2) + bytes(8)
        labels = struct.pack(">HBBI", 0, 8, 1, 2) + bytes([0, 1])
        good = self.write("good-labels.idx", labels)
        cases = [
            ("empty.csv", "", []), ("one.csv", "a,b\n", []), ("ragged.csv", "1,2,x\n3,4\n", ["2"]), ("word.csv", "1,2,x\n1,two,y\n", ["two", "2"]),
            ("quote.csv", '1,2,"x\n1,2,y\n', []), ("nul.csv", b"1,2,x\n1,\0,y\n", []), ("inf.csv", "1,2,x\ninf,2,y\n", ["2"]),
            ("inf.csv", "1,2,x\n1,inf,y\n", ["2"]), ("hole.csv", "1,2,x\n1,2,\n", ["2"]), ("long.csv", "1,2,x\n1,2,3,y\n", ["2"]),
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


if __name__ == "__main__":
    main()
