# SPDX-License-Identifier: MIT
"""The light models of Python's onnx package: real networks whose weights are made by ConstantOfShape, beside the outputs that they have to give
for the numbers i / n, i from 0 to n - 1. Since such weights are all equal, some are run with random ones too, against onnxruntime. No
transposition may stand in them but that of the image, and of channels that are shuffled. Without the packages all is skipped, and says so.

Usage: onnx_light.py TOOL [--device=DEVICE] [NAME...]      (tests/onnx_tool: TOOL run FILE SAMPLES [DEVICE] | transpositions FILE)
"""
import glob
import importlib.util
import os
import subprocess
import sys
import tempfile

TOLERANCE = 1e-4  # of the output's scale
SHUFFLES = {"shufflenet": 16}
RANDOM = ["densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet"]  # the others have too many weights
device = "cpu"


def run(tool, path, count):
    numbers = "\n".join(repr(i / count) for i in range(count))
    done = subprocess.run([tool, "run", path, "1", device], input=numbers, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return [float(word) for word in done.stdout.split()]


def compare(found, expected):
    """Where they differ, as text, "" for nowhere; and by how much at most, of the scale."""
    if len(found) != len(expected):
        return f"{len(found)} numbers, expected {len(expected)}", None
    scale = max(abs(x) for x in expected)
    worst = max(range(len(found)), key=lambda i: abs(found[i] - expected[i]) if found[i] == found[i] else float("inf"))
    error = abs(found[worst] - expected[worst])
    if error <= TOLERANCE * scale:
        return "", error / scale if scale else 0.0
    return f"number {worst} is {found[worst]:.9g}, expected {expected[worst]:.9g}", None


def input_of(model):
    """Its description, and how many numbers it is."""
    initialized = {tensor.name for tensor in model.graph.initializer}
    value = next(value for value in model.graph.input if value.name not in initialized)
    count = 1
    for dimension in value.type.tensor_type.shape.dim:
        count *= dimension.dim_value
    return value, count


def check(tool, path):
    import onnx
    from onnx import numpy_helper
    with open(path.replace(".onnx", "_output_0.pb"), "rb") as file:
        expected = numpy_helper.to_array(onnx.TensorProto.FromString(file.read()))
    return compare(run(tool, path, input_of(onnx.load(path))[1]), expected.ravel().tolist())


def check_transpositions(tool, path, expected):
    done = subprocess.run([tool, "transpositions", path], capture_output=True, text=True, check=False)
    found = done.stdout.strip()
    return "" if found == str(expected) else f"{found} transpositions, expected {expected} {done.stderr}", None


def with_random_weights(model):
    """Numbers of such a size that they neither vanish nor grow, where ConstantOfShape made equal ones."""
    import numpy
    from onnx import numpy_helper
    shapes = {tensor.name: numpy_helper.to_array(tensor).tolist() for tensor in model.graph.initializer}
    generator = numpy.random.default_rng(1)
    nodes = []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            nodes.append(node)
            continue
        shape = shapes[node.input[0]]
        if len(shape) > 1:
            values = generator.normal(0, (2 / numpy.prod(shape[1:])) ** 0.5, shape)
        else:
            values = generator.uniform(0.5, 1.5, shape)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(numpy.float32), node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.ir_version = max(model.ir_version, 4)  # before that initializers had to be inputs
    return model


def check_random(tool, path, folder):
    import numpy
    import onnx
    import onnxruntime
    onnxruntime.set_default_logger_severity(3)
    other = os.path.join(folder, "random.onnx")
    onnx.save(with_random_weights(onnx.load(path)), other)
    value, count = input_of(onnx.load(other))
    shape = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    numbers = numpy.array([i / count for i in range(count)], numpy.float32).reshape(shape)
    session = onnxruntime.InferenceSession(other, providers=["CPUExecutionProvider"])
    expected = session.run(None, {value.name: numbers})[0].ravel().tolist()
    return compare(run(tool, other, count), expected)


def main():
    global device
    tool, names = sys.argv[1], sys.argv[2:]
    if names and names[0].startswith("--device="):
        device = names.pop(0).split("=", 1)[1]
    package = importlib.util.find_spec("onnx")
    if package is None or not package.origin:  # a folder of that name alone, as of headers, is no package
        print("skipped: the package onnx is not installed")
        return 77
    import onnx
    folder = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "light")
    paths = sorted(path for path in glob.glob(os.path.join(folder, "*.onnx")) if not names or any(name in path for name in names))
    if not paths:
        print(f"skipped: there is no such model in {folder}")
        return 77
    random = importlib.util.find_spec("onnxruntime") is not None
    if not random:
        print("skipped: random weights: the package onnxruntime is not installed")
    ran = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            name = os.path.basename(path)[len("light_"):-len(".onnx")]
            parts = [("", lambda: check(tool, path)),
                     (" transpositions", lambda: check_transpositions(tool, path, 1 + SHUFFLES.get(name, 0)))]
            if random and name in RANDOM:
                parts.append((" with random weights", lambda: check_random(tool, path, folder)))
            for what, part in parts:
                try:
                    trouble, error = part()
                except RuntimeError as refusal:
                    trouble, error = str(refusal), None
                ran, failed = ran + 1, failed + bool(trouble)
                print(f"{name}{what}: {trouble or 'right'}{'' if error is None else f', to {error:.0e} of the scale'}", flush=True)
    print(f"{ran - failed} right, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
