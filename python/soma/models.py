# SPDX-License-Identifier: MIT
"""Networks where Keras has them."""
from .network import Network
from .network import load as load_model

Model = Sequential = Network
__all__ = ["Model", "Sequential", "load_model"]
