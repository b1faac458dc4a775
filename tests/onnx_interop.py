# SPDX-License-Identifier: MIT
"""ONNX between soma and others: models that soma saved pass the onnx checker and compute the same in onnxruntime; a model that
PyTorch exported computes the same in soma. Parts whose packages are missing are skipped, and say so.

Usage: onnx_interop.py TOOL NETWORKS      (tests/onnx_tool: TOOL save NET INPUT FILE | run FILE SAMPLES; tests/onnx_layers.txt)
"""
import importlib.util
import os
import subprocess
import sys
import tempfile

TOOL, NETWORKS = sys.argv[1:]
SAMPLES = 7
FIRST_OPSET = 7  # soma writes no older one

passed = failed = skipped = 0


def check(name, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"failed: {name}: {detail}")


def skip(name, why):
    global skipped
    skipped += 1
    print(f"skipped: {name}: {why}")


def soma_outputs(path, inputs):
    text = "\n".join(repr(float(x)) for x in inputs.ravel())
    done = subprocess.run([TOOL, "run", path, str(len(inputs))], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [float(word) for word in done.stdout.split()]


def close(found, expected):
    import numpy
    found, expected = numpy.array(found), numpy.array(expected).ravel()
    # Sums are off by a share of the largest of their terms, which are of the scale of the outputs, not of the one that is near 0.
    return numpy.allclose(found, expected, rtol=0, atol=1e-5 * numpy.abs(expected).max())


def is_valid(model):
    """True, or why not."""
    import onnx
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        return error
    return True


def networks():
    """Of each the shape of a sample, how many transpositions stand in the file, and the text."""
    with open(NETWORKS, encoding="utf-8") as file:
        return [line.split(None, 2) for line in map(str.strip, file) if line and not line.startswith("#")]


def export_to_others(folder):
    import numpy
    import onnx
    try:
        import onnxruntime
    except ImportError:
        onnxruntime = None
        skip("onnxruntime", "the package is not installed")
    for number, (shape, turned, net) in enumerate(networks()):
        path = os.path.join(folder, f"net{number}.onnx")
        subprocess.run([TOOL, "save", net, shape, path], check=True)
        model = onnx.load(path)
        found = sum(node.op_type == "Transpose" for node in model.graph.node)
        check(f"{net}: transpositions", turned in ("-", str(found)), f"{found}, expected {turned}")
        check(net, is_valid(model) is True, is_valid(model))
        opset = model.opset_import[0].version
        model.opset_import[0].version -= 1
        # No checker knows that these did not broadcast, or had other scales.
        unseen = any(node.op_type in ("Max", "Min", "GroupNormalization") for node in model.graph.node)
        check(f"{net}: opset {opset} is the least", opset == FIRST_OPSET or unseen or is_valid(model) is not True, "an older one would do")
        if onnxruntime is None:
            continue
        inputs = numpy.random.default_rng(number).uniform(0.1, 1, (SAMPLES, *map(int, shape.split("x")))).astype(numpy.float32)
        if model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.INT64:  # numbers of rows
            inputs = (inputs * 7).astype(numpy.int64)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        expected = session.run(None, {session.get_inputs()[0].name: inputs})[0]
        check(f"{net} in onnxruntime", close(soma_outputs(path, inputs), expected), "other outputs")


def import_from_pytorch(folder):
    import torch
    path = os.path.join(folder, "torch.onnx")
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 20), torch.nn.ReLU(), torch.nn.Dropout(0.3),
                                torch.nn.Linear(20, 9), torch.nn.Tanh(), torch.nn.Linear(9, 4), torch.nn.LogSoftmax(dim=1))
    model.eval()
    inputs = torch.randn(SAMPLES, 3, 4)
    arguments = {"input_names": ["x"], "output_names": ["y"], "dynamic_axes": {"x": {0: "n"}, "y": {0: "n"}}}
    try:
        torch.onnx.export(model, (inputs,), path, dynamo=False, **arguments)
    except TypeError:  # before the argument dynamo
        torch.onnx.export(model, (inputs,), path, **arguments)
    check("a PyTorch network in soma", close(soma_outputs(path, inputs.numpy()), model(inputs).detach().numpy()), "other outputs")


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, part, needed in (("onnx", export_to_others, ["numpy", "onnx"]), ("PyTorch", import_from_pytorch, ["torch", "onnx"])):
            missing = [package for package in needed if importlib.util.find_spec(package) is None]
            if missing:
                skip(name, "not installed: " + ", ".join(missing))
                continue
            part(folder)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0 if passed else 77


if __name__ == "__main__":
    sys.exit(main())
