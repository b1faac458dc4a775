#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""soma train --tensorboard, and soma search --tensorboard: the event files, taken to pieces here by the schema's numbers and, where TensorBoard is installed, by its own
EventAccumulator; what a killed run leaves; what cannot be written.

Usage: tensorboard_test.py PROGRAM DEVICE
"""
import csv
import json
import os
import re
import signal
import socket
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


class Files(ProgramTest):
    def setUp(self):
        super().setUp()
        self.table = self.path("table.csv")
        with open(self.table, "w") as file:
            file.writelines(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(100))
        self.directory = Path(self.path("runs")) / "first"

    def events(self, run):
        events = []
        for file in sorted((self.directory / run).glob("events.out.tfevents.*")):
            events += [fields(record) for record in records(file.read_bytes())]
        return events


class Board(Files):
    def train(self, *arguments):
        return run("train", f"--device={DEVICE}", "--quiet", "--data", self.table, "--net=dense 3 relu; dense 2 softmax", "--seed=1", "--test=0",
                   "--tensorboard", str(self.directory), *arguments)

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

    def test_files_are_named_by_time_host_and_process(self):
        self.assertEqual(self.train("--epochs=1").returncode, DONE)
        host = socket.gethostname()
        host = host if host and "/" not in host and len(host) < 64 else "localhost"
        for run in "train", "validation":
            for file in (self.directory / run).iterdir():
                self.assertRegex(file.name, rf"^events\.out\.tfevents\.\d{{10,}}\.{re.escape(host)}\.\d+\.\d+$")

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
        [end] = [value for value in values if value[1][0] == b"_hparams_/session_end_info"]
        self.assertEqual(fields(fields(fields(fields(end[9][0])[1][0])[2][0])[4][0])[1], [1])  # STATUS_SUCCESS

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

    def pictures(self, run):
        """{tag: [(step, PNG), ...]}; no other kind of event has field 4 in its values."""
        found = {}
        for event in self.events(run):
            for value in [fields(v) for summary in event.get(5, []) for v in fields(summary)[1] if 4 in fields(v)]:
                image = fields(value[4][0])
                png = image[4][0]
                self.assertEqual(struct.unpack_from(">II", png, 16), (image[2][0], image[1][0]))
                found.setdefault(value[1][0].decode(), []).append((event[2][0], png))
        return found

    def draw(self, *arguments):
        """The PNG that a command draws of a model; skips the test where none can be."""
        path = self.path("drawn.png")
        result = run(*arguments, path)
        if "without libpng" in result.stderr:
            self.assertFalse(self.pictures("train") or self.pictures(""))
            self.skipTest("soma was built without libpng")
        self.assertEqual(result.returncode, DONE, result.stderr)
        return Path(path).read_bytes()

    def test_pictures_are_those_that_are_drawn_of_the_model(self):
        for options, last, weights in (("--epochs=5",), "epoch 5", None), (("--epochs=40", "--lr=0.05", "--early-stopping=2", "--restore-best"), None, "best_epoch"):
            with self.subTest(options=options):
                self.directory = Path(self.path("runs")) / options[0]
                model = self.path(last or "model")
                result = self.json("train", f"--device={DEVICE}", "--json", "--data=digits", "--seed=1", "--net=conv 3 3x3 relu; flatten; dense 10 softmax", "--save", model,
                                   "--tensorboard", str(self.directory), *options)
                count = result["epochs"]
                if weights:  # a picture's heading has the epochs, and begins with the name of the model where that is drawn
                    named = self.path(f"epoch {count}, weights of epoch {result[weights]}")
                    self.assertLess(result[weights], count)
                    os.rename(model, named)
                    model = named
                drawn = self.draw("show", model, "--filters")
                filters = self.pictures("train").pop("filters")
                regular = [step for step in (1, 2, 4, 8, 16, 32) if step <= count]
                self.assertEqual([step for step, _ in filters], regular + ([count] if weights or count not in regular else []))
                self.assertEqual(len({png for _, png in filters}), len(filters))
                self.assertEqual(filters[-1][1], drawn)
                self.assertEqual(self.pictures(""), {"mistakes/test": [(count, self.draw("evaluate", f"--device={DEVICE}", "--quiet", "--data=digits", "--model", model, "--worst=25",
                                                                                         "--mistakes"))]})

    def test_tables_have_no_pictures(self):
        self.assertEqual(self.train("--epochs=2").returncode, DONE)
        self.assertEqual([self.pictures(run) for run in ("", "train", "validation")], [{}, {}, {}])

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


class Search(Files):
    SPACE = {"lr": {"min": 0.001, "max": 0.1, "log": True}, "batch": [10, 20], "net": ["dense 3 relu; dense 2 softmax", "dense 2 softmax"]}

    def search(self, *arguments, trials=3):
        space = self.path("space.json")
        with open(space, "w") as file:
            json.dump(self.SPACE, file)
        return run("search", f"--device={DEVICE}", "--quiet", "--data", self.table, "--space", space, f"--trials={trials}", "--folds=2", "--seed=1", "--test=0",
                   "--epochs=2", "--results", self.path("results"), "--tensorboard", str(self.directory), *arguments)

    def results(self):
        """The trials as the file of results has them."""
        with open(self.path("results")) as file:
            return [json.loads(line) for line in file][1:]

    def message(self, run, tag, number):
        """Field `number` of the one message of the plugin hparams under this tag."""
        values = [fields(v) for event in self.events(run) for summary in event.get(5, []) for v in fields(summary)[1]]
        [value] = [value for value in values if value[1][0] == tag]
        plugin = fields(fields(value[9][0])[1][0])
        self.assertEqual(plugin[1], [b"hparams"])
        return fields(fields(plugin[2][0])[number][0])

    def test_each_trial_is_a_run_with_what_it_took_and_what_came_of_it(self):
        self.assertEqual(self.search().returncode, DONE)
        trials = self.results()
        self.assertEqual(sorted(path.name for path in self.directory.iterdir() if path.is_dir()), ["trial-1", "trial-2", "trial-3"])
        for number, trial in enumerate(trials, 1):
            start = self.message(f"trial-{number}", b"_hparams_/session_start_info", 3)
            taken = {fields(entry)[1][0].decode(): fields(fields(entry)[2][0]) for entry in start[1]}
            self.assertEqual(taken, {"lr": {2: [float(trial["options"]["lr"])]}, "batch": {2: [float(trial["options"]["batch"])]},
                                     "net": {3: [trial["options"]["net"].encode()]}})
            self.assertEqual(self.message(f"trial-{number}", b"_hparams_/session_end_info", 4)[1], [1])
        for number, trial in enumerate(trials, 1):
            values = [fields(v) for event in self.events(f"trial-{number}") for summary in event.get(5, []) for v in fields(summary)[1]]
            figures = {value[1][0].decode(): value[2][0] for value in values if 2 in value}
            expected = trial["mean"] | {f"deviation/{name}": value for name, value in trial["deviation"].items()}
            self.assertEqual(figures, {name: struct.unpack("<f", struct.pack("<f", value))[0] for name, value in expected.items()})

    def test_the_experiment_has_the_space(self):
        self.assertEqual(self.search().returncode, DONE)
        experiment = self.message("", b"_hparams_/experiment", 2)
        infos = {fields(info)[1][0]: fields(info) for info in experiment[4]}
        self.assertEqual(set(infos), {b"lr", b"batch", b"net"})
        self.assertEqual((infos[b"lr"][4], fields(infos[b"lr"][6][0])), ([3], {1: [0.001], 2: [0.1]}))
        self.assertEqual((infos[b"batch"][4], [fields(value) for value in fields(infos[b"batch"][5][0])[1]]), ([3], [{2: [10.0]}, {2: [20.0]}]))
        self.assertEqual((infos[b"net"][4], [fields(value)[3][0].decode() for value in fields(infos[b"net"][5][0])[1]]), ([1], self.SPACE["net"]))
        self.assertEqual([fields(fields(info)[1][0])[2][0].decode() for info in experiment[5]], list(self.results()[0]["mean"]))

    def test_a_synonym_in_the_space_is_the_option(self):
        self.SPACE = {"learning-rate": {"min": 0.001, "max": 0.1}, "batch-size": [10, 20]}
        self.assertEqual(self.search(trials=1).returncode, DONE)
        infos = {fields(info)[1][0]: fields(info) for info in self.message("", b"_hparams_/experiment", 2)[4]}
        self.assertEqual(fields(infos[b"lr"][6][0]), {1: [0.001], 2: [0.1]})
        self.assertEqual([fields(value) for value in fields(infos[b"batch"][5][0])[1]], [{2: [10.0]}, {2: [20.0]}])

    def test_a_search_that_goes_on_adds_its_trials_and_those_that_are_not_there(self):
        self.assertEqual(self.search(trials=1).returncode, DONE)
        first = list((self.directory / "trial-1").iterdir())
        self.assertEqual(self.search(trials=2).returncode, DONE)
        self.assertEqual(list((self.directory / "trial-1").iterdir()), first)
        self.message("", b"_hparams_/experiment", 2)  # there is one
        self.directory = self.directory.with_name("second")
        self.assertEqual(self.search(trials=3).returncode, DONE)
        for number in (1, 2, 3):
            self.message(f"trial-{number}", b"_hparams_/session_end_info", 4)

    def test_what_cannot_be_made_ends_the_search(self):
        self.directory = Path(self.table) / "below"
        result = self.search()
        self.assertEqual(result.returncode, FAILED)
        self.assertIn("--tensorboard", result.stderr)

    def test_tensorboard_compares_the_trials(self):
        try:
            from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
            from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
            from tensorboard.context import RequestContext
            from tensorboard.plugins.base_plugin import TBContext
            from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups
        except ImportError:
            self.skipTest("TensorBoard is not installed")
        self.assertEqual(self.search().returncode, DONE)
        multiplexer = EventMultiplexer().AddRunsFromDirectory(str(self.directory))
        multiplexer.Reload()
        provider = MultiplexerDataProvider(multiplexer, str(self.directory))
        context = backend_context.Context(TBContext(logdir=str(self.directory), multiplexer=multiplexer, data_provider=provider))
        request = RequestContext()
        tags = context.hparams_metadata(request, "")
        experiment = get_experiment.Handler(request, context, "", api_pb2.GetExperimentRequest()).run()
        self.assertEqual({info.name for info in experiment.hparam_infos}, {"lr", "batch", "net"})
        self.assertEqual([info.name.tag for info in experiment.metric_infos], list(self.results()[0]["mean"]))
        self.assertEqual(set(tags), {".", "trial-1", "trial-2", "trial-3"})
        columns = [api_pb2.ColParams(hparam=name) for name in ("lr", "batch", "net")]
        wanted = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=9, col_params=columns,
                                                  allowed_statuses=[api_pb2.STATUS_SUCCESS])
        groups = list_session_groups.Handler(request, context, "", wanted).run().session_groups
        means = {group.sessions[0].name: {value.name.tag: value.value for value in group.metric_values} for group in groups}
        for number, trial in enumerate(self.results(), 1):
            for name, value in trial["mean"].items():
                self.assertAlmostEqual(means[f"trial-{number}"][name], value, places=5)
        lr = {group.sessions[0].name: group.hparams["lr"].number_value for group in groups}
        self.assertEqual(lr, {f"trial-{number}": float(trial["options"]["lr"]) for number, trial in enumerate(self.results(), 1)})


if __name__ == "__main__":
    main()
