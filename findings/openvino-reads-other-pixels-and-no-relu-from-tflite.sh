#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with openvino 2026.4.1 and ai-edge-litert 2.3.0 (PyPI, with numpy 2.4.6), the latest.
#
# OpenVINO reads TFLite files as they are. Of these it computes something else than LiteRT, TFLite's own runtime, all of whose kernels agree about them, and tells nothing:
#   RESIZE_NEAREST_NEIGHBOR with half_pixel_centers, as TensorFlow 2 and Keras write it, takes the pixel before where the middle of the new one lies on an edge: 6 made 3 are 0, 2, 4 for 1, 3, 5;
#   TRANSPOSE_CONV loses the activation that is fused with it, RELU or RELU6, of which CONV_2D keeps it;
#   SCATTER_ND has the last of several numbers for one place, where TensorFlow and LiteRT add them up;
#   STRIDED_SLICE with offset, by which the ends are counted from the beginnings, counts them from 0: a window that is moved along has another shape at each place.
# What it has no translation for (L2_POOL_2D, LOCAL_RESPONSE_NORMALIZATION) it refuses.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openvino==2026.4.1 ai-edge-litert==2.3.0 numpy==2.4.6
cat >see.py <<'P'
import flatbuffers
import numpy
import openvino
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

ACTIVATION, OP = schema.ActivationFunctionType, schema.BuiltinOperator
VERSIONS = {OP.RESIZE_NEAREST_NEIGHBOR: 3, OP.TRANSPOSE_CONV: 4}  # half pixels, activations
KINDS = {"float32": schema.TensorType.FLOAT32, "int32": schema.TensorType.INT32}


def model_of(op, options, inputs, given, shape):
    """A file of one op, whose inputs are constants but for the one of number `given`."""
    model, graph, code, node = schema.ModelT(), schema.SubGraphT(), schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = op, op, VERSIONS.get(op, 1)
    node.opcodeIndex, node.inputs, node.outputs = 0, list(range(len(inputs))), [len(inputs)]
    node.builtinOptions, node.builtinOptionsType = options, getattr(schema.BuiltinOptions, type(options).__name__[:-1])
    graph.tensors, model.buffers = [], [schema.BufferT()]
    for place, array in enumerate(inputs + [numpy.zeros(shape, "f")]):
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape, tensor.buffer = f"t{place}", KINDS[str(array.dtype)], list(array.shape), 0
        if place not in (given, len(inputs)):
            tensor.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
            model.buffers[-1].data = numpy.frombuffer(array.tobytes(), numpy.uint8)
        graph.tensors.append(tensor)
    graph.inputs, graph.outputs, graph.operators = [given], node.outputs, [node]
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def options_of(name, **values):
    made = getattr(schema, name + "OptionsT")()
    for key, value in values.items():
        setattr(made, key, value)
    return made


def litert(kernels, content, array):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], array)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).ravel().tolist()


def whole(*numbers):
    return numpy.array(numbers, numpy.int32)


def transposed(activation):
    return options_of("TransposeConv", padding=schema.Padding.VALID, strideW=1, strideH=1, fusedActivationFunction=activation)


def convolved(activation):
    return options_of("Conv2D", padding=schema.Padding.VALID, strideW=1, strideH=1, fusedActivationFunction=activation)


ROW, TABLE = numpy.arange(6, dtype="f").reshape(1, 6, 1, 1), numpy.arange(24, dtype="f").reshape(4, 6)
PICTURE, ONE, NONE = numpy.array([-2, -1, 1, 9], "f").reshape(1, 2, 2, 1), numpy.ones((1, 1, 1, 1), "f"), numpy.zeros(1, "f")
NEAREST = options_of("ResizeNearestNeighbor", alignCorners=False, halfPixelCenters=True)
WINDOW = [TABLE, whole(1, 1), whole(2, 4), whole(1, 2)]
PLACES = numpy.array([[1], [3], [1]], numpy.int32)
CASES = {  # the op, its options, its inputs, which of them is given when it runs, the output's shape, what it is, and what OpenVINO has
    "nearest, 6 to 3": (OP.RESIZE_NEAREST_NEIGHBOR, NEAREST, [ROW, whole(3, 1)], 0, (1, 3, 1, 1), [1, 3, 5], [0, 2, 4]),
    "nearest, 6 to 4": (OP.RESIZE_NEAREST_NEIGHBOR, NEAREST, [ROW, whole(4, 1)], 0, (1, 4, 1, 1), [0, 2, 3, 5], [0, 1, 3, 4]),
    "nearest, 6 to 12": (OP.RESIZE_NEAREST_NEIGHBOR, NEAREST, [ROW, whole(12, 1)], 0, (1, 12, 1, 1), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], None),
    "TRANSPOSE_CONV and RELU6": (OP.TRANSPOSE_CONV, transposed(ACTIVATION.RELU6), [whole(1, 2, 2, 1), ONE, PICTURE, NONE], 2, (1, 2, 2, 1),
                                 [0, 0, 1, 6], [-2, -1, 1, 9]),
    "CONV_2D and RELU6": (OP.CONV_2D, convolved(ACTIVATION.RELU6), [PICTURE, ONE, NONE], 0, (1, 2, 2, 1), [0, 0, 1, 6], None),
    "SCATTER_ND of 1, 2, 4 to 1, 3, 1": (OP.SCATTER_ND, options_of("ScatterNd"), [PLACES, numpy.array([1, 2, 4], "f"), whole(5)], 1, (5,),
                                         [0, 5, 0, 2, 0], [0, 4, 0, 2, 0]),
    "STRIDED_SLICE with offset": (OP.STRIDED_SLICE, options_of("StridedSlice", offset=True), WINDOW, 0, (2, 2), [7, 9, 13, 15], [7, 9]),
    "STRIDED_SLICE without": (OP.STRIDED_SLICE, options_of("StridedSlice", offset=False), WINDOW, 0, (1, 2), [7, 9], None),
}
failures = 0
for name, (op, options, inputs, given, shape, right, seen) in CASES.items():
    content = model_of(op, options, inputs, given, shape)
    with open("model.tflite", "wb") as file:
        file.write(content)
    own = [litert(kernels, content, inputs[given]) for kernels in (OpResolverType.AUTO, OpResolverType.BUILTIN_REF)]
    found = openvino.Core().compile_model("model.tflite", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(inputs[given])[0].ravel().tolist()
    print(f"{name}: {own[0]} in LiteRT, {found} in OpenVINO")
    failures += own != [right, right] or found != (seen or right)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
