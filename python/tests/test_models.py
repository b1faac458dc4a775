# SPDX-License-Identifier: MIT
"""Tables by column names, sessions, and ONNX."""
import threading

import numpy as np
import pytest

import soma

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(60, 3)).astype(np.float32)
Y = (X[:, 0] > X[:, 1]).astype(np.int64)


def made():
    network = soma.Network("dense 8 relu; dense 2 softmax", device="cpu")
    network.fit(X, Y, epochs=3, verbose=0)
    return network


def frames():
    """Makers of tables of pandas and polars, of those that are there."""
    for name in ("pandas", "polars"):
        try:
            yield __import__(name).DataFrame
        except ImportError:
            pass


@pytest.mark.parametrize("frame", list(frames()), ids=lambda maker: maker.__module__.split(".")[0])
def test_tables_are_read_by_the_names_of_their_columns(frame):
    table = {"a": X[:, 0], "b": X[:, 1].astype(np.float64), "c": np.arange(60)}
    network = soma.Network("dense 2 softmax", device="cpu")
    network.fit(frame(table), frame({"kind": Y})["kind"], verbose=0)
    expected = network.predict(np.stack([np.asarray(column, np.float32) for column in table.values()], 1))
    np.testing.assert_array_equal(network.predict(frame(table)), expected)
    turned = frame({"more": ["x"] * 60, "c": table["c"], "b": table["b"], "a": table["a"]})
    np.testing.assert_array_equal(network.predict(turned), expected)
    with pytest.raises(ValueError, match="lacks b"):
        network.predict(frame({"a": X[:, 0], "c": X[:, 1]}))
    with pytest.raises(TypeError, match="columns c are no numbers"):
        network.predict(frame({"a": X[:, 0], "b": X[:, 1], "c": ["word"] * 60}))


def test_a_session_is_as_onnxruntime_s(tmp_path):
    network = made()
    network.save(tmp_path / "model.onnx")
    session = soma.InferenceSession(tmp_path / "model.onnx", device="cpu")
    [x], [y] = session.get_inputs(), session.get_outputs()
    assert x.shape == ["batch", 3] and y.shape == ["batch", 2] and x.type == "tensor(float)"
    [p] = session.run(None, {x.name: X})
    np.testing.assert_allclose(p, network.predict(X), atol=1e-6)
    np.testing.assert_array_equal(session.run([y.name], {x.name: X[:7]})[0], p[:7])
    for wrong in ((["q"], {x.name: X}), (None, {}), (None, {x.name: X, "more": X}), (None, {x.name: X[:, :2]})):
        with pytest.raises(ValueError):
            session.run(*wrong)


def test_sessions_of_one_network_run_in_several_threads():
    network = made()
    expected = network.predict(X)
    sessions = [soma.Session(network, soma.Device("cpu", threads=1)) for _ in range(3)] + [soma.Session(network)] * 2
    name, wrong = sessions[0].get_inputs()[0].name, []

    def use(session):
        for _ in range(100):
            if not np.allclose(session.run(None, {name: X})[0], expected, atol=1e-6):
                wrong.append(1)

    threads = [threading.Thread(target=use, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    with pytest.raises(soma.InvalidStateError):
        network.compile("sgd")
    del sessions, threads, use
    network.compile("sgd")


def test_a_session_outlives_its_network():
    network = made()
    expected = network.predict(X)
    session = soma.Session(network)
    name = session.get_inputs()[0].name
    del network
    np.testing.assert_allclose(session.run(None, {name: X})[0], expected, atol=1e-6)


def test_an_onnx_model_is_loaded_with_options(tmp_path):
    x = soma.Input((3,), name="x")
    hidden = soma.Dense(4, activation="relu", name="hidden")(x)
    both = soma.Network(inputs=[x], outputs=[hidden, soma.Dense(2, activation="softmax", name="classes")(hidden)], device="cpu")
    both.compile(loss=["mse", "categorical_crossentropy"])
    expected = both.predict(X)
    both.save(tmp_path / "both.onnx")
    one = soma.onnx.load(tmp_path / "both.onnx", outputs=["classes"], batch="first", device="cpu")
    np.testing.assert_allclose(one.predict(X), expected[1], atol=1e-6)
    with pytest.raises(ValueError, match="nowhere"):
        soma.onnx.load(tmp_path / "both.onnx", outputs=["nowhere"])
    with pytest.raises(ValueError, match="last"):
        soma.onnx.load(tmp_path / "both.onnx", batch="last")
    with pytest.raises(soma.IOError, match="absent.onnx"):
        soma.onnx.load(tmp_path / "absent.onnx")
    with pytest.raises(TypeError):
        soma.onnx.load(tmp_path / "both.onnx", constants={"x": ["a"]})


def test_shapes_that_an_onnx_model_leaves_open_are_given(tmp_path):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=0)], "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", "rows", 2])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor("axes", onnx.TensorProto.INT64, [1], [1])])
    path = tmp_path / "open.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), str(path))
    with pytest.raises(soma.UnsupportedError, match="x"):
        soma.onnx.load(path)
    network = soma.onnx.load(path, inputs={"x": (0, 3, 2)}, device="cpu")
    values = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    np.testing.assert_array_equal(network.predict(values), values.sum(1))
    with pytest.raises(ValueError, match="z"):
        soma.onnx.load(path, inputs={"z": (1, 2)})


def test_an_initializer_s_constant_is_given_by_name(tmp_path):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["x", "shape"], ["y"])], "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 4]), helper.make_tensor_value_info("shape", onnx.TensorProto.INT64, [3])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 2, 2])])
    path = tmp_path / "reshape.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), str(path))
    network = soma.onnx.load(path, constants={"shape": [-1, 2, 2]}, device="cpu")
    values = np.arange(8, dtype=np.float32).reshape(2, 4)
    np.testing.assert_array_equal(network.predict(values), values.reshape(2, 2, 2))


def test_an_onnx_model_is_written_for_older_readers(tmp_path):
    network = soma.Network("transformer heads 2 causal; dense 3", device="cpu")
    network.build((5, 4))
    x = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)
    expected = network.predict(x)
    for opset in (None, 17):
        soma.onnx.save(network, tmp_path / "model.onnx", opset=opset)
        np.testing.assert_allclose(soma.onnx.load(tmp_path / "model.onnx", device="cpu").predict(x), expected, atol=1e-5)
        assert (b"Attention" in (tmp_path / "model.onnx").read_bytes()) == (opset is None)
    with pytest.raises(ValueError, match="opset 6"):
        soma.onnx.save(network, tmp_path / "model.onnx", opset=6)
