#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""soma train --tensorboard: the event files, taken to pieces here by the schema's numbers and, where TensorBoard is installed, by its own
EventAccumulator; what a killed run leaves; what cannot be written.

Usage: tensorboard_test.py PROGRAM DEVICE
"""
import csv
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
from program import DEVICE, DONE, FAILED, PROGRAM, ProgramTest, main, run


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return ~crc & 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """The whole records of a file; fails where a checksum is wrong, or something is left over."""
    at = 0
    while at < len(data):
        length, check = struct.unpack_from("<QI", data, at)
        assert check == masked(data[at:at + 8])
        body = data[at + 12:at + 12 + length]
        assert len(body) == length and struct.unpack_from("<I", data, at + 12 + length)[0] == masked(body)
        yield body
        at += length + 16


def fields(message):
    """{number: [value, ...]} of a protocol buffer; what has a length stays bytes."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            value = varint()
        else:
            length = {1: 8, 5: 4}.get(tag & 7) or varint() if tag & 7 != 2 else varint()
            value, at = message[at:at + length], at + length
            if tag & 7 in (1, 5):
                value = struct.unpack("<d" if length == 8 else "<f", value)[0]
        found.setdefault(tag >> 3, []).append(value)
    return found


class Board(ProgramTest):
    def setUp(self):
        super().setUp()
        self.table = self.path("table.csv")
        with open(self.table, "w") as file:
            file.writelines(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(100))
        self.directory = Path(self.path("runs")) / "first"

    def train(self, *arguments):
        return run("train", f"--device={DEVICE}", "--quiet", "--data", self.table, "--net=dense 3 relu; dense 2 softmax", "--seed=1", "--test=0",
                   "--tensorboard", str(self.directory), *arguments)

    def events(self, run):
        events = []
        for file in sorted((self.directory / run).glob("events.out.tfevents.*")):
            events += [fields(record) for record in records(file.read_bytes())]
        return events

    def scalars(self, run):
        """{tag: [(step, value), ...]}"""
        found = {}
        for event in self.events(run):
            for value in [fields(v) for summary in event.get(5, []) for v in fields(summary)[1]]:
                if 2 in value:
                    found.setdefault(value[1][0].decode(), []).append((event[2][0], value[2][0]))
        return found

    def test_scalars_are_those_of_the_history(self):
        history = self.path("history.csv")
        self.assertEqual(self.train("--epochs=3", "--history", history).returncode, DONE)
        with open(history) as file:
            rows = list(csv.DictReader(file))
        for run, prefix in (("train", ""), ("validation", "val_")):
            scalars = self.scalars(run)
            for name in ("loss", "accuracy"):
                self.assertEqual([step for step, _ in scalars[f"epoch_{name}"]], [1, 2, 3])
                for (_, value), row in zip(scalars[f"epoch_{name}"], rows):
                    self.assertAlmostEqual(value, float(row[prefix + name]), delta=1e-6)
        self.assertAlmostEqual(self.scalars("train")["epoch_learning_rate"][2][1], 0.001, delta=1e-9)

    def test_histograms_count_every_weight(self):
        self.assertEqual(self.train("--epochs=2").returncode, DONE)
        counts = {}
        for event in self.events("train"):
            for value in [fields(v) for summary in event.get(5, []) for v in fields(summary)[1]]:
                if 5 not in value:
                    continue
                histogram = fields(value[5][0])
                limits, buckets = (struct.unpack(f"<{len(histogram[n][0]) // 8}d", histogram[n][0]) for n in (6, 7))
                self.assertEqual(len(limits), len(buckets))
                self.assertEqual(sum(buckets), histogram[3][0])
                self.assertEqual(limits[-1], histogram[2][0])
                self.assertTrue(all(a <= b for a, b in zip(limits, limits[1:])))
                counts[value[1][0].decode()] = histogram[3][0]
        expected = {"dense_1.weight": 6, "dense_1.bias": 3, "dense_2.weight": 6, "dense_2.bias": 2}
        self.assertEqual(counts, expected | {f"gradient/{name}": count for name, count in expected.items()})

    def test_runs_can_be_compared_by_what_they_were_asked_for(self):
        self.assertEqual(self.train("--epochs=1", "--batch=20", "--lr=0.5").returncode, DONE)
        values = [fields(v) for event in self.events("train") for summary in event.get(5, []) for v in fields(summary)[1]]
        [value] = [value for value in values if value[1][0] == b"_hparams_/session_start_info"]
        plugin = fields(fields(value[9][0])[1][0])
        self.assertEqual(plugin[1][0], b"hparams")
        start = fields(fields(plugin[2][0])[3][0])
        asked = {fields(entry)[1][0]: fields(fields(entry)[2][0]) for entry in start[1]}
        self.assertEqual(asked[b"batch"], {2: [20.0]})
        self.assertEqual(asked[b"learning rate"], {2: [0.5]})
        self.assertIn(b"dense 3 relu", asked[b"network"][3][0])

    def test_graph_and_options(self):
        self.assertEqual(self.train("--epochs=1").returncode, DONE)
        events = self.events("")
        self.assertEqual(events[0][3], [b"brain.Event:2"])
        graph = fields(next(e[4][0] for e in events if 4 in e))
        nodes = [fields(node) for node in graph[1]]
        self.assertEqual([n[1][0] for n in nodes], [b"input_1", b"dense_1", b"dense_2"])
        self.assertEqual([n.get(3, []) for n in nodes], [[], [b"input_1"], [b"dense_1"]])
        # attr 5: key 1, value 2; its list 1, there shape 7, dim 2, size 1: the batch is any, -1
        shapes = []
        for attributes in (dict((fields(a)[1][0], fields(a)[2][0]) for a in n[5]) for n in nodes):
            shape = fields(fields(fields(attributes[b"_output_shapes"])[1][0])[7][0])
            shapes.append([fields(dimension)[1][0] for dimension in shape[2]])
        self.assertEqual(shapes, [[2**64 - 1, 2], [2**64 - 1, 3], [2**64 - 1, 2]])
        text = next(fields(fields(e[5][0])[1][0]) for e in events if 5 in e)
        self.assertIn(b"dense 3 relu", fields(text[8][0])[8][0])

    def test_runs_add_to_each_other(self):
        for _ in range(2):
            self.assertEqual(self.train("--epochs=1").returncode, DONE)
        self.assertEqual(len(list((self.directory / "train").iterdir())), 2)

    def test_a_killed_run_leaves_whole_events(self):
        process = subprocess.Popen([PROGRAM, "train", f"--device={DEVICE}", "--quiet", "--data", self.table, "--epochs=1000000",
                                    "--tensorboard", str(self.directory)])
        while not (self.directory / "validation").exists() or len(self.scalars("validation").get("epoch_loss", [])) < 3:
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for run in ("train", "validation"):
            self.assertGreaterEqual(len(self.scalars(run)["epoch_loss"]), 3)

    def test_what_cannot_be_made_is_refused_before_training(self):
        self.directory = Path(self.table) / "below"
        result = self.train("--epochs=1", "--save", self.path("model"))
        self.assertEqual(result.returncode, FAILED)
        self.assertIn("--tensorboard", result.stderr)
        self.assertFalse(os.path.exists(self.path("model")))

    def test_tensorboard_reads_it(self):
        try:
            from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        except ImportError:
            self.skipTest("TensorBoard is not installed")
        self.assertEqual(self.train("--epochs=2").returncode, DONE)
        train, whole = (EventAccumulator(str(path)) for path in (self.directory / "train", self.directory))
        train.Reload()
        whole.Reload()
        self.assertEqual([e.step for e in train.Scalars("epoch_loss")], [1, 2])
        self.assertEqual(train.Histograms("dense_1.weight")[0].histogram_value.num, 6)
        self.assertEqual([n.name for n in whole.Graph().node], ["input_1", "dense_1", "dense_2"])
        from tensorboard.plugins.hparams import metadata

        content = train.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
        self.assertEqual(metadata.parse_session_start_info_plugin_data(content).hparams["epochs"].number_value, 2)
        self.assertIn(b"dense 3 relu", whole.Tensors("soma train")[0].tensor_proto.string_val[0])


if __name__ == "__main__":
    main()
