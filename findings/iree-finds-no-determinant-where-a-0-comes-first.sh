#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with IREE 3.13.0 (iree-base-compiler and iree-base-runtime) and onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2, with numpy 2.4.6), the latest;
# on x86-64, compiled for its generic processor.
#
# The determinant of [[0, 1], [2, 3]] is NaN in IREE, and that of each matrix in which elimination meets a 0 on the diagonal: rows are not exchanged, so
# that 2 is divided by 0. The same rows the other way about have 2. Of a matrix of rotation by a quarter, whose determinant is 1, it is NaN as well.
# A NaN of the first input of Max and Min is passed over, one of the second is the result; onnxruntime has NaN for both. Sign of NaN is 0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check iree-base-compiler==3.13.0 iree-base-runtime==3.13.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import subprocess

import iree.runtime
import numpy
import onnx
import onnxruntime
from onnx import parser


def by_iree(model, feeds):
    onnx.save(model, "model.onnx")
    subprocess.run(["venv/bin/iree-import-onnx", "model.onnx", "-o", "model.mlir"], check=True)
    subprocess.run(["venv/bin/iree-compile", "model.mlir", "-o", "model.vmfb", "--iree-input-type=onnx", "--iree-hal-target-backends=llvm-cpu",
                    "--iree-llvmcpu-target-cpu=generic"], check=True)
    context = iree.runtime.SystemContext(config=iree.runtime.Config("local-sync"))
    module = iree.runtime.VmModule.mmap(context.instance, "model.vmfb")
    context.add_vm_module(module)
    return [array.to_host() for array in context.modules[module.name]["g"](*feeds)]


def by_onnxruntime(model, feeds):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip((value.name for value in session.get_inputs()), feeds)))


text = """(float[2,2] a, float[2,2] b, float[3,3] c, float[2,2] d, float[3] x, float[3] y) => (float first, float exchanged, float later, float rotation,
    float[3] largest, float[3] smallest, float[3] sign) {
    first = Det(a)
    exchanged = Det(b)
    later = Det(c)
    rotation = Det(d)
    largest = Max(x, y)
    smallest = Min(x, y)
    sign = Sign(x) }"""
model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g {text}')
onnx.checker.check_model(model, full_check=True)
nan = numpy.nan
feeds = [numpy.array(rows, numpy.float32) for rows in ([[0, 1], [2, 3]], [[2, 3], [0, 1]], [[1, 2, 3], [2, 4, 5], [1, 0, 0]], [[0, -1], [1, 0]], [nan, 1, -3], [1, nan, 2])]
EXPECTED = {"first": nan, "exchanged": 2, "later": nan, "rotation": nan, "largest": [1, nan, 2], "smallest": [1, nan, -3], "sign": [0, 1, -1]}
RIGHT = {"first": -2, "exchanged": 2, "later": -2, "rotation": 1, "largest": [nan, nan, 2], "smallest": [nan, nan, -3], "sign": [nan, 1, -1]}
strange = False
for value, right, found in zip(model.graph.output, by_onnxruntime(model, feeds), by_iree(model, feeds)):
    agrees = numpy.allclose(found, right, equal_nan=True)
    print(f"{value.name}: {found.tolist()}" + ("" if agrees else f", not {right.tolist()}"))
    strange |= not numpy.allclose(found, EXPECTED[value.name], equal_nan=True) or not numpy.allclose(right, RIGHT[value.name], equal_nan=True)
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
