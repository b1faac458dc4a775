# SPDX-License-Identifier: MIT
"""Initial weights by Keras's names, as kernel_initializer= takes them: each is the text that the library has for it (docs/networks.md#initial-weights)."""

from .schedules import positive


def Zeros() -> str:
    """0."""
    return "zeros"


def Ones() -> str:
    """1."""
    return "constant(1)"


def Constant(value: float = 0.0) -> str:
    """All the same."""
    return f"constant({float(value)!r})"


def RandomNormal(mean: float = 0.0, stddev: float = 0.05) -> str:
    """Normal, about 0."""
    if mean != 0:
        raise ValueError(f"RandomNormal: the mean is {mean}; accepted: 0")
    positive("RandomNormal: stddev", stddev, "; Zeros() is 0")
    return f"normal({float(stddev)!r})"


def RandomUniform(minval: float = -0.05, maxval: float = 0.05) -> str:
    """Uniform, from -maxval to maxval."""
    if minval != -maxval:
        raise ValueError(f"RandomUniform: from {minval} to {maxval}; accepted: from -x to x")
    positive("RandomUniform: maxval", maxval, "; Zeros() is 0")
    return f"uniform({float(maxval)!r})"


def GlorotUniform() -> str:
    """Uniform, limit √(6 / (in + out))."""
    return "glorot_uniform"


def GlorotNormal() -> str:
    """Normal, deviation √(2 / (in + out)). (Keras cuts it off at two deviations.)"""
    return "glorot_normal"


def HeUniform() -> str:
    """Uniform, limit √(6 / in)."""
    return "he_uniform"


def HeNormal() -> str:
    """Normal, deviation √(2 / in). (Keras cuts it off at two deviations.)"""
    return "he_normal"


def LecunUniform() -> str:
    """Uniform, limit √(3 / in)."""
    return "lecun_uniform"


def LecunNormal() -> str:
    """Normal, deviation √(1 / in). (Keras cuts it off at two deviations.)"""
    return "lecun_normal"


def Orthogonal() -> str:
    """Rows, or columns where they are fewer, of length 1 and orthogonal to each other."""
    return "orthogonal"
