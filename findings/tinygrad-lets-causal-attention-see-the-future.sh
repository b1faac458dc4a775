#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with tinygrad 0.14.0 and onnx 1.23.2 (PyPI), the latest.
#
# ONNX's Attention (opset 23) with is_causal=1 keeps each position from what comes after it, and softcap bounds the scores by
# softcap tanh(score / softcap). tinygrad does both, but bounds last: the -infinity of the mask becomes -softcap, a score like
# others, so that all positions see the whole sequence. With either attribute alone it is right. Gemma 2 has both, with a softcap of
# 50, which hides it: exp(-50) is nothing. ONNX's own evaluator bounds first, as the specification's figure has it.
#
# The last position's key and value are changed here, and it is seen whether the first position's output moves.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 tinygrad==0.14.0 numpy==2.4.6
cat >see.py <<'P'
import numpy
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator
from tinygrad.nn.onnx import OnnxRunner

GENERATOR = numpy.random.default_rng(1)
READERS = {"onnx reference": lambda x: ReferenceEvaluator("attention.onnx").run(None, x)[0],
           "tinygrad": lambda x: OnnxRunner("attention.onnx")(x)["y"].numpy()}
before = {name: GENERATOR.normal(size=(1, 1, 4, 8)).astype(numpy.float32) for name in "qkv"}
after = {name: value.copy() for name, value in before.items()}
for name in "kv":
    after[name][0, 0, 3] += 1
seen = []
for attributes in {"is_causal": 1}, {"softcap": 2.0}, {"is_causal": 1, "softcap": 2.0}:
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 1, 4, 8]) for name in "qkvy"]
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"], **attributes)
    model = helper.make_model(helper.make_graph([node], "g", values[:3], values[3:]), opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "attention.onnx")
    for name, run in READERS.items():
        moved = abs(run(after) - run(before))[0, 0, 0].max()
        seen.append(bool(moved > 1e-6))
        print(f"{name}: {attributes}: the first position moves by {moved:.3g} as the last one changes")
if seen != [False, False, True, True, False, True]:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
