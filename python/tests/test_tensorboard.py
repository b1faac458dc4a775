# SPDX-License-Identifier: MIT
"""The callback TensorBoard: what is in its files by the schema's numbers and, where that is installed, by TensorBoard's own reader."""
import re
import struct

import numpy as np
import pytest

import soma

X, Y = np.arange(24, dtype=np.float32).reshape(12, 2) / 24, np.arange(12) % 2
# Event: wall_time (1, fixed64), step (2, varint), summary (5) of one value (1) with a tag (1) of ten letters and simple_value (2, fixed32).
LOSS = re.compile(rb"\x09.{8}\x10(.)\x2a.\x0a.\x0a\x0aepoch_loss\x15(.{4})", re.DOTALL)


def trained(callback, **options):
    network = soma.Network("dense 3 relu; dense 2 softmax", device="cpu")
    return network, network.fit(X, Y, validation_data=(X, Y), callbacks=[callback], verbose=0, **options)


def content(directory):
    return b"".join(file.read_bytes() for file in sorted(directory.iterdir()) if file.is_file())


def losses(directory):
    return [(step[0], struct.unpack("<f", value)[0]) for step, value in LOSS.findall(content(directory))]


def test_curves_and_distributions_are_written(tmp_path):
    network, history = trained(soma.TensorBoard(tmp_path / "logs", histogram_freq=2), epochs=5)
    for run, name in (("train", "loss"), ("validation", "val_loss")):
        expected = [(epoch + 1, np.float32(value)) for epoch, value in enumerate(history[name])]
        assert losses(tmp_path / "logs" / run) == expected
    train = content(tmp_path / "logs" / "train")
    # After epochs 2 and 4: a parameter's own and its gradient's.
    assert train.count(b"dense_1.weight") == 4 and train.count(b"gradient/dense_1.weight") == 2
    assert b"dense_1" in content(tmp_path / "logs")  # the graph


def test_what_is_not_wanted_is_not_written(tmp_path):
    trained(soma.TensorBoard(str(tmp_path), histogram_freq=0, write_graph=False), epochs=2, initial_epoch=7)
    assert [step for step, _ in losses(tmp_path / "train")] == [8, 9]
    assert b"dense_1" not in content(tmp_path / "train") and not content(tmp_path)


def test_where_nothing_can_be_written_nothing_is_trained(tmp_path):
    (tmp_path / "file").write_text("")
    network = soma.Network("dense 2 softmax", device="cpu")
    network.predict(X)
    before = network.weights["dense_1.weight"].copy()
    with pytest.raises(soma.IOError, match="file/logs"):
        network.fit(X, Y, epochs=2, verbose=0, callbacks=[soma.TensorBoard(tmp_path / "file" / "logs")])
    assert np.array_equal(before, network.weights["dense_1.weight"])


def test_tensorboard_reads_them(tmp_path):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    network, history = trained(soma.TensorBoard(tmp_path), epochs=3)
    run = events.EventAccumulator(str(tmp_path / "train"))
    run.Reload()
    assert [(event.step, event.value) for event in run.Scalars("epoch_loss")] == [(i + 1, np.float32(v)) for i, v in enumerate(history["loss"])]
    last = run.Tensors("dense_1.weight")[-1] if "dense_1.weight" in run.Tags()["tensors"] else run.Histograms("dense_1.weight")[-1]
    assert last.step == 3
    own = events.EventAccumulator(str(tmp_path))
    own.Reload()
    assert own.Tags()["graph"]
