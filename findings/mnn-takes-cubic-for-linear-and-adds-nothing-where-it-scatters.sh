#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with MNN 3.6.1 and onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2, with numpy 2.4.6), the latest; on x86-64.
#
# Each node here is computed by MNN as if it had another value of an attribute. The conversion succeeds; of cubic and ceil its log has a line, of the others
# nothing tells:
#   GridSample: mode="cubic" is linear, padding_mode="reflection" is border;
#   ScatterND: with a reduction (add, mul, max) the last number of a place is what is left there, and neither the others nor what was there before;
#   Resize: nearest_mode="ceil" is round_prefer_floor, coordinate_transformation_mode="half_pixel_symmetric", which is half_pixel for whole sizes, is asymmetric;
#   ArgMax: select_last_index=1 is the first.
# onnxruntime computes what the attributes say, and with the other values MNN does, too. Pad by wrap, and ops that it lacks, it refuses.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check MNN==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import os

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper, parser

import _tools  # MNN's converter without its command
import MNN.expr
import MNN.nn

generator = numpy.random.default_rng(0)
weights = {"size": numpy.array([1, 1, 7, 7]), "places": numpy.array([[1], [1], [0]]),
           "grid": generator.uniform(-1.5, 1.5, (1, 3, 3, 2)).astype(numpy.float32), "updates": numpy.array([[5, 7], [2, 3], [-11, -13]], numpy.float32)}


def build(text, attribute):
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g {text % attribute}')
    used = {name for node in model.graph.node for name in node.input}
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in weights.items() if name in used)
    onnx.checker.check_model(model, full_check=True)
    return model


def mnn(model, x):
    onnx.save(model, "model.onnx")
    if os.path.exists("model.mnn"):
        os.remove("model.mnn")
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", "model.onnx", "--MNNModel", "model.mnn"])
    network = MNN.nn.load_module_from_file("model.mnn", ["x"], ["y"])
    found = network.forward([MNN.expr.const(x, list(x.shape), MNN.expr.NCHW, MNN.expr.float)])
    return numpy.array(MNN.expr.convert(found[0], MNN.expr.NCHW).read())


def onnxruntime_has(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(["y"], {"x": x})[0]


picture = generator.uniform(-1, 1, (1, 1, 4, 4)).astype(numpy.float32)
table = generator.uniform(-1, 1, (3, 2)).astype(numpy.float32)
twice = numpy.array([1, 4, 2, 4, 0], numpy.float32)
sample, scatter = "(float[1,1,4,4] x) => (float[1,1,3,3] y) { y = GridSample<%s>(x, grid) }", "(float[3,2] x) => (float[3,2] y) { y = ScatterND<%s>(x, places, updates) }"
resize, largest = "(float[1,1,4,4] x) => (float[1,1,7,7] y) { y = Resize<%s>(x, , , size) }", "(float[5] x) => (float[1] y) { i = ArgMax<%s>(x) y = Cast<to=1>(i) }"
# What is said, and what is computed instead.
TRIED = [(sample, picture, 'mode="bicubic"', 'mode="bilinear"'), (sample, picture, 'padding_mode="reflection"', 'padding_mode="border"')]
TRIED += [(scatter, table, f'reduction="{how}"', 'reduction="none"') for how in ("add", "mul", "max")]
TRIED += [(resize, picture, 'mode="nearest", nearest_mode="ceil"', 'mode="nearest"'),
          (resize, picture, 'mode="linear", coordinate_transformation_mode="half_pixel_symmetric"', 'mode="linear", coordinate_transformation_mode="asymmetric"'),
          (largest, twice, "select_last_index=1", "select_last_index=0")]
strange, told = False, []
for text, x, said, instead in TRIED:
    right, other = onnxruntime_has(build(text, said), x), onnxruntime_has(build(text, instead), x)
    found = mnn(build(text, said), x), mnn(build(text, instead), x)
    same = [numpy.allclose(found[0], right, atol=1e-3), numpy.allclose(found[0], other, atol=1e-3), numpy.allclose(found[1], other, atol=1e-3)]
    told.append(f"{text.split('<')[0].split()[-1]} {said}: {'right' if same[0] else 'wrong'}, by up to {abs(found[0] - right).max():.2g}; "
                f"{'as' if same[1] else 'not as'} with {instead}, which is {'right' if same[2] else 'wrong'}")
    strange |= same != [False, True, True]
print(*told, sep="\n")
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
