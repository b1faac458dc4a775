#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with onnxruntime 1.32.0 and onnx 1.23.2 (its ReferenceEvaluator; PyPI, with numpy 2.4.6), the latest.
#
# A TreeEnsembleRegressor of several targets adds base_values, one number for each target, to what the leaves give: so has it the specification.
# onnxruntime leaves it out, and has 0, wherever the leaves that a sample came to name a target not at all: of base values 10, 20, 30 and one leaf of 1
# for the first target it makes 11, 0, 0, where 11, 20, 30 is right, which ONNX's evaluator has. Two samples of one batch thus differ by which
# target's base is missing. That is what a converter writes of boosted trees of several targets, each tree of which is for one.
#
# With aggregate_function MIN or MAX onnxruntime has 0 there, too, and ONNX's evaluator the largest float32, 3.4e38, or its negative: no base, either.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def both(aggregate):
    """One question, x <= 0; a leaf of 1 for target 0, one of 2 for target 1, none for target 2."""
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=3, base_values=[10.0, 20.0, 30.0], aggregate_function=aggregate,
        nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_values=[0.0, 0.0, 0.0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
        target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 1], target_weights=[1.0, 2.0])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, size]) for name, size in (("x", 1), ("y", 3))]
    model = helper.make_model(helper.make_graph([node], "g", values[:1], values[1:]), ir_version=8,
                              opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    onnx.checker.check_model(model)
    x = {"x": numpy.array([[-1], [1]], numpy.float32)}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, x)[0].tolist(), ReferenceEvaluator(model).run(None, x)[0].tolist()


most = float(numpy.finfo(numpy.float32).max)
wrong = [[11, 0, 0], [0, 22, 0]]
expected = {"SUM": [[11, 20, 30], [10, 22, 30]], "MIN": [[11, most, most], [most, 22, most]], "MAX": [[11, -most, -most], [-most, 22, -most]]}
for aggregate, right in expected.items():
    one, other = both(aggregate)
    print(f"{aggregate}: onnxruntime {one}, onnx {other}")
    if one != wrong or other != right:
        raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
