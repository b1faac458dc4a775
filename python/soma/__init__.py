# SPDX-License-Identifier: MIT
"""Neural networks on any OpenCL device or a plain CPU.

    import soma
    network = soma.Network([soma.Dense(32, activation="relu"), soma.Dense(3, activation="softmax")])
    network.compile(optimizer="adam", loss="categorical_crossentropy")
    network.fit(x, y, epochs=20)
    network.predict(x)

Names and arguments are Keras's, the defaults soma's. docs/python.md has it all.
"""
from . import _soma, callbacks, initializers, layers, losses, metrics, models, onnx, optimizers, regularizers, utils
from ._soma import *  # noqa: F403 - the exceptions, by class
from ._soma import Array, Device, DeviceArray, Error, devices
from .board import SummaryWriter
from .callbacks import (BackupAndRestore, Callback, CSVLogger, EarlyStopping, LambdaCallback, LearningRateScheduler, ModelCheckpoint, ReduceLROnPlateau,
                        TensorBoard, TerminateOnNaN)
from .data import array
from .distributed import Communicator, MPICommunicator
from .history import History
from .network import Network, load
from .optimizers import Optimizer, Schedule
from .session import InferenceSession, NodeArg, Session
from .stream import Stream
from .tokenizer import Tokenizer

for _name in layers.NAMES:
    globals()[_name] = getattr(layers, _name)
for _name in optimizers.NAMES:
    globals()[_name] = getattr(optimizers, _name)



def __getattr__(name):
    """The estimators, which bring in scikit-learn: when they are asked for."""
    if name in ("SomaClassifier", "SomaRegressor"):
        from . import sklearn

        return getattr(sklearn, name)
    raise AttributeError(f"module 'soma' has no attribute '{name}'")


Sequential = Model = Network
__version__ = _soma.version()
ERRORS = [name for name in dir(_soma) if name.endswith("Error")]
__all__ = ["Array", "BackupAndRestore", "CSVLogger", "Callback", "Communicator", "Device", "DeviceArray", "EarlyStopping", "History", "InferenceSession", "LambdaCallback",
           "LearningRateScheduler", "MPICommunicator", "Model", "ModelCheckpoint", "Network", "NodeArg", "Optimizer", "ReduceLROnPlateau", "Schedule", "Sequential", "Session", "Stream",
           "SummaryWriter", "TensorBoard", "TerminateOnNaN", "Tokenizer", "array", "callbacks", "devices", "initializers", "layers", "load", "losses", "metrics", "models", "onnx", "optimizers", "regularizers", "utils",
           *ERRORS, *layers.NAMES, *optimizers.NAMES]
