#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""soma watch: curves out of tables and event files, what is drawn of them, a terminal that follows a training; and the history that is
there while training goes on.

Usage: test_program_watch.py PROGRAM DEVICE [CLASS ...]
"""
import csv
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, PROGRAM, USAGE, ProgramTest, main

ROWS, LABELS = 12, 10  # of the curves where the output is no terminal, 70 characters wide, and what stands left of them


class Watch(ProgramTest):
    def curves(self, path):
        return {(curve["chart"], curve["run"]): (curve["points"], curve["step"], curve["value"])
                for curve in self.json("watch", path)["curves"]}

    def drawn(self, path, locale="C"):
        return self.succeed("watch", path, environment={"LC_ALL": locale}).stdout.split("\n")

    def test_a_table(self):
        table = self.write("run.csv", "epoch,loss,accuracy,val_loss,learning_rate,seconds\n1,2,0.5,2.5,0.1,1\n2,1,,1.5,0.05,1\n3,0.5,0.75,nan,0.05,")
        found = self.curves(table)
        # The third line has no end: it is still being written. A gap is no point.
        self.assertEqual(found["loss", "training"], (2, 2, 1))
        self.assertEqual(found["loss", "validation"], (2, 2, 1.5))
        self.assertEqual(found["accuracy", "training"], (1, 1, 0.5))
        self.assertEqual(self.curves(self.write("empty.csv", "")), {})
        self.assertIn("nothing yet", self.drawn(self.path("empty.csv"))[0])
        again = self.write("again.csv", "step,loss\n1,4\n2,3\n3,2\n2,8\n")  # a run that was resumed at its second step
        self.assertEqual(self.curves(again), {("loss", "training"): (2, 2, 8)})

    def test_lines_of_json(self):
        """The same curves as of the table; null is a gap, and a line without its end is still being written."""
        lines = self.write("run.jsonl", '{"epoch": 1, "loss": 2, "accuracy": 0.5, "val_loss": 2.5, "learning_rate": 0.1}\n'
                                        '{"epoch": 2, "loss": 1, "accuracy": null, "val_loss": 1.5, "learning_rate": 0.05}\n{"epoch": 3, "lo')
        self.assertEqual(self.curves(lines), {("loss", "training"): (2, 2, 1), ("loss", "validation"): (2, 2, 1.5),
                                              ("accuracy", "training"): (1, 1, 0.5), ("learning_rate", "training"): (2, 2, 0.05)})
        self.assertEqual(self.curves(self.write("begun.jsonl", '{"epoch": 1, "loss"')), {})
        written, table = self.path("written.jsonl"), self.path("written.csv")
        for file in written, table:
            self.succeed("train", f"--device={DEVICE}", "--epochs=3", "--history", file)
        found, wanted = self.curves(written), self.curves(table)
        self.assertEqual(found.keys(), wanted.keys())
        for curve in found.keys() - {("seconds", "training")}:
            self.assertEqual(found[curve], wanted[curve])

    def test_a_line_is_drawn(self):
        """0, 1, 2 over epochs 1 to 3, on axes that begin and end there. An end of a line is rounded to half a dot either way, and what is
        between to half a one more."""
        lines = self.drawn(self.write("line.csv", "epoch,accuracy\n1,0\n2,1\n3,2\n"))
        self.assertRegex(lines[0], r"^accuracy  \* training 2$")
        marks = {(row, column - LABELS) for row in range(ROWS) for column, mark in enumerate(lines[1 + row]) if mark == "*"}
        self.assertLessEqual({(11, 0), (6, 35), (0, 69)}, marks)
        self.assertEqual(len(marks), 70)
        self.assertTrue(all(abs((1 - row / 11) - column / 69) <= 1.1 / 11 for row, column in marks))
        self.assertEqual(lines[1][:LABELS].split(), ["2.0", "|"])
        self.assertEqual(lines[ROWS][:LABELS].split(), ["0.0", "|"])
        self.assertEqual(lines[ROWS + 1].split(), ["1", "3"])

    def test_braille(self):
        """Of two by four dots in a character: the same line, finer."""
        lines = self.drawn(self.write("line.csv", "epoch,accuracy\n1,0\n2,1\n3,2\n"), "C.UTF-8")
        dots = set()
        for row in range(ROWS):
            for column, character in enumerate(lines[1 + row][LABELS:]):
                for bit in range(8):
                    if character != " " and ord(character) - 0x2800 >> bit & 1:
                        across, down = (bit // 3, bit % 3) if bit < 6 else (bit - 6, 3)
                        dots.add((4 * row + down, 2 * column + across))
        self.assertLessEqual({(47, 0), (24, 70), (0, 139)}, dots)
        self.assertEqual(len(dots), 140)
        self.assertTrue(all(abs((1 - down / 47) - across / 139) <= 1.2 / 47 for down, across in dots))

    def test_gaps_and_constants(self):
        lines = self.drawn(self.write("gaps.csv", "epoch,accuracy\n1,1\n2,nan\n3,1\n4,1\n"))
        rows = [line[LABELS:] for line in lines[1:1 + ROWS] if "*" in line]
        self.assertEqual(len(rows), 1)
        self.assertEqual([column for column, mark in enumerate(rows[0]) if mark == "*"], [0, *range(46, 70)])
        only = self.drawn(self.write("nan.csv", "epoch,loss\n1,nan\n2,inf\n"))
        self.assertFalse(any("*" in line[LABELS:] for line in only[1:]))

    def test_event_files(self):
        runs, table = self.path("runs"), self.path("run.csv")
        self.succeed("train", f"--device={DEVICE}", "--epochs=3", "--tensorboard", runs, "--history", table)
        found, (*_, last) = self.curves(runs), csv.DictReader(open(table, newline=""))
        self.assertEqual(found["epoch_loss", "train"][:2], (3, 3))
        for chart, run, column in (("epoch_loss", "train", "loss"), ("epoch_loss", "validation", "val_loss"), ("epoch_accuracy", "train", "accuracy")):
            self.assertAlmostEqual(found[chart, run][2], float(last[column]), delta=1e-6 * abs(float(last[column])))
        self.assertEqual(set(self.curves(os.path.join(runs, "train"))), {(chart, "") for chart, run in found if run == "train"})
        self.assertTrue(self.drawn(runs)[0].startswith("epoch_loss  * train"))
        # The beginning of a record at the end is none yet; what is damaged is told.
        file = os.path.join(runs, "train", os.listdir(os.path.join(runs, "train"))[0])
        content = open(file, "rb").read()
        open(file, "wb").write(content + struct.pack("<Q", 99))
        self.assertEqual(self.curves(runs), found)
        open(file, "wb").write(content[:-1])
        self.assertIn(("epoch_loss", "train"), self.curves(runs))
        open(file, "wb").write(content[:20] + bytes([content[20] ^ 1]) + content[21:])
        self.refuse(BAD_FILE, [file, "checksum"], "watch", runs)

    def test_what_is_refused(self):
        self.refuse(USAGE, ["--tensorboard", "--history"], "watch")
        self.refuse(USAGE, ["unexpected argument"], "watch", "a", "b")
        self.refuse(BAD_FILE, ["nowhere", "no such file"], "watch", self.path("nowhere"))
        self.refuse(BAD_FILE, ["line 1", "names"], "watch", self.write("numbers.csv", "1,2\n3,4\n"))
        self.refuse(BAD_FILE, ["line 1", "names"], "watch", self.write("one.csv", "loss\n1\n"))
        self.refuse(BAD_FILE, ["line 3", "fields"], "watch", self.write("short.csv", "epoch,loss\n1,2\n2\n"))
        self.refuse(BAD_FILE, ["line 2", "first field"], "watch", self.write("word.csv", "epoch,loss\none,2\n"))
        for line, told in ("{\"epoch\": 2, \"loss\"", "JSON"), ("[2, 1]", "JSON"), ("2,1", "JSON"), ('{"epoch": "two"}', "first member"), ("{}", "first member"):
            self.refuse(BAD_FILE, ["line 2", told], "watch", self.write("bad.jsonl", '{"epoch": 1, "loss": 2}\n' + line + "\n"))
        self.assertEqual(self.curves(self.folder.name), {})

    def test_a_terminal(self):
        """Draws what comes, as large as the terminal is, waits for a file that is not there yet, and ends by Ctrl-C."""
        terminal, program_side = self.open_terminal(16, 60)
        process = subprocess.Popen([PROGRAM, "watch", self.path("run.csv")], stdout=program_side, stderr=program_side, env={**os.environ, "LC_ALL": "C"})
        os.close(program_side)
        try:
            self.assertIn(b"nothing yet", self.read_until(terminal, b"nothing yet"))
            self.write("run.csv", "epoch,loss,accuracy\n1,2,0.5\n")
            self.read_until(terminal, b"training 2")
            self.write("run.csv", "epoch,loss,accuracy\n1,2,0.5\n2,1.5,0.75\n")
            screen = self.read_until(terminal, b"training 0.75")
            self.assertLessEqual(screen.split(b"\033[2J")[-1].count(b"\n"), 15)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(20), 0)
        finally:
            process.kill()
            process.wait()
            os.close(terminal)

    def read_until(self, terminal, wanted):
        seen, end = b"", time.monotonic() + 20
        while wanted not in seen and time.monotonic() < end:
            if select.select([terminal], [], [], 1)[0]:
                seen += os.read(terminal, 65536)
        self.assertIn(wanted, seen)
        return seen


class Lines(ProgramTest):
    """--history, as lines of JSON and while training goes on."""

    def test_json_lines(self):
        lines, table = self.path("run.jsonl"), self.path("run.csv")
        for file in lines, table:
            self.succeed("train", f"--device={DEVICE}", "--seed=3", "--epochs=3", "--history", file)
        epochs, rows = [json.loads(line) for line in open(lines)], list(csv.DictReader(open(table, newline="")))
        self.assertEqual(len(epochs), 3)
        for epoch, row in zip(epochs, rows):
            self.assertEqual(list(epoch), list(row))
            for name in row.keys() - {"seconds"}:
                self.assertEqual(epoch[name], float(row[name]), name)

    def test_a_killed_training_leaves_its_history(self):
        for name in "run.csv", "run.jsonl":
            file = self.path(name)
            process = subprocess.Popen([PROGRAM, "train", f"--device={DEVICE}", "--epochs=1000000", "--history", file],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                first, end = self.size_of(file), time.monotonic() + 60
                while self.size_of(file) == first and time.monotonic() < end:
                    time.sleep(0.05)
                second = self.size_of(file)
                while self.size_of(file) == second and time.monotonic() < end:
                    time.sleep(0.05)
            finally:
                process.kill()
                process.wait()
            content = open(file).read()
            self.assertTrue(content.endswith("\n"), content[-100:])
            self.assertGreater(len(content.splitlines()), 2)
            self.assertEqual(os.listdir(self.folder.name).count(name), 1)

    @staticmethod
    def size_of(file):
        return os.path.getsize(file) if os.path.exists(file) else -1


if __name__ == "__main__":
    main()
