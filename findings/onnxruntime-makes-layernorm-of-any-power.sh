#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnxruntime 1.32.0 (PyPI, the latest; models made by onnx 1.23.2).
#
# onnxruntime puts LayerNormalization in the place of the nodes that older exporters write for it: ReduceMean, Sub, Pow, ReduceMean,
# Add, Sqrt, Div, Mul, Add. It looks at the shape of the graph and at the axes, but not at the exponent of Pow: with Pow by 4, a
# normalisation by the fourth moment, it computes LayerNormalization all the same, at its basic and all further levels of optimisation,
# the default among them; with optimisation off it computes what the model says. (Of Gelu's pattern it does look at the numbers.)
#
# Expected values are from numpy, in double precision.
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
from onnx import helper, numpy_helper

FLOAT = onnx.TensorProto.FLOAT
LEVELS = onnxruntime.GraphOptimizationLevel


def network(exponent):
    node = helper.make_node
    nodes = [node("ReduceMean", ["x", "axis"], ["mean"]), node("Sub", ["x", "mean"], ["d"]), node("Pow", ["d", "exponent"], ["power"]),
             node("ReduceMean", ["power", "axis"], ["moment"]), node("Add", ["moment", "epsilon"], ["e"]), node("Sqrt", ["e"], ["s"]),
             node("Div", ["d", "s"], ["n"]), node("Mul", ["n", "scale"], ["m"]), node("Add", ["m", "shift"], ["y"])]
    weights = {"axis": numpy.array([-1]), "exponent": numpy.float32(exponent), "epsilon": numpy.float32(1e-5),
               "scale": numpy.ones(8, numpy.float32), "shift": numpy.zeros(8, numpy.float32)}
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", FLOAT, [4, 8])], [helper.make_tensor_value_info("y", FLOAT, [4, 8])],
                              [numpy_helper.from_array(numpy.array(value), name) for name, value in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model, x, level):
    options = onnxruntime.SessionOptions()
    if level is not None:
        options.graph_optimization_level = level
    options.optimized_model_filepath = "run.onnx"
    options.log_severity_level = 4
    found = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    return found, [node.op_type for node in onnx.load("run.onnx").graph.node]


x = (3 * numpy.random.default_rng(1).normal(size=(4, 8))).astype(numpy.float32)
seen = []
for exponent in 2, 4:
    d = x.astype(float) - x.astype(float).mean(-1, keepdims=True)
    expected = d / numpy.sqrt((d ** exponent).mean(-1, keepdims=True) + 1e-5)
    for name, level in ("off", LEVELS.ORT_DISABLE_ALL), ("basic", LEVELS.ORT_ENABLE_BASIC), ("as it is", None):
        found, ops = run(network(exponent), x, level)
        off = abs(found - expected).max()
        seen.append((exponent, name, bool(off < 1e-5)))
        print(f"exponent {exponent}, optimisation {name}: {' '.join(ops)}: off by {off:.3g} of {abs(expected).max():.3g}")
if [right for _, _, right in seen] != [True, True, True, True, False, False]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
