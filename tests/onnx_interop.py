# SPDX-License-Identifier: MIT
"""ONNX between soma and others: models that soma saved pass the onnx checker and compute the same in onnxruntime; a model that
PyTorch exported computes the same in soma. Parts whose packages are missing are skipped, and say so.

Usage: onnx_interop.py TOOL NETWORKS      (tests/onnx_tool: TOOL save NET INPUT FILE [OPSET] | run FILE SAMPLES; tests/onnx_layers.txt)
"""
import importlib.util
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from checks import check, finish, skip

TOOL, NETWORKS = sys.argv[1:]
SAMPLES = 7
FIRST_OPSET = 7  # soma writes no older one


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


def export_to_older_ones(folder):
    """What has an op of a late opset, for readers that know none as late: the same numbers in onnxruntime, and in soma, which reads it back."""
    import numpy
    import onnx
    import onnxruntime
    late = [(shape, net) for shape, _, net in networks() if any(word in net for word in ("attention", "transformer", "gelu", "rmsnorm", "groupnorm"))]
    check("networks of late ops", len(late) >= 6, f"{len(late)} networks")
    for number, (shape, net) in enumerate(late):
        inputs = numpy.random.default_rng(number).uniform(0.1, 1, (SAMPLES, *map(int, shape.split("x")))).astype(numpy.float32)
        if "embedding" in net:
            inputs = (inputs * 7).astype(numpy.int64)
        new = os.path.join(folder, "new.onnx")
        subprocess.run([TOOL, "save", net, shape, new], check=True)
        expected = soma_outputs(new, inputs)
        for opset in (12, 17, 22):
            path = os.path.join(folder, f"late{number}_{opset}.onnx")
            done = subprocess.run([TOOL, "save", net, shape, path, str(opset)], capture_output=True, text=True, check=False)
            if done.returncode and "none later" in done.stderr:
                check(f"{net}: opset {opset}", not any(word in net for word in ("attention", "transformer")), done.stderr)
                continue
            model = onnx.load(path)
            check(f"{net}: opset {opset}", model.opset_import[0].version <= opset, model.opset_import[0].version)
            check(f"{net}: opset {opset} is valid", is_valid(model) is True, is_valid(model))
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            found = session.run(None, {session.get_inputs()[0].name: inputs})[0]
            check(f"{net}: opset {opset} in onnxruntime", close(found.ravel(), expected), "other outputs")
            check(f"{net}: opset {opset} in soma", close(soma_outputs(path, inputs), expected), "other outputs")


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


def attention_cases():
    """Of each a name, the nodes that make y of q, k and v [n, 5, 8], k2 and v2 [n, 5, 4], and q4, k4 and v4 [n, 2, 5, 4], and constants."""
    import numpy
    from onnx import helper
    generator = numpy.random.default_rng(3)
    lower = numpy.tril(numpy.ones((5, 5), bool))
    ten = numpy.tile(generator.permutation(10)[:5], (SAMPLES, 1)).astype(numpy.int64)
    angles = generator.uniform(-3, 3, (10, 2)).astype(numpy.float32)

    def attention(*inputs, **attributes):
        return [helper.make_node("Attention", list(inputs), ["y"], **attributes)]

    def rotary(*inputs, **attributes):
        return [helper.make_node("RotaryEmbedding", list(inputs), ["y"], **attributes)]

    yield "attention", attention("q", "k", "v", q_num_heads=2, kv_num_heads=2), {}
    yield "attention, causal, shared keys", attention("q", "k2", "v2", q_num_heads=4, kv_num_heads=2, is_causal=1, scale=0.3), {}
    yield "attention, heads apart", attention("q4", "k4", "v4", is_causal=1), {}
    yield "attention, a causal mask", attention("q", "k", "v", "mask", q_num_heads=2, kv_num_heads=2), {"mask": lower}
    yield "attention, a causal mask to add", attention("q4", "k4", "v4", "mask"), {"mask": numpy.where(lower, 0, -numpy.inf).astype(numpy.float32)}
    yield "attention, a mask that hides nothing", attention("q4", "k4", "v4", "mask"), {"mask": numpy.ones((1, 1, 5, 5), bool)}
    tables = {"cos": numpy.cos(angles), "sin": numpy.sin(angles), "at": ten}
    steps = {name: numpy.tile(table[:5], (SAMPLES, 1, 1)) for name, table in tables.items() if name != "at"}
    for interleaved in (0, 1):
        yield f"rotary, heads apart, interleaved {interleaved}", rotary("q4", "cos", "sin", interleaved=interleaved), steps
        yield f"rotary, interleaved {interleaved}", rotary("q", "cos", "sin", "at", num_heads=2, interleaved=interleaved), tables
    one = {name: table[..., :1] for name, table in steps.items()}
    yield "rotary, of two features", rotary("q", "cos", "sin", num_heads=2, rotary_embedding_dim=2), one


def attention_in_soma(folder):
    """ONNX's own ops of attention, by constants and an input, as onnxruntime has them."""
    import numpy
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper
    generator = numpy.random.default_rng(2)
    for name, nodes, constants in attention_cases():
        weights = {f"w_{part}": generator.uniform(-1, 1, (6, 4 if part[-1] == "2" else 8)).astype(numpy.float32) for part in ("q", "k", "v", "k2", "v2")}
        before = [helper.make_node("MatMul", ["x", weight], [weight[2:]]) for weight in weights]
        for part in "qkv":
            before += [helper.make_node("Reshape", [part, "heads"], [part + "_heads"]),
                       helper.make_node("Transpose", [part + "_heads"], [part + "4"], perm=[0, 2, 1, 3])]
        used, wanted = {"x"}, []
        names = {name for node in nodes for name in node.input}
        for node in reversed(before):
            if set(node.output) & names:
                wanted.insert(0, node)
                names |= set(node.input)
        given = {name: value for name, value in {**weights, "heads": numpy.array([0, 5, 2, 4]), **constants}.items() if name in names - used}
        graph = helper.make_graph(wanted + nodes, "attention", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [SAMPLES, 5, 6])],
                                  [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
                                  [numpy_helper.from_array(value, name) for name, value in given.items()])
        path = os.path.join(folder, "attention.onnx")
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=11), path)
        inputs = generator.uniform(-1, 1, (SAMPLES, 5, 6)).astype(numpy.float32)
        expected = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": inputs})[0]
        try:
            check(f"{name} in soma", close(soma_outputs(path, inputs), expected), "other outputs")
        except RuntimeError as error:
            check(f"{name} in soma", False, error)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, part, needed in (("onnx", export_to_others, ["numpy", "onnx"]),
                                   ("older opsets", export_to_older_ones, ["numpy", "onnx", "onnxruntime"]), ("PyTorch", import_from_pytorch, ["torch", "onnx"]),
                                   ("attention", attention_in_soma, ["numpy", "onnx", "onnxruntime"])):
            missing = [package for package in needed if importlib.util.find_spec(package) is None]
            if missing:
                skip(name, "not installed: " + ", ".join(missing))
                continue
            part(folder)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
