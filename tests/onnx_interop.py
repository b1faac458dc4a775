# SPDX-License-Identifier: MIT
"""ONNX between soma and others: models that soma saved pass the onnx checker and compute the same in onnxruntime; a model that
PyTorch exported computes the same in soma. Parts whose packages are missing are skipped, and say so.

Usage: onnx_interop.py TOOL      (tests/onnx_tool: TOOL save NET INPUT FILE | run FILE SAMPLES)
"""
import importlib.util
import os
import subprocess
import sys
import tempfile

TOOL = sys.argv[1]
SAMPLES = 7
NETS = ["dense 16 relu; dense 8 tanh; dense 5 softmax", "dense 9 gelu; dropout 0.5; dense 3 sigmoid",
        "dense 6 selu; silu; dense 4 elu; hard_sigmoid", "dense 8 leaky_relu(1,0.2); softplus; square; dense 2; step",
        "leaky_relu(2,-0.5); linear(-1.5); abs; sqrt; exp; dense 3; log", "dense 4 relu; dropout 0.5; dense 3 softmax",
        "dense 4 relu6; dense 3", "dense 4 erf; dense 3 softsign", "dense 4 celu; dropout 0.5; dense 3 reciprocal",
        "dense 4 hard_swish", "dense 4 mish; dropout 0.25"]
# With the shape of a sample; and how many transpositions stand in the file: at the edges of what has channels.
IMAGES = [("conv 6 3x3 relu; conv 5 3x3 stride 2 pad same tanh; flatten; dense 4 softmax", "9x8x3", 2),
          ("conv 4 3 dilation 2 pad 1; leaky_relu; globalavgpool; dense 3", "11x2", 2),
          ("conv 4 3x3x3 pad same nobias relu; globalmaxpool; dense 3", "4x5x6x2", 2),
          ("depthwise 3x3 pad 1 relu; conv 6 1x1; sigmoid; convtranspose 3 4x4 stride 2 pad 1; flatten; dense 3", "7x6x4", 2),
          ("conv 4 3x3 pad same relu; residual(conv 4 3x3 pad same relu; conv 4 3x3 pad same); relu; conv 2 3x3", "6x6x2", 2),
          ("conv 6 5x5 pad same relu; maxpool 2; conv 8 3x3 relu; avgpool 2 stride 1 pad same; flatten; dense 10 softmax", "12x12x1", 2),
          ("maxpool 3 stride 2 ceil; conv 3 2x2; adaptiveavgpool 2x2; flatten; dense 2", "8x7x2", 2),
          ("conv 4 3x3 nobias; batchnorm; relu; conv 4 3x3 pad same nobias; batchnorm; maxpool 2; flatten; dense 3; batchnorm", "8x8x2", 2),
          ("zeropad 1; conv 4 3x3 groups 2 relu; upsample 2; conv 3 3x3", "5x5x2", None)]
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
    return numpy.allclose(numpy.array(found), numpy.array(expected).ravel(), rtol=1e-4, atol=1e-6)


def is_valid(model):
    """True, or why not."""
    import onnx
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        return error
    return True


def export_to_others(folder):
    import numpy
    import onnx
    try:
        import onnxruntime
    except ImportError:
        onnxruntime = None
        skip("onnxruntime", "the package is not installed")
    for number, (net, shape, turned) in enumerate([(net, "6", None) for net in NETS] + IMAGES):
        path = os.path.join(folder, f"net{number}.onnx")
        subprocess.run([TOOL, "save", net, shape, path], check=True)
        model = onnx.load(path)
        found = sum(node.op_type == "Transpose" for node in model.graph.node)
        check(f"{net}: transpositions", turned in (None, found), f"{found}, expected {turned}")
        check(net, is_valid(model) is True, is_valid(model))
        opset = model.opset_import[0].version
        model.opset_import[0].version -= 1
        unseen = any(node.op_type in ("Max", "Min") for node in model.graph.node)  # no checker knows that these did not broadcast
        check(f"{net}: opset {opset} is the least", opset == FIRST_OPSET or unseen or is_valid(model) is not True, "an older one would do")
        if onnxruntime is None:
            continue
        inputs = numpy.random.default_rng(number).uniform(0.1, 1, (SAMPLES, *map(int, shape.split("x")))).astype(numpy.float32)
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
