#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnxslim 0.1.98, onnxscript 0.7.2 and onnxoptimizer 0.4.2 (PyPI; with onnx 1.23.2, onnxruntime 1.32.0 and numpy 2.4.6), the latest.
#
# Each of three optimizers makes other numbers of a valid model, which the other two leave alone. onnxslim takes a factor for each column
# after a Conv, [6] for 6 columns, for one for each of its 6 channels, where only [6, 1, 1] is; with other widths it is right. onnxscript
# joins two Clip that share no number, or Clip and Relu, into one whose least is above its largest: -0.5 after a Relu. onnxoptimizer
# drops the first of two Reshape though the second says 0, which is to be as it was before it, and the shape is another. onnx.checker finds
# no fault in what they make.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnxslim==0.1.98 onnxscript==0.7.2 onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
import onnxoptimizer
import onnxruntime
import onnxscript.optimizer
import onnxslim
from onnx import numpy_helper, parser

onnxruntime.set_default_logger_severity(4)
OPTIMIZERS = {"onnxslim": onnxslim.slim, "onnxscript": onnxscript.optimizer.optimize, "onnxoptimizer": onnxoptimizer.optimize}
plain = onnxruntime.SessionOptions()
plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL


def run(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString(), plain, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def f(number):
    return numpy.float32(number)


generator = numpy.random.default_rng(0)
picture = generator.standard_normal((1, 2, 6, 6)).astype(numpy.float32)
w = generator.standard_normal((6, 2, 3, 3)).astype(numpy.float32)
factors = numpy.arange(1, 7, dtype=numpy.float32)
conv = "float[1,6,6,6] y) { a = Conv<pads=[1, 1, 1, 1]>(x, w) y = Mul(a, c) }"
clip = "float[1,2,6,6] y) { a = Clip(x, p, q) y = %s }"
reshape = "float[M,N] y) { a = Reshape(x, p) y = Reshape(a, q) }"
# Who changes what.
TRIED = {"a factor for each column after Conv": (conv, {"w": w, "c": factors}, picture, ["onnxslim"]),
         "a factor for each channel after Conv": (conv, {"w": w, "c": factors.reshape(6, 1, 1)}, picture, []),
         "Clip to -2 to -0.5 and Relu": (clip % "Relu(a)", {"p": f(-2), "q": f(-0.5)}, picture, ["onnxscript"]),
         "Clip to -2 to -0.5 and to 0.5 to 1": (clip % "Clip(a, r, s)", {"p": f(-2), "q": f(-0.5), "r": f(0.5), "s": f(1)}, picture, ["onnxscript"]),
         "Clip to -2 to 0.5 and Relu": (clip % "Relu(a)", {"p": f(-2), "q": f(0.5)}, picture, []),
         "Reshape to [4, 18] and [0, -1]": (reshape, {"p": numpy.array([4, 18]), "q": numpy.array([0, -1])}, picture, ["onnxoptimizer"]),
         "Reshape to [4, 18] and [4, -1]": (reshape, {"p": numpy.array([4, 18]), "q": numpy.array([4, -1])}, picture, [])}
strange = False
for name, (text, numbers, x, expected) in TRIED.items():
    model = parser.parse_model(f'<ir_version: 10, opset_import: ["" : 18]> g (float[1,2,6,6] x) => ({text}')
    model.graph.initializer.extend(numpy_helper.from_array(numpy.asarray(value), key) for key, value in numbers.items())
    onnx.checker.check_model(model, full_check=True)
    right = run(model, x)
    changed = []
    for tool, optimize in OPTIMIZERS.items():
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        optimized = optimize(copy)
        onnx.checker.check_model(optimized, full_check=True)
        found = run(optimized, x)
        if found.shape != right.shape or not numpy.allclose(found, right, atol=1e-4):
            changed.append(tool)
            told = f"gives {found.shape}, not {right.shape}"
            if found.shape == right.shape:
                worst = abs(found - right).argmax()
                told = f"makes {right.flat[worst]:.3g} into {found.flat[worst]:.3g}"
            print(f"{name}: {tool} {told}")
    if not changed:
        print(f"{name}: none changes anything")
    strange |= changed != expected
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
