# SPDX-License-Identifier: MIT
"""soma convert and soma show, from outside.

Usage: test_program_files.py PROGRAM DEVICE [CLASS ...]
"""
import io
import json
import struct
import zipfile

from program import BAD_FILE, USAGE, ProgramTest, main


def npy(shape, values, element="f8", code="d"):
    """An array of NumPy's, version 1.0, little-endian."""
    header = f"{{'descr': '<{element}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}{code}", *values)


class Files(ProgramTest):
    def model(self):
        path = self.path("a.safetensors")
        data = self.write("d.csv", "".join(f"{i % 7},{i % 5},{'uv'[i % 2]}\n" for i in range(40)))
        self.succeed("train", "--device=cpu", "--data", data, "--net", "dense 5 tanh; dense 2 softmax", "--epochs=2",
                     "--no-standardize", "--save", path)
        return path, data

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
        array = npy((3, 2), [0.5, -2, 1, 7, 3, 4])
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as members:
            members.writestr("x.npy", array)
            members.writestr("y.npy", npy((3,), [0, 2, 1], "i4", "i"))
        images = struct.pack(">BBBBIII", 0, 0, 8, 3, 3, 2, 1) + bytes([0, 51, 102, 153, 204, 255])
        for name, content, classes, shape, least, largest in (("a.npy", array, 0, [2], -2, 7),
                                                              ("a.npz", archive.getvalue(), 3, [2], -2, 7),
                                                              ("a-idx3-ubyte", images, 0, [2, 1], 0, 1)):
            path = self.write(name, content)
            shown = self.json("show", path)
            self.assertEqual((shown["samples"], shown["classes"], shown["inputs"][0]["shape"]), (3, classes, shape), name)
            self.assertEqual((shown["inputs"][0]["least"], shown["inputs"][0]["largest"]), (least, largest), name)
            self.assertIn("3 samples", self.succeed("show", path).stdout)

    def test_refusals(self):
        self.refuse(USAGE, ["two files", "convert"], "convert", "a.onnx")
        self.refuse(USAGE, ["a file is needed"], "show")
        self.refuse(USAGE, ["unexpected argument 'c'", "2 files"], "convert", "a", "b", "c")
        self.refuse(BAD_FILE, ["nothing.onnx"], "show", self.path("nothing.onnx"))
        self.refuse(BAD_FILE, ["bad.onnx", "offset 0"], "convert", self.write("bad.onnx", b"\xff"), self.path("x.safetensors"))


if __name__ == "__main__":
    main()
