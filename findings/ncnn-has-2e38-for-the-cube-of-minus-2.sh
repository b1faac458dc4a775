#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with ncnn 1.0.20261020 and pnnx 20261020 (PyPI, the latest; models made by onnx 1.23.2, with numpy 2.4.6); on x86-64.
#
# ncnn computes numbers by fours and more at once, what is left over one by one, and by other formulas. x to the power of 3 is exp(3 log x) in the former, so that of
# -2, -1, 0, 2, -2, -1, 0 the first four are 2.4e38, 2.4e38, 2.4e38 and 8, and the last three -8, -1 and 0. Of 0 and of all below it nothing is left, no NaN
# either, but a number that is less than the largest float and so passes for one. An exponent of 2 pnnx writes as a square, which is right, others as they are: the cube in the tanh
# formula of GELU, 4 of a kurtosis. An exponent that is a tensor is never a square.
# Log of 0, minus infinity, is NaN wherever it stands, Reciprocal of 0, infinity, is NaN too, and Softplus, log(1 + exp(x)), is infinite from 89 on, where x is right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 numpy==2.4.6
venv/bin/pip install -q --disable-pip-version-check --no-deps ncnn==1.0.20261020 pnnx==20261020 # of pnnx the program alone, which needs no torch
cat >see.py <<'P'
import subprocess
import sys

import ncnn
import numpy
import onnx
from onnx import TensorProto, helper

HUGE = 2.406e38
CASES = {
    ("Pow", 3): ([-2, -1, 0, 2, -2, -1, 0], [-8, -1, 0, 8, -8, -1, 0], [HUGE, HUGE, HUGE, 8, -8, -1, 0]),
    ("Pow", 4): ([-2, -1, 0, 2, -2, -1, 0], [16, 1, 0, 16, 16, 1, 0], [HUGE, HUGE, HUGE, 16, 16, 1, 0]),
    ("Pow", 2): ([-2, -1, 0, 2, -2, -1, 0], [4, 1, 0, 4, 4, 1, 0], None),
    ("Log", None): ([0, 1, 1, 1, 0, 1, 1], [-numpy.inf, 0, 0, 0, -numpy.inf, 0, 0], [numpy.nan, 0, 0, 0, numpy.nan, 0, 0]),
    ("Reciprocal", None): ([0, 1, 2, 4, 0, 1, 2], [numpy.inf, 1, 0.5, 0.25, numpy.inf, 1, 0.5], [numpy.nan, 1, 0.5, 0.25, numpy.nan, 1, 0.5]),
    ("Softplus", None): ([80, 89, 100, 200, 80, 89, 100], [80, 89, 100, 200, 80, 89, 100], [80, numpy.inf, numpy.inf, numpy.inf, 80, numpy.inf, numpy.inf]),
}
failures = 0
for (op, number), (numbers, right, seen) in CASES.items():
    nodes, constants = [helper.make_node(op, ["x"], ["y"])], []
    if op == "Pow":
        nodes[0].input.append("number")
        constants = [helper.make_tensor("number", TensorProto.FLOAT, [], [float(number)])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [7]) for name in "xy"]
    model = helper.make_model(helper.make_graph(nodes, "g", values[:1], values[1:], constants), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "m.onnx")
    subprocess.run([sys.argv[1], "m.onnx", "fp16=0"], capture_output=True, check=True)
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    assert net.load_param("m.ncnn.param") == 0 and net.load_model("m.ncnn.bin") == 0
    extractor = net.create_extractor()
    extractor.input("in0", ncnn.Mat(numpy.array(numbers, "f")).clone())
    found = numpy.array(extractor.extract("out0")[1])
    layer = open("m.ncnn.param").read().split("\n")[-2].split()
    print(f"{op} {number or ''} of {numbers} is {[float(f'{value:.4g}') for value in found]}; the layer is {layer[0]} {' '.join(layer[6:])}")
    failures += not numpy.allclose(found, seen or right, rtol=1e-3, atol=1e-6, equal_nan=True)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py venv/lib/python3*/site-packages/pnnx/pnnx || exit 1
