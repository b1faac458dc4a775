# SPDX-License-Identifier: MIT
"""For tests of the program from outside: runs it, reads its JSON, expects its refusals.

A file of tests is called with PROGRAM DEVICE [CLASS ...], and exits with 77 where the device is not there.
"""
import ast
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

PROGRAM, DEVICE = sys.argv[1], sys.argv[2]
DATA = os.environ.get("SOMA_DATA")

DONE, FAILED, USAGE, NO_DEVICE, BAD_FILE, INTERRUPTED = 0, 1, 2, 3, 4, 130


# How many times longer all takes where the program is run by an emulator; libcheck reads it, too.
SLOWNESS = float(os.environ.get("CK_TIMEOUT_MULTIPLIER", "1"))


def run(*arguments, environment=None, directory=None, timeout=300, before=None):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, errors="replace", timeout=timeout * SLOWNESS, cwd=directory,
                          preexec_fn=before, env={**os.environ, **(environment or {})})


def explain(arguments, result):
    """What a failed test says of a run: all that was printed but for the lines of the epochs, which would bury the rest."""
    said = [line for line in result.stderr.splitlines() if not line.startswith("Epoch ")]
    return "\n".join([" ".join(arguments), *said])


def npy(descr, shape, values):
    """An array of NumPy's, as '<f8' or '|u1' names its type."""
    code = {"f4": "f", "f8": "d", "u1": "B", "i4": "i", "u4": "I", "i8": "q"}[descr[1:]]
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    values = list(values)
    return (b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() +
            struct.pack(f"{descr[0].replace('|', '<')}{len(values)}{code}", *values))


def read_npy(path):
    """The header of one of NumPy's files, where its elements begin, and these, in the byte order that it names: that of who wrote it."""
    with open(path, "rb") as file:
        content = file.read()
    if content[:8] != b"\x93NUMPY\x01\x00":
        raise AssertionError(f"{path} begins with {content[:8]}")
    start = 10 + struct.unpack("<H", content[8:10])[0]
    header = ast.literal_eval(content[10:start].decode())
    order, code = header["descr"][0], {"f4": "f", "i4": "i"}[header["descr"][1:]]
    return header, start, struct.unpack(f"{order}{(len(content) - start) // 4}{code}", content[start:])


def read_safetensors(path):
    """Metadata, and {name: rows or vector}."""
    with open(path, "rb") as source:
        content = source.read()
    length = struct.unpack("<Q", content[:8])[0]
    header, data, tensors = json.loads(content[8:8 + length]), content[8 + length:], {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
        shape = entry["shape"]
        tensors[name] = [values[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])] if len(shape) == 2 else values
    return header["__metadata__"], tensors


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def open_terminal(self, lines, columns):
        """Both ends of one of this size; skips where there is none to be had, as in a system without /dev/pts."""
        try:
            ends = pty.openpty()
        except OSError as error:
            self.skipTest(f"there is no terminal to be had here: {error}")
        fcntl.ioctl(ends[1], termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        return ends

    def succeed(self, *arguments, **options):
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, DONE, explain(arguments, result))
        return result

    def json(self, *arguments, **options):
        """The object that is all of stdout."""
        return json.loads(self.succeed(*arguments, "--json", **options).stdout)

    def refuse(self, status, words, *arguments, **options):
        """Fails with this status, in a message that has all the words, and prints nothing on stdout."""
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, status, explain(arguments, result))
        self.assertEqual(result.stdout, "", f"{arguments}")
        for word in words:
            self.assertIn(word.lower(), result.stderr.lower(), f"{arguments}")
        return result

    def refuse_with_object(self, status, *arguments, **options):
        """Fails with this status; the object that stands for the result."""
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, status, explain(arguments, result))
        return json.loads(result.stdout)


def train_arguments(*more):
    return ["train", f"--device={DEVICE}", "--epochs=2", *more]


def main():
    if run("devices", f"--device={DEVICE}").returncode == NO_DEVICE:
        print(f"skipped: there is no device {DEVICE} here")
        sys.exit(77)
    names = sys.argv[3:]
    loader, tests = unittest.defaultTestLoader, sys.modules["__main__"]
    suite = loader.loadTestsFromNames(names, tests) if names else loader.loadTestsFromModule(tests)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.wasSuccessful() and result.testsRun == len(result.skipped):
        print("skipped: " + "; ".join(sorted({reason for _, reason in result.skipped})))
        sys.exit(77)
    sys.exit(not result.wasSuccessful())

