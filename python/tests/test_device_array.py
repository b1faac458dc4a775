# SPDX-License-Identifier: MIT
"""Arrays in a device's memory: there and back, through a session without the host, and OpenCL's by DLPack."""
import gc

import numpy as np
import pytest

import soma

X = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
OPENCL = [device["selector"] for device in soma.devices() if device["usable"] and device["selector"].startswith("opencl:")]
DEVICES = ["cpu", *OPENCL[:1]]
with_opencl = pytest.mark.skipif(not OPENCL, reason="there is no OpenCL")


@pytest.fixture
def opencl():
    return soma.Device(OPENCL[0])


class Lent:
    """An array of another library: this capsule, on that device."""

    def __init__(self, array, device=None):
        self.array, self.device = array, device or array.__dlpack_device__()

    def __dlpack__(self, **arguments):
        return self.array.__dlpack__(**arguments)

    def __dlpack_device__(self):
        return self.device


@pytest.mark.parametrize("name", DEVICES)
def test_what_goes_to_a_device_comes_back(name):
    device = soma.Device(name)
    before = device.memory["allocated"]
    for given in (X, X[::-1, ::2], X.astype(np.float64), X.tolist() and soma.array(X), np.zeros((0, 4), np.float32), np.float32(7) * np.ones(())):
        there = device.array(given)
        assert there.device is device and there.dtype == "float32" and there.shape == tuple(np.shape(given))
        np.testing.assert_array_equal(np.asarray(there.cpu()), np.asarray(given, np.float32))
    assert repr(device.array(X)).startswith("soma.DeviceArray(shape=(5, 3), dtype=float32, device='" + name)
    assert device.memory["allocated"] > before
    del there
    gc.collect()
    assert device.memory["allocated"] == before
    with pytest.raises(TypeError):
        device.array("words")


@pytest.mark.parametrize("name", DEVICES)
def test_a_session_goes_from_memory_to_memory(name):
    device = soma.Device(name)
    a, b = soma.Input((3,), name="a"), soma.Input((2,), name="b")
    sides = soma.Concatenate()([a, b])
    network = soma.Network(inputs=[a, b], outputs=[soma.Dense(4, activation="relu")(sides), soma.Dense(2)(sides)], device=device)
    session = soma.Session(network)
    given = {"a": X, "b": X[:, :2].copy()}
    expected = session.run(None, given)
    there = {name: device.array(values) for name, values in given.items()}
    results = session.run(None, there)
    assert all(isinstance(result, soma.DeviceArray) for result in results)
    for result, values in zip(results, expected):
        np.testing.assert_array_equal(np.asarray(result.cpu()), values)
    second = session.get_outputs()[1].name
    [only] = session.run([second], there)
    np.testing.assert_array_equal(np.asarray(only.cpu()), expected[1])
    other = soma.Device(name)
    for wrong, error, words in (({"a": there["a"], "b": given["b"]}, TypeError, "for all inputs"),
                                ({"a": there["a"], "b": device.array(X)}, ValueError, "input b"),
                                ({"a": there["a"], "b": device.array(X[:4, :2])}, ValueError, "input b"),
                                ({"a": there["a"], "b": other.array(given["b"])}, soma.Error, "device")):
        with pytest.raises(error, match=words):
            session.run(None, wrong)


@with_opencl
def test_opencl_memory_is_shared_without_a_copy(opencl):
    made = opencl.array(X)
    allocated = opencl.memory["allocated"]
    assert made.__dlpack_device__() == (4, int(OPENCL[0].split(":")[1]))
    borrowed = opencl.array(Lent(made))
    assert opencl.memory["allocated"] == allocated
    assert borrowed.shape == made.shape
    del made  # the capsule keeps it
    gc.collect()
    np.testing.assert_array_equal(np.asarray(borrowed.cpu()), X)
    again = opencl.array(borrowed)
    del borrowed
    gc.collect()
    np.testing.assert_array_equal(np.asarray(again.cpu()), X)
    network = soma.Network("dense 2", device=opencl)
    network.build((3,))
    session = soma.Session(network)
    name = session.get_inputs()[0].name
    [result] = session.run(None, {name: again})
    np.testing.assert_array_equal(np.asarray(opencl.array(Lent(result)).cpu()), session.run(None, {name: X})[0])
    del again, result
    gc.collect()
    unused = opencl.array(X).__dlpack__(max_version=(1, 0))
    del unused
    gc.collect()
    assert opencl.memory["allocated"] <= allocated + opencl.array(X).shape[0] * 4096  # the network's own


@with_opencl
def test_what_cannot_be_shared_is_refused_with_its_reason(opencl):
    with pytest.raises(soma.Error, match="context"):
        soma.Device(OPENCL[0]).array(opencl.array(X))  # a device opened again has a context of its own
    with pytest.raises(BufferError, match=r"\(4, \d+\); bring it to the host"):
        soma.array(opencl.array(X))
    with pytest.raises(BufferError, match="type 0 with 32 bits"):
        opencl.array(Lent(np.ones(3, np.int32), (4, 0)))
    with pytest.raises(BufferError, match="other strides"):
        opencl.array(Lent(np.ones((3, 4), np.float32)[:, ::2], (4, 0)))
    with pytest.raises(soma.Error, match="OpenCL|opencl"):
        soma.Device("cpu").array(opencl.array(X))


def test_memory_of_the_processor_is_not_given_away_as_opencls():
    there = soma.Device("cpu").array(X)
    for ask in (there.__dlpack__, there.__dlpack_device__):
        with pytest.raises(BufferError, match="cpu.*cpu\\(\\)"):
            ask()
