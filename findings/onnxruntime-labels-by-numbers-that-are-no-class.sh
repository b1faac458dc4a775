#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnxruntime 1.32.0 and onnx 1.23.2 (PyPI; with numpy 2.4.6), the latest.
#
# A TreeEnsembleClassifier of two classes, with the labels 5 and 6, whose leaves have a weight for each of both: 0.8 and 0.2, or 0.3 and 0.7.
# "Top class" is the class of the larger score: 5, then 6; so has it ONNX's own evaluator. onnxruntime gives the label 1 for both, which is none of
# classlabels_int64s, though its scores are these. With weights for the first class alone, as skl2onnx writes two classes, or with a third
# class, labels are right.
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
from onnx import helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)


def both(classes, ids, weights):
    """One question, x <= 0, and two leaves; labels and scores of x = -1 and x = 1, by the evaluator and by onnxruntime."""
    nodes = [n for n, _ in ids]
    node = helper.make_node("TreeEnsembleClassifier", ["x"], ["label", "score"], domain="ai.onnx.ml", nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2],
                            nodes_featureids=[0, 0, 0], nodes_values=[0.0, 0.0, 0.0], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_truenodeids=[1, 0, 0],
                            nodes_falsenodeids=[2, 0, 0], class_treeids=[0] * len(ids), class_nodeids=nodes, class_ids=[c for _, c in ids],
                            class_weights=weights, classlabels_int64s=classes, post_transform="NONE")
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", 1, [None, 1])],
                              [helper.make_tensor_value_info("label", 7, [None]), helper.make_tensor_value_info("score", 1, [None, len(classes)])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    x = numpy.array([[-1], [1]], numpy.float32)
    onnx.save(model, "model.onnx")
    return (ReferenceEvaluator(model).run(None, {"x": x}),
            onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x}))


two = both([5, 6], [(1, 0), (1, 1), (2, 0), (2, 1)], [0.8, 0.2, 0.3, 0.7])
three = both([5, 6, 7], [(1, 0), (1, 1), (2, 0), (2, 1), (1, 2), (2, 2)], [0.8, 0.2, 0.3, 0.7, 0.0, 0.0])
for name, (evaluator, runtime) in (("two classes", two), ("three classes", three)):
    print(f"{name}: scores {runtime[1].round(3).tolist()}; labels of the evaluator {evaluator[0].tolist()}, of onnxruntime {runtime[0].tolist()}")
same = numpy.allclose(two[0][1], two[1][1]) and two[0][0].tolist() == [5, 6] and two[1][0].tolist() == [1, 1] and three[1][0].tolist() == [5, 6]
if not same:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
