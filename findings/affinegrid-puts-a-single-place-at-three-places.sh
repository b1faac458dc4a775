#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with onnx 1.23.2 (its ReferenceEvaluator), onnxruntime 1.32.0 and torch 2.15.0 (PyPI, with numpy 2.4.6), the latest.
#
# AffineGrid of ONNX was made for PyTorch's affine_grid: the coordinates of a picture's places, from -1 to 1, moved by a matrix. With
# align_corners a dimension of n places has them 2 / (n - 1) apart. Where n is 1 that says nothing, and a grid of one row by the
# identity lies at three heights: PyTorch has the middle, 0 (and says so in a warning); ONNX's evaluator the first edge, -1; onnxruntime
# the last, 1, so that GridSample behind it reads the lowest row of a picture. Dimensions of two places or more are the same in all.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 torch==2.15.0 numpy==2.4.6
cat >see.py <<'P'
import warnings

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

warnings.simplefilter("ignore")
failures = 0
for size, single in (([1, 1, 1, 3], 1), ([1, 1, 3, 1], 0), ([1, 1, 1, 2, 2], 2), ([1, 1, 2, 2], None)):
    rank = len(size) - 2
    node = helper.make_node("AffineGrid", ["theta", "size"], ["grid"], align_corners=1)
    inputs = [helper.make_tensor_value_info("theta", TensorProto.FLOAT, [1, rank, rank + 1]), helper.make_tensor_value_info("size", TensorProto.INT64, [rank + 2])]
    graph = helper.make_graph([node], "g", inputs, [helper.make_tensor_value_info("grid", TensorProto.FLOAT, [1, *size[2:], rank])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    identity = numpy.eye(rank, rank + 1, dtype=numpy.float32)[None]
    feeds = {"theta": identity, "size": numpy.array(size, numpy.int64)}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    grids = {"onnx reference": ReferenceEvaluator(model).run(None, feeds)[0], "onnxruntime": session.run(None, feeds)[0],
             "torch": torch.nn.functional.affine_grid(torch.tensor(identity), size, align_corners=True).numpy()}
    for reader, edge in ("onnx reference", -1), ("onnxruntime", 1), ("torch", 0):
        grid = grids[reader].reshape(-1, rank)
        if single is None:
            print(f"{reader}: size {size}: {grid.tolist()}")
            failures += grid.tolist() != [[-1, -1], [1, -1], [-1, 1], [1, 1]]
            continue
        print(f"{reader}: size {size}: the coordinate along the dimension of one place is {sorted(set(grid[:, single].tolist()))}")
        failures += set(grid[:, single].tolist()) != {edge}
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
