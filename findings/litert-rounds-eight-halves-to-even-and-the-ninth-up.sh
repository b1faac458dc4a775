#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with ai-edge-litert 2.3.0 (PyPI, the latest; with numpy 2.4.6); on x86-64 with AVX-512.
#
# LiteRT has three sets of kernels for a TFLite model: XNNPACK's, which it takes unless told otherwise, its own quick ones (BUILTIN_WITHOUT_DEFAULT_DELEGATES) and its reference (BUILTIN_REF). They
# compute different numbers of the same valid file:
#   QUANTIZE of 2.5 by a scale of 1 is 2 in XNNPACK, halves to even, and 3 in the reference, halves away from zero. The quick ones have 2 for each full eight numbers and 3 for what is left over:
#     nine times 2.5 become eight times 2 and one 3. A test against the reference is off by 1 at halves, which are common where numbers have few bits;
#   LOCAL_RESPONSE_NORMALIZATION leaves out the last neighbour of each window in the reference, and no other;
#   EXP of NaN is 0 in XNNPACK, so that an error is gone, and RSQRT of 0 is NaN there, not infinity.
# An activation of TANH or SIGN_BIT that the file has fused with ADD, MUL or CONV_2D all three pass over, where RELU and its kin are computed; FULLY_CONNECTED refuses it.
#
# Expected values are from the formulas, in double precision.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check ai-edge-litert==2.3.0 numpy==2.4.6
cat >see.py <<'P'
import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

KERNELS = {"XNNPACK": OpResolverType.AUTO, "quick": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, "reference": OpResolverType.BUILTIN_REF}


def tensor(kind, shape, scale=None):
    made = schema.TensorT()
    made.name, made.type, made.shape, made.buffer = "t", kind, list(shape), 0
    if scale:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = numpy.float32([scale]), numpy.int64([0])
    return made


def model_of(op, options, count, shape, result):
    """A file of one op, of `count` inputs of one shape and an output."""
    model, graph, code, node = schema.ModelT(), schema.SubGraphT(), schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = getattr(schema.BuiltinOperator, op)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    node.opcodeIndex, node.inputs, node.outputs = 0, list(range(count)), [count]
    if options:
        node.builtinOptions, node.builtinOptionsType = options, getattr(schema.BuiltinOptions, type(options).__name__[:-1])
    graph.tensors = [tensor(schema.TensorType.FLOAT32, shape) for _ in range(count)] + [result]
    graph.inputs, graph.outputs, graph.operators = node.inputs, node.outputs, [node]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def options_of(name, **values):
    made = getattr(schema, name)()
    for key, value in values.items():
        setattr(made, key, value)
    return made


def found_by(kernels, content, inputs):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), inputs):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).ravel().astype(float)


numbers = numpy.array([3, -1, 2, 1, -2, 4, 1], "f").reshape(1, 1, 1, 7)
squares = [(numbers.ravel()[max(0, place - 2):end] ** 2).astype(float) for place in range(7) for end in [place + 3]]
normal = numpy.array([number / (1.5 + 0.5 * square.sum()) ** 0.6 for number, square in zip(numbers.ravel(), squares)])
short = numpy.array([number / (1.5 + 0.5 * (square[:-1] if place < 5 else square).sum()) ** 0.6 for place, (number, square) in enumerate(zip(numbers.ravel(), squares))])
local = options_of("LocalResponseNormalizationOptionsT", radius=2, bias=1.5, alpha=0.5, beta=0.6)
two = numpy.array([-2, 0.5, 2], "f")
CASES = {  # the op, its options, its inputs, and what each set of kernels has, of XNNPACK, the quick ones and the reference
    "QUANTIZE": (options_of("QuantizeOptionsT"), [numpy.full(9, 2.5, "f")], [[2] * 9, [2] * 8 + [3], [3] * 9]),
    "LOCAL_RESPONSE_NORMALIZATION": (local, [numbers], [normal, normal, short]),
    "EXP": (None, [numpy.array([numpy.nan, 1], "f")], [[0, numpy.e], [numpy.nan, numpy.e], [numpy.nan, numpy.e]]),
    "RSQRT": (None, [numpy.array([0, 4], "f")], [[numpy.nan, 0.5], [numpy.inf, 0.5], [numpy.inf, 0.5]]),
    "ADD with TANH": (options_of("AddOptionsT", fusedActivationFunction=schema.ActivationFunctionType.TANH), [two, two], [[-4, 1, 4]] * 3),
    "MUL with SIGN_BIT": (options_of("MulOptionsT", fusedActivationFunction=schema.ActivationFunctionType.SIGN_BIT), [two, two], [[4, 0.25, 4]] * 3),
    "ADD with RELU6": (options_of("AddOptionsT", fusedActivationFunction=schema.ActivationFunctionType.RELU6), [two, 2 * two], [[0, 1.5, 6]] * 3),
}
failures = 0
for name, (options, inputs, expected) in CASES.items():
    result = tensor(schema.TensorType.INT8, inputs[0].shape, 1.0) if name == "QUANTIZE" else tensor(schema.TensorType.FLOAT32, inputs[0].shape)
    content = model_of(name.split()[0], options, len(inputs), inputs[0].shape, result)
    for (kernels, resolver), right in zip(KERNELS.items(), expected):
        found = found_by(resolver, content, inputs)
        print(f"{name} of {' and '.join(str(array.ravel().tolist()) for array in inputs)}, {kernels}: {found.round(3).tolist()}")
        failures += not numpy.allclose(found, right, rtol=1e-3, equal_nan=True)
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
