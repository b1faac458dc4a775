# SPDX-License-Identifier: MIT
"""soma convert, soma show, and pictures and models of ONNX in other commands, from outside.

Usage: test_program_files.py PROGRAM DEVICE [CLASS ...]
"""
import ast
import csv
import io
import json
import math
import os
import shutil
import struct
import subprocess
import unittest
import zipfile
import zlib

from program import BAD_FILE, USAGE, ProgramTest, main, npy, read_npy, run


def png(height, width, colour_of):
    """A picture, of colours by row and column."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"".join(bytes(colour_of(y, x)) for x in range(width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def field(number, value):
    """A field of a protocol buffer: a number, a text, a message."""
    def varint(n):
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx_value(number, name, element, *shape):
    """A graph's input (11) or output (12); a dimension that is a text is not fixed."""
    dims = b"".join(field(1, field(2 if isinstance(size, str) else 1, size)) for size in shape)
    return field(number, field(1, name) + field(2, field(1, field(1, element) + field(2, dims))))


def onnx_node(op, inputs, output, more=b""):
    return field(1, b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, op) + more)


def onnx_model(*parts, opset=17):
    return field(1, 8) + field(8, field(2, opset)) + field(7, b"".join(parts))


FLOAT, TEXT = 1, 8
PARTLY_KNOWN = onnx_model(
    onnx_node("Relu", ["x"], "r"), onnx_node("Neg", ["r"], "n"), onnx_node("Tokenize", ["words"], "t"),
    onnx_node("If", ["t"], "c", field(5, field(1, "then_branch") + field(20, 5) + field(6, onnx_node("Tokenize", ["words"], "u")))),
    onnx_value(11, "x", FLOAT, "n", 2), onnx_value(11, "words", TEXT, "n"),
    onnx_value(12, "r", FLOAT, "n", 2), onnx_value(12, "n", FLOAT, "n", 2), onnx_value(12, "c", FLOAT, "n", 3))


def onnx_whole(name, value):
    """An attribute that is a whole number."""
    return field(5, field(1, name) + field(20, 2) + field(3, value))


INT64, BOOL = 7, 9
TYPED = onnx_model(
    onnx_node("Cast", ["tokens"], "t", onnx_whole("to", FLOAT)), onnx_node("ArgMax", ["t"], "first", onnx_whole("axis", 1)), onnx_node("Not", ["mask"], "hidden"),
    onnx_value(11, "tokens", INT64, "n", 3), onnx_value(11, "mask", BOOL, "n", 3), onnx_value(12, "first", INT64, "n", 1), onnx_value(12, "hidden", BOOL, "n", 3))
RELU_OF_X = onnx_model(onnx_node("Relu", ["x"], "y"), onnx_value(11, "x", FLOAT, "n", 2), onnx_value(12, "y", FLOAT, "n", 2))
SINGLE = onnx_model(onnx_node("Cast", ["tokens"], "y", onnx_whole("to", INT64)), onnx_value(11, "tokens", INT64, "n", 3), onnx_value(12, "y", INT64, "n", 3))


def npy_bool(shape, values):
    return npy("|u1", shape, values).replace(b"|u1", b"|b1")


def whole_numbers(content):
    """The shape and the elements of an array of whole numbers or truth."""
    header = ast.literal_eval(content[10:10 + struct.unpack("<H", content[8:10])[0]].decode().strip())
    order, kind = header["descr"][0].replace("|", "<"), {"i8": "q", "b1": "B"}[header["descr"][1:]]
    return header["shape"], list(struct.unpack(f"{order}{math.prod(header['shape'])}{kind}", content[-math.prod(header["shape"]) * struct.calcsize(kind):]))


class Arrays(ProgramTest):
    """Arrays of the types that an ONNX model declares, under the names of its inputs and outputs."""
    def archive(self, name, **arrays):
        path = self.path(name)
        with zipfile.ZipFile(path, "w") as members:
            for key, content in arrays.items():
                members.writestr(key + ".npy", content)
        return path

    def setUp(self):
        super().setUp()
        self.typed, self.out = self.write("typed.onnx", TYPED), self.path("out.npz")
        self.tokens, self.mask = npy("<i8", (2, 3), [1, 9, 3, 7, 2, 7]), npy_bool((2, 3), [1, 0, 1, 0, 0, 1])

    def predict(self, model, data, output, *more):
        return ("predict", "--device=cpu", "--model", model, "--data", data, "--raw", "--output", output, *more)

    def test_an_archive_of_inputs_gives_one_of_outputs(self):
        data = self.archive("in.npz", tokens=self.tokens, mask=self.mask, other=npy("<f4", (1,), [1]))
        for batch in (256, 1):
            self.assertEqual(self.json(*self.predict(self.typed, data, self.out, f"--batch={batch}"))["samples"], 2)
            with zipfile.ZipFile(self.out) as members:
                self.assertEqual(set(members.namelist()), {"first.npy", "hidden.npy"})
                self.assertEqual(whole_numbers(members.read("first.npy")), ((2, 1), [1, 0]))
                self.assertEqual(whole_numbers(members.read("hidden.npy")), ((2, 3), [0, 1, 0, 1, 1, 0]))

    def test_a_single_array_is_a_file(self):
        model, data, out = self.write("single.onnx", SINGLE), self.write("in.npy", self.tokens), self.path("out.npy")
        self.succeed(*self.predict(model, data, out))
        with open(out, "rb") as file:
            self.assertEqual(whole_numbers(file.read()), ((2, 3), [1, 9, 3, 7, 2, 7]))

    def test_results_have_the_shapes_that_the_numbers_make(self):
        places = onnx_model(onnx_node("NonZero", ["x"], "y"), onnx_value(11, "x", FLOAT, "n", "m"), onnx_value(12, "y", INT64, 2, "k"))
        model, data = self.write("places.onnx", places), self.archive("in.npz", x=npy("<f4", (2, 3), [1, 0, 0, 0, 5, 6]))
        self.assertEqual(self.json(*self.predict(model, data, self.out))["output"], self.out)
        with zipfile.ZipFile(self.out) as members:
            self.assertEqual(whole_numbers(members.read("y.npy")), ((2, 3), [0, 1, 1, 0, 1, 2]))
        single, out = self.write("in.npy", npy("<f4", (1, 2), [0, 7])), self.path("out.npy")
        self.succeed(*self.predict(model, single, out, "--outputs=y"))
        with open(out, "rb") as file:
            self.assertEqual(whole_numbers(file.read()), ((2, 1), [0, 1]))
        self.refuse(BAD_FILE, ("x, takes float32 [?, ?], got int64 [2, 3]",), *self.predict(model, self.archive("typed.npz", x=self.tokens), self.out))
        self.refuse(BAD_FILE, ("has no array called x",), *self.predict(model, self.archive("none.npz", z=self.tokens), self.out))
        self.refuse(BAD_FILE, ("not fixed",), "predict", "--device=cpu", "--model", model, "--data", data, "--output", self.out)

    def test_a_data_set_stays_one_where_an_input_is_called_as_its_samples(self):
        model, labels = self.write("relu.onnx", RELU_OF_X), npy("<i8", (2,), [0, 1])
        data = self.archive("data.npz", x=npy("<f4", (2, 2), [1, -2, -3, 4]), y=labels)
        for way in ([], ["--output", self.path("out.csv")]):
            said = self.succeed("predict", "--device=cpu", "--model", model, "--data", data, "--raw", "--quiet", *way).stdout
            if way:
                with open(way[1], encoding="utf-8") as file:
                    said = file.read()
            self.assertEqual([[float(cell) for cell in row] for row in list(csv.reader(said.splitlines()))[1:]], [[1, 0], [0, 4]])
        other, out = self.archive("other.npz", x=npy("<f8", (2, 2), [1, -2, -3, 4]), y=labels), self.path("out.npy")
        self.succeed(*self.predict(model, other, out))  # made what the model takes
        self.assertEqual((read_npy(out)[0]["shape"], read_npy(out)[2]), ((2, 2), (1, 0, 0, 4)))
        self.succeed(*self.predict(model, data, self.out))
        with zipfile.ZipFile(self.out) as members:
            self.assertEqual(members.namelist(), ["y.npy"])

    def test_other_arrays_are_refused(self):
        whole = self.archive("whole.npz", tokens=npy("<i4", (2, 3), range(6)), mask=self.mask)
        self.refuse(BAD_FILE, ["--data", "tokens", "int64", "int32"], *self.predict(self.typed, whole, self.out))
        large = self.archive("large.npz", tokens=npy("<i8", (2, 3), [0, 0, 0, 0, 1 << 25, 0]), mask=self.mask)
        self.refuse(BAD_FILE, ["tokens", "[1, 1]", "33554432"], *self.predict(self.typed, large, self.out))
        part = self.archive("part.npz", tokens=self.tokens, masque=self.mask)
        self.refuse(BAD_FILE, ["mask", "tokens, masque"], *self.predict(self.typed, part, self.out))
        uneven = self.archive("uneven.npz", tokens=self.tokens, mask=npy_bool((1, 3), [0, 0, 0]))
        self.refuse(BAD_FILE, ["mask", "1 samples", "2"], *self.predict(self.typed, uneven, self.out))
        good = self.archive("good.npz", tokens=self.tokens, mask=self.mask)
        self.refuse(USAGE, ["--output", "2 outputs", ".npz"], *self.predict(self.typed, good, self.path("out.npy")))
        self.refuse(USAGE, ["--output", ".npz"], *self.predict(self.typed, good, self.path("out.csv")))
        self.assertFalse(os.path.exists(self.out))


class Files(ProgramTest):
    def model(self):
        path = self.path("a.safetensors")
        data = self.write("d.csv", "".join(f"{i % 7},{i % 5},{'uv'[i % 2]}\n" for i in range(40)))
        self.succeed("train", "--device=cpu", "--data", data, "--net", "dense 5 tanh; dense 2 softmax", "--epochs=2",
                     "--no-standardize", "--save", path)
        return path, data

    def test_what_pictures_are_read_by_goes_along(self):
        folder, photo, model, converted = (self.path(name) for name in ("pictures", "photo.png", "a.safetensors", "a.onnx"))
        for number, name in enumerate(("blue", "red")):
            os.makedirs(os.path.join(folder, name))
            for i in range(4):
                with open(os.path.join(folder, name, f"{i}.png"), "wb") as file:
                    file.write(png(9, 12, lambda y, x, n=number, i=i: (200 * n + 9 * i, 7 * x + i, 200 - 200 * n + 3 * y)))
        with open(photo, "wb") as file:  # its middle is red
            file.write(png(10, 40, lambda y, x: (250, 60, 20) if 12 <= x < 28 else (0, 0, 240)))
        train = ("train", "--device=cpu", "--data", folder, "--image-size=6x7", "--image-fit=crop", "--net=conv 3 3x3 tanh; flatten; dense 2 softmax",
                 "--epochs=2", "--augment=flip", "--save", model)
        if "built with libpng" in run(*train).stderr:
            self.skipTest("soma was built without libpng")
        self.succeed(*train)
        self.succeed("convert", model, converted)
        outputs = [self.succeed("predict", "--device=cpu", "--model", file, "--data", photo, "--quiet", *more).stdout
                   for more in ((), ("--raw",)) for file in (model, converted)]
        self.assertEqual(outputs[0], outputs[1])
        self.assertRegex(outputs[0], "red|blue")
        numbers = [[float(word) for word in text.splitlines()[1].split(",")[1:]] for text in outputs[2:]]
        for found, expected in zip(*numbers):
            self.assertAlmostEqual(found, expected, delta=1e-5)
        stretched = self.succeed("predict", "--device=cpu", "--model", converted, "--data", photo, "--quiet", "--raw", "--image-fit=stretch").stdout
        self.assertNotEqual(outputs[3], stretched)

    def pictures(self, *train):
        """Trains on two classes of pictures of 9 x 12; the model, a folder of others, and their paths in order."""
        folder, others, model = self.path("pictures"), self.path("others"), self.path("m.safetensors")
        for number, name in enumerate(("blue", "red")):
            os.makedirs(os.path.join(folder, name))
            for i in range(4):
                self.write(f"pictures/{name}/{i}.png", png(9, 12, lambda y, x, n=number, i=i: (200 * n + 9 * i, 7 * x, 200 - 200 * n + y)))
        os.makedirs(others)
        names = ["b.png", 'a, "1".png', "c.PNG"]
        for number, name in enumerate(names):
            self.write(f"others/{name}", png(9, 12, lambda y, x, n=number: (120 * n, 7 * x, 240 - 120 * n)))
        arguments = ("train", "--device=cpu", "--data", folder, "--epochs=2", "--quiet", *train, "--save", model)
        if "built with libpng" in run(*arguments).stderr:
            self.skipTest("soma was built without libpng")
        self.succeed(*arguments)
        return model, others, [os.path.join(others, name) for name in sorted(names)]

    def test_predictions_of_pictures_name_the_files(self):
        model, others, paths = self.pictures("--net=flatten; dense 2 softmax", "--test=0.25")
        predict = ("predict", "--device=cpu", "--model", model, "--data")
        rows = list(csv.reader(self.succeed(*predict, others).stdout.splitlines()))
        self.assertEqual(rows[0], ["file", "class", "probability", "blue", "red"])
        self.assertEqual([row[0] for row in rows[1:]], paths)
        for path, row in zip(paths, rows[1:]):  # each alone is what it is among the others
            alone = list(csv.reader(self.succeed(*predict, path).stdout.splitlines()))[1]
            self.assertEqual(alone[:2], [path, row[1]])
            for found, expected in zip(alone[2:], row[2:]):
                self.assertAlmostEqual(float(found), float(expected), places=5)
        for name, content in (("fake.png", "hello\n"), ("empty.PNG", b""), ("fake.jpeg", "1,2\n"), ("p.gif", b"GIF89a\1\0\1\0\0\0\0"),
                              ("gif", b"GIF89a\1\0\1\0\0\0\0"), ("p.bmp", b"BM\0\0\0"), ("p.webp", b"RIFF\0\0\0\0WEBPVP8 ")):
            with self.subTest(name):
                found = self.refuse(BAD_FILE, ["is no PNG or JPEG picture"], *predict, self.write(name, content))
                self.assertEqual(found.stderr.count(name), 1, found.stderr)
        self.refuse(BAD_FILE, ["nofile.png", "one picture (PNG or JPEG)"], *predict, self.path("nofile.png"))
        raw = list(csv.reader(self.succeed(*predict, others, "--raw").stdout.splitlines()))
        self.assertEqual((raw[0], [row[0] for row in raw[1:]]), (["file", "output_1", "output_2"], paths))
        self.assertEqual(self.json(*predict, others)["files"], paths)
        held_out = list(csv.reader(self.succeed(*predict, self.path("pictures"), "--part=test").stdout.splitlines()))[1:]
        self.assertEqual({os.path.basename(os.path.dirname(row[0])) for row in held_out}, {"blue", "red"})
        table = self.write("d.csv", "1,2,a\n2,1,b\n" * 4)
        self.succeed("train", "--device=cpu", "--data", table, "--epochs=1", "--quiet", "--save", self.path("t.safetensors"))
        plain = ("predict", "--device=cpu", "--model", self.path("t.safetensors"), "--data", table)
        self.assertTrue(self.succeed(*plain).stdout.startswith("class,"))
        self.assertNotIn("files", self.json(*plain))

    def test_mistakes_name_the_files_of_pictures(self):
        """A picture is a mistake either where it lies or in the folder of the other class."""
        model, _, _ = self.pictures("--net=flatten; dense 2 softmax")
        os.makedirs(self.path("swapped"))
        for name, other in (("blue", "red"), ("red", "blue")):
            os.symlink(self.path(f"pictures/{name}"), self.path(f"swapped/{other}"))
        mistaken = []
        for folder in (self.path("pictures"), self.path("swapped")):
            arguments = ("--device=cpu", "--model", model, "--data", folder, "--part=all")
            files = self.json("predict", *arguments)["files"]
            for mistake in self.json("evaluate", *arguments, "--mistakes", self.path("m.svg"))["worst"]:
                self.assertEqual(mistake["file"], files[mistake["sample"]])
                mistaken.append(os.path.realpath(mistake["file"]))
        self.assertEqual(sorted(mistaken), sorted(os.path.realpath(self.path(f"pictures/{name}/{i}.png")) for name in ("blue", "red") for i in range(4)))

    def test_what_a_model_keeps_of_its_pictures_is_told(self):
        model, _, _ = self.pictures("--net=conv 2 3x3; flatten; dense 2 softmax", "--image-size=6x7", "--image-fit=pad", "--grey",
                                    "--augment=shift 1; flip")
        for command in (("show", model), ("summary", "--device=cpu", "--model", model)):
            text = self.succeed(*command).stdout
            self.assertIn("pictures: 6x7 pixels (height x width), grey, by --image-fit=pad\n", text)
            self.assertIn("augmentation in training: shift 1; flip\n", text)
            told = self.json(*command)
            self.assertEqual(told["pictures"], {"height": 6, "width": 7, "grey": True, "fit": "pad"})
            self.assertEqual(told["augmentation"], "shift 1; flip")
        plain, _ = self.model()
        self.assertFalse({"pictures", "augmentation"} & set(self.json("show", plain)))
        self.assertNotIn("pictures", self.succeed("show", plain).stdout)

    def test_what_is_said_in_resuming_is_not_passed_over(self):
        """Without --net the checkpoint says how data are read; options may repeat that, but not say otherwise."""
        checkpoint, table = self.path("run.ckpt"), self.write("d.csv", "".join(f"{i % 7},{i % 5},{i % 3}\n" for i in range(42)))
        self.pictures("--net=flatten; dense 2 softmax", "--image-size=6x7", "--checkpoint", checkpoint)
        resume = ("train", "--device=cpu", "--quiet", "--epochs=3", "--resume", checkpoint, "--data", self.path("pictures"))
        self.succeed(*resume)
        self.succeed(*resume, "--image-size=6x7", "--image-fit=stretch")
        for option, words in (("--image-size=7x6", ["6, 7, 3", "7, 6, 3"]), ("--image-size=6", ["6, 7, 3", "6, 6, 3"]),
                              ("--grey", ["6, 7, 3", "6, 7, 1"]), ("--image-fit=crop", ["--resume", "fit", "crop", "stretch"])):
            with self.subTest(option):
                self.refuse(BAD_FILE, words, *resume, option)
        for trained, same, other in (("--no-standardize", "--no-standardize", "--standardize"), (None, "--standardize", "--no-standardize")):
            self.succeed("train", "--device=cpu", "--quiet", "--data", table, "--epochs=1", "--checkpoint", checkpoint, *([trained] if trained else []))
            resume = ("train", "--device=cpu", "--quiet", "--epochs=2", "--resume", checkpoint, "--data", table)
            for option in ([], [same]):
                self.succeed(*resume, *option)
            self.refuse(BAD_FILE, ["--resume", "preprocessing"], *resume, other)

    def test_show_a_picture(self):
        path = self.write("photo.PNG", png(3, 5, lambda y, x: (51 * x, 51, 102)))
        result = run("show", path)
        if "built with libpng" in result.stderr:
            self.skipTest("soma was built without libpng")
        self.assertEqual(result.stdout, f"{path}: a picture of 3x5 pixels (height x width), 3 channels, numbers from 0 to 0.8\n")
        shown = self.json("show", path)
        self.assertEqual((shown["holds"], shown["shape"]), ("picture", [3, 5, 3]))
        self.refuse(BAD_FILE, ["empty.png", "PNG"], "show", self.write("empty.png", b""))
        self.refuse(USAGE, [f"soma show: {self.folder.name} is a directory", ".onnx", ".csv", ".png"], "show", self.folder.name)
        self.refuse(USAGE, ["--outputs", "photo.PNG"], "show", path, "--outputs=y")

    def test_sizes_of_pictures(self):
        os.makedirs(self.path("pictures/a"))
        self.write("pictures/a/0.png", png(2, 2, lambda y, x: (x, y, 0)))
        train = ("train", "--device=cpu", "--data", self.path("pictures"))
        for value in ("0", "4x", "x4", "4x0", "4x4x3", "4*4", "-4"):
            self.refuse(USAGE, [f"--image-size: '{value}'", "HEIGHTxWIDTH", "64x48"], *train, f"--image-size={value}")
        self.refuse(USAGE, ["--image-size: ", "99999999 x 2", "1048576 x 1048576"], *train, "--image-size=99999999x2")
        self.refuse(USAGE, ["--image-fit", "'foo'", "stretch, crop (cover), pad (contain)"], *train, "--image-fit=foo")

    def test_labels_of_models_that_do_not_say_their_loss(self):
        """Of an ONNX model the number of outputs says whether labels are classes."""
        data = self.write("d.csv", "".join(f"{i % 7},{i % 5},{i % 3}\n" for i in range(42)))
        model, onnx = self.path("c.safetensors"), self.path("c.onnx")
        train = ("train", "--device=cpu", "--data", data, "--epochs=2", "--quiet", "--no-standardize", "--save", model)
        for more in (("--net=dense 5 tanh; dense 3 softmax",), ("--net=dense 1", "--regression", "--no-scale-target")):
            self.succeed(*train, *more)
            self.succeed("convert", model, onnx)
            for command in (("evaluate", "--part=all", "--model"), ("train", "--epochs=1", "--quiet", "--load")):
                ours, theirs = (self.json(*command, file, "--device=cpu", "--data", data) for file in (model, onnx))
                self.assertEqual(set(ours), set(theirs))
                for name in set(ours) & {"loss", "accuracy", "train_loss", "train_accuracy", "test_loss", "test_accuracy"}:
                    if ours[name] is None:  # no classes
                        self.assertIsNone(theirs[name])
                    else:
                        self.assertAlmostEqual(ours[name], theirs[name], delta=1e-5 * (1 + abs(ours[name])), msg=f"{command} {more} {name}")

    def test_memory_limit_of_constants(self):
        shape = field(5, field(1, 1) + field(2, 7) + field(8, "shape") + field(9, struct.pack("<q", 1 << 18)))
        model = onnx_model(shape, onnx_node("ConstantOfShape", ["shape"], "ones", field(5, field(1, "value") + field(20, 4) + field(5, field(1, 1) + field(2, 1) + field(9, struct.pack("<f", 1))))),
                           onnx_node("Add", ["x", "ones"], "y"), onnx_node("Mul", ["y", "ones"], "z"), onnx_value(11, "x", FLOAT, "n", 1 << 18), onnx_value(12, "z", FLOAT, "n", 1 << 18))
        path = self.path("ones.onnx")
        with open(path, "wb") as file:
            file.write(model)
        self.succeed("convert", path, self.path("ones.safetensors"), "--memory-limit=8M")
        self.refuse(BAD_FILE, ["ones.onnx", "memory_limit", "1000 bytes", "ones"], "convert", path, self.path("no.safetensors"), "--memory-limit=1000")
        self.assertIn("1000 bytes", self.succeed("show", path, "--memory-limit=1000").stdout)
        self.refuse(USAGE, ["--memory-limit", "8X"], "show", path, "--memory-limit=8X")

    def test_convert_to_c(self):
        path, _ = self.model()
        result = self.json("convert", path, self.path("net.c"), "--prefix=iris")
        self.assertEqual(result["weight_bytes"], 4 * (2 * 5 + 5 + 5 * 2 + 2))
        with open(self.path("net.c"), encoding="utf-8") as file:
            text = file.read()
        self.assertIn("void iris_predict(const float *input, float *output)", text)
        self.assertIn("Flash: 108 bytes of weights", self.succeed("convert", path, self.path("net.c")).stdout)
        self.refuse(USAGE, ["--prefix", "FILE.c"], "convert", path, self.path("b.onnx"), "--prefix=iris")
        self.refuse(USAGE, ["7up", "digits"], "convert", path, self.path("net.c"), "--prefix=7up")

    @unittest.skipUnless(shutil.which("cc"), "there is no C compiler")
    def test_example_of_a_microcontroller(self):
        source = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "examples", "microcontroller")
        table = os.path.join(source, "xor.csv")
        self.succeed("train", "--device=cpu", "--data", table, "--test-data", table, "--net", "dense 8 tanh; dense 2 softmax", "--batch=4", "--validation=0",
                     "--epochs=500", "--lr=0.05", "--save", self.path("xor.safetensors"))
        self.succeed("convert", self.path("xor.safetensors"), self.path("xor.c"))
        subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I", self.path(""), "-o", self.path("xor"),
                        os.path.join(source, "main.c"), "-lm"], check=True)
        self.assertIn("1 and 0 are different", subprocess.run([self.path("xor")], check=True, stdout=subprocess.PIPE, text=True).stdout)

    def test_convert_says_the_format(self):
        path, _ = self.model()
        for name, is_of in ("a.onnx", "ONNX"), ("a.c", "C"), ("a.safetensors", "safetensors"), ("a.pt", "safetensors"), ("a", "safetensors"):
            self.assertIn(f"{self.path(name)}: written as {is_of}\n", self.succeed("convert", path, self.path(name)).stdout)
            self.assertEqual(self.json("convert", path, self.path(name))["format"], is_of)

    def test_convert_there_and_back(self):
        path, _ = self.model()
        converted, back = self.path("b.onnx"), self.path("c.safetensors")
        self.assertEqual(self.json("convert", path, converted)["to"], converted)
        self.succeed("convert", converted, back)
        before, after = self.json("show", path), self.json("show", back)
        self.assertEqual(before["parameters"], 2 * 5 + 5 + 5 * 2 + 2)
        self.assertEqual(before["parameters"], after["parameters"])
        data = self.write("x.csv", "1,2\n3,4\n6,0\n")
        outputs = [self.succeed("predict", "--device=cpu", "--model", model, "--data", data, "--label=none", "--raw", "--quiet").stdout
                   for model in (path, converted, back)]
        numbers = [[float(word) for line in text.splitlines()[1:] for word in line.split(",")] for text in outputs]
        self.assertTrue(numbers[0])
        for other in numbers[1:]:
            self.assertEqual(len(other), len(numbers[0]))
            for a, b in zip(numbers[0], other):
                self.assertAlmostEqual(a, b, places=5)

    def test_show_tensors_of_others(self):
        header = json.dumps({"fc.weight": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]},
                             "steps": {"dtype": "I64", "shape": [], "data_offsets": [12, 20]}}).encode()
        file = self.write("others.safetensors", struct.pack("<Q", len(header)) + header + bytes(20))
        shown = self.json("show", file)
        self.assertEqual(shown["holds"], "tensors")
        self.assertEqual(shown["tensors"], [{"name": "fc.weight", "dtype": "BF16", "shape": [2, 3]},
                                            {"name": "steps", "dtype": "I64", "shape": []}])
        self.assertIn("2 tensors, 7 numbers", self.succeed("show", file).stdout)
        many = b'{"a":{"dtype":"F4","shape":[' + b"1," * 199 + b'2],"data_offsets":[0,1]}}'
        file = self.write("many.safetensors", struct.pack("<Q", len(many)) + many + bytes(1))
        self.assertIn("F4          1x1x1", self.succeed("show", file).stdout)
        self.assertIn("1x1x...\n", self.succeed("show", file).stdout)
        self.assertEqual(self.json("show", file)["tensors"], [{"name": "a", "dtype": "F4", "shape": [1] * 199 + [2]}])
        self.refuse(BAD_FILE, ["offset"], "show", self.write("torn.safetensors", struct.pack("<Q", len(header)) + header))

    def test_show_data(self):
        _, data = self.model()
        shown = self.json("show", data)
        self.assertEqual((shown["samples"], shown["classes"], shown["inputs"][0]["shape"]), (40, 2, [2]))
        self.assertEqual((shown["inputs"][0]["least"], shown["inputs"][0]["largest"]), (0, 6))
        self.assertIn("40 samples", self.succeed("show", data).stdout)

    def test_show_arrays(self):
        array = npy("<f8", (3, 2), [0.5, -2, 1, 7, 3, 4])
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as members:
            members.writestr("x.npy", array)
            members.writestr("y.npy", npy("<i4", (3,), [0, 2, 1]))
        images = struct.pack(">BBBBIII", 0, 0, 8, 3, 3, 2, 1) + bytes([0, 51, 102, 153, 204, 255])
        for name, content, classes, shape, least, largest in (("a.npy", array, 0, [2], -2, 7),
                                                              ("a.npz", archive.getvalue(), 3, [2], -2, 7),
                                                              ("a-idx3-ubyte", images, 0, [2, 1, 1], 0, 1)):
            path = self.write(name, content)
            shown = self.json("show", path)
            self.assertEqual((shown["samples"], shown["classes"], shown["inputs"][0]["shape"]), (3, classes, shape), name)
            self.assertEqual((shown["inputs"][0]["least"], shown["inputs"][0]["largest"]), (least, largest), name)
            self.assertIn("3 samples", self.succeed("show", path).stdout)

    def test_show_an_onnx_model_that_does_not_run(self):
        file = self.write("partly.onnx", PARTLY_KNOWN)
        shown = self.json("show", file)
        self.assertEqual(shown["opset"], 17)
        self.assertEqual(shown["inputs"], [{"name": "x", "type": "float", "shape": [None, 2]},
                                           {"name": "words", "type": "string", "shape": [None]}])
        self.assertEqual([output["name"] for output in shown["outputs"]], ["r", "n", "c"])
        self.assertEqual(shown["outputs"][2]["shape"], [None, 3])
        self.assertEqual(shown["ops"], [{"name": "Relu", "nodes": 1, "supported": True}, {"name": "Neg", "nodes": 1, "supported": True},
                                        {"name": "Tokenize", "nodes": 2, "supported": False},
                                        {"name": "If", "nodes": 1, "supported": True}])
        self.assertFalse(shown["runs"])
        self.assertIn("1 of 5 nodes", shown["reason"])
        self.assertNotIn("layers", shown)
        text = self.succeed("show", file).stdout
        for words in ("opset 17", "input   words", "string     ?", "output  c", "?x3", "2 nodes, not supported", "does not run it"):
            self.assertIn(words, text)

    def test_a_softmax_of_several_dimensions_is_predicted(self):
        """No loss is asked for, and no class is read off it: its numbers are, as with --raw."""
        file = self.write("softmax.onnx", onnx_model(onnx_node("Softmax", ["x"], "y", field(5, field(1, "axis") + field(20, 2) + field(3, 2))),
                                                     onnx_value(11, "x", FLOAT, "n", 2, 3), onnx_value(12, "y", FLOAT, "n", 2, 3)))
        rows = [[0.5, -1, 2], [3, 3, 3], [0, 1, -20], [7, 6.5, -2]]
        data = self.write("x.npy", npy("<f4", (2, 2, 3), [value for row in rows for value in row]))
        expected = [math.exp(value) / sum(math.exp(other) for other in row) for row in rows for value in row]
        model = self.path("softmax.safetensors")
        self.succeed("convert", file, model)
        for name in (file, model):
            lines = self.succeed("predict", "--device=cpu", "--model", name, "--data", data, "--quiet").stdout.splitlines()
            self.assertEqual(lines[0], "output_1,output_2,output_3,output_4,output_5,output_6")
            self.assertEqual(len(lines), 3)
            found = [float(word) for line in lines[1:] for word in line.split(",")]
            for value, right in zip(found, expected):
                self.assertAlmostEqual(value, right, delta=1e-6)
            self.assertEqual(len(self.json("predict", "--device=cpu", "--model", name, "--data", data)["predictions"][0]), 6)

    def test_outputs_of_an_onnx_model(self):
        file, data = self.write("partly.onnx", PARTLY_KNOWN), self.write("x.csv", "1,-2\n3,4\n")
        self.refuse(BAD_FILE, ["1 of 5 nodes"], "convert", file, self.path("all.safetensors"))
        shown = self.json("show", "--outputs=n", file)
        self.assertTrue(shown["runs"])
        self.assertEqual([layer["kind"] for layer in shown["layers"]], ["input", "relu", "neg"])
        raw = self.succeed("predict", "--device=cpu", "--model", file, "--outputs", "n", "--data", data, "--label=none", "--raw", "--quiet").stdout
        self.assertEqual([[float(word) for word in line.split(",")] for line in raw.splitlines()[1:]], [[-1, 0], [-3, -4]])
        both = self.path("both.npz")
        self.succeed("predict", "--device=cpu", "--model", file, "--outputs=n,r", "--data", data, "--label=none", "--raw", "--output", both)
        with zipfile.ZipFile(both) as archive:
            self.assertLessEqual({"n.npy", "r.npy"}, set(archive.namelist()))
        part = self.path("part.safetensors")
        self.succeed("convert", file, part, "--outputs=r")
        self.assertEqual([layer["kind"] for layer in self.json("show", part)["layers"]], ["input", "relu"])
        self.refuse(USAGE, ["--outputs", 'no output "z"', '"r", "n", "c"'], "show", file, "--outputs=n,z")
        self.refuse(USAGE, ["--outputs", "asked for twice"], "show", file, "--outputs=n,n", "--input=x=3x2")
        self.refuse(USAGE, ["--input", 'no input "no output"'], "show", file, "--outputs=n", "--input=no output=3x2")
        self.refuse(USAGE, ["--outputs", "empty"], "show", file, "--outputs=n,,r")
        self.refuse(USAGE, ["--outputs", "more than 64"], "show", file, "--outputs=" + ",".join(map(str, range(65))))
        self.refuse(USAGE, ["--outputs", "part.safetensors"], "show", part, "--outputs=r")
        self.assertTrue(self.json("show", "--outputs=n", "--input=x=3x2", file)["runs"])
        self.refuse(USAGE, ["--input", "dimension 1 is given as 5, in the file it is 2"], "show", file, "--outputs=n", "--input=x=3x5")
        self.refuse(USAGE, ["--input", 'no input "z"'], "show", file, "--outputs=n", "--input=z=3x2")
        self.refuse(USAGE, ["--input", "3y2", "images=1x3x320x320"], "show", file, "--outputs=n", "--input=x=3y2")
        self.refuse(USAGE, ["--input", "part.safetensors"], "show", part, "--input=x=3x2")
        self.assertEqual(self.json("summary", "--outputs=n", "--model", file, "--input=x=3x2", "--device=cpu")["layers"][0]["shape"], [2])
        self.refuse(USAGE, ["--input", "3y2", "images=1x3x320x320"], "summary", "--model", file, "--outputs=n", "--input=x=3y2", "--device=cpu")
        self.refuse(USAGE, ["--input", "3y2", "as 784 or 28x28"], "summary", "--net=dense 2", "--input=3y2", "--device=cpu")
        self.refuse(USAGE, ["--input", "part.safetensors", ".onnx"], "bench", "--model", part, "--input=x=3x2", "--device=cpu")
        timed = ["bench", "--mode=infer", "--seconds=0.01", "--device=cpu", "--outputs=n", "--model", file]
        self.assertGreater(self.json(*timed, "--input=x=3x2")["step_us_median"], 0)
        self.refuse(USAGE, ["--input", "dimension 1 is given as 5, in the file it is 2"], *timed, "--input=x=3x5")
        self.refuse(USAGE, ["--outputs", "holds data"], "show", data, "--outputs=r")
        self.refuse(USAGE, ["--outputs", "--model"], "summary", "--net=dense 2", "--input=2", "--outputs=r")
        self.refuse(USAGE, ["--outputs", "--load"], "train", "--net=dense 2", "--outputs=r")

    def test_refusals(self):
        self.refuse(USAGE, ["two files", "convert"], "convert", "a.onnx")
        self.refuse(USAGE, ["a file is needed"], "show")
        self.refuse(USAGE, ["unexpected argument 'c'", "2 files"], "convert", "a", "b", "c")
        self.refuse(BAD_FILE, ["nothing.onnx"], "show", self.path("nothing.onnx"))
        self.refuse(BAD_FILE, ["bad.onnx", "offset 0"], "convert", self.write("bad.onnx", b"\xff"), self.path("x.safetensors"))


if __name__ == "__main__":
    main()
