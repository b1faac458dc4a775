#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2), the latest; on x86-64.
#
# ONNX says that functions in RNN, GRU and LSTM whose activation_alpha and activation_beta are left out have the defaults of the ops of
# their names. onnxruntime keeps to that for LeakyRelu (0.01), Elu (1) and HardSigmoid (0.2, 0.5), but takes 0 for ThresholdedRelu, whose
# op has 1: then it is Relu, and a value between 0 and 1 passes. Affine and ScaledTanh, whose ops were 1, 0 and 1, 1 before they were taken out of
# ONNX, are 0 throughout: a network with one of them gives the same for every input.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnxruntime
from onnx import TensorProto, helper

# By the function: f(0.5), f(-0.5) and f(2) without alpha and beta, as seen; and with the op's own defaults given.
EXPECTED = {"LeakyRelu": ((0.01,), None, "0.5 -0.005 2", "0.5 -0.005 2"), "Elu": ((1.0,), None, "0.5 -0.393 2", "0.5 -0.393 2"),
            "HardSigmoid": ((0.2,), (0.5,), "0.6 0.4 0.9", "0.6 0.4 0.9"), "ThresholdedRelu": ((1.0,), None, "0.5 0 2", "0 0 2"),
            "Affine": ((1.0,), (0.0,), "0 0 0", "0.5 -0.5 2"), "ScaledTanh": ((1.0,), (1.0,), "0 0 0", "0.462 -0.462 0.964")}
failures = 0
for function, (alpha, beta, without, given) in EXPECTED.items():
    found = []
    for attributes in ({}, {"activation_alpha": alpha, **({"activation_beta": beta} if beta else {})}):
        one = helper.make_tensor("W", TensorProto.FLOAT, [1, 1, 1], [1.0])
        none = helper.make_tensor("R", TensorProto.FLOAT, [1, 1, 1], [0.0])
        node = helper.make_node("RNN", ["X", "W", "R"], ["Y"], hidden_size=1, activations=[function], **attributes)
        graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("X", TensorProto.FLOAT, [3, 1, 1])],
                                  [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [3, 1, 1, 1])], [one, none])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10).SerializeToString()
        x = numpy.array([0.5, -0.5, 2], "f").reshape(3, 1, 1)
        y = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"X": x})[0]
        found.append(" ".join(f"{value + 0.0:.3g}" for value in y.ravel()))
    print(f"{function} of 0.5, -0.5, 2: {found[0]} without alpha, {found[1]} with that of ONNX")
    failures += found != [without, given]
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
