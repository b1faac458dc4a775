#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with onnx 1.23.2 (its ReferenceEvaluator) and onnxruntime 1.32.0 (PyPI, with numpy 2.4.6), the latest.
#
# pads of ONNX has the beginnings of all dimensions and then the ends: top, left, bottom, right. MaxPool of ONNX's own evaluator, by which others test, reads top, bottom, left, right: [1, 0, 1, 0],
# a row above and one below, becomes a row above and a column before, and the result has another shape. Pads that are equal, and [1, 0, 0, 1], come out right, and the test vectors
# have no others. Along one dimension [2, 0] raises an IndexError. AveragePool reads them right. auto_pad="SAME_LOWER" with strides has a window less in each dimension than SAME_UPPER, where ONNX has ceil(size / stride) for both.
# GlobalMaxPool is over the last two dimensions, however many there are: of [1, 2, 5], numbers of a time series, the channels are lost, and of [1, 2, 2, 3, 4] a dimension is left.
# GridSample by "cubic" with padding_mode="border" moves the point to the border before it takes the 16 pixels around it, where onnxruntime (and PyTorch, for which the op was made) moves each of the pixels.
#
# Expected values of MaxPool and GlobalMaxPool are from windows taken one by one, by numpy, and onnxruntime has the same.
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
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)


def run(op, inputs, **attributes):
    """What onnxruntime has and what ONNX's evaluator has."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape) for name, array in inputs.items()]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * inputs["x"].ndim)
    graph = helper.make_graph([helper.make_node(op, list(inputs), ["y"], **attributes)], "g", values, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    right = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]
    try:
        return right, ReferenceEvaluator(model).run(None, inputs)[0]
    except IndexError:
        return right, None


def windows(picture, kernel, top, left, bottom, right, stride):
    padded = numpy.pad(picture[0, 0], ((top, bottom), (left, right)), constant_values=-numpy.inf)
    return numpy.array([[padded[row:row + kernel, column:column + kernel].max() for column in range(0, padded.shape[1] - kernel + 1, stride)]
                        for row in range(0, padded.shape[0] - kernel + 1, stride)])


PICTURE = numpy.arange(1, 26, dtype="f").reshape(1, 1, 5, 5)
failures = 0
# The kernel, the stride, what the node says, the pads that it means (top, left, bottom, right), and those by which the evaluator pads.
for kernel, stride, attributes, meant, seen in [
        (3, 1, {"pads": [1, 0, 1, 0]}, (1, 0, 1, 0), (1, 1, 0, 0)), (3, 1, {"pads": [0, 1, 0, 1]}, (0, 1, 0, 1), (0, 0, 1, 1)),
        (2, 1, {"pads": [0, 0, 1, 1]}, (0, 0, 1, 1), (0, 1, 0, 1)), (2, 1, {"pads": [1, 0, 0, 1]}, (1, 0, 0, 1), (1, 0, 0, 1)),
        (3, 1, {"pads": [1, 1, 1, 1]}, (1, 1, 1, 1), (1, 1, 1, 1)), (2, 2, {"auto_pad": "SAME_UPPER"}, (0, 0, 1, 1), (0, 0, 1, 1)),
        (2, 2, {"auto_pad": "SAME_LOWER"}, (1, 1, 0, 0), None)]:
    right, found = run("MaxPool", {"x": PICTURE}, kernel_shape=[kernel, kernel], strides=[stride, stride], **attributes)
    print(f"MaxPool {kernel}x{kernel}, {attributes}: {list(right.shape[2:])} in onnxruntime, {list(found.shape[2:])} in the evaluator, the first row {right[0, 0, 0].tolist()} and {found[0, 0, 0].tolist()}")
    failures += not numpy.array_equal(right[0, 0], windows(PICTURE, kernel, *meant, stride))
    failures += found.shape[2:] != (2, 2) if seen is None else not numpy.array_equal(found[0, 0], windows(PICTURE, kernel, *seen, stride))
right, found = run("MaxPool", {"x": numpy.arange(1, 8, dtype="f").reshape(1, 1, 7)}, kernel_shape=[3], pads=[2, 0])
print(f"MaxPool of 1 to 7 by 3, pads [2, 0]: {right.ravel().tolist()} in onnxruntime, {found if found is not None else 'an IndexError'} in the evaluator")
failures += found is not None or right.ravel().tolist() != [1, 2, 3, 4, 5, 6, 7]
for shape in (1, 2, 5), (1, 2, 3, 4), (1, 2, 2, 3, 4):
    numbers = numpy.arange(numpy.prod(shape), dtype="f").reshape(shape)
    right, found = run("GlobalMaxPool", {"x": numbers})
    print(f"GlobalMaxPool of {list(shape)}: {list(right.shape)} {right.ravel().tolist()} in onnxruntime, {list(found.shape)} {found.ravel().tolist()} in the evaluator")
    failures += not numpy.array_equal(right, numbers.max(axis=tuple(range(2, numbers.ndim)), keepdims=True))
    failures += found.ravel().tolist() != numbers.max(axis=(-2, -1)).ravel().tolist()
generator = numpy.random.default_rng(1)
grid = generator.uniform(-1.2, 1.2, (1, 8, 8, 2)).astype("f")
for mode in "border", "reflection", "zeros":
    right, found = run("GridSample", {"x": generator.normal(size=(1, 1, 4, 4)).astype("f"), "grid": grid}, mode="cubic", padding_mode=mode, align_corners=1)
    print(f"GridSample, cubic, {mode}: they are {numpy.abs(right - found).max():.6f} apart at most")
    failures += (numpy.abs(right - found).max() > 0.05) != (mode == "border")
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python -W ignore see.py || exit 1
