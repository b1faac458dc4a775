#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with onnx 1.23.2 (its ReferenceEvaluator) and onnxruntime 1.32.0 (PyPI, with numpy 2.4.6), the latest.
#
# NegativeLogLikelihoodLoss with ignore_index leaves samples out whose target is that number; reduction "mean" divides by the weights of those that are left. In ONNX's own evaluator -1 is told from all
# other numbers: samples with that target add nothing, and are counted in the mean all the same, so that a loss with half of its samples ignored is half of what it is. It is so where no weights are given;
# by weights of 1 for each class, which mean the same, by any other number (-100 as in PyTorch, 0, 3), and in SoftmaxCrossEntropyLoss, which is the same op behind a LogSoftmax, the mean is right.
#
# Expected values are means of the terms that are not ignored, by numpy; onnxruntime has the same.
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

onnxruntime.set_default_logger_severity(4)
PROBABILITIES = numpy.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.25, 0.25, 0.5], [0.2, 0.3, 0.5]])
LOGARITHMS = numpy.log(PROBABILITIES).astype("f")


def run(op, targets, weights, **attributes):
    """What onnxruntime has and what ONNX's evaluator has."""
    inputs = {"x": LOGARITHMS, "t": numpy.array(targets, numpy.int64)}
    if weights is not None:
        inputs["w"] = numpy.array(weights, "f")
    values = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape) for name, array in inputs.items()]
    graph = helper.make_graph([helper.make_node(op, list(inputs), ["y"], **attributes)], "g", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, [])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    right = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]
    return float(right), float(ReferenceEvaluator(model).run(None, inputs)[0])


failures = 0
for op in "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss":
    for ignored in -1, -100, 0:
        for weights in None, [1, 1, 1]:
            targets = [ignored, 1, ignored, 2]
            expected = -(LOGARITHMS[1, 1] + LOGARITHMS[3, 2]) / 2
            right, found = run(op, targets, weights, ignore_index=ignored, reduction="mean")
            print(f"{op}, targets {targets}, ignore_index {ignored}, weights {weights}: {right:.6f} in onnxruntime, {found:.6f} in the evaluator; of the two that count the mean is {expected:.6f}")
            failures += abs(right - expected) > 1e-6
            wrong = op == "NegativeLogLikelihoodLoss" and ignored == -1 and weights is None
            failures += abs(found - (expected / 2 if wrong else expected)) > 1e-6
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python -W ignore see.py || exit 1
