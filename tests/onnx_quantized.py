# SPDX-License-Identifier: MIT
"""Models that onnxruntime has quantised, by its quantize_dynamic and quantize_static: soma gives what onnxruntime does. A result that both round to
one of 256 numbers may be the next one where it lies between two: one number in a hundred may be one step off, and others no more than rounding in
float32 makes. Of an LSTM onnxruntime rounds inputs and states to bytes, and soma does not: results differ by up to 0.05 of the largest, as docs/onnx.md
says. Models are made here; nothing is downloaded. Without the packages all is skipped, and says so. Seen with onnxruntime 1.32.

Usage: onnx_quantized.py TOOL [--device=NAME]
(tests/onnx_tool: TOOL run FILE SAMPLES DEVICE)
"""
import importlib.util
import logging
import os
import subprocess
import sys
import tempfile

SAMPLES = 6
WORDS = 50
QUANTISED = {"lstm": "DynamicQuantizeLSTM", "embedding": "MatMulInteger"}  # what quantize_dynamic writes: here, of rows that are bytes of the table


def build(kind, path, batch):
    """An MLP, a small CNN, an LSTM of so many steps or an embedding with weights by chance."""
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    random = numpy.random.default_rng(2)
    weights, nodes = [], []

    def weight(name, *shape):
        weights.append(numpy_helper.from_array((random.standard_normal(shape) / numpy.sqrt(numpy.prod(shape[1:]) or 1)).astype(numpy.float32), name))
        return name

    number = TensorProto.FLOAT
    if kind == "lstm":  # two sequences
        shape = [2, 8]
        nodes = [helper.make_node("LSTM", ["x", weight("w", 1, 48, 8), weight("r", 1, 48, 12), weight("b", 1, 96)], ["y"], hidden_size=12)]
    elif kind == "embedding":
        shape, number = [4], TensorProto.INT64
        nodes = [helper.make_node("Gather", [weight("w", WORDS, 16), "x"], ["rows"]), helper.make_node("MatMul", ["rows", weight("v", 16, 10)], ["y"])]
    elif kind == "mlp":
        shape = [20]
        for i, (a, b) in enumerate(((20, 32), (32, 16), (16, 5))):
            nodes.append(helper.make_node("MatMul", [f"x{i}" if i else "x", weight(f"w{i}", a, b)], [f"p{i}"]))
            nodes.append(helper.make_node("Add", [f"p{i}", weight(f"b{i}", b)], [f"s{i}" if i < 2 else "y"]))
            if i < 2:
                nodes.append(helper.make_node(("Relu", "Tanh")[i], [f"s{i}"], [f"x{i + 1}"]))
    else:
        shape = [2, 10, 10]
        nodes = [helper.make_node("Conv", ["x", weight("w0", 8, 2, 3, 3), weight("b0", 8)], ["c0"], pads=[1, 1, 1, 1]), helper.make_node("Relu", ["c0"], ["r0"]),
                 helper.make_node("MaxPool", ["r0"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
                 helper.make_node("Conv", ["m", weight("w1", 12, 8, 3, 3), weight("b1", 12)], ["c1"]), helper.make_node("Relu", ["c1"], ["r1"]),
                 helper.make_node("Flatten", ["r1"], ["f"]), helper.make_node("MatMul", ["f", weight("w2", 108, 7)], ["p"]), helper.make_node("Add", ["p", weight("b2", 7)], ["y"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", number, [batch, *shape])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return shape


def optimised(path):
    """What onnxruntime's optimiser makes of it: DynamicQuantizeMatMul."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = path.replace(".onnx", "-optimised.onnx")
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return options.optimized_model_filepath


def variants(folder):
    """Name, file, shape of a sample, whether all samples are one to soma, how far off a number may be of the largest."""
    import numpy
    import onnx
    from onnxruntime import quantization
    for kind, op in QUANTISED.items():
        plain = os.path.join(folder, f"{kind}.onnx")
        shape = build(kind, plain, SAMPLES)
        for type_name, each in (("QInt8", False), ("QInt8", True), ("QUInt8", False)):
            path = os.path.join(folder, f"{kind}-{type_name}-{each}.onnx")
            quantization.quantize_dynamic(plain, path, per_channel=each, weight_type=getattr(quantization.QuantType, type_name))
            assert op in [node.op_type for node in onnx.load(path).graph.node], f"{path}: no {op}"
            yield f"{kind}, dynamic, {type_name}, {'each channel' if each else 'all channels'}", path, shape, kind == "lstm", 0.05 if kind == "lstm" else 1e-5
    for kind in ("mlp", "cnn"):
        for batch in (SAMPLES, "n"):
            plain = os.path.join(folder, f"{kind}-{batch}.onnx")
            shape = build(kind, plain, batch)

            class Reader(quantization.CalibrationDataReader):
                def __init__(self):
                    random = numpy.random.default_rng(5)
                    self.rows = iter([{"x": random.standard_normal((SAMPLES, *shape)).astype(numpy.float32)} for _ in range(6)])

                def get_next(self):
                    return next(self.rows, None)

            if batch != "n":  # what is quantised while it runs goes by all samples together
                for type_name in ("QInt8", "QUInt8"):
                    path = os.path.join(folder, f"{kind}-dynamic-{type_name}.onnx")
                    quantization.quantize_dynamic(plain, path, weight_type=getattr(quantization.QuantType, type_name))
                    yield f"{kind}, dynamic, {type_name}", path, shape, True, 1e-5
                    yield f"{kind}, dynamic, {type_name}, optimised", optimised(path), shape, True, 1e-5
                continue
            for form in ("QDQ", "QOperator"):
                for each in (False, True):
                    path = os.path.join(folder, f"{kind}-{form}-{each}.onnx")
                    quantization.quantize_static(plain, path, Reader(), quant_format=getattr(quantization.QuantFormat, form), per_channel=each)
                    yield f"{kind}, {form}, {'each channel' if each else 'all channels'}", path, shape, False, 1e-5


def last_scale(path):
    """The step between two values of a result that comes of a DequantizeLinear; 0 for others."""
    import onnx
    from onnx import numpy_helper
    graph = onnx.load(path).graph
    made = {name: node for node in graph.node for name in node.output}[graph.output[0].name]
    if made.op_type != "DequantizeLinear":
        return 0.0
    return float(next(numpy_helper.to_array(t) for t in graph.initializer if t.name == made.input[1]).max())


def try_model(tool, device, name, path, shape, whole, tolerance):
    import numpy
    import onnxruntime
    random = numpy.random.default_rng(9)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    if session.get_inputs()[0].type == "tensor(int64)":
        x = random.integers(0, WORDS, (SAMPLES, *shape))
    else:
        x = random.standard_normal((SAMPLES, *shape)).astype(numpy.float32)
    expected = session.run(None, {"x": x})[0].ravel()
    run = subprocess.run([tool, "run", path, "1" if whole else str(SAMPLES), device], input=" ".join(repr(float(v)) for v in x.ravel()), capture_output=True, text=True)
    if run.returncode:
        return f"{name}: {run.stderr.strip()}"
    found = numpy.array([float(line) for line in run.stdout.split()])
    if found.shape != expected.shape:
        return f"{name}: {found.size} numbers, expected {expected.size}"
    error, size, step = numpy.abs(found - expected), numpy.abs(expected).max(), last_scale(path)
    close = error <= tolerance * size
    if not (error <= 1.01 * step + tolerance * size).all() or (~close).mean() > 0.01:
        return f"{name}: error {error.max() / size:.2g} of the largest, {(~close).sum()} of {close.size} differ; a step is {step / size:.2g}"
    print(f"{name}: error {error.max() / size:.1g} of the largest number")
    return None


def main():
    missing = [name for name in ("numpy", "onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        return 77
    logging.disable(logging.WARNING)
    device = next((word.split("=", 1)[1] for word in sys.argv[2:] if word.startswith("--device=")), "cpu")
    with tempfile.TemporaryDirectory() as folder:
        troubles = [trouble for one in variants(folder) if (trouble := try_model(sys.argv[1], device, *one))]
    print("\n".join(troubles))
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
