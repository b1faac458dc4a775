#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with onnxruntime 1.32.0 and onnx 1.23.2 (PyPI, with numpy 2.4.6), the latest.
#
# SplitToSequence cuts a tensor into pieces along an axis; keepdims=0 says that pieces of one element come without the axis, and counts only where no `split` is given ("If input 'split' is
# specified, this attribute is ignored"). onnxruntime ignores it where `split` is a list, also of ones. Where `split` is one number it does not: by 1 the pieces of [2, 5] are [2] instead of [2, 1], which
# the next node broadcasts otherwise, with no error; by 2 or more, where there is nothing to drop, the run ends with an error on a shape that it made itself. ONNX's own evaluator keeps the axis in all of these.
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
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
NUMBERS = numpy.arange(10, dtype="f").reshape(2, 5)


def run(split, keepdims):
    """The first piece of the columns, and what it makes with a column of two: in onnxruntime and in ONNX's evaluator; "an error" where there is one."""
    constants = [numpy_helper.from_array(numpy.array(0, numpy.int64), "first"), numpy_helper.from_array(numpy.array([[10], [20]], "f"), "column")]
    if split is not None:
        constants.append(numpy_helper.from_array(numpy.array(split, numpy.int64), "split"))
    nodes = [helper.make_node("SplitToSequence", ["x"] + ([] if split is None else ["split"]), ["s"], axis=1, keepdims=keepdims),
             helper.make_node("SequenceAt", ["s", "first"], ["piece"]), helper.make_node("Add", ["piece", "column"], ["y"])]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [f"{name}{i}" for i in range(rank)])
               for name, rank in (("piece", 1 if keepdims == 0 and split is None else 2), ("y", 2))]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 5])], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    found = []
    for call in (lambda: onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": NUMBERS}),
                 lambda: ReferenceEvaluator(model).run(None, {"x": NUMBERS})):
        try:
            found.append([array.astype(int).tolist() for array in call()])
        except Exception:
            found.append("an error")
    return found


ONE, FLAT = [[[0], [5]], [[10], [25]]], [[0, 5], [[10, 15], [20, 25]]]
TWO = [[[0, 1], [5, 6]], [[10, 11], [25, 26]]]
failures = 0
for split, keepdims, seen, right in [
        (None, 1, ONE, ONE), (None, 0, FLAT, FLAT), (1, 1, ONE, ONE), (1, 0, FLAT, ONE), ([1, 1, 1, 1, 1], 0, ONE, ONE), ([2, 3], 0, TWO, TWO), (2, 1, TWO, TWO), (2, 0, "an error", TWO)]:
    found = run(split, keepdims)
    print(f"split {split}, keepdims {keepdims}: the first piece, and with [[10], [20]]: {found[0]} in onnxruntime, {found[1]} in ONNX's evaluator")
    failures += found != [seen, right]
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python -W ignore see.py || exit 1
