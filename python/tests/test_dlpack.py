# SPDX-License-Identifier: MIT
"""Arrays in and out by DLPack and the buffer protocol: no copies where none are needed, and nobody's memory freed too early."""
import array
import gc
import sys

import numpy as np
import pytest

import soma


class OnlyDLPack:
    """An array that has DLPack alone, as those of other libraries have."""

    def __init__(self, values, device=(1, 0)):
        self.values, self.device = values, device

    def __dlpack__(self, **arguments):
        return self.values.__dlpack__(**arguments)

    def __dlpack_device__(self):
        return self.device


class OldDLPack(OnlyDLPack):
    """... of a library that knows no versions."""

    def __dlpack__(self):
        return self.values.__dlpack__()


def address(values):
    return np.asarray(values).ctypes.data


def test_packed_numbers_are_borrowed_and_kept():
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    for given in (values, OnlyDLPack(values), OldDLPack(values)):
        taken = soma.array(given)
        assert address(taken) == values.ctypes.data
    del taken
    count = sys.getrefcount(values)
    taken = soma.array(OnlyDLPack(values))
    assert sys.getrefcount(values) > count
    del taken
    assert sys.getrefcount(values) == count
    taken = soma.array(np.full((2, 3), 7, np.float32))
    gc.collect()
    assert taken.tolist() == [[7.0] * 3] * 2
    assert soma.array(array.array("f", [1, 2])).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "uint64", "bool"])
def test_dlpack_of_every_type_and_layout_is_converted(dtype):
    values = (np.arange(24).reshape(2, 3, 4) % 7).astype(dtype)
    for view in (values, values[:, ::2], values.transpose(2, 0, 1), values[::-1], values[:0]):
        np.testing.assert_array_equal(np.asarray(soma.array(OnlyDLPack(view))), view.astype(np.float32))


def test_what_comes_out_is_seen_without_a_copy_and_outlives_its_array():
    made = soma.array(np.arange(6).reshape(2, 3))
    there = np.from_dlpack(made)
    assert there.ctypes.data == address(made) == np.asarray(memoryview(made)).ctypes.data
    assert made.__dlpack_device__() == (1, 0)
    del made
    gc.collect()
    np.testing.assert_array_equal(there, np.arange(6, dtype=np.float32).reshape(2, 3))
    del there
    unused = soma.array(np.ones((2, 2))).__dlpack__()
    del unused
    gc.collect()


def test_a_round_trip_keeps_memory_and_values():
    made = soma.array(np.arange(6.0).reshape(2, 3))
    for there in (np.from_dlpack(made), made, soma.array(made)):  # the last one is borrowed, and for reading alone
        again = soma.array(OnlyDLPack(there))
        assert address(again) == address(made) and again.tolist() == made.tolist()
    assert np.from_dlpack(made).flags.writeable and not np.from_dlpack(soma.array(made)).flags.writeable


def test_memory_of_another_device_is_refused():
    with pytest.raises(BufferError, match=r"\(2, 0\)"):
        soma.array(OnlyDLPack(np.ones(3, np.float32), device=(2, 0)))


def test_borrowed_memory_is_for_reading_alone():
    values = np.ones((2, 2), np.float32)
    taken = soma.array(values)
    assert not np.asarray(taken).flags.writeable
    with pytest.raises(BufferError):
        taken.__dlpack__()


def test_too_many_dimensions_are_refused():
    with pytest.raises(ValueError, match="6"):
        soma.array(np.ones((1,) * 6, np.float32))
    with pytest.raises(ValueError, match="6"):
        soma.array(OnlyDLPack(np.ones((1,) * 6, np.float32)))
    with pytest.raises(TypeError, match="format"):
        soma.array(np.array(["a"]))
    with pytest.raises(TypeError, match="type 5"):
        soma.array(OnlyDLPack(np.ones(2, np.complex64)))


def test_an_array_is_shown_and_reshaped():
    made = soma.array(np.arange(6.0))
    assert repr(made) == "soma.Array(shape=(6,), dtype=float32)" and len(made) == 6 and made[2] == 2.0
    assert made.reshape((2, 3)).tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    with pytest.raises(ValueError, match="4"):
        made.reshape((2, 2))
