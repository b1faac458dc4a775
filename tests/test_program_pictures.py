#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pictures of filters and of mistakes: each pixel against the weights and samples, read without soma, and the order of the mistakes
against what predict says.

Usage: test_program_pictures.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import itertools
import json
import os
import random
import struct
import sys

sys.dont_write_bytecode = True
from picture_files import Sheet, read_png
from program import BAD_FILE, DEVICE, FAILED, USAGE, ProgramTest, main, npy


def read_tensor(path, name):
    """The shape and the float32 numbers of a tensor of a safetensors file."""
    with open(path, "rb") as file:
        content = file.read()
    size = struct.unpack("<Q", content[:8])[0]
    entry = json.loads(content[8:8 + size])[name]
    start, end = entry["data_offsets"]
    return entry["shape"], struct.unpack(f"<{(end - start) // 4}f", content[8 + size + start:8 + size + end])


class PictureTest(ProgramTest):
    def array(self, name, kind, shape, numbers):
        """One of NumPy's files: kind B (bytes), f (float32) or i (int32)."""
        return self.write(name, npy(dict(B="|u1", f="<f4", i="<i4")[kind], shape, numbers))

    def samples(self, shape, classes=3, count=60, kind="B", low=0, high=255):
        """Arguments for random samples of this shape, whose classes nothing can tell but by heart; and the numbers."""
        draw = random.Random(str(shape))
        size = 1
        for length in shape:
            size *= length
        numbers = [draw.randint(low, high) if kind == "B" else draw.uniform(low, high) for _ in range(count * size)]
        if kind == "f":
            numbers = list(struct.unpack(f"{len(numbers)}f", struct.pack(f"{len(numbers)}f", *numbers)))
        labels = [i % classes for i in range(count)]
        self.inputs, self.labels = [numbers[i * size:(i + 1) * size] for i in range(count)], labels
        return ["--data", self.array("x.npy", kind, [count, *shape], numbers), "--labels", self.array("y.npy", "i", [count], labels)]

    def train(self, data, net, *more):
        model = self.path("model.safetensors")
        self.succeed("train", f"--device={DEVICE}", *data, "--net", net, "--epochs=1", "--test=0", "--validation=0", "--seed=1", "--save",
                     model, *more)
        return model

    def assert_apart(self, sheet):
        """Pictures and texts lie on the sheet, and none on another. A character takes 6 x 14."""
        boxes = [(picture.x, picture.y, picture.width * picture.scale, picture.height * picture.scale) for picture in sheet.pictures]
        boxes += [(x, y - 10, 6 * len(text), 14) for x, y, text in sheet.texts]
        for i, (x, y, width, height) in enumerate(boxes):
            self.assertTrue(x >= 0 and y >= 0 and x + width <= sheet.width and y + height <= sheet.height, f"{boxes[i]} on the sheet")
            for other in boxes[:i]:
                apart = x >= other[0] + other[2] or other[0] >= x + width or y >= other[1] + other[3] or other[1] >= y + height
                self.assertTrue(apart, f"{boxes[i]} lies on {other}")

    def assert_grey(self, grey, share):
        """A pixel is the whole number nearest to 255 times the share."""
        self.assertLessEqual(abs(grey - 255 * min(max(share, 0), 1)), 0.5 + 1e-6)


class Filters(PictureTest):
    def draw(self, model):
        self.succeed("show", model, "--filters", self.path("f.svg"))
        return Sheet(self.path("f.svg"))

    def expect(self, sheet, model, name, count, height, width, value):
        """Picture i, row y, column x is value(numbers, index, i, y, x): a number, or three. index(...) finds one in the tensor."""
        shape, numbers = read_tensor(model, name)
        largest = max(abs(number) for number in numbers)

        def at(*place):
            index = 0
            for i, length in zip(place, shape, strict=True):
                index = index * length + i
            return numbers[index]

        self.assertEqual(len(sheet.pictures), count)
        for i, picture in enumerate(sheet.pictures):
            self.assertEqual((picture.height, picture.width), (height, width))
            for y, x in itertools.product(range(height), range(width)):
                expected = value(at, i, y, x)
                if not isinstance(expected, tuple):
                    expected = (expected, expected, expected)
                for seen, weight in zip(picture.rows[y][x], expected, strict=True):
                    self.assert_grey(seen, (weight + largest) / (2 * largest))

    def test_one_channel(self):
        model = self.train(self.samples([9, 8]), "conv 6 3x5; flatten; dense 3 softmax")
        sheet = self.draw(model)
        self.expect(sheet, model, "conv_1.weight", 6, 3, 5, lambda at, i, y, x: at(y, x, 0, i))
        largest = max(abs(number) for number in read_tensor(model, "conv_1.weight")[1])
        self.assertEqual(sheet.heading, f"model.safetensors: 6 filters 3x5x1 of conv_1; black {-largest:.3g}, grey 0, white {largest:.3g}")
        self.assertIn(sheet.heading, [text for _, _, text in sheet.texts])
        grey = {pixel for picture in sheet.pictures for row in picture.grey() for pixel in row}
        self.assertTrue(grey & {0, 255}, "the largest magnitude is white or black")

    def test_three_channels_are_colours(self):
        model = self.train(self.samples([6, 5, 3]), "conv 4 3x2; flatten; dense 3 softmax")
        self.expect(self.draw(model), model, "conv_1.weight", 4, 3, 2, lambda at, i, y, x: tuple(at(y, x, c, i) for c in range(3)))

    def test_other_channels_are_squares_side_by_side(self):
        model = self.train(self.samples([6, 5, 4]), "conv 5 3x2; flatten; dense 3 softmax")
        sheet = self.draw(model)
        self.expect(sheet, model, "conv_1.weight", 20, 3, 2, lambda at, i, y, x: at(y, x, i % 4, i // 4))
        steps = set()
        for i, picture in enumerate(sheet.pictures):
            before = sheet.pictures[i - i % 4]
            self.assertEqual(picture.y, before.y)
            if i % 4:
                steps.add(picture.x - sheet.pictures[i - 1].x - picture.width * picture.scale)
        self.assertEqual(len(steps), 1)
        self.assertIn(steps.pop(), range(1, 12))
        self.assert_apart(sheet)

    def test_too_many_are_cut_and_it_is_said(self):
        model = self.train(self.samples([4, 4]), "conv 300 3x3; flatten; dense 3 softmax")
        sheet = self.draw(model)
        self.expect(sheet, model, "conv_1.weight", 256, 3, 3, lambda at, i, y, x: at(y, x, 0, i))
        self.assertIn(": the first 256 of 300 filters 3x3x1 of conv_1", sheet.heading)
        model = self.train(self.samples([4, 4, 70]), "conv 8 3x3; flatten; dense 3 softmax")
        sheet = self.draw(model)
        self.expect(sheet, model, "conv_1.weight", 256, 3, 3, lambda at, i, y, x: at(y, x, i % 64, i // 64))
        self.assertIn(": the first 64 channels of the first 4 of 8 filters 3x3x70 of conv_1", sheet.heading)

    def test_one_dimension_and_three(self):
        """Along one, channels are rows; of three, the first is laid out side by side."""
        model = self.train(self.samples([9, 4]), "reshape 9 4; conv 5 3; flatten; dense 3 softmax")
        self.expect(self.draw(model), model, "conv_1.weight", 5, 4, 3, lambda at, i, y, x: at(x, y, i))
        model = self.train(self.samples([4, 5, 6]), "conv 3 2x3x4; flatten; dense 3 softmax")
        self.expect(self.draw(model), model, "conv_1.weight", 6, 3, 4, lambda at, i, y, x: at(i % 2, y, x, 0, i // 2))

    def test_whichever_layer_comes_first(self):
        """Parameters of other layers come before; and there are convolutions of other kinds."""
        data = self.samples([6, 5, 2])
        model = self.train(data, "batchnorm; conv 4 3x2; conv 3 1x1; flatten; dense 3 softmax")
        self.expect(self.draw(model), model, "conv_1.weight", 8, 3, 2, lambda at, i, y, x: at(y, x, i % 2, i // 2))
        model = self.train(data, "depthwise 3x2; flatten; dense 3 softmax")
        self.expect(self.draw(model), model, "depthwise_1.weight", 2, 3, 2, lambda at, i, y, x: at(y, x, 0, i))
        model = self.train(data, "separable 5 3x2; flatten; dense 3 softmax")
        self.expect(self.draw(model), model, "separable_1.depthwise", 2, 3, 2, lambda at, i, y, x: at(y, x, 0, i))
        model = self.train(data, "residual(conv 2 3x3 pad same); conv 3 2x2; flatten; dense 3 softmax")
        self.expect(self.draw(model), model, "conv_1.weight", 4, 3, 3, lambda at, i, y, x: at(y, x, i % 2, i // 2))
        model = self.train(self.samples([4, 5]), "flatten; dense 20 relu; reshape 4 5; conv 3 2x2; flatten; dense 3 softmax")
        self.expect(self.draw(model), model, "conv_1.weight", 3, 2, 2, lambda at, i, y, x: at(y, x, 0, i))

    def test_units_of_a_dense_layer(self):
        model = self.train(self.samples([5, 4]), "flatten; dense 7 relu; dense 3 softmax")
        sheet = self.draw(model)
        self.expect(sheet, model, "dense_1.weight", 7, 5, 4, lambda at, i, y, x: at(y * 4 + x, i))
        self.assertIn(": 7 units 5x4x1 of dense_1", sheet.heading)
        model = self.train(self.samples([5, 4, 3]), "dropout 0.1; flatten; dense 7 relu; dense 3 softmax")
        self.expect(self.draw(model), model, "dense_1.weight", 7, 5, 4,
                    lambda at, i, y, x: tuple(at((y * 4 + x) * 3 + c, i) for c in range(3)))
        model = self.train(self.samples([3, 5, 4]), "flatten; dense 7 relu; dense 3 softmax")
        self.expect(self.draw(model), model, "dense_1.weight", 7, 5, 4,
                    lambda at, i, y, x: tuple(at(c * 20 + y * 4 + x, i) for c in range(3)))

    def test_large_pictures_are_made_smaller(self):
        """By whole factors to at most 64 pixels: means, which at the edge are of what is left."""
        model = self.train(self.samples([131, 50], count=6), "flatten; dense 2; dense 3 softmax")

        def mean(at, i, y, x):
            part = [at(row * 50 + column, i) for row in range(3 * y, min(3 * y + 3, 131)) for column in range(3 * x, min(3 * x + 3, 50))]
            return sum(part) / len(part)

        self.expect(self.draw(model), model, "dense_1.weight", 2, 44, 17, mean)

    def test_weights_that_are_all_zero_are_grey(self):
        model = self.train(self.samples([6, 5]), "conv 2 3x2; flatten; dense 3 softmax")
        with open(model, "rb") as file:
            content = bytearray(file.read())
        size = struct.unpack("<Q", content[:8])[0]
        start, end = json.loads(content[8:8 + size])["conv_1.weight"]["data_offsets"]
        content[8 + size + start:8 + size + end] = bytes(end - start)
        sheet = self.draw(self.write("zero.safetensors", bytes(content)))
        self.assertEqual({pixel for picture in sheet.pictures for row in picture.grey() for pixel in row}, {128})

    def test_what_has_no_filters_is_refused(self):
        svg = ["--filters", self.path("f.svg")]
        table = self.write("d.csv", "".join(f"{i % 7},{i % 5},{'uv'[i % 2]}\n" for i in range(60)))
        model = self.train(["--data", table], "dense 5 tanh; dense 2 softmax")
        self.refuse(BAD_FILE, ["--filters", "no convolution", "dense_1 (dense)", "shape 2;", "accepted", "HEIGHTxWIDTH"], "show", model, *svg)
        model = self.train(self.samples([5, 4, 2]), "layernorm; flatten; dense 3 softmax")
        self.refuse(BAD_FILE, ["layernorm_1 (layernorm)", "5x4"], "show", model, *svg)
        model = self.train(self.samples([6, 4]), "maxpool 2; flatten; dense 3 softmax")
        self.refuse(BAD_FILE, ["dense_1 (dense)", "6x4"], "show", model, *svg)
        self.refuse(USAGE, ["--filters", "goes with a model", "d.csv holds data"], "show", table, *svg)
        header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
        plain = self.write("plain.safetensors", struct.pack("<Q", len(header)) + header + bytes(4))
        self.refuse(USAGE, ["--filters", "plain.safetensors holds tensors, but no network"], "show", plain, *svg)
        self.assertFalse(os.path.exists(self.path("f.svg")))

    def test_a_name_that_cannot_be_written_is_refused_first(self):
        """Before the model is read, which is not even there."""
        for name in ("f", "f.gif", "f.svg.txt"):
            self.refuse(USAGE, ["--filters", self.path(name), ".svg"], "show", "no.safetensors", "--filters", self.path(name))
        self.refuse(FAILED, ["--filters", "No such file"], "show", "no.safetensors", "--filters", self.path("no/f.svg"))


class FiltersOfOnnx(PictureTest):
    def test_the_same_filters_from_onnx(self):
        model = self.train(self.samples([9, 8, 3]), "conv 6 3x5; flatten; dense 3 softmax")
        self.succeed("convert", model, self.path("model.onnx"))
        sheets = []
        for source in (model, self.path("model.onnx")):
            self.succeed("show", source, "--filters", self.path("f.svg"))
            sheets.append([picture.rows for picture in Sheet(self.path("f.svg")).pictures])
        self.assertEqual(*sheets)


class Mistakes(PictureTest):
    def evaluate(self, model, data, *more):
        """The sheet, and the JSON object."""
        result = self.json("evaluate", f"--device={DEVICE}", "--model", model, *data, "--mistakes", self.path("m.svg"), *more)
        return Sheet(self.path("m.svg")), result

    def expected(self, model, data):
        """Of each mistake its sample, class and predicted class with their probabilities, by what predict says; the worst first."""
        text = self.succeed("predict", f"--device={DEVICE}", "--model", model, *data, "--quiet").stdout
        rows = list(csv.DictReader(text.splitlines()))
        self.assertEqual(len(rows), len(self.labels))
        mistakes = [(float(row[str(label)]), i, str(label), row["class"], float(row["probability"]))
                    for i, (row, label) in enumerate(zip(rows, self.labels, strict=True)) if row["class"] != str(label)]
        return sorted(mistakes)

    def check(self, model, data, height, width, share, most=100):
        """share(sample's numbers, y, x): of one pixel, a number or three."""
        expected = self.expected(model, data)
        sheet, result = self.evaluate(model, data, *(["--worst", str(most)] if most != 100 else []))
        self.assertGreater(len(expected), 3)
        self.assertEqual(result["mistakes"], len(expected))
        self.assertAlmostEqual(result["accuracy"], 1 - len(expected) / len(self.labels), places=6)
        self.assertEqual(len(sheet.pictures), min(most, len(expected)))
        self.assertEqual(len(result["worst"]), len(sheet.pictures))
        texts = [text for _, _, text in sheet.texts[1:]]
        for i, (picture, said, mistake) in enumerate(zip(sheet.pictures, result["worst"], expected)):
            probability, sample, label, predicted, of_predicted = mistake
            self.assertEqual([said[key] for key in ("sample", "class", "predicted")], [sample, label, predicted])
            self.assertAlmostEqual(said["probability"], probability, places=6)
            self.assertAlmostEqual(said["predicted_probability"], of_predicted, places=6)
            lines = [f"sample {sample}", f"is {label}", f"{probability:.4f}", f"as {predicted}", f"{of_predicted:.4f}"]
            self.assertEqual(texts[5 * i:5 * i + 5], lines)
            places = [(x - picture.x, (y - picture.y - height * picture.scale - 10) / 14) for x, y, _ in sheet.texts[5 * i + 1:5 * i + 6]]
            self.assertEqual(places, [(0, 0), (0, 1), (96, 1), (0, 2), (96, 2)])
            self.assertEqual(picture.title, f"sample {sample}, is {label} {probability:.4f}, as {predicted} {of_predicted:.4f}")
            self.assertEqual((picture.height, picture.width), (height, width))
            for y, x in itertools.product(range(height), range(width)):
                wanted = share(self.inputs[sample], y, x)
                for seen, one in zip(picture.rows[y][x], wanted if isinstance(wanted, tuple) else (wanted,) * 3, strict=True):
                    self.assert_grey(seen, one)
        return sheet

    def test_bytes(self):
        """Their own grey. The heading counts."""
        data = self.samples([6, 5])
        model = self.train(data, "flatten; dense 3 softmax")
        count = len(self.expected(model, data))
        sheet = self.check(model, data, 6, 5, lambda sample, y, x: sample[y * 5 + x] / 255)
        self.assertEqual(sheet.heading, f"x.npy: {count} mistakes in 60 samples")
        self.assert_apart(sheet)
        sheet = self.check(model, data, 6, 5, lambda sample, y, x: sample[y * 5 + x] / 255, most=3)
        self.assert_apart(sheet)
        self.assertEqual(sheet.heading, f"x.npy: {count} mistakes in 60 samples, the worst 3")
        self.assertEqual(sheet.texts[0][2], sheet.heading)

    def test_a_hundred_at_most_unless_told(self):
        data = self.samples([2, 2], count=400)
        model = self.train(data, "flatten; dense 3 softmax")
        self.check(model, data, 2, 2, lambda sample, y, x: sample[y * 2 + x] / 255)
        sheet, result = self.evaluate(model, data)
        self.assertEqual(len(sheet.pictures), 100)
        self.assertGreater(result["mistakes"], 110)
        self.check(model, data, 2, 2, lambda sample, y, x: sample[y * 2 + x] / 255, most=110)

    def test_channels_last_and_first(self):
        data = self.samples([6, 5, 3])
        model = self.train(data, "conv 2 2x2; flatten; dense 3 softmax")
        self.check(model, data, 6, 5, lambda sample, y, x: tuple(sample[(y * 5 + x) * 3 + c] / 255 for c in range(3)))
        data = self.samples([6, 5, 1])
        self.check(self.train(data, "conv 2 2x2; flatten; dense 3 softmax"), data, 6, 5, lambda sample, y, x: sample[y * 5 + x] / 255)
        data = self.samples([3, 6, 5])
        self.check(self.train(data, "flatten; dense 3 softmax"), data, 6, 5,
                   lambda sample, y, x: tuple(sample[c * 30 + y * 5 + x] / 255 for c in range(3)))

    def test_floats(self):
        """Within 0 and 1 as they are; others each over its own range."""
        data = self.samples([4, 5], kind="f", low=0.2, high=0.7)
        self.check(self.train(data, "flatten; dense 3 softmax"), data, 4, 5, lambda sample, y, x: sample[y * 5 + x])
        for low, high in ((-3, 0.9), (0.1, 40)):
            data = self.samples([4, 5], kind="f", low=low, high=high)
            self.check(self.train(data, "flatten; dense 3 softmax"), data, 4, 5,
                       lambda sample, y, x: (sample[y * 5 + x] - min(sample)) / (max(sample) - min(sample)))

    def test_large_pictures_are_made_smaller(self):
        data = self.samples([20, 70], count=12)

        def mean(sample, y, x):
            return sum(sample[row * 70 + column] for row in (2 * y, 2 * y + 1) for column in (2 * x, 2 * x + 1)) / 4 / 255

        self.check(self.train(data, "flatten; dense 3 softmax"), data, 10, 35, mean)

    def test_a_single_unit_and_logits(self):
        """Of one unit, the first class has the rest of the probability; logits become probabilities."""
        for net, more in (("flatten; dense 1 sigmoid", []), ("flatten; dense 1", ["--loss=binary_crossentropy_logits"]),
                          ("flatten; dense 2", ["--loss=categorical_crossentropy_logits"])):
            data = self.samples([6, 5], classes=2)
            self.check(self.train(data, net, *more), data, 6, 5, lambda sample, y, x: sample[y * 5 + x] / 255)

    def test_flat_samples_of_a_model_that_knows_their_shape(self):
        """A table; and its classes have names, one of which XML must escape, and one that has no room."""
        draw = random.Random(5)
        names = ["a<b> & \"c\"", "much longer than its place", "\u00e9t\u00e9"]
        rows = [[draw.randint(0, 255) for _ in range(12)] for _ in range(60)]
        with open(self.path("t.csv"), "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([*row, names[i % 3]] for i, row in enumerate(rows))
        data = ["--data", self.path("t.csv")]
        model = self.train(data, "reshape 3 4; conv 2 2x2; flatten; dense 3 softmax", "--no-standardize")
        sheet, result = self.evaluate(model, data)
        self.assertGreater(len(sheet.pictures), 3)
        texts, seen = [text for _, _, text in sheet.texts], set()
        for i, (picture, said) in enumerate(zip(sheet.pictures, result["worst"], strict=True)):
            self.assertEqual((picture.height, picture.width), (3, 4))
            sample = rows[said["sample"]]
            for y, x in itertools.product(range(3), range(4)):
                self.assert_grey(picture.grey()[y][x], (sample[y * 4 + x] - min(sample)) / (max(sample) - min(sample)))
            self.assertEqual(said["class"], names[said["sample"] % 3])
            self.assertIn(f"is {said['class']} ", picture.title)
            self.assertIn(f"as {said['predicted']} ", picture.title)
            seen.add(said["class"])
            shown = f"is {said['class']}"
            self.assertEqual(texts[1 + 5 * i + 1], shown if len(shown) <= 15 else shown[:14] + "\u2026")
        self.assertEqual(seen, set(names))

    def test_none_at_all(self):
        """The file is there all the same, and says so."""
        count = 40
        data = ["--data", self.array("x.npy", "B", [count, 2, 2], [255 * (i % 2) for i in range(count) for _ in range(4)]),
                "--labels", self.array("y.npy", "i", [count], [i % 2 for i in range(count)])]
        model = self.train(data, "flatten; dense 2 softmax", "--epochs=60", "--lr=0.1")
        for more in ([], ["--worst=1"]):
            sheet, result = self.evaluate(model, data, *more)
            self.assertEqual((result["accuracy"], result["mistakes"], result["worst"]), (1, 0, []))
            self.assertEqual((sheet.heading, sheet.pictures), ("x.npy: no mistakes in 40 samples", []))
        wrong = ["--data", self.array("x1.npy", "B", [1, 2, 2], [255] * 4), "--labels", self.array("y1.npy", "i", [1], [0])]
        sheet, result = self.evaluate(model, wrong)
        self.assertEqual((sheet.heading, len(sheet.pictures), result["mistakes"]), ("x1.npy: 1 mistake in 1 sample", 1, 1))
        self.assertLess(result["worst"][0]["probability"], 0.5)
        self.assertEqual(sheet.pictures[0].grey(), [[255, 255], [255, 255]])

    def test_what_has_no_such_pictures_is_refused(self):
        evaluate = ["evaluate", f"--device={DEVICE}", "--mistakes", self.path("m.svg"), "--model"]
        table = ["--data", self.write("d.csv", "".join(f"{i % 7},{i % 5},{'uv'[i % 2]}\n" for i in range(60)))]
        model = self.train(table, "dense 2 softmax")
        self.refuse(USAGE, ["--mistakes", "d.csv", "shape 2 ", "accepted", "HEIGHTxWIDTH"], *evaluate, model, *table)
        data = self.samples([4, 3, 2])
        model = self.train(data, "flatten; dense 3 softmax")
        self.refuse(USAGE, ["--mistakes", "x.npy", "shape 4x3x2"], *evaluate, model, *data)
        data = self.samples([4, 3])
        self.refuse(USAGE, ["--mistakes", "tell classes apart", "mean_squared_error", "cross-entropy"], *evaluate,
                    self.train(data, "flatten; dense 1", "--regression"), *data)
        model = self.train(data, "flatten; dense 3 softmax")
        rows = self.array("r.npy", "f", [60, 3], [float(i % 3 == j) for i in range(60) for j in range(3)])
        self.refuse(USAGE, ["--mistakes", "x.npy", "no classes"], *evaluate, model, *data[:2], "--labels", rows)
        self.assertFalse(os.path.exists(self.path("m.svg")))

    def test_names_and_numbers_are_refused_first(self):
        """Before the model is read, which is not even there."""
        evaluate = ["evaluate", f"--device={DEVICE}", "--model", "no.safetensors"]
        for name in ("m", "m.jpg", "m.svg.gz"):
            self.refuse(USAGE, ["--mistakes", self.path(name), ".svg"], *evaluate, "--mistakes", self.path(name))
        self.refuse(FAILED, ["--mistakes", "No such file"], *evaluate, "--mistakes", self.path("no/m.svg"))
        self.refuse(USAGE, ["--worst", "--mistakes"], *evaluate, "--worst=5")
        for number in ("0", "1001", "-1", "many"):
            self.refuse(USAGE, ["--worst", number, "1000"], *evaluate, "--mistakes", self.path("m.svg"), f"--worst={number}")


class Png(PictureTest):
    def compare(self, sheet, rows):
        """The same pictures at the same places as in the SVG, whose text is letters here: one look for one text, and for each its own."""
        self.assertEqual((len(rows), {len(row) for row in rows}), (sheet.height, {sheet.width}))
        covered = set()
        for picture in sheet.pictures:
            for y, x in itertools.product(range(picture.height * picture.scale), range(picture.width * picture.scale)):
                self.assertEqual(rows[picture.y + y][picture.x + x], picture.rows[y // picture.scale][x // picture.scale])
                covered.add((picture.y + y, picture.x + x))
        looks = {}
        for x, y, text in sheet.texts:
            places = list(itertools.product(range(y - 10, y + 4), range(x, x + 6 * len(text))))
            look = tuple(rows[row][column] == (0, 0, 0) for row, column in places)
            self.assertIn(True, look, text)
            self.assertEqual(looks.setdefault(text, look), look, text)
            covered.update(places)
        self.assertEqual(len(set(looks.values())), len(looks))
        rest = {rows[y][x] for y in range(sheet.height) for x in range(sheet.width) if (y, x) not in covered}
        self.assertEqual(rest, {(255, 255, 255)})

    def both(self, *arguments):
        for ending in ("svg", "png"):
            self.succeed(*arguments, self.path("s." + ending))
        return Sheet(self.path("s.svg")), read_png(self.path("s.png"))

    def test_the_same_as_svg(self):
        for shape in ([6, 5, 3], [6, 5]):
            data = self.samples(shape)
            model = self.train(data, "conv 4 3x2; flatten; dense 3 softmax")
            self.compare(*self.both("show", model, "--filters"))
            self.compare(*self.both("evaluate", f"--device={DEVICE}", "--model", model, *data, "--mistakes"))

    def test_none_at_all(self):
        data = ["--data", self.array("x.npy", "B", [40, 2, 2], [255 * (i % 2) for i in range(40) for _ in range(4)]),
                "--labels", self.array("y.npy", "i", [40], [i % 2 for i in range(40)])]
        model = self.train(data, "flatten; dense 2 softmax", "--epochs=60", "--lr=0.1")
        sheet, rows = self.both("evaluate", f"--device={DEVICE}", "--model", model, *data, "--mistakes")
        self.assertEqual(sheet.pictures, [])
        self.compare(sheet, rows)


class WithoutPng(PictureTest):
    def test_it_is_refused_by_name(self):
        words = ["f.png", "without libpng", ".svg"]
        self.refuse(USAGE, ["--filters", *words], "show", "no.safetensors", "--filters", self.path("f.png"))
        self.refuse(USAGE, ["--mistakes", *words], "evaluate", "--model", "no.safetensors", "--mistakes", self.path("f.png"))


if __name__ == "__main__":
    main()
