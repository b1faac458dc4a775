#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with onnx 1.23.2 (its ReferenceEvaluator) and onnxruntime 1.32.0 (PyPI, with numpy 2.4.6), the latest.
#
# SequenceInsert takes places from -n to n in a sequence of n tensors, and n is behind the last, where a tensor also goes that comes without a place. ONNX's own evaluator takes the place modulo n:
# of n it makes 0, and what belongs behind all others stands in front of them, with no error. So a loop that collects results and says where each goes, as `SequenceInsert(results, y, i)`
# does, gives them in another order: the first two as 2, 1, then 3, 2, 1. From an empty sequence it divides by 0 (a ZeroDivisionError). Places that there are not, n + 1 and -n - 1, are taken modulo n, too,
# where onnxruntime refuses them; places from -n to n - 1, and none at all, come out right, and the test vectors have no others.
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


def run(places):
    """1, 2, ... put into a sequence, each at its place (None: at none): in onnxruntime and in ONNX's evaluator; an error's name where there is one."""
    nodes, values, inputs = [helper.make_node("SequenceEmpty", [], ["s0"])], [], {}
    for i, place in enumerate(places):
        names = [f"s{i}", f"x{i}"] + ([] if place is None else [f"p{i}"])
        nodes.append(helper.make_node("SequenceInsert", names, [f"s{i + 1}"]))
        values.append(helper.make_tensor_value_info(f"x{i}", TensorProto.FLOAT, [1]))
        inputs[f"x{i}"] = numpy.array([i + 1], "f")
        if place is not None:
            values.append(helper.make_tensor_value_info(f"p{i}", TensorProto.INT64, []))
            inputs[f"p{i}"] = numpy.array(place, numpy.int64)
    nodes.append(helper.make_node("ConcatFromSequence", [f"s{len(places)}"], ["y"], axis=0))
    graph = helper.make_graph(nodes, "g", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    found = []
    for call in (lambda: onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0],
                 lambda: ReferenceEvaluator(model).run(None, inputs)[0]):
        try:
            found.append(call().astype(int).tolist())
        except Exception as error:
            found.append(type(error).__name__)
    return found


failures = 0
# Where each number goes; what that makes; what the evaluator makes.
for places, right, seen in [
        ((None, None, None), [1, 2, 3], [1, 2, 3]), ((None, 0, 0), [3, 2, 1], [3, 2, 1]), ((None, None, 1), [1, 3, 2], [1, 3, 2]), ((None, None, -1), [1, 3, 2], [1, 3, 2]),
        ((None, None, -2), [3, 1, 2], [3, 1, 2]), ((None, None, 2), [1, 2, 3], [3, 1, 2]), ((None, 1, 2), [1, 2, 3], [3, 2, 1]), ((None, 1, 2, 3), [1, 2, 3, 4], [4, 3, 2, 1]),
        ((0,), [1], "ZeroDivisionError"), ((None, None, 3), "InvalidArgument", [1, 3, 2]), ((None, None, -3), "InvalidArgument", [1, 3, 2])]:
    found = run(places)
    print(f"places {places}: {found[0]} in onnxruntime, {found[1]} in the evaluator")
    failures += found != [right, seen]
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python -W ignore see.py || exit 1
