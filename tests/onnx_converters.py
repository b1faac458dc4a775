# SPDX-License-Identifier: MIT
"""Models of TensorFlow, TensorFlow Lite and JAX as tf2onnx and jax2onnx write them, with weights by chance: soma computes what onnxruntime does, to
1e-5 of the output's scale, and quantised ones but for their last digit. Nothing is downloaded. What onnxruntime does not run is left out and named;
without the packages all is skipped, and says so.
Seen with tensorflow 2.21, keras 3.15, tf2onnx 1.17, jax2onnx 0.17, flax 0.12, equinox 0.13 and onnxruntime 1.32: others may write other ops.

Usage: onnx_converters.py TOOL [--device=NAME] [WORD...]
(tests/onnx_tool: TOOL arrays FILE IN.npz OUT.npz DEVICE; WORD: of models those whose names have one of the words)
"""
import importlib.util
import os
import subprocess
import sys
import tempfile
import warnings

sys.dont_write_bytecode = True
from checks import check, finish, skip

TOLERANCE = 1e-5  # of the largest output
SAMPLES = 3
TIES = 0.05  # of the numbers of a quantised model, at most, are halves that either neighbour may stand for


# ---------------------------------------------------------------------------------------------------------- TensorFlow

def keras_models():
    """Name, model."""
    import keras
    layers = keras.layers
    image = lambda channels=3, size=16: keras.Input((size, size, channels))
    sequence = lambda: keras.Input((12, 8))
    numbers = lambda: keras.Input((10,))
    words = lambda: keras.Input((12,), dtype="int32")

    def chain(x, *steps):
        y = x
        for step in steps:
            y = step(y)
        return keras.Model(x, y)

    def joined(make, *inputs):
        return keras.Model(list(inputs), make(*inputs))

    yield "perceptron", chain(numbers(), layers.Dense(16, activation="relu"), layers.BatchNormalization(), layers.Dense(4, activation="softmax"))
    yield "convolutions", chain(image(), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(16, 3, padding="same"), layers.ReLU(max_value=6),
                                layers.Flatten(), layers.Dense(5))
    yield "same, strides", chain(image(3, 17), layers.Conv2D(8, 3, strides=2, padding="same"), layers.AveragePooling2D(3, 2, padding="same"), layers.GlobalAveragePooling2D())
    yield "separable", chain(image(), layers.SeparableConv2D(8, 3, padding="same"), layers.DepthwiseConv2D(3, strides=2), layers.GlobalMaxPooling2D())
    yield "transposed", chain(image(3, 8), layers.Conv2DTranspose(6, 3, strides=2, padding="same"), layers.Conv2DTranspose(4, 4, strides=2))
    yield "causal", chain(sequence(), layers.Conv1D(8, 3, padding="causal", dilation_rate=2), layers.MaxPooling1D(), layers.SeparableConv1D(4, 3), layers.GlobalAveragePooling1D())
    yield "three dimensions", chain(keras.Input((6, 7, 8, 2)), layers.Conv3D(4, 3, padding="same"), layers.MaxPooling3D(), layers.AveragePooling3D(2, padding="same"), layers.Flatten())
    for name, kind in (("LSTM", layers.LSTM), ("GRU", layers.GRU), ("RNN", layers.SimpleRNN)):
        yield name, chain(sequence(), kind(9))
        yield f"{name}, both directions", chain(sequence(), layers.Bidirectional(kind(5)))
        yield f"{name}, every step", chain(sequence(), kind(9, return_sequences=True), layers.TimeDistributed(layers.Dense(3)))
    yield "GRU, reset before", chain(sequence(), layers.GRU(9, reset_after=False, return_sequences=True))
    yield "LSTM over GRU", chain(sequence(), layers.RNN([layers.LSTMCell(5), layers.GRUCell(4)]))
    yield "LSTM of convolutions", chain(keras.Input((4, 8, 8, 2)), layers.ConvLSTM2D(3, 3, padding="same"))
    yield "masked words", chain(words(), layers.Embedding(20, 6, mask_zero=True), layers.LSTM(7), layers.Dense(2))
    yield "words", chain(words(), layers.Embedding(20, 6), layers.GlobalAveragePooling1D(), layers.Dense(2, activation="sigmoid"))
    yield "attention", joined(lambda x: layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)])), sequence())
    yield "causal attention", joined(lambda x: layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True), sequence())
    yield "grouped queries", joined(lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x), sequence())
    yield "additive attention", joined(lambda x: layers.AdditiveAttention()([x, x]), sequence())
    yield "larger and smaller", chain(image(3, 6), layers.UpSampling2D(2, interpolation="bilinear"), layers.UpSampling2D((2, 3)), layers.Cropping2D(1), layers.ZeroPadding2D((1, 2)))
    yield "resized", chain(image(3, 9), layers.Resizing(18, 18), layers.CenterCrop(15, 16), layers.Rescaling(1 / 127.5, offset=-1))
    yield "normalised", chain(image(8), layers.GroupNormalization(4), layers.UnitNormalization(), layers.RMSNormalization(), layers.Conv2D(4, 3), layers.PReLU(shared_axes=[1, 2]))
    yield "functions", chain(numbers(), *[layers.Dense(8, activation=name) for name in (
        "elu", "selu", "softplus", "softsign", "tanh", "hard_sigmoid", "silu", "exponential", "relu6", "leaky_relu", "mish", "hard_silu", "log_softmax", "tanh_shrink", "hard_tanh",
        "hard_shrink", "soft_shrink", "squareplus", "sparse_plus", "sparsemax", "glu")])
    yield "joined", joined(lambda a, b: layers.Concatenate()([kind()([a, b]) for kind in (layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum)]),
                           keras.Input((7,)), keras.Input((7,)))
    yield "cosines", joined(lambda a, b: layers.Dot(axes=-1, normalize=True)([a, b]), keras.Input((7,)), keras.Input((7,)))
    yield "moved", chain(sequence(), layers.Permute((2, 1)), layers.Reshape((4, -1)), layers.EinsumDense("abc,cd->abd", output_shape=(None, 7), bias_axes="d"), layers.Flatten(), layers.RepeatVector(3))
    yield "categories", chain(keras.Input((6,), dtype="int32"), layers.CategoryEncoding(num_tokens=8, output_mode="multi_hot"), layers.Dense(2))
    for name in ("MobileNetV2", "MobileNetV3Small", "ResNet50V2", "DenseNet121", "NASNetMobile"):
        yield name, getattr(keras.applications, name)(input_shape=(64, 64, 3), weights=None, classes=10)


def converted(name, convert):
    """Whether it is; converters do not know all that there is."""
    try:
        convert()
        return True
    except Exception as error:  # of any kind that they have
        skip(name, f"not converted: {error!r}")
        return False


def samples_for(random, tensors, samples):
    import numpy
    shapes = [(samples, *tensor.shape[1:]) for tensor in tensors]
    return [random.integers(0, 7, shape).astype(tensor.dtype) if "int" in str(tensor.dtype) else random.standard_normal(shape).astype(numpy.float32)
            for shape, tensor in zip(shapes, tensors)]


def randomise(model, random):
    for weight in model.weights:
        if "moving_variance" in weight.path:
            weight.assign(random.random(weight.shape) + 0.5)
        elif "moving_mean" in weight.path:
            weight.assign(random.standard_normal(weight.shape) * 0.1)


def as_function(model, samples):
    import tensorflow
    given = [tensorflow.TensorSpec((samples, *tensor.shape[1:]), tensor.dtype, name=f"input_{i}") for i, tensor in enumerate(model.inputs)]
    return tensorflow.function(lambda *inputs: model(list(inputs) if len(inputs) > 1 else inputs[0], training=False), input_signature=given)


def tensorflow_models(folder, wanted):
    """Name, path, arrays, whether it is quantised."""
    import keras
    import numpy
    import tf2onnx
    random = numpy.random.default_rng(0)
    for name, model in keras_models():
        name = f"TensorFlow, {name}"
        if not wanted(name):
            continue
        keras.utils.set_random_seed(1)
        randomise(model, random)
        function, path = as_function(model, None), os.path.join(folder, "tensorflow.onnx")
        if converted(name, lambda: tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=18, output_path=path)):
            yield name, path, samples_for(random, model.inputs, SAMPLES), False


def lite_models(folder, wanted):
    """As tensorflow_models(), by way of TensorFlow Lite, which has constants for weights and one sample."""
    import numpy
    import tensorflow
    import tf2onnx
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
    random = numpy.random.default_rng(0)
    for name, model in keras_models():
        if name not in ("perceptron", "convolutions", "separable", "transposed", "attention", "larger and smaller", "MobileNetV2"):
            continue
        for way in "float32", "float16", "dynamic", "int8":
            full = f"TensorFlow Lite, {name}, {way}"
            if not wanted(full):
                continue
            given = samples_for(random, model.inputs, 1)
            converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([convert_variables_to_constants_v2(as_function(model, 1).get_concrete_function())])
            if way != "float32":
                converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
            if way == "float16":
                converter.target_spec.supported_types = [tensorflow.float16]
            if way == "int8":
                converter.representative_dataset = lambda inputs=model.inputs: (samples_for(random, inputs, 1) for _ in range(20))
                converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
            lite, path = os.path.join(folder, "model.tflite"), os.path.join(folder, "lite.onnx")
            with open(lite, "wb") as file:
                file.write(converter.convert())
            if converted(full, lambda: tf2onnx.convert.from_tflite(lite, opset=18, output_path=path)):
                yield full, path, given, way == "int8"


# ----------------------------------------------------------------------------------------------------------------- JAX

def jax_functions():
    """Name, function, shapes; BATCH: any number of samples."""
    import equinox
    import jax
    import jax.numpy as jnp
    from flax import nnx
    from jax import lax
    key = jax.random.PRNGKey(0)

    class Perceptron(nnx.Module):
        def __init__(self):
            self.first, self.norm, self.last = nnx.Linear(10, 16, rngs=nnx.Rngs(0)), nnx.LayerNorm(16, rngs=nnx.Rngs(0)), nnx.Linear(16, 4, rngs=nnx.Rngs(1))

        def __call__(self, x):
            return nnx.softmax(self.last(self.norm(nnx.gelu(self.first(x)))))

    class Convolutions(nnx.Module):
        def __init__(self):
            self.first, self.norm = nnx.Conv(3, 8, (3, 3), rngs=nnx.Rngs(0)), nnx.BatchNorm(8, rngs=nnx.Rngs(0), use_running_average=True)
            self.back = nnx.ConvTranspose(8, 4, (3, 3), strides=(2, 2), rngs=nnx.Rngs(1))

        def __call__(self, x):
            return self.back(nnx.max_pool(nnx.relu(self.norm(self.first(x))), window_shape=(2, 2), strides=(2, 2)))

    def recurrent(cell):
        start = jnp.zeros(9)
        lstm = isinstance(cell, equinox.nn.LSTMCell)

        def step(state, x):
            state = cell(x, state)
            return state, state[0] if lstm else state
        return lambda steps: lax.scan(step, (start, start) if lstm else start, steps)[1]

    attend = equinox.nn.MultiheadAttention(2, 8, key=key)
    b = "BATCH"
    yield "perceptron", Perceptron(), (b, 10)
    yield "convolutions", Convolutions(), (b, 16, 16, 3)
    yield "LSTM", jax.vmap(recurrent(equinox.nn.LSTMCell(8, 9, key=key))), (SAMPLES, 12, 8)
    yield "GRU", recurrent(equinox.nn.GRUCell(8, 9, key=key)), (12, 8)
    yield "attention", lambda x: attend(x, x, x), (12, 8)
    yield "causal attention", lambda x: jax.nn.dot_product_attention(x, x, x, is_causal=True), (b, 12, 2, 4)
    yield "group norm", jax.vmap(equinox.nn.GroupNorm(2, 4)), (SAMPLES, 4, 5, 5)
    yield "functions", lambda x: jax.nn.soft_sign(jax.nn.elu(jax.nn.celu(jax.nn.selu(x)))) + jax.nn.hard_swish(x) + jax.nn.glu(x).sum(-1, keepdims=True) + jax.nn.mish(x), (b, 10)
    yield "special functions", lambda x: jax.scipy.special.erf(x) + jnp.expm1(x) + jnp.log1p(jnp.abs(x)) + jnp.arctan(x) + jnp.arcsinh(x), (b, 10)
    yield "sums of exponentials", lambda x: jax.nn.logsumexp(x, axis=-1, keepdims=True) + jax.nn.log_softmax(x), (b, 10)
    yield "norms", lambda x: jnp.linalg.norm(x, axis=-1) + jnp.var(x, axis=-1) + jnp.std(x, axis=-1, ddof=1), (b, 10)
    yield "so far", lambda x: jnp.cumsum(x, axis=1) + lax.cummax(x, axis=1), (b, 10)
    yield "sorted", lambda x: jnp.sort(x, axis=-1) + jnp.argsort(x, axis=-1), (b, 10)
    yield "largest", lambda x: lax.top_k(x, 3)[0] + jnp.argmin(x, 1)[:, None], (b, 10)
    yield "products", lambda x: jnp.einsum("bij,bkj->bik", x, x) + x @ jnp.swapaxes(x, 1, 2), (b, 5, 6)
    yield "moved", lambda x: jnp.roll(x, 2, axis=1) + jnp.flip(x, 1) + jnp.pad(x, ((0, 0), (1, 2)), mode="reflect")[:, :10] + jnp.tile(x, (1, 2))[:, 5:15], (b, 10)
    yield "chosen", lambda x: jnp.take(x, jnp.array([3, 1, 1]), axis=1) + jnp.take_along_axis(x, jnp.argmax(x, axis=1, keepdims=True), axis=1), (b, 10)
    yield "put", lambda x: x.at[:, 2].set(5.0).at[:, 3].add(1.0).at[:, jnp.array([5, 6])].multiply(2.0), (SAMPLES, 10)
    yield "scan", lambda x: lax.scan(lambda state, y: (state * 0.5 + y, jnp.tanh(state + y)), jnp.zeros_like(x[0]), x)[1], (7, 10)
    yield "while", lambda x: lax.while_loop(lambda state: state[1] < 5, lambda state: (state[0] * 1.1 + 1, state[1] + 1), (x, 0))[0], (b, 10)
    yield "cond", lambda x: lax.cond(x.sum() > 0, lambda y: y * 2, lambda y: -y, x), (4, 10)
    yield "pools", lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (3, 3), (2, 2), "SAME"), (9, 9)
    yield "convolution with gaps", lambda x: lax.conv_general_dilated(x, jnp.ones((4, 4, 3, 3)), (1, 1), [(1, 2), (1, 2)], lhs_dilation=(2, 2)), (2, 4, 5, 5)
    yield "groups", lambda x: lax.conv_general_dilated(x, jnp.ones((4, 1, 3, 3)), (2, 2), "SAME", feature_group_count=4), (2, 4, 9, 9)
    yield "resized", lambda x: jax.image.resize(x, (2, 18, 18, 3), "cubic", antialias=False), (2, 9, 9, 3)
    yield "triangles", lambda x: jnp.tril(x) + jnp.triu(x, 1) * 2 + jnp.eye(5), (3, 5, 5)
    yield "determinant", lambda x: jnp.linalg.det(x), (3, 3)
    yield "segments", lambda x: jax.ops.segment_sum(x, jnp.array([0, 0, 1, 2, 2]), 3), (5, 4)
    yield "between numbers", lambda x: jnp.interp(x, jnp.array([-1.0, 0.0, 1.0]), jnp.array([0.0, 2.0, 1.0])) + jnp.digitize(x, jnp.array([-1.0, 0, 1.0])), (3, 10)


def jax_models(folder, wanted):
    """Name, path, arrays, whether it is quantised."""
    import jax2onnx
    import numpy
    random = numpy.random.default_rng(0)
    for name, function, shape in jax_functions():
        name, path = f"JAX, {name}", os.path.join(folder, "jax.onnx")
        if wanted(name) and converted(name, lambda: jax2onnx.to_onnx(function, inputs=[shape], model_name="m", return_mode="file", output_path=path)):
            yield name, path, [random.standard_normal([size if isinstance(size, int) else SAMPLES for size in shape]).astype(numpy.float32)], False


# ------------------------------------------------------------------------------------------------------------ comparing

def difference(found, right, quantised):
    """What is wrong, or nothing."""
    import numpy
    if found.shape != right.shape or found.dtype != right.dtype:
        return f"{found.dtype} {found.shape} for {right.dtype} {right.shape}"
    apart = numpy.abs(found.astype(float) - right.astype(float))
    if quantised:
        return f"{(apart > 0).mean():.3f} of the numbers differ" if (apart > TOLERANCE * numpy.abs(right).max()).mean() > TIES else ""
    worst = apart.max() / max(1e-9, numpy.abs(right).max())
    return "" if worst <= TOLERANCE else f"{worst:.2g} of the scale apart"


def judge(tool, device, folder, name, path, given, quantised):
    import numpy
    import onnxruntime
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        feeds = dict(zip([value.name for value in session.get_inputs()], given))
        expected = session.run(None, feeds)
    except Exception as error:  # of any kind that its bindings have
        skip(name, f"not in onnxruntime: {str(error).splitlines()[0]}")
        return
    inputs, outputs = os.path.join(folder, "in.npz"), os.path.join(folder, "out.npz")
    numpy.savez(inputs, **feeds)
    run = subprocess.run([tool, "arrays", path, inputs, outputs, device], capture_output=True, text=True)
    if run.returncode:
        check(name, False, run.stderr.strip() or run.returncode)
        return
    with numpy.load(outputs) as found:
        troubles = [difference(found[output.name], right, quantised) for output, right in zip(session.get_outputs(), expected)]
    check(name, not any(troubles), "; ".join(filter(None, troubles)))


def main():
    words = [word for word in sys.argv[2:] if not word.startswith("--")]
    device = next((word.split("=", 1)[1] for word in sys.argv[2:] if word.startswith("--device=")), "cpu")
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"})
    warnings.filterwarnings("ignore")
    wanted = lambda name: not words or any(word in name for word in words)
    common = ["numpy", "onnx", "onnxruntime"]
    with tempfile.TemporaryDirectory() as folder:
        for make, needed in ((tensorflow_models, ["tensorflow", "keras", "tf2onnx"]), (lite_models, ["tensorflow", "keras", "tf2onnx"]), (jax_models, ["jax", "jax2onnx", "flax", "equinox"])):
            missing = [name for name in common + needed if importlib.util.find_spec(name) is None]
            if missing:
                skip(make.__name__, f"not installed: {', '.join(missing)}")
                continue
            import onnxruntime
            onnxruntime.set_default_logger_severity(4)
            for name, path, given, quantised in make(folder, wanted):
                judge(sys.argv[1], device, folder, name, path, given, quantised)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
