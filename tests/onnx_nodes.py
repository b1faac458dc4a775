# SPDX-License-Identifier: MIT
"""Single ops of ONNX and of onnxruntime's own domain, with all their outputs and types, by `soma predict --raw`: the node vectors that the onnx package
makes (it ships none), held to its own tolerances, and nodes with attributes and numbers by chance, held to onnxruntime. Without the packages all is
skipped, and says so. Seen with onnx 1.23.2 and onnxruntime 1.32.

Usage: onnx_nodes.py SOMA [--device=NAME] [--only=WORD]
"""
import importlib.util
import os
import subprocess
import sys
import tempfile
import warnings

sys.dont_write_bytecode = True
from checks import check, finish, skip

# Ops whose vectors are run here: those that tests/onnx_vectors.txt has not, since its package is older, or refuses in a network.
WHEEL = ("Attention", "Det", "LinearAttention", "MaxPool", "MaxUnpool", "RoiAlign")
# What soma computes otherwise, or does not have, of these ops.
OTHERWISE = {
    "test_maxunpool_export_with_output_shape": "places count in the result, as in onnxruntime and PyTorch; the package's evaluator counts in a smaller one",
}


def run(soma, device, folder, model, inputs):
    """The outputs by name; or what soma said."""
    import numpy
    import onnx
    paths = [os.path.join(folder, name) for name in ("m.onnx", "inputs.npz", "outputs.npz")]
    onnx.save(model, paths[0])
    numpy.savez(paths[1], **inputs)
    if os.path.exists(paths[2]):
        os.remove(paths[2])
    done = subprocess.run([soma, "predict", "--model", paths[0], "--data", paths[1], "--raw", "--output", paths[2], device], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        return done.stderr.strip()
    with numpy.load(paths[2]) as outputs:
        return {name: outputs[name] for name in outputs.files}


def differs(found, expected, rtol, atol, step=0):
    """None, or how; of whole numbers up to one in fifty may be one step off where that is 1."""
    import numpy
    expected = numpy.asarray(expected)
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return f"{found.dtype} {found.shape}, expected {expected.dtype} {expected.shape}"
    if step and expected.dtype.kind in "iu":
        off = numpy.abs(found.astype(int) - expected)
        return None if off.max(initial=0) <= step and (off > 0).sum() <= max(1, off.size // 50) else f"{(off > 0).sum()} of {off.size} off by up to {off.max()}: {found.ravel()[:8]}, expected {expected.ravel()[:8]}"
    if expected.dtype.kind in "iub":
        return None if (found == expected).all() else f"{(found != expected).sum()} of {found.size} whole numbers differ: {found.ravel()[:8]}, expected {expected.ravel()[:8]}"
    if numpy.allclose(found, expected, rtol=rtol, atol=atol, equal_nan=True):
        return None
    return f"off by {numpy.nanmax(numpy.abs(found.astype(float) - expected)):.3g} of {numpy.nanmax(numpy.abs(expected)):.3g}: {found.ravel()[:6]}, expected {expected.ravel()[:6]}"


def compare(name, model, found, expected, rtol, atol, step=0):
    if isinstance(found, str):
        return check(name, False, found)
    wrong = [f"{output.name}: {why}" for output, values in zip(model.graph.output, expected) if (why := differs(found[output.name], values, rtol, atol, step))]
    return check(name, not wrong, "; ".join(wrong))


def wheel_cases():
    from onnx.backend.test.case.node import collect_testcases
    for case in collect_testcases(None):
        if case.model is not None and any(node.op_type in WHEEL for node in case.model.graph.node):
            yield case


def widened(values):
    """bfloat16, which NumPy does not have, as float32, as soma takes and gives it."""
    import numpy
    return values.astype(numpy.float32) if getattr(values, "dtype", None) == "bfloat16" else values


def try_wheel(soma, device, folder, only):
    for case in wheel_cases():
        if only and only not in case.name:
            continue
        if case.name in OTHERWISE:
            skip(case.name, OTHERWISE[case.name])
            continue
        for inputs, outputs in case.data_sets:
            given = {info.name: widened(values) for info, values in zip(case.model.graph.input, inputs)}
            rounded = any(widened(values) is not values for values in outputs)
            compare(case.name, case.model, run(soma, device, folder, case.model, given), list(map(widened, outputs)), 2**-7 if rounded else case.rtol, 2**-7 if rounded else case.atol)


# ------------------------------------------------------------------------------------------------------ by onnxruntime


def make(nodes, inputs, outputs, opset=20, constants=(), domains=()):
    """A model: inputs are arrays by name, outputs names with types."""
    from onnx import helper, numpy_helper
    values = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for name, x in inputs.items()]
    graph = helper.make_graph(nodes, "g", values, [helper.make_tensor_value_info(name, of, None) for name, of in outputs],
                              [numpy_helper.from_array(x, name) for name, x in dict(constants).items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)], ir_version=10)


def pools(random):
    """Largest elements with their places, of one to three dimensions, and elements put at these."""
    import numpy
    from onnx import TensorProto, helper
    for number in range(24):
        rank = 1 + number % 3
        size = [int(n) for n in random.integers(4, 10, rank)]
        kernel, stride, dilation = ([int(n) for n in random.integers(1, 4, rank)] for _ in range(3))
        if number % 2:
            dilation = [1] * rank
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
        kernel = [k if r <= n else 1 for k, r, n in zip(kernel, reach, size)]
        pads = [int(random.integers(0, k)) if d == 1 else 0 for k, d in zip(kernel, dilation)]
        x = {"x": random.integers(-3, 3, (2, 3, *size)).astype(numpy.float32)}  # with equal ones among them
        attributes = {"kernel_shape": kernel, "strides": stride, "pads": pads * 2}
        pool = helper.make_node("MaxPool", ["x"], ["y", "places"], **attributes, dilations=dilation, ceil_mode=int(number % 4 == 3), storage_order=int(number % 6 == 5))
        outputs = [("y", TensorProto.FLOAT), ("places", TensorProto.INT64)]
        yield f"MaxPool {attributes} of {size}", make([pool], x, outputs), x
        if max(dilation) > 1 or number % 6 == 5:
            continue
        nodes = [pool, helper.make_node("Neg", ["y"], ["n"]), helper.make_node("MaxUnpool", ["n", "places", "size"], ["u"], **attributes)]
        yield f"MaxUnpool {attributes} to {size}", make(nodes, x, [("u", TensorProto.FLOAT)], constants={"size": numpy.array([2, 3, *size], numpy.int64)}), x
        places = numpy.stack([random.permutation(numpy.prod(size))[:4] for _ in range(2 * 3)]).reshape(2, 3, 4) + numpy.arange(6).reshape(2, 3, 1) * numpy.prod(size)
        given = {"n": random.standard_normal((2, 3, 4, *[1] * (rank - 1))).astype(numpy.float32), "places": places.reshape(2, 3, 4, *[1] * (rank - 1))}
        node = helper.make_node("MaxUnpool", ["n", "places", "size"], ["u"], kernel_shape=[1] * rank)
        yield f"MaxUnpool anywhere to {size}", make([node], given, [("u", TensorProto.FLOAT)], constants={"size": numpy.array([2, 3, *size], numpy.int64)}), given


def regions(random):
    """Means and largest values of regions, of as many values as they say, also of those beside the image and of none."""
    import numpy
    from onnx import TensorProto, helper
    for number in range(24):
        size, count = [int(n) for n in random.integers(5, 12, 2)], int(random.integers(1, 7))
        corners = random.uniform(-3, 14, (count, 2, 2)).astype(numpy.float32)
        if number % 3:  # else some end before they begin
            corners.sort(axis=1)
        inputs = {"x": random.standard_normal((2, 3, *size)).astype(numpy.float32), "regions": corners.reshape(count, 4), "images": random.integers(0, 2, count)}
        attributes = {"output_height": int(random.integers(1, 5)), "output_width": int(random.integers(1, 5)), "sampling_ratio": number % 4 and int(random.integers(0, 2)),
                      "spatial_scale": float(random.uniform(0.5, 1.2)), "mode": ("avg", "max")[number % 2], "coordinate_transformation_mode": ("half_pixel", "output_half_pixel")[number // 2 % 2]}
        node = helper.make_node("RoiAlign", list(inputs), ["y"], **attributes)
        yield f"RoiAlign {attributes}", make([node], inputs, [("y", TensorProto.FLOAT)]), inputs


def determinants(random):
    import numpy
    from onnx import TensorProto, helper
    for shape in ([1, 1], [3, 1, 1], [4, 2, 2], [2, 3, 2, 2], [3, 3], [5, 3, 3], [4, 4], [3, 5, 5], [2, 2, 7, 7], [1, 20, 20]):
        inputs = {"x": random.standard_normal(shape).astype(numpy.float32)}
        yield f"Det of {shape}", make([helper.make_node("Det", ["x"], ["y"])], inputs, [("y", TensorProto.FLOAT)]), inputs
    singular = {"x": numpy.ones((2, 4, 4), numpy.float32)}
    yield "Det of equal rows", make([helper.make_node("Det", ["x"], ["y"])], singular, [("y", TensorProto.FLOAT)]), singular


def quantised(random):
    """Ops of onnxruntime's own domain, as its quantize_static and its optimiser write them."""
    import numpy
    from onnx import TensorProto, helper
    domain = "com.microsoft"

    def number(x, dtype=numpy.float32):
        return numpy.array(x, dtype)

    for turn in range(4):
        signed = turn % 2
        dtype, type_ = ((numpy.uint8, TensorProto.UINT8), (numpy.int8, TensorProto.INT8))[signed]

        def some(*shape, of=dtype):
            bounds = numpy.iinfo(of)
            return random.integers(bounds.min, bounds.max + 1, shape).astype(of)

        def parameters(name):
            return {f"{name}s": number(random.uniform(0.01, 0.05)), f"{name}z": number(random.integers(-20, 20) + 128 * (not signed), dtype)}

        def one(op, inputs, constants, outputs, **attributes):
            names = [name if name in inputs or name in constants else "" for name in attributes.pop("order")]
            node = helper.make_node(op, names, ["y"], domain=domain, **attributes)
            return f"{op} {numpy.dtype(dtype).name} {attributes}", make([node], inputs, [("y", outputs)], constants=constants, domains=[domain]), inputs

        image = {"x": some(2, 3, 6, 5)}
        scales = {**parameters("x"), **parameters("y")}
        both = {**scales, **parameters("w")}
        for op in ("QLinearAdd", "QLinearMul"):
            order = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
            yield one(op, {**image, "w": some(2, 3, 6, 5)}, both, type_, order=order)
            yield one(op, image, {**both, "w": some(3, 1, 1)}, type_, order=order)
        order = ["x", "xs", "xz", "ys", "yz"]
        yield one("QLinearSigmoid", image, {**scales, "ys": number(1 / 256)}, type_, order=order)
        yield one("QLinearLeakyRelu", image, scales, type_, order=order, alpha=0.2)
        yield one("QLinearGlobalAveragePool", image, scales, type_, order=order, channels_last=0)
        yield one("QLinearAveragePool", image, scales, type_, order=order, kernel_shape=[2, 3], strides=[2, 1], pads=[0, 1, 0, 1], count_include_pad=turn // 2)
        yield one("QLinearSoftmax", {"x": some(4, 9)}, {**scales, "ys": number(1 / 256), "yz": number(-128 * signed, dtype)}, type_, order=order, axis=-1, opset=13)
        yield one("QLinearConcat", {**image, "w": some(2, 2, 6, 5)}, both, type_, order=["ys", "yz", "x", "xs", "xz", "w", "ws", "wz"], axis=1)
        each = turn // 2
        columns = {"ws": random.uniform(0.01, 0.05, 7 if each else ()).astype(numpy.float32), "wz": numpy.zeros(7 if each else (), numpy.int8), "w": some(9, 7, of=numpy.int8)}
        order = ["x", "xs", "xz", "w", "ws", "wz", "c", "ys", "yz"]
        rows = {"x": some(4, 9)}
        bias = {"c": random.integers(-5000, 5000, 7).astype(numpy.int32)}
        yield one("QGemm", rows, {**scales, "ys": number(0.1), **columns, **bias}, type_, order=order)
        yield one("QGemm", rows, {**parameters("x"), **columns, "w": columns["w"].T.copy()}, TensorProto.FLOAT, order=order[:6], transB=1)
        floats = {"b": random.standard_normal(7).astype(numpy.float32)}
        yield one("MatMulIntegerToFloat", rows, {**parameters("x"), **columns, **floats}, TensorProto.FLOAT, order=["x", "w", "xs", "ws", "xz", "wz", "b"])
        yield one("DynamicQuantizeMatMul", {"x": random.standard_normal((4, 9)).astype(numpy.float32)}, {**columns, **floats}, TensorProto.FLOAT, order=["x", "w", "ws", "wz"] + ["b"] * each)


def attentions(random):
    """All outputs of Attention, with lengths of keys, masks that are too short, windows; and the rules of LinearAttention."""
    import numpy
    from onnx import TensorProto, helper

    def some(*shape):
        return random.standard_normal(shape).astype(numpy.float32)

    for turn in range(16):
        heads, key_heads, steps, keys = 4, (4, 2)[turn % 2], int(random.integers(2, 5)), int(random.integers(5, 8))
        inputs = {"q": some(3, heads, steps, 6), "k": some(3, key_heads, keys, 6), "v": some(3, key_heads, keys, 5)}
        attributes = {"is_causal": turn // 2 % 2, "qk_matmul_output_mode": turn // 4}
        names, outputs = ["q", "k", "v", "", "", "", ""], ["y", "", "", "scores"]
        if turn % 3 == 1:
            inputs["mask"] = some(steps, keys - 2 * (turn % 2))
            names[3] = "mask"
        if turn % 4 == 2:
            inputs["lengths"] = random.integers(steps, keys + 1, 3)
            names[6] = "lengths"
        elif turn % 4 == 3:
            inputs |= {"pk": some(3, key_heads, 2, 6), "pv": some(3, key_heads, 2, 5)}
            names[4:6], outputs[1:3] = ["pk", "pv"], ["nk", "nv"]
        node = helper.make_node("Attention", names, outputs, **attributes)
        yield f"Attention {attributes} of {names}", make([node], inputs, [(name, TensorProto.FLOAT) for name in outputs if name], opset=24), inputs
    for turn in range(12):
        heads, key_heads, steps = (4, 6)[turn % 2], 2, int(random.integers(1, 7))
        rule = ("linear", "gated", "delta", "gated_delta")[turn % 4]
        inputs = {"q": some(2, steps, heads * 4), "k": some(2, steps, key_heads * 4) / 2, "v": some(2, steps, key_heads * 3)}
        names = ["q", "k", "v", "", "", ""]
        if turn > 5:
            inputs["past"], names[3] = some(2, key_heads, 4, 3), "past"
        if "gated" in rule:
            inputs["decay"], names[4] = -numpy.abs(some(2, steps, key_heads * (4, 1)[turn // 4 % 2])), "decay"
        if "delta" in rule:
            inputs["beta"], names[5] = some(2, steps, (1, key_heads)[turn // 4 % 2]), "beta"
        node = helper.make_node("LinearAttention", names, ["y", "state"], q_num_heads=heads, kv_num_heads=key_heads, update_rule=rule)
        yield f"LinearAttention {rule} of {names}", make([node], inputs, [("y", TensorProto.FLOAT), ("state", TensorProto.FLOAT)], opset=27), inputs


def rotaries(random):
    """Rotary positions, ONNX's and onnxruntime's own, whose tables or positions are known when the model runs, or differ from sample to sample."""
    import numpy
    from onnx import TensorProto, helper
    for turn in range(32):
        apart, interleaved, part, of_run = turn % 2, turn // 2 % 2, turn // 4 % 2, turn // 8 % 2
        domain = ("", "com.microsoft")[turn // 16]
        angles = random.uniform(-3, 3, (10, 2 if part else 4)).astype(numpy.float32)
        x = random.standard_normal((2, 3, 5, 8) if apart else (2, 5, 24)).astype(numpy.float32)
        tables = {"cos": numpy.cos(angles), "sin": numpy.sin(angles)}
        positions = random.integers(0, 10, (2, 5))
        if domain and not part and turn % 8 < 4:
            positions = random.integers(0, 5, 1)
        inputs, constants = {"x": x}, {}
        (inputs if of_run else constants).update({"at": positions})
        if part and of_run and not domain:  # tables that a run brings, too, and no positions
            tables = {name: table[positions] for name, table in tables.items()}
            inputs = {"x": x, **tables}
        else:
            constants |= tables
        names = ["x", "at", "cos", "sin"] if domain else ["x", "cos", "sin", *(["at"] if "at" in {**inputs, **constants} else [])]
        attributes = {"interleaved": interleaved, "num_heads": 3, "rotary_embedding_dim": 4 * part}
        node = helper.make_node("RotaryEmbedding", names, ["y"], domain=domain, **attributes)
        yield f"RotaryEmbedding {turn} {domain} {attributes} of {names}", make([node], inputs, [("y", TensorProto.FLOAT)], constants=constants, opset=23, domains=[domain] if domain else ()), inputs


def unsigned(random):
    """Whole numbers without a sign."""
    import numpy
    from onnx import TensorProto, helper
    for to, dtype in ((TensorProto.UINT32, numpy.uint32), (TensorProto.UINT64, numpy.uint64)):
        for given in (numpy.float32, numpy.int32, numpy.int64, numpy.uint8, numpy.int16, numpy.uint64, numpy.bool_, numpy.float64):
            x = {"x": random.integers(0, 100, (3, 4)).astype(given)}
            yield f"Cast {numpy.dtype(given).name} to {numpy.dtype(dtype).name}", make([helper.make_node("Cast", ["x"], ["y"], to=to)], x, [("y", to)]), x
        x, by = {"x": random.integers(0, 100, (3, 4)).astype(dtype)}, {"c": random.integers(0, 2**20, (3, 4)).astype(dtype)}
        for op in ("Add", "Mul", "Div", "Max", "Min"):
            if op in ("Div", "Mul"):
                by = {"c": random.integers(1, 9, (3, 4)).astype(dtype)}
            yield f"{op} {numpy.dtype(dtype).name}", make([helper.make_node(op, ["x", "c"], ["y"])], x, [("y", to)], constants=by), x


def forests(random):
    """Trees that are added up, or of which the least or largest counts."""
    import numpy
    from onnx import TensorProto, helper
    domain = "ai.onnx.ml"
    for turn in range(12):
        how, targets, trees = ("SUM", "AVERAGE", "MIN", "MAX")[turn % 4], 1 + turn // 4, 5
        lists = {name: [] for name in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
        leaves = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
        for tree in range(trees):
            for node in range(7):  # three questions, then four leaves
                asks = node < 3
                row = (tree, node, int(random.integers(0, 4)) if asks else 0, float(numpy.float32(random.standard_normal())) if asks else 0.0,
                       "BRANCH_LEQ" if asks else "LEAF", 2 * node + 1 if asks else 0, 2 * node + 2 if asks else 0)
                for name, value in zip(lists, row):
                    lists[name].append(value)
                for target in range(0 if asks else targets):
                    for name, value in zip(leaves, (tree, node, target, float(random.standard_normal()))):
                        leaves[name].append(value)
        attributes = {f"nodes_{name}": values for name, values in lists.items()} | {f"target_{name}": values for name, values in leaves.items()}
        base = {"base_values": [float(v) for v in random.standard_normal(targets)]} if turn % 3 else {}
        node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain=domain, n_targets=targets, aggregate_function=how, **attributes, **base)
        x = {"x": random.standard_normal((20, 4)).astype(numpy.float32)}
        yield f"TreeEnsembleRegressor {how} of {targets}", make([node], x, [("y", TensorProto.FLOAT)], domains=[domain]), x


def refusals():
    """Nodes that are refused, and what of them the error names."""
    import numpy
    from onnx import TensorProto, helper
    image, rows = {"x": numpy.zeros((1, 2, 5, 5), numpy.float32)}, {"x": numpy.zeros((1, 3, 8), numpy.float32)}
    of = [("y", TensorProto.FLOAT)]

    def node(op, inputs, **attributes):
        return helper.make_node(op, inputs, ["y"], **attributes)

    pool = helper.make_node("MaxPool", ["x"], ["p", "i"], kernel_shape=[2, 2], strides=[2, 2])
    yield "dimension 2 of the result is 4, and i counts in images where it is 5", make([pool, node("MaxUnpool", ["p", "i"], kernel_shape=[2, 2], strides=[2, 2])], image, of), image
    long = {"x": numpy.zeros((1, 1, 80), numpy.float32)}
    wide = helper.make_node("MaxPool", ["x"], ["p", "y"], kernel_shape=[70])
    yield "windows of 70 positions", make([wide], long, [("y", TensorProto.INT64)]), long
    yield "square matrices", make([node("Det", ["x"])], rows, of), rows
    yield "update_rule is none of", make([node("LinearAttention", ["x"] * 3, q_num_heads=1, kv_num_heads=1, update_rule="x")], rows, of, opset=27), rows
    yield "update_rule gated takes a decay", make([node("LinearAttention", ["x"] * 3, q_num_heads=1, kv_num_heads=1, update_rule="gated")], rows, of, opset=27), rows
    scores = helper.make_node("Attention", ["x"] * 3, ["a", "", "", "y"], q_num_heads=1, kv_num_heads=1, qk_matmul_output_mode=7)
    yield "qk_matmul_output_mode is 7", make([scores], rows, of, opset=24), rows
    far = {**image, "r": numpy.array([[0, 0, 1e30, 1]], numpy.float32), "i": numpy.zeros(1, numpy.int64)}
    yield "region 0 of r", make([node("RoiAlign", ["x", "r", "i"])], far, of), far
    bytes_ = {"x": numpy.zeros((1, 2, 4, 4), numpy.uint8)}
    last = helper.make_node("QLinearGlobalAveragePool", ["x", "s", "z", "s", "z"], ["y"], domain="com.microsoft", channels_last=1)
    yield "channels_last", make([last], bytes_, [("y", TensorProto.UINT8)], constants={"s": numpy.float32(1), "z": numpy.uint8(0)}, domains=["com.microsoft"]), bytes_


def try_refusals(soma, device, folder, only):
    for says, model, inputs in refusals():
        if only in says:
            found = run(soma, device, folder, model, inputs)
            check(f"refused: {says}", isinstance(found, str) and says in found, found)


def try_texts(soma, folder):
    """What `soma show` says of a model's texts, control characters left out."""
    import numpy
    import onnx
    path = os.path.join(folder, "texts.onnx")
    model = make([onnx.helper.make_node("Neg", ["x"], ["y"])], {"x": numpy.zeros((1, 2), numpy.float32)}, [("y", onnx.TensorProto.FLOAT)])
    onnx.helper.set_model_props(model, {"names": "cat\x1b[2J, dog", "long": "a" * 99, "wide": "Ł" * 50, "eight": "a\x9b2Jb"})
    onnx.save(model, path)
    shown = subprocess.run([soma, "show", path], capture_output=True, check=False).stdout.decode(errors="replace")
    for key, value in ("names", "cat [2J, dog"), ("long", "a" * 57 + "..."), ("wide", "Ł" * 28 + "..."), ("eight", "a  2Jb"):
        check(f"soma show: text {key}", f"  text    {key:24} {value}\n" in shown, shown)


def evaluate(model, inputs):
    """By onnxruntime, or where it does not do it by onnx's evaluator. What onnxruntime hides it lowers to the least number: that is -infinity."""
    import numpy
    import onnx.reference
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        found = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, inputs)
    except Exception:  # of the package's own classes, one for each of its codes
        found = onnx.reference.ReferenceEvaluator(model).run(None, inputs)
    return [numpy.where(y <= numpy.finfo(numpy.float32).min, numpy.float32("-inf"), y) if y.dtype == numpy.float32 else y for y in found]


CASES = {"attentions": (attentions, 1e-5, 0), "rotaries": (rotaries, 1e-5, 0), "unsigned": (unsigned, 0, 0), "forests": (forests, 1e-5, 0), "pools": (pools, 1e-5, 0), "regions": (regions, 1e-5, 0), "determinants": (determinants, 1e-4, 0), "quantised": (quantised, 1e-5, 1)}


def try_cases(soma, device, folder, only):
    import numpy
    for kind, (cases, tolerance, step) in CASES.items():
        for name, model, inputs in cases(numpy.random.default_rng(7)):
            if only and only not in name:
                continue
            expected = evaluate(model, inputs)
            scale = max([1.0] + [float(numpy.max(numpy.abs(y[numpy.isfinite(y)]), initial=0)) for y in expected if y.dtype.kind == "f"])
            compare(f"{kind}: {name}", model, run(soma, device, folder, model, inputs), expected, 0, tolerance * scale, step)


def main(soma, device="", only=""):
    for package in ("numpy", "onnx", "onnxruntime"):
        if not importlib.util.find_spec(package):
            skip("ops", f"the package {package} is not installed")
            return finish()
    with tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # of what the package's own examples divide by
        try_wheel(soma, device or "--device=cpu", folder, only)
        try_cases(soma, device or "--device=cpu", folder, only)
        try_refusals(soma, device or "--device=cpu", folder, only)
        try_texts(soma, folder)
    return finish()


if __name__ == "__main__":
    named = {word.split("=", 1)[0]: word for word in sys.argv[2:]}
    sys.exit(main(sys.argv[1], named.get("--device", ""), named.get("--only", "=").split("=", 1)[1]))
