#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with tensorflow-cpu 2.21.0, tf2onnx 1.17.0, onnx 1.23.2 and onnxruntime 1.32.0 (PyPI, with numpy 2.4.6), the latest.
#
# tf2onnx writes tf.image.resize() to a known size by scales, which are float32. Of 9 pixels 13 are to be made: 13 / 9 is rounded down, and 9 times that, 12.9999998, is 12 as ONNX has it (the largest whole
# number that is not above), and in onnx's evaluator. onnxruntime makes 13. Of pictures with one channel tf2onnx writes the turn of the channels behind that as a Reshape to [1, 12, 12, 1], which it has from ONNX's
# inference of shapes: such a model does not run in onnxruntime ("cannot be reshaped"), and onnx's full check refuses it. With three channels it runs, and is TensorFlow's. To 18, whose scale is a whole number, all is right.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy
import onnx
import onnxruntime
import tensorflow
import tf2onnx
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)


def shape_of(run):
    try:
        return run()[0].shape[1:3]
    except Exception as error:
        return "fails" if "cannot be reshaped" in str(error) else str(error)


def see(size, channels):
    x = numpy.arange(81 * channels, dtype=numpy.float32).reshape(1, 9, 9, channels)
    resize = tensorflow.function(lambda x: tensorflow.image.resize(x, (size, size)), input_signature=[tensorflow.TensorSpec(x.shape, tensorflow.float32)])
    model, _ = tf2onnx.convert.from_function(resize, input_signature=resize.input_signature, opset=18)
    try:
        onnx.checker.check_model(model, full_check=True)
        check = "accepts"
    except onnx.shape_inference.InferenceError:
        check = "refuses"
    inputs = {model.graph.input[0].name: x}
    theirs = shape_of(lambda: onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs))
    evaluator = shape_of(lambda: ReferenceEvaluator(model).run(None, inputs))
    print(f"9 to {size}, {channels} channels: TensorFlow {resize(x).shape[1:3]}, onnxruntime {theirs}, onnx's evaluator {evaluator}, its check {check}")
    return theirs, evaluator, check


seen = [see(13, 1), see(13, 3), see(18, 1), see(18, 3)]
assert seen == [("fails", (12, 12), "refuses"), ((13, 13), (12, 12), "refuses"), ((18, 18), (18, 18), "accepts"), ((18, 18), (18, 18), "accepts")], "this is not what was seen"
P
venv/bin/python -W ignore see.py || exit 1
