# SPDX-License-Identifier: MIT
"""Devices by their names: those that name the same share one."""
import os
import threading

from . import _soma

_devices: dict = {}
_lock = threading.Lock()


def open_device(device):
    """A soma.Device as it is; of a name the one that was opened under it before, if it was."""
    if isinstance(device, _soma.Device):
        return device
    with _lock:
        if device not in _devices:
            _devices[device] = _soma.Device(device)
        return _devices[device]


# A child of fork() has none of its parent's threads: it opens devices of its own.
os.register_at_fork(after_in_child=_devices.clear)
