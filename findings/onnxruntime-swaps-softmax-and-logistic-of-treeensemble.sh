#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2), the latest; on x86-64.
#
# TreeEnsemble (ai.onnx.ml 5) has post_transform as a number: ONNX's schema says 1 is SOFTMAX and 2 is LOGISTIC. onnxruntime takes the
# logistic function for 1 and the softmax for 2. The ops before it, TreeEnsembleRegressor and TreeEnsembleClassifier, have the names as
# text, and there it takes each for what it is; who turns such a model into the newer op by the schema, as the older ones are deprecated,
# gets other probabilities without a word, which is hardly seen: each still lies between 0 and 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx.defs
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def tensor(values, dtype):
    return numpy_helper.from_array(numpy.array(values, dtype), "")


def run(op, version, **attributes):
    """Of one node, whose leaves give 2 to the first target and 1 to the second: here 2 and 0."""
    node = helper.make_node(op, ["x"], ["y"], domain="ai.onnx.ml", n_targets=2, **attributes)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])])
    model = helper.make_model(graph, ir_version=10,
                              opset_imports=[helper.make_opsetid("", 22), helper.make_opsetid("ai.onnx.ml", version)])
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": numpy.zeros((1, 1), "f")})[0][0]


scores = numpy.array([2, 0], "f")
functions = {"SOFTMAX": numpy.exp(scores) / numpy.exp(scores).sum(), "LOGISTIC": 1 / (1 + numpy.exp(-scores))}
text = " ".join(onnx.defs.get_schema("TreeEnsemble", 5, "ai.onnx.ml").attributes["post_transform"].description.split())
print("schema:", text)
failures = "'SOFTMAX' (1)" not in text or "'LOGISTIC' (2)" not in text
for number, name, other in ((1, "SOFTMAX", "LOGISTIC"), (2, "LOGISTIC", "SOFTMAX")):
    newer = run("TreeEnsemble", 5, nodes_featureids=[0], nodes_modes=tensor([0], "u1"), nodes_splits=tensor([0.5], "f"),
                nodes_truenodeids=[0], nodes_trueleafs=[1], nodes_falsenodeids=[1], nodes_falseleafs=[1], leaf_targetids=[0, 1],
                leaf_weights=tensor([2, 1], "f"), tree_roots=[0], aggregate_function=1, post_transform=number)
    older = run("TreeEnsembleRegressor", 3, nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0],
                nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_values=[0.5, 0.0, 0.0], nodes_truenodeids=[1, 0, 0],
                nodes_falsenodeids=[2, 0, 0], target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 1],
                target_weights=[2.0, 1.0], aggregate_function="SUM", post_transform=name)
    print(f"scores 2 and 0, {name}: {functions[name]}; TreeEnsembleRegressor: {older}; TreeEnsemble with {number}: {newer}")
    failures |= not numpy.allclose(older, functions[name], atol=1e-5) or not numpy.allclose(newer, functions[other], atol=1e-5)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
