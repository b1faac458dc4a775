# SPDX-License-Identifier: MIT
"""Small networks for images and sequences, as exporters write them, channels first: soma computes what onnxruntime does, turns images only
where that has to be, and writes a model that onnxruntime computes the same of. Without the packages all is skipped, and says so.

Usage: onnx_images.py TOOL      (tests/onnx_tool: TOOL run FILE SAMPLES | transpositions FILE | again FILE OTHER)
"""
import importlib.util
import os
import subprocess
import sys
import tempfile

SAMPLES = 3
OPSET = 13
LATER = {"GroupNormalization": 21, "LayerNormalization": 17, "RMSNormalization": 23}  # which have these ops
AGAIN = {"classes": 1, "along time": 0, "transposed convolution": 0, "one sample": 0}  # transpositions in what is written of these


def networks(numpy, node):
    """Name, nodes, weights, shapes of x and y (None: any number), transpositions that there have to be."""
    generator = numpy.random.default_rng(1)

    def weights(*shape):
        return generator.normal(size=shape).astype(numpy.float32)

    def positive(*shape):
        return abs(weights(*shape)) + numpy.float32(0.1)

    def whole(*numbers):
        return numpy.array(numbers, numpy.int64)

    conv = node("Conv", ["x", "w"], ["c"])
    w = weights(4, 3, 3, 3)
    yield ("classes", [conv, node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"]), node("Relu", ["n"], ["r"]),
                       node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]), node("Flatten", ["p"], ["f"]),
                       node("Gemm", ["f", "u", "d"], ["y"], transB=1)],
           {"w": w, "s": positive(4), "b": weights(4), "m": weights(4), "v": positive(4), "u": weights(5, 16), "d": weights(5)}, [None, 3, 7, 6], [None, 5], 1)
    yield ("a shape is computed", [conv, node("Shape", ["c"], ["s"]), node("Gather", ["s", "zero"], ["n"]), node("Unsqueeze", ["n", "axis"], ["m"]),
                                   node("Concat", ["m", "rest"], ["t"], axis=0), node("Reshape", ["c", "t"], ["r"]), node("MatMul", ["r", "v"], ["y"])],
           {"w": w, "zero": numpy.array(0), "axis": whole(0), "rest": whole(-1), "v": weights(64, 5)}, [None, 3, 6, 6], [None, 5], 1)
    yield ("channels are weighed", [conv, node("GlobalAveragePool", ["c"], ["g"]), node("Conv", ["g", "u"], ["h"]), node("Sigmoid", ["h"], ["i"]),
                                    node("Mul", ["c", "i"], ["j"]), node("ReduceMean", ["j"], ["k"], axes=[2, 3], keepdims=0),
                                    node("Gemm", ["k", "v"], ["y"], transB=1)],
           {"w": w, "u": weights(4, 4, 1, 1), "v": weights(2, 4)}, [None, 3, 6, 6], [None, 2], 1)
    yield ("down and up", [node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]), node("MaxPool", ["a"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
                           node("Resize", ["p", "", "by"], ["r"], mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
                           node("Concat", ["r", "a"], ["c"], axis=1), node("Conv", ["c", "v"], ["y"], auto_pad="SAME_LOWER")],
           {"w": w, "by": numpy.array([1, 1, 2, 2], numpy.float32), "v": weights(2, 8, 4, 4)}, [None, 3, 6, 6], [None, 2, 6, 6], 2)
    yield ("linearly up", [conv, node("Resize", ["c", "", "by"], ["r"], mode="linear", coordinate_transformation_mode="half_pixel"), node("Conv", ["r", "u"], ["y"])],
           {"w": w, "by": numpy.array([1, 1, 3, 2], numpy.float32), "u": weights(2, 4, 2, 2)}, [None, 3, 32, 40], [None, 2, 89, 75], 2)
    yield ("channels last outside", [node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), node("Conv", ["t", "w", "b"], ["c"], strides=[2, 2], auto_pad="SAME_UPPER"),
                                     node("Clip", ["c", "low", "high"], ["r"]), node("Transpose", ["r"], ["y"], perm=[0, 2, 3, 1])],
           {"w": w, "b": weights(4), "low": numpy.float32(0), "high": numpy.float32(6)}, [None, 7, 7, 3], [None, 4, 4, 4], 0)
    yield ("blocks", [node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]), node("DepthToSpace", ["c"], ["d"], blocksize=2), node("Conv", ["d", "v"], ["e"]),
                      node("SpaceToDepth", ["e"], ["s"], blocksize=2), node("Conv", ["s", "u"], ["y"])],
           {"w": weights(8, 3, 3, 3), "v": weights(4, 2, 3, 3), "u": weights(2, 16, 1, 1)}, [None, 3, 6, 6], [None, 2, 5, 5], 4)
    yield ("one sample", [node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], strides=[1, 2]), node("Reshape", ["c", "s"], ["r"]), node("MatMul", ["r", "m"], ["y"])],
           {"w": w, "s": whole(4, -1), "m": weights(18, 5)}, [1, 3, 6, 6], [4, 5], 2)
    yield ("a batch that is mixed", [node("Conv", ["x", "w", "b"], ["c"], group=2), node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2]),
                                     node("BatchNormalization", ["p", "s", "b", "b", "s"], ["q"]), node("Transpose", ["q"], ["y"], perm=[1, 0, 2, 3])],
           {"w": weights(4, 1, 3, 3), "b": weights(4), "s": positive(4)}, [3, 2, 6, 6], [4, 3, 3, 3], 2)
    yield ("transposed convolution", [node("ConvTranspose", ["x", "w", "b"], ["y"], strides=[2, 3], output_padding=[1, 2], pads=[1, 0, 1, 2], group=2, dilations=[1, 2])],
           {"w": w, "b": weights(6)}, [None, 4, 5, 6], [None, 6, 10, 20], 2)
    yield ("gates", [conv, node("Slice", ["c", "a", "b", "axis"], ["p"]), node("Slice", ["c", "b", "end", "axis"], ["q"]), node("Sigmoid", ["q"], ["r"]),
                     node("Mul", ["p", "r"], ["y"])],
           {"w": w, "a": whole(0), "b": whole(2), "end": whole(2**63 - 1), "axis": whole(1)}, [None, 3, 5, 5], [None, 2, 3, 3], 2)
    yield ("two that share", [conv, node("Conv", ["x", "w"], ["d"], strides=[1, 1]), node("Add", ["c", "d"], ["e"]), node("Add", ["e", "k"], ["y"])],
           {"w": w, "k": weights(1, 4, 3, 3)}, [None, 3, 5, 5], [None, 4, 3, 3], 2)
    yield ("attention", [conv, node("Reshape", ["c", "s"], ["r"]), node("Transpose", ["r"], ["t"], perm=[0, 2, 1]), node("MatMul", ["t", "r"], ["m"]),
                         node("Softmax", ["m"], ["y"], axis=-1)], {"w": w, "s": whole(0, 4, -1)}, [None, 3, 5, 5], [None, 9, 9], 2)
    yield ("slopes, and classes of each position", [conv, node("PRelu", ["c", "s"], ["p"]), node("Softmax", ["p"], ["y"], axis=1)], {"w": w, "s": weights(4, 1, 1)},
           [None, 3, 5, 5], [None, 4, 3, 3], 2)
    yield ("neighbouring channels", [conv, node("LRN", ["c"], ["y"], size=3, alpha=0.3, beta=0.7, bias=2.0)], {"w": w}, [None, 3, 5, 5], [None, 4, 3, 3], 2)
    for op, count, more in (("InstanceNormalization", 4, {}), ("GroupNormalization", 4, {"num_groups": 2})):
        yield (op, [conv, node(op, ["c", "s", "b"], ["i"], epsilon=0.01, **more), node("Relu", ["i"], ["r"]), node("Conv", ["r", "u"], ["y"])],
               {"w": w, "s": positive(count), "b": weights(count), "u": weights(2, 4, 2, 2)}, [None, 3, 6, 6], [None, 2, 3, 3], 2)
    yield ("LayerNormalization", [node("LayerNormalization", ["x", "s", "b"], ["n"], axis=-1), node("LayerNormalization", ["n", "t"], ["y"], axis=1)],
           {"s": positive(6), "b": weights(6), "t": weights(5, 6)}, [None, 5, 6], [None, 5, 6], 0)
    yield ("RMSNormalization", [node("RMSNormalization", ["x", "s"], ["y"], epsilon=0.1)], {"s": positive(6)}, [None, 5, 6], [None, 5, 6], 0)
    yield ("figures that share", [conv, node("BatchNormalization", ["c", "s", "b", "m", "s"], ["y"])], {"w": w, "s": positive(4), "b": weights(4), "m": weights(4)},
           [None, 3, 6, 6], [None, 4, 4, 4], 2)
    yield ("along time", [node("Conv", ["x", "w"], ["c"], dilations=[2], strides=[2]), node("Relu", ["c"], ["r"]),
                          node("AveragePool", ["r"], ["y"], kernel_shape=[3], strides=[2], ceil_mode=1, pads=[1, 1])], {"w": weights(4, 3, 3)},
           [None, 3, 21], [None, 4, None], 2)
    yield ("largest, windows past the end", [node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, pads=[1, 0, 0, 1], dilations=[1, 2])],
           {}, [None, 3, 8, 9], [None, 3, None, None], 2)
    yield ("means that count padding", [node("AveragePool", ["x"], ["y"], kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1, pads=[1, 0, 1, 1], count_include_pad=1)],
           {}, [None, 3, 8, 8], [None, 3, None, None], 2)
    yield ("reflected edges", [node("Pad", ["x", "p"], ["q"], mode="reflect"), node("Conv", ["q", "w"], ["y"])], {"w": w, "p": whole(0, 0, 1, 2, 0, 0, 2, 1)},
           [None, 3, 70, 80], [None, 4, None, None], 2)


def save(path, nodes, weights, x, y):
    from onnx import TensorProto, checker, helper, numpy_helper
    import onnx
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n" if size is None and i == 0 else size for i, size in enumerate(shape)])
              for name, shape in (("x", x), ("y", y))]
    opset = max([OPSET] + [LATER.get(node.op_type, 0) for node in nodes])
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], [numpy_helper.from_array(array, name) for name, array in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 19 else 10
    checker.check_model(model)
    onnx.save(model, path)


def compare(tool, path, shape):
    """What differs, as text; "" for nothing."""
    import numpy
    import onnxruntime
    samples = SAMPLES if shape[0] is None else 1  # a batch that is fixed may be the first dimension of one sample
    x = numpy.random.default_rng(2).normal(size=[shape[0] or SAMPLES] + shape[1:]).astype(numpy.float32)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": x})[0].ravel()
    numbers = "\n".join(repr(float(number)) for number in x.ravel())
    done = subprocess.run([tool, "run", path, str(samples)], input=numbers, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip()
    found = numpy.array([float(word) for word in done.stdout.split()])
    if found.shape != expected.shape:
        return f"{found.size} numbers, expected {expected.size}"
    worst = abs(found - expected).max()
    return "" if worst <= 1e-5 * abs(expected).max() else f"differs by {worst:.3g} of {abs(expected).max():.3g}"


def compare_again(tool, path, shape, name):
    """The same of the model that soma writes of it."""
    import numpy
    import onnx
    import onnxruntime
    other = path + ".again.onnx"
    done = subprocess.run([tool, "again", path, other], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip()
    model = onnx.load(other)
    onnx.checker.check_model(model, full_check=True)
    found = sum(node.op_type == "Transpose" for node in model.graph.node)
    if found != AGAIN.get(name, found):
        return f"written again: {found} transpositions, expected {AGAIN[name]}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    x = numpy.random.default_rng(2).normal(size=[shape[0] or SAMPLES] + shape[1:]).astype(numpy.float32)
    outputs = []
    for model in (path, other):
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        rank = len(session.get_inputs()[0].shape)  # one more where a sample had the batch in it
        outputs.append(session.run(None, {"x": x if rank == x.ndim else x[None]})[0].ravel())
    if outputs[0].shape != outputs[1].shape:
        return f"written again: {outputs[1].size} numbers, expected {outputs[0].size}"
    worst = abs(outputs[0] - outputs[1]).max()
    return "" if worst <= 1e-5 * abs(outputs[0]).max() else f"written again: differs by {worst:.3g} of {abs(outputs[0]).max():.3g}"


def main():
    tool = sys.argv[1]
    missing = [package for package in ("numpy", "onnx", "onnxruntime") if importlib.util.find_spec(package) is None]
    if missing:
        print("skipped: not installed: " + ", ".join(missing))
        return 77
    import numpy
    from onnx import helper
    ran = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.onnx")
        for name, nodes, weights, x, y, turned in networks(numpy, helper.make_node):
            save(path, nodes, weights, x, y)
            trouble = compare(tool, path, x)
            found = subprocess.run([tool, "transpositions", path], capture_output=True, text=True, check=False).stdout.strip()
            if not trouble and found != str(turned):
                trouble = f"{found} transpositions, expected {turned}"
            trouble = trouble or compare_again(tool, path, x, name)
            ran, failed = ran + 1, failed + bool(trouble)
            if trouble:
                print(f"failed: {name}: {trouble}")
    print(f"{ran - failed} right, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
