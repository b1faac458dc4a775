# SPDX-License-Identifier: MIT
"""Texts that an ONNX model has beside its graph, as onnxruntime gives them."""
import pytest
import soma

onnx = pytest.importorskip("onnx")


def test_texts_of_a_model(tmp_path):
    path = str(tmp_path / "m.onnx")
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Neg", ["x"], ["y"])], "g", values[:1], values[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    assert soma.onnx.Session(path, device="cpu").get_modelmeta().custom_metadata_map == {}
    texts = {"names": "{0: 'cat', 1: 'été'}", "stride": "32", "empty": ""}
    onnx.helper.set_model_props(model, texts)
    onnx.save(model, path)
    assert soma.onnx.Session(path, device="cpu").get_modelmeta().custom_metadata_map == texts
    try:
        import onnxruntime
    except ImportError:
        return
    theirs = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).get_modelmeta().custom_metadata_map
    assert theirs == texts
