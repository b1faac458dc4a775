#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with IREE 3.13.0 (iree-base-compiler and iree-base-runtime) and onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2, with numpy 2.4.6), the latest.
#
# An ONNX model whose output is of UINT8 gives numpy arrays of int8 in IREE's runtime: 200 is -56. What is compiled knows whole numbers of 8 bits and not
# whether they have a sign, and the runtime takes all for such that have one; the model's own type is not asked. So what QuantizeLinear gives is
# right for one half of its range, a mask of 255 is -1, and a picture that is given in as uint8 and only turned comes out as int8. Within the
# model UINT8 is right: cast to FLOAT before it is given out it is 200. But Cast of FLOAT to UINT8 goes by the signed type, too: of 200 it makes another number, 127
# here, which Cast of INT32 does not.
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


text = """(float[4] x, uint8[2,2] picture) => (uint8[4] quantized, uint8[4] whole, uint8[2,2] turned, float[4] back, float[4] direct) {
    one = Constant<value = float {1.0}>()
    zero = Constant<value = uint8 {0}>()
    quantized = QuantizeLinear(x, one, zero)
    integer = Cast<to = 6>(x)
    whole = Cast<to = 2>(integer)
    turned = Transpose<perm = [1, 0]>(picture)
    back = Cast<to = 1>(whole)
    small = Cast<to = 2>(x)
    direct = Cast<to = 1>(small) }"""
model = parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g {text}')
onnx.checker.check_model(model, full_check=True)
feeds = [numpy.array([3, 127, 128, 200], numpy.float32), numpy.array([[255, 1], [200, 128]], numpy.uint8)]
strange = False
for value, right, found in zip(model.graph.output, by_onnxruntime(model, feeds), by_iree(model, feeds)):
    agrees = found.dtype == right.dtype and numpy.array_equal(found, right)
    print(f"{value.name}: {found.dtype} {found.tolist()}" + ("" if agrees else f", not {right.dtype} {right.tolist()}"))
    if value.name == "direct":
        strange |= (found == right).tolist() != [True, True, False, False]
    else:
        strange |= not numpy.array_equal(found, right if value.name == "back" else right.view(numpy.int8)) or agrees != (value.name == "back")
if strange:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
