#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with jax2onnx 0.17.1, jax 0.10.2 and onnxruntime 1.32.0 (PyPI, with numpy 2.4.6), the latest.
#
# What jax2onnx writes of these functions loads and runs without a warning, and computes something else than JAX:
#   * abs() of complex numbers is Abs of their two parts, with a dimension of 2 more in the result: no magnitudes. (real() and imag() are right.)
#   * one_hot() of a number below 0, of which JAX makes zeros, is that of the class that many from the end. (Of one too large both make zeros.)
#   * lax.dynamic_slice() of more than there is behind its start begins earlier in JAX, so that the size stays; in the model it is shorter.
#   * log_sigmoid() is the logarithm of Sigmoid, and minus infinity from about -104 on; cumlogsumexp() sums exponentials, and is infinite from 89 on. (softplus() and logsumexp() are right.)
#   * arctan2() does not know signs of zeros: of 0 and -1 times 0 it has 0 where JAX has pi.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check jax2onnx==0.17.1 jax==0.10.2 jaxlib==0.10.2 onnxruntime==1.32.0 numpy==2.4.6
cat >see.py <<'P'
import jax
import jax.numpy as jnp
import jax2onnx
import numpy
import onnxruntime
from jax import lax

onnxruntime.set_default_logger_severity(4)
failures = 0


def see(name, function, x, expected):
    """What JAX has, and what onnxruntime has of the model, which is expected."""
    global failures
    x = numpy.array(x, numpy.float32)
    model = jax2onnx.to_onnx(function, inputs=[x.shape], model_name="m")
    found = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {model.graph.input[0].name: x})[0]
    right = numpy.asarray(function(jnp.asarray(x)))
    print(f"{name}: JAX {right.tolist()}, the model {found.tolist()}")
    if expected is None:
        expected = right
    failures += found.shape != numpy.shape(expected) or not numpy.allclose(found, expected, rtol=1e-5, atol=1e-6)


COMPLEX = lambda x: lax.complex(x, -x)
see("abs of 3 - 3i and -1 + 1i", lambda x: jnp.abs(COMPLEX(x)), [3, -1], [[3, 3], [1, 1]])
see("real", lambda x: jnp.real(COMPLEX(x)), [3, -1], None)
see("imag", lambda x: jnp.imag(COMPLEX(x)), [3, -1], None)
see("one_hot of 0, 5, -1 among 3", lambda x: jax.nn.one_hot(x.astype(jnp.int32), 3), [0, 5, -1], [[1, 0, 0], [0, 0, 0], [0, 0, 1]])
see("3 of 4 from the third on", lambda x: lax.dynamic_slice(x, (2,), (3,)), [1, 2, 3, 4], [3, 4])
see("log_sigmoid", lambda x: jax.nn.log_sigmoid(x), [-200, 0], [-numpy.inf, -numpy.log(2)])
see("softplus", lambda x: jax.nn.softplus(x), [-200, 0, 200], None)
see("cumlogsumexp", lambda x: lax.cumlogsumexp(x, axis=0), [100, 1], [numpy.inf, numpy.inf])
see("logsumexp", lambda x: jax.nn.logsumexp(x, keepdims=True), [100, 1], None)
see("arctan2(x, -x)", lambda x: jnp.arctan2(x, -x), [1, 0], [3 * numpy.pi / 4, 0])
if failures:
    raise SystemExit("this is not what was seen")
P
venv/bin/python -W ignore see.py || exit 1
