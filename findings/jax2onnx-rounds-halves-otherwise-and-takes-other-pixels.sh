#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with jax2onnx 0.17.1, jax 0.10.2 and onnxruntime 1.32.0 (PyPI; with onnx 1.23.2 and numpy 2.4.6), the latest.
#
# jax2onnx makes an ONNX model of a function of JAX. Of these it makes models that compute something else, which onnxruntime runs:
#   lax.round, which has halves go away from zero unless told otherwise, is Round, which has them go to the even number;
#   jax.image.resize by "nearest" takes the pixel in which the middle of the new one lies, the model the one before it where that middle is on the edge of two: 6 made 3
#     are 0, 2, 4 in place of 1, 3, 5. Made twice as many they are the same;
#   jax.image.resize by "cubic" leaves out what is beyond the edge, and the model repeats the edge;
#   jax.nn.one_hot of -1 is all zeros, as of padding, and the model counts from the end: the last class;
#   lax.dynamic_slice moves a window that reaches past the end back until it fits, and the model cuts it: one number for three.
# With antialias, "lanczos3" and others it refuses. Expected values are those of JAX itself, whose documentation says the same.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check jax2onnx==0.17.1 jax==0.10.2 jaxlib==0.10.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import jax
import numpy
import onnxruntime
from jax import lax
from jax2onnx import to_onnx

onnxruntime.set_default_logger_severity(4)
ROW, PICTURE = numpy.arange(6, dtype="f"), numpy.arange(16, dtype="f").reshape(1, 1, 4, 4)
CASES = {
    "lax.round": (lax.round, [numpy.array([0.5, 1.5, 2.5, -0.5], "f")], [1, 2, 3, -1], [0, 2, 2, 0]),
    "nearest, 6 to 3": (lambda x: jax.image.resize(x, (3,), "nearest"), [ROW], [1, 3, 5], [0, 2, 4]),
    "nearest, 6 to 9": (lambda x: jax.image.resize(x, (9,), "nearest"), [ROW], [0, 1, 1, 2, 3, 3, 4, 5, 5], [0, 0, 1, 2, 2, 3, 4, 4, 5]),
    "nearest, 6 to 12": (lambda x: jax.image.resize(x, (12,), "nearest"), [ROW], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], None),
    "cubic, 4 to 8, a row": (lambda x: jax.image.resize(x, (1, 1, 8, 8), "cubic", antialias=False)[0, 0, 0], [PICTURE],
                             [-0.441, -0.185, 0.357, 0.897, 1.397, 1.937, 2.479, 2.735], [-0.352, -0.102, 0.445, 0.969, 1.469, 1.992, 2.539, 2.789]),
    "one_hot of 1, -1": (lambda x: jax.nn.one_hot(x, 4), [numpy.array([1, -1], numpy.int32)], [0, 1, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 1]),
    "dynamic_slice from 2": (lambda x, i: lax.dynamic_slice(x, (i,), (3,)), [ROW, numpy.array(2, numpy.int32)], [2, 3, 4], None),
    "dynamic_slice from 5": (lambda x, i: lax.dynamic_slice(x, (i,), (3,)), [ROW, numpy.array(5, numpy.int32)], [3, 4, 5], [5]),
}
failures = 0
for name, (function, inputs, right, seen) in CASES.items():
    model = to_onnx(function, [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in inputs], model_name="m")
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    made = session.run(None, {value.name: array for value, array in zip(session.get_inputs(), inputs)})[0]
    given, made = ((numpy.round(numpy.asarray(array, float).ravel(), 3) + 0.0).tolist() for array in (function(*inputs), made))
    print(f"{name}: {given} in JAX, {made} in the model")
    failures += given != right or made != (seen or right)
if failures:
    raise SystemExit("this is not what was seen")
P
JAX_PLATFORMS=cpu venv/bin/python -W ignore see.py || exit 1
