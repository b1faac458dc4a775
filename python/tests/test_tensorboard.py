# SPDX-License-Identifier: MIT
"""The callback TensorBoard and the SummaryWriter: what is in their files by the schema's numbers and, where that is installed, by TensorBoard's own reader."""
import re
import struct
import zlib

import numpy as np
import pytest

import soma

X, Y = np.arange(24, dtype=np.float32).reshape(12, 2) / 24, np.arange(12) % 2
# Event: wall_time (1, fixed64), step (2, varint), summary (5) of one value (1) with a tag (1) of ten letters and simple_value (2, fixed32).
LOSS = re.compile(rb"\x09.{8}\x10(.)\x2a.\x0a.\x0a\x0aepoch_loss\x15(.{4})", re.DOTALL)
BATCH_LOSS = re.compile(LOSS.pattern.replace(b"epoch_", b"batch_"), re.DOTALL)


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


def test_metrics_that_python_computes_are_written_beside(tmp_path):
    network = soma.Network("dense 1", device="cpu")
    network.compile(loss="mse", metrics=[soma.metrics.MeanSquaredError(name="my_square")])
    history = network.fit(X, Y, epochs=3, validation_data=(X[:5], Y[:5]), callbacks=[soma.TensorBoard(tmp_path)], verbose=0)
    square = re.compile(LOSS.pattern.replace(b"\\x0aepoch_loss", b"\\x0fepoch_my_square"), re.DOTALL)
    for run, name in (("train", "my_square"), ("validation", "val_my_square")):
        written = [(step[0], struct.unpack("<f", value)[0]) for step, value in square.findall(content(tmp_path / run))]
        assert written == [(epoch + 1, np.float32(value)) for epoch, value in enumerate(history[name])]


@pytest.mark.parametrize("update_freq, steps", [("batch", [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), ("epoch", [])])
def test_figures_of_batches_are_written(tmp_path, update_freq, steps):
    kept = []
    watch = soma.LambdaCallback(on_batch_end=lambda batch, logs: kept.append(np.float32(logs["loss"])))
    network = soma.Network("dense 2 softmax", device="cpu")
    network.fit(X, Y, epochs=2, batch_size=4, verbose=0, callbacks=[watch, soma.TensorBoard(tmp_path, update_freq=update_freq)])
    written = [(step[0], struct.unpack("<f", value)[0]) for step, value in BATCH_LOSS.findall(content(tmp_path / "train"))]
    assert written == [(step, kept[step - 1]) for step in steps]
    with pytest.raises(ValueError, match="update_freq is 0; accepted: 'epoch', 'batch', or a number of batches"):
        soma.TensorBoard(tmp_path, update_freq=0)


def test_what_is_not_wanted_is_not_written(tmp_path):
    trained(soma.TensorBoard(str(tmp_path), histogram_freq=0, write_graph=False), epochs=9, initial_epoch=7)
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


def pictures(data):
    """[height, width, channels] of each PNG file among these bytes, taken to pieces by the format's own numbers."""
    found = []
    for begin in re.finditer(re.escape(b"\x89PNG\r\n\x1a\n"), data):
        at, parts = begin.end(), {}
        while b"IEND" not in parts:
            length, = struct.unpack_from(">I", data, at)
            kind, body, check = struct.unpack_from(f">4s{length}sI", data, at + 4)
            assert check == zlib.crc32(kind + body)
            parts[kind], at = body, at + 12 + length
        width, height, depth, colour = struct.unpack(">IIBB", parts[b"IHDR"][:10])
        lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, -1)
        assert depth == 8 and not lines[:, 0].any()
        found.append(lines[:, 1:].reshape(height, width, {0: 1, 2: 3, 6: 4}[colour]))
    return found


def test_a_writer_s_pictures_are_those_that_it_was_given(tmp_path):
    colours = np.random.default_rng(1).integers(0, 256, (2, 5, 3), np.uint8)
    with soma.SummaryWriter(tmp_path) as writer:
        writer.add_image("grey", [[0.0, 0.5], [2.0, float("nan")]])
        writer.add_image("colours", colours, 3)
        writer.add_image("planes", np.ascontiguousarray(colours.transpose(2, 0, 1)), dataformats="CHW")
        writer.add_image("opacity", np.ones((1, 2, 4), np.float64))
        for wrong in (np.zeros((2, 2, 2)), np.zeros(4), np.zeros((0, 2))):
            with pytest.raises(ValueError, match=r"a picture of the shape \(.*accepted"):
                writer.add_image("wrong", wrong)
        with pytest.raises(ValueError, match="dataformats 'NHWC'; accepted: HW, HWC, CHW"):
            writer.add_image("wrong", colours, dataformats="NHWC")
        with pytest.raises(TypeError, match="uint8"):
            writer.add_image("wrong", [[0, 255]])
    grey, first, second, opacity = pictures(content(tmp_path))
    assert grey[:, :, 0].tolist() == [[0, 128], [255, 0]]
    assert np.array_equal(first, colours) and np.array_equal(second, colours)
    assert opacity.shape == (1, 2, 4) and (opacity == 255).all()
    with pytest.raises(ValueError, match="closed"):
        writer.add_scalar("late", 1.0)


@pytest.mark.parametrize("event", ["scalar", "histogram", "text", "image", "end"])
def test_a_writer_that_its_argument_closes_is_closed(tmp_path, event):
    writer = soma.SummaryWriter(tmp_path)

    class Closing:
        def __index__(self):
            writer.close()
            return 1

        def __bool__(self):
            return bool(self.__index__())

    add = {"scalar": lambda: writer.add_scalar("a", 1.0, Closing()), "histogram": lambda: writer.add_histogram("a", [1.0], Closing()),
           "text": lambda: writer.add_text("a", "b", Closing()), "image": lambda: writer.add_image("a", [[0.5]], Closing()),
           "end": lambda: writer.end_hparams(Closing())}
    with pytest.raises(ValueError, match="closed"):
        add[event]()


def test_the_filters_are_drawn_as_they_become_what_they_are(tmp_path):
    x = np.random.default_rng(1).random((24, 6, 6, 1), np.float32)
    network = soma.Network("conv 4 3x2 relu; globalavgpool; dense 2 softmax", device="cpu")
    board = soma.TensorBoard(tmp_path, histogram_freq=0, write_images=True, hparams={"units": np.int64(4), "kind": "small"})
    network.fit(x, np.arange(24) % 2, epochs=5, verbose=0, callbacks=[board])
    drawn = pictures(content(tmp_path / "train"))
    assert [picture.shape for picture in drawn] == [(7, 5, 1)] * 4  # after epochs 1, 2, 4 and 5: two by two of 3 by 2
    weights = network.weights["conv_1.weight"]
    expected = 127.5 + 127.5 * weights / np.abs(weights).max()
    for i, (top, left) in enumerate([(0, 0), (0, 3), (4, 0), (4, 3)]):
        assert np.abs(drawn[-1][top:top + 3, left:left + 2, 0] - expected[:, :, 0, i]).max() <= 0.51
    assert (drawn[-1][3] == 255).all() and (drawn[-1][:, 2] == 255).all()
    written = content(tmp_path / "train")
    assert b"units" in written and b"small" in written and b"_hparams_/session_end_info" in written

    colours = soma.Network("conv 2 3x3 relu; globalavgpool; dense 2 softmax", device="cpu")
    colours.fit(np.repeat(x, 3, axis=3), np.arange(24) % 2, verbose=0, callbacks=[soma.TensorBoard(tmp_path / "colours", write_images=True)])
    assert [picture.shape for picture in pictures(content(tmp_path / "colours" / "train"))] == [(3, 7, 3)]


def test_hyperparameters_are_numbers_or_what_str_says(tmp_path):
    given = {"optimizer": np.str_("adamant"), "sizes": np.array([31, 32]), "kernel": [3, 3], "none": None, "huge": 10**400, "name": "7", "rate": np.float32(0.5), "on": True}
    trained(soma.TensorBoard(tmp_path, hparams=given), epochs=2)
    written = content(tmp_path / "train")
    assert all(text in written for text in (b"adamant", b"[31 32]", b"[3, 3]", b"None", b"1" + b"0" * 400))
    assert soma.board.hyperparameters(given)[-3:] == [("name", "7", 0.0), ("rate", None, 0.5), ("on", None, 1.0)]
    with pytest.raises(TypeError, match="names are texts, got 3"):
        soma.TensorBoard(tmp_path, hparams={3: 4})


def test_tensorboard_reads_a_writer(tmp_path):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    network = soma.Network("dense 2 softmax", device="cpu")
    network.build((2,))
    with soma.SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss/own", np.float64(0.25), 7)
        writer.add_histogram("values", np.array([[1.0, np.nan], [3.0, 2.0]]), 2)
        writer.add_text("note", "a *word*")
        writer.add_image("picture", np.zeros((3, 4), np.uint8))
        writer.add_graph(network)
        writer.add_hparams({"batch": 32, "optimizer": "adam"}, {"score": 0.5})
    run = events.EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    run.Reload()
    assert [(event.step, event.value) for event in run.Scalars("loss/own")] == [(7, 0.25)]
    assert run.Scalars("score")[0].value == 0.5
    tags = run.Tags()
    assert "values" in tags["tensors"] + tags["histograms"] and "picture" in tags["tensors"] + tags["images"] and tags["graph"]
    assert b"a *word*" in run.Tensors([tag for tag in tags["tensors"] if tag.startswith("note")][0])[0].tensor_proto.string_val[0]
    assert {"_hparams_/session_start_info", "_hparams_/session_end_info"} <= set(run.summary_metadata)
