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


def _typed_model(path):
    """Tokens int64 [n, 3], a mask bool [n, 3], scales float16 [3, n] whose samples are the columns."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [helper.make_node("Cast", ["tokens"], ["t"], to=kind.FLOAT), helper.make_node("ArgMax", ["t"], ["first"], axis=1),
         helper.make_node("Not", ["mask"], ["hidden"]), helper.make_node("Cast", ["t"], ["wide"], to=kind.DOUBLE),
         helper.make_node("Neg", ["scales"], ["turned"])], "g",
        [helper.make_tensor_value_info("tokens", kind.INT64, ["n", 3]), helper.make_tensor_value_info("mask", kind.BOOL, ["n", 3]),
         helper.make_tensor_value_info("scales", kind.FLOAT16, ["n", 3])],
        [helper.make_tensor_value_info("first", kind.INT64, ["n", 1]), helper.make_tensor_value_info("hidden", kind.BOOL, ["n", 3]),
         helper.make_tensor_value_info("wide", kind.DOUBLE, ["n", 3]), helper.make_tensor_value_info("turned", kind.FLOAT16, ["n", 3])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), str(path))


def test_a_session_takes_and_gives_the_types_that_a_file_declares(tmp_path):
    path = tmp_path / "typed.onnx"
    _typed_model(path)
    session = soma.Session(path, device="cpu")
    assert [(x.name, x.shape, x.type) for x in session.get_inputs()] == [
        ("tokens", ["batch", 3], "tensor(int64)"), ("mask", ["batch", 3], "tensor(bool)"), ("scales", ["batch", 3], "tensor(float16)")]
    assert [y.type for y in session.get_outputs()] == ["tensor(int64)", "tensor(bool)", "tensor(double)", "tensor(float16)"]
    feed = {"tokens": np.array([[1, 9, 3], [7, 2, 7]]), "mask": np.array([[True, False, True], [False, False, True]]),
            "scales": np.array([[1, 2, 0.1], [0.3, 65504, -1]], np.float16)}
    first, hidden, wide, turned = session.run(None, feed)
    assert [array.dtype for array in (first, hidden, wide, turned)] == [np.int64, np.bool_, np.float64, np.float16]
    np.testing.assert_array_equal(first, [[1], [0]])
    np.testing.assert_array_equal(hidden, ~feed["mask"])
    np.testing.assert_array_equal(wide, feed["tokens"].astype(np.float64))
    np.testing.assert_array_equal(turned, -feed["scales"])
    strided = {name: np.repeat(array, 2, 1)[:, ::2] for name, array in feed.items()}
    for found, expected in zip(session.run(None, strided), (first, hidden, wide, turned)):
        np.testing.assert_array_equal(found, expected)
    [only] = session.run(["first"], {**feed, "tokens": feed["tokens"].tolist(), "mask": feed["mask"].tolist()})
    np.testing.assert_array_equal(only, first)
    for name, dtype, words in (("tokens", np.int32, r"tokens.*int32.*int64"), ("mask", np.uint8, r"mask.*uint8.*bool"),
                               ("scales", np.float32, r"scales.*float\).*float16")):
        with pytest.raises(TypeError, match=words):
            session.run(None, {**feed, name: feed[name].astype(dtype)})
    with pytest.raises(ValueError, match=r"tokens, element \[1, 2\] is 16777217"):
        session.run(None, {**feed, "tokens": np.array([[0, 0, 0], [0, 0, 16777217]])})
    with pytest.raises(ValueError, match=r"mask takes|mask.*\[2, 2\]|mask"):
        session.run(None, {**feed, "mask": feed["mask"][:, :2]})


def test_a_session_s_types_are_onnxruntime_s(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    path = tmp_path / "typed.onnx"
    _typed_model(path)
    feed = {"tokens": np.array([[5, 4, 5]]), "mask": np.array([[True, False, True]]), "scales": np.array([[1, 2, 0.1]], np.float16)}
    expected = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = soma.Session(path, device="cpu")
    assert [value.type for value in [*found.get_inputs(), *found.get_outputs()]] == [value.type for value in [*expected.get_inputs(), *expected.get_outputs()]]
    for a, b in zip(found.run(None, feed), expected.run(None, feed)):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_functions_and_loops_are_as_onnxruntime_has_them(tmp_path):
    """A function of the model's own, with an attribute that the call gives or not, and a loop whose turns give a piece each."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    constant = helper.make_node("Constant", [], ["c"])
    constant.attribute.add(name="value_float", ref_attr_name="factor", type=onnx.AttributeProto.FLOAT)
    scaled = helper.make_function("own", "scaled", ["x"], ["y"], [constant, helper.make_node("Mul", ["x", "c"], ["y"])], opsets,
                                  attribute_protos=[helper.make_attribute("factor", 2.0)])
    rows = ["n", 3]
    body = helper.make_graph(
        [helper.make_node("Add", ["state", "x"], ["next"]), helper.make_node("scaled", ["next"], ["piece"], domain="own"),
         helper.make_node("Less", ["turn", "two"], ["more"])], "body",
        [helper.make_tensor_value_info("turn", kind.INT64, []), helper.make_tensor_value_info("before", kind.BOOL, []),
         helper.make_tensor_value_info("state", kind.FLOAT, rows)],
        [helper.make_tensor_value_info("more", kind.BOOL, []), helper.make_tensor_value_info("next", kind.FLOAT, rows),
         helper.make_tensor_value_info("piece", kind.FLOAT, rows)], [helper.make_tensor("two", kind.INT64, [], [2])])
    graph = helper.make_graph(
        [helper.make_node("scaled", ["x"], ["start"], domain="own", factor=0.5), helper.make_node("Loop", ["turns", "", "start"], ["last", "pieces"], body=body),
         helper.make_node("ReduceMax", ["pieces"], ["largest"], axes=[0], keepdims=0)], "g",
        [helper.make_tensor_value_info("x", kind.FLOAT, rows)],
        [helper.make_tensor_value_info("last", kind.FLOAT, rows), helper.make_tensor_value_info("largest", kind.FLOAT, rows)],
        [helper.make_tensor("turns", kind.INT64, [], [9])])
    path = tmp_path / "inside.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=[scaled]), str(path))
    values = np.array([[1, -2, 3], [-4, 5, -6]], np.float32)
    expected = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": values})
    np.testing.assert_array_equal(expected[0], 3.5 * values)  # three turns
    for found, right in zip(soma.Session(path, device="cpu").run(None, {"x": values}), expected):
        np.testing.assert_array_equal(found, right)


def _words_model(path):
    """Words as scikit-learn's encoders leave them in a model: categories, and places among them."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [helper.make_node("OneHotEncoder", ["city"], ["wide"], domain="ai.onnx.ml", cats_strings=["Oslo", "Łódź"]),
         helper.make_node("LabelEncoder", ["city"], ["place"], domain="ai.onnx.ml", keys_strings=["Łódź", "", "Rome"], values_int64s=[5, 6, 7], default_int64=-1)],
        "g", [helper.make_tensor_value_info("city", kind.STRING, ["n", 1])],
        [helper.make_tensor_value_info("wide", kind.FLOAT, ["n", 1, 2]), helper.make_tensor_value_info("place", kind.INT64, ["n", 1])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=9), str(path))


def test_words_go_into_a_session(tmp_path):
    path = tmp_path / "words.onnx"
    _words_model(path)
    session = soma.onnx.Session(path, device="cpu")
    assert session.get_inputs()[0].type == "tensor(string)"
    cities = [["Oslo"], ["Łódź"], [""], ["oslo"]]
    for given in (cities, np.array(cities), np.array(cities, object), np.array(cities, ">U9")):
        wide, place = session.run(None, {"city": given})
        np.testing.assert_array_equal(wide.reshape(4, 2), [[1, 0], [0, 1], [0, 0], [0, 0]])
        np.testing.assert_array_equal(place, [[-1], [5], [6], [-1]])
    for frame in frames():
        table = frame({"city": [city for city, in cities], "n": range(4)})
        np.testing.assert_array_equal(session.run(["place"], {"city": table[["city"]]})[0], [[-1], [5], [6], [-1]])
        with pytest.raises(ValueError, match=r"takes str \[\?, 1\], got str \[4\]"):
            session.run(["place"], {"city": table["city"]})
    for given, error, says in (([["a\0b"]], ValueError, "U.0000"), ([[3]], TypeError, "input city: words are wanted, got 3"),
                               (np.array([[None]], object), TypeError, "got None"), ([["a"], ["b", "c"]], ValueError, "different shapes"),
                               (["a"], ValueError, r"city, takes str \[\?, 1\], got str \[1\]")):
        with pytest.raises(error, match=says):
            session.run(None, {"city": given})
    with pytest.raises(soma.UnsupportedError, match="soma.onnx.Session"):
        soma.load(path, device="cpu")
    place, = soma.Session(path, device="cpu").run(["place"], {"city": cities})
    np.testing.assert_array_equal(place, [[-1], [5], [6], [-1]])


def test_a_session_of_an_onnx_model_that_is_no_network(tmp_path):
    """Sizes that the file leaves open are those of the arrays, as in onnxruntime; what no session has is still refused, by name."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto
    path = str(tmp_path / "open.onnx")

    def save(op):
        ends = [helper.make_tensor_value_info(name, kind.FLOAT, ["n", "steps"]) for name in "xy"]
        onnx.save(helper.make_model(helper.make_graph([helper.make_node(op, ["x"], ["y"])], "g", ends[:1], ends[1:]),
                                    opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)

    save("Softmax")
    session = soma.InferenceSession(path, device="cpu")
    assert isinstance(session, soma.onnx.Session) and session.get_inputs()[0].shape == [None, None]
    for steps in 2, 5:
        y, = session.run(None, {"x": np.zeros((3, steps), np.float32)})
        np.testing.assert_allclose(y, np.full((3, steps), 1 / steps), rtol=1e-6)
    save("Bernoulli")
    with pytest.raises(soma.UnsupportedError, match="Bernoulli"):
        soma.Session(path, device="cpu")
    with pytest.raises(soma.IOError, match="nowhere"):
        soma.Session(str(tmp_path / "nowhere.onnx"), device="cpu")


def _detector(path, boxes, classes):
    """As exporters write what comes behind a detector: corners of centers, the best 200 of all, and of these those that overlap no better one."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto

    def constant(name, *numbers, shape=None, dtype=np.int64):
        return onnx.numpy_helper.from_array(np.array(numbers, dtype).reshape(shape or [len(numbers)]), name)

    nodes = [
        helper.make_node("Transpose", ["predictions"], ["rows"], perm=[0, 2, 1]),
        helper.make_node("Slice", ["rows", "zero", "two", "last"], ["center"]), helper.make_node("Slice", ["rows", "two", "four", "last"], ["size"]),
        helper.make_node("Slice", ["rows", "four", "end", "last"], ["raw"]), helper.make_node("Relu", ["raw"], ["scores"]),
        helper.make_node("Mul", ["size", "half"], ["halves"]), helper.make_node("Sub", ["center", "halves"], ["least"]), helper.make_node("Add", ["center", "halves"], ["most"]),
        helper.make_node("Concat", ["least", "most"], ["boxes"], axis=-1), helper.make_node("Transpose", ["scores"], ["by_class"], perm=[0, 2, 1]),
        helper.make_node("NonMaxSuppression", ["boxes", "by_class", "each", "overlap", "threshold"], ["kept"]),
        helper.make_node("Gather", ["kept", "third"], ["which"], axis=1), helper.make_node("Squeeze", ["which", "one"], ["places"]),
        helper.make_node("Gather", ["boxes", "places"], ["found"], axis=1), helper.make_node("GatherND", ["by_class", "kept"], ["values"]),
        helper.make_node("Gather", ["kept", "second"], ["label_column"], axis=1), helper.make_node("Squeeze", ["label_column", "one"], ["labels"]),
        helper.make_node("Shape", ["values"], ["count"]), helper.make_node("Concat", ["count", "fifty"], ["counts"], axis=0), helper.make_node("ReduceMin", ["counts"], ["top"], axes=[0], keepdims=1),
        helper.make_node("TopK", ["values", "top"], ["best", "order"]), helper.make_node("Gather", ["labels", "order"], ["best_labels"]),
        helper.make_node("Greater", ["best", "sure"], ["is_sure"]), helper.make_node("NonZero", ["is_sure"], ["sure_places"]),
    ]
    constants = [constant("zero", 0), constant("two", 2), constant("four", 4), constant("end", 4 + classes), constant("last", -1), constant("half", 0.5, dtype=np.float32),
                 constant("each", 20), constant("overlap", 0.45, dtype=np.float32), constant("threshold", 0.6, dtype=np.float32), constant("third", 2), constant("second", 1), constant("one", 1),
                 constant("fifty", 50), constant("sure", 0.9, dtype=np.float32)]
    outputs = [("found", kind.FLOAT), ("values", kind.FLOAT), ("labels", kind.INT64), ("best", kind.FLOAT), ("best_labels", kind.INT64), ("sure_places", kind.INT64)]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("predictions", kind.FLOAT, [1, 4 + classes, boxes])],
                              [helper.make_tensor_value_info(name, dtype, None) for name, dtype in outputs], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


def test_detectors_keep_the_boxes_that_onnxruntime_keeps(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    path = tmp_path / "detector.onnx"
    _detector(path, "n", 3)
    theirs, ours = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]), soma.onnx.Session(path, device="cpu")
    random = np.random.default_rng(4)
    counts = set()
    for boxes in (300, 40, 300, 1):
        x = np.concatenate([random.uniform(0, 100, (1, 2, boxes)), random.uniform(5, 40, (1, 2, boxes)), random.uniform(-1, 1, (1, 3, boxes))], axis=1).astype(np.float32)
        found, expected = ours.run(None, {"predictions": x}), theirs.run(None, {"predictions": x})
        counts.add(len(expected[1]))
        for a, b in zip(found, expected):
            assert a.dtype == b.dtype and a.shape == b.shape
            np.testing.assert_array_equal(a, b)  # sums and halves, each rounded once
    assert len(counts) > 2
    with pytest.raises(ValueError, match=r"predictions, takes float32 \[1, 7, \?\]"):
        ours.run(None, {"predictions": np.zeros((1, 6, 4), np.float32)})
    only = soma.onnx.Session(path, device="cpu", outputs=["labels"])
    assert [node.name for node in only.get_outputs()] == ["labels"]


@pytest.mark.parametrize("op, inputs, attributes, outputs", [
    ("Gelu", [(2, 5)], {}, 1), ("BiasGelu", [(2, 3, 5), "b:5"], {}, 1), ("FastGelu", [(2, 5)], {}, 1), ("FastGelu", [(2, 3, 5), "b:5"], {}, 1),
    ("QuickGelu", [(2, 5)], {"alpha": 1.5}, 1), ("FusedMatMul", [(2, 3, 4), (2, 5, 4)], {"transB": 1, "alpha": 0.25}, 1),
    ("FusedMatMul", [(2, 4, 3), "b:4,5"], {"transA": 1}, 1), ("FusedMatMul", [(2, 3, 4), "b:5,4"], {"transB": 1, "alpha": 2.0}, 1),
    ("SkipLayerNormalization", [(2, 3, 6), (2, 3, 6), "g:6", "b:6", "c:6"], {"epsilon": 1e-5}, 4), ("SkipLayerNormalization", [(2, 3, 6), (2, 3, 6), "g:6"], {}, 1),
    ("SkipSimplifiedLayerNormalization", [(2, 3, 6), (2, 3, 6), "g:6", "b:6"], {"epsilon": 1e-5}, 4),
    ("SkipLayerNormalization", [(2, 3, 6), (2, 3, 6), "g:6"], {"scale": 1e-3}, 1), ("SkipSimplifiedLayerNormalization", [(2, 3, 6), (2, 3, 6), "g:6"], {"scale": 1e-3}, 1),
    ("SimplifiedLayerNormalization", [(2, 3, 6), "g:6"], {"axis": -1, "epsilon": 1e-3}, 1), ("SimplifiedLayerNormalization", [(2, 3, 6), "g:6"], {"scale": 1e-3}, 1),
    *(("FusedConv", [(2, 3, 6, 6), "w:4,3,3,3", "b:4"], {"activation": name, "pads": [1, 1, 1, 1], **({"activation_params": params} if params else {})}, 1)
      for name, params in (("Relu", []), ("LeakyRelu", [0.2]), ("HardSigmoid", [0.3, 0.4]), ("Clip", [-0.5, 0.75]), ("Tanh", []), ("Sigmoid", []))),
])
def test_what_onnxruntime_s_optimiser_writes_is_read(tmp_path, op, inputs, attributes, outputs):
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto
    random = np.random.default_rng(3)
    feed, constants, names = {}, [], []
    scale = attributes.get("scale", 1)  # of what is fed: small numbers tell which epsilon is taken where none is given
    attributes = {name: value for name, value in attributes.items() if name != "scale"}
    for number, shape in enumerate(inputs):
        names.append(f"x{number}")
        sizes = shape if isinstance(shape, tuple) else [int(size) for size in shape[2:].split(",")]
        values = random.standard_normal(sizes).astype(np.float32)
        if isinstance(shape, tuple):
            feed[names[-1]] = np.float32(scale) * values
        else:
            constants.append(onnx.numpy_helper.from_array(values, names[-1]))
    results = ["y"] if outputs == 1 else ["y", "", "", "sum"]
    domain = "" if op == "SimplifiedLayerNormalization" else "com.microsoft"
    graph = helper.make_graph([helper.make_node(op, names, results, domain=domain, **attributes)], "g",
                              [helper.make_tensor_value_info(name, kind.FLOAT, ["n", *values.shape[1:]]) for name, values in feed.items()],
                              [helper.make_tensor_value_info(name, kind.FLOAT, None) for name in results if name], constants)
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)], ir_version=8), str(path))
    expected = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feed)
    for found, right in zip(soma.Session(path, device="cpu").run(None, feed), expected):
        np.testing.assert_allclose(found, right, rtol=1e-5, atol=2e-5)  # sums of up to 27 products of numbers up to 3, and GELU by an approximation in onnxruntime
