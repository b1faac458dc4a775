#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with pnnx 20261020, ncnn 1.0.20261020 and onnxruntime 1.32.0 (PyPI; models made by onnx 1.23.2, with numpy 2.4.6), the latest; on x86-64.
#
# pnnx makes of an ONNX model one of ncnn. Where a layer cannot be written it says so, and ncnn does not load the file. Of these it says nothing, and ncnn runs them:
#   ReduceSum and ReduceMean over one axis: the list of axes is written empty, and what goes in comes out, in its own shape; over two axes they are right;
#   MaxPool with pads that differ between the sides is padded twice, once by a layer of its own and once by the pooling, and the picture is higher by 2;
#   AveragePool with auto_pad SAME_UPPER or SAME_LOWER counts the zeros around the picture, which ONNX leaves out;
#   Pad by "wrap" pads with zeros;
#   SpaceToDepth has its channels by the order of PyTorch's PixelUnshuffle, channel first and place within the block next, which is the other way about;
#   Upsample of opset 9, linear, whose positions are asymmetric, is shifted as by half_pixel.
# The layers of the same ops that stand beside them here are right. Expected values are onnxruntime's.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
venv/bin/pip install -q --disable-pip-version-check --no-deps ncnn==1.0.20261020 pnnx==20261020 # of pnnx the program alone, which needs no torch
cat >see.py <<'P'
import re
import subprocess
import sys

import ncnn
import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
PICTURE = numpy.arange(1, 33, dtype="f").reshape(1, 2, 4, 4) ** 1.5
FOUR = numpy.array([1, 1, 2, 2], "f")
CASES = [  # op, opset, its second input, attributes, whether it is right
    ("ReduceSum", 18, numpy.array([1]), {}, False), ("ReduceSum", 18, numpy.array([-1]), {"keepdims": 0}, False),
    ("ReduceMean", 18, numpy.array([2]), {}, False), ("ReduceSum", 18, numpy.array([2, 3]), {}, True),
    ("MaxPool", 18, None, {"kernel_shape": [3, 2], "pads": [1, 0, 1, 1]}, False), ("MaxPool", 18, None, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, True),
    ("AveragePool", 18, None, {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}, False),
    ("AveragePool", 18, None, {"kernel_shape": [3, 3], "auto_pad": "SAME_LOWER"}, False),
    ("AveragePool", 18, None, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, True),
    ("Pad", 19, numpy.array([0, 0, 1, 1, 0, 0, 1, 1]), {"mode": "wrap"}, False), ("Pad", 19, numpy.array([0, 0, 1, 1, 0, 0, 1, 1]), {"mode": "reflect"}, True),
    ("SpaceToDepth", 18, None, {"blocksize": 2}, False),
    ("Upsample", 9, FOUR, {"mode": "linear"}, False), ("Upsample", 9, FOUR, {"mode": "nearest"}, True),
]
failures = 0
for op, opset, second, attributes, is_right in CASES:
    node = helper.make_node(op, ["x"] if second is None else ["x", "second"], ["y"], **attributes)
    constants = [] if second is None else [numpy_helper.from_array(second, "second")]
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, PICTURE.shape)
    graph = helper.make_graph([node], "g", [value], [helper.make_empty_tensor_value_info("y")], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    right = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": PICTURE})[0]
    graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, right.shape))
    model.graph.CopyFrom(graph)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "m.onnx")
    log = subprocess.run([sys.argv[1], "m.onnx", "fp16=0"], capture_output=True, check=True, text=True)
    told = re.findall(".*(?:ignore|not supported|unsupported).*", log.stdout + log.stderr)
    # m_ncnn.py, which pnnx writes beside it, shows how the model is to be run: which dimension of its input and its output is the batch.
    batch = [int(number) for number in re.findall(r"batch_index=(-?\d+)", open("m_ncnn.py").read())]
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    assert net.load_param("m.ncnn.param") == 0 and net.load_model("m.ncnn.bin") == 0
    extractor = net.create_extractor()
    extractor.input("in0", ncnn.Mat(PICTURE, batch_index=batch[0]).clone())
    found = extractor.extract("out0")[1].numpy(batch_index=batch[1])
    same = found.shape == right.shape and numpy.allclose(found, right, rtol=1e-3)
    print(f"{op} {'' if second is None else second.tolist()} {attributes or ''}: {'right' if same else 'wrong'}, {list(found.shape)} {found.ravel()[:3].round(2)}"
          f" for {list(right.shape)} {right.ravel()[:3].round(2)}" + "".join(f"; told: {line}" for line in told))
    failures += same != is_right or bool(told) or (op.startswith("Reduce") and not same and not numpy.array_equal(found, PICTURE))
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py venv/lib/python3*/site-packages/pnnx/pnnx || exit 1
