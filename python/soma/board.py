# SPDX-License-Identifier: MIT
"""What TensorBoard shows, in the manner of torch.utils.tensorboard.SummaryWriter."""
from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from . import _soma, data

FORMATS = {"HW": (0, 1, None), "HWC": (0, 1, 2), "CHW": (1, 2, 0)}


def _png(pixels: bytes, height: int, width: int, channels: int) -> bytes:
    """A PNG file of [height, width, channels] bytes: grey, red-green-blue, or that with what covers."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = width * channels
    lines = b"".join(b"\0" + pixels[y * row:(y + 1) * row] for y in range(height))  # 0: as it is
    head = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def _byte(value: float) -> int:
    """Of 0 to 1; what is no number is black."""
    return 255 if value >= 1 else int(255 * value + 0.5) if value > 0 else 0


MOST_TILES = 256


def _sheet(weights: Any) -> list[list[list[float]]]:
    """Kernels [height, width, channels, filters] side by side in rows, a white line between them."""
    height, width, depth, count = weights.shape
    numbers, colours = weights.tolist(), depth == 3
    largest = max((abs(v) for row in numbers for pixel in row for channel in pixel for v in channel if math.isfinite(v)), default=0.0) or 1.0
    tiles = [(i, slice(None)) if colours else (i, slice(c, c + 1)) for i in range(count) for c in range(1 if colours else depth)][:MOST_TILES]
    across = math.ceil(math.sqrt(len(tiles)))
    sheet = [[[1.0] * (3 if colours else 1)] * (across * (width + 1) - 1) for _ in range(math.ceil(len(tiles) / across) * (height + 1) - 1)]
    for place, (i, channels) in enumerate(tiles):
        top, left = place // across * (height + 1), place % across * (width + 1)
        for y in range(height):
            for x in range(width):
                sheet[top + y][left + x] = [0.5 + channel[i] / (2 * largest) for channel in numbers[y][x][channels]]
    return sheet


def filters(network: Any) -> list[list[list[float]]] | None:
    """The filters of a network's first convolution over pictures as one picture, [height, width, 1 or 3], numbers from 0 to 1 with 0.5 for 0, all over one
    range: in colours where they see three channels, else channel by channel. None: it has no such layer."""
    net = network._net
    for name in [name for name, kind, _ in net.layer_list() if kind in ("conv", "depthwise", "separable")]:
        for parameter in net.parameters():
            if parameter.startswith(f"{name}."):
                weights = net.get_parameter(parameter)
                if len(weights.shape) == 4:
                    return _sheet(weights)
    return None


def hyperparameters(given: Mapping[str, Any]) -> list[tuple[str, str | None, float]]:
    """(name, text or None, number) of each: what is no number is what str() says of it."""
    rows: list[tuple[str, str | None, float]] = []
    for name, value in given.items():
        if not isinstance(name, str):
            raise TypeError(f"hyperparameters: names are texts, got {name!r}")
        try:
            if isinstance(value, (str, bytes)) or bool(getattr(value, "shape", ())):
                raise TypeError
            rows.append((name, None, float(value)))
        except (TypeError, ValueError, OverflowError):
            rows.append((name, str(value), 0.0))
    return rows


class SummaryWriter:
    """Event files in `log_dir`, which `tensorboard --logdir` shows: numbers, distributions, texts and pictures of one's own, beside what the callback
    soma.TensorBoard writes. Names and arguments are PyTorch's. Each event is with the system when its method returns, so that a program that is
    killed loses none. What cannot be written is a soma.IOError. It may be used in a `with`, which closes it.
    """

    def __init__(self, log_dir: str | os.PathLike[str] = "runs"):
        self.log_dir = os.fspath(log_dir)
        self._board = _soma.Board(log_dir)

    def add_scalar(self, tag: str, scalar_value: float, global_step: int = 0) -> None:
        """One number; a '/' in the tag makes groups of charts."""
        self._board.scalar(tag, global_step, float(scalar_value))

    def add_histogram(self, tag: str, values: Any, global_step: int = 0) -> None:
        """How the values, an array of any shape, are distributed: 30 bins of one width. What is not finite is left out."""
        self._board.histogram(tag, global_step, data.array(values))

    def add_text(self, tag: str, text_string: str, global_step: int = 0) -> None:
        """Text, in Markdown."""
        self._board.text(tag, global_step, text_string)

    def add_image(self, tag: str, img_tensor: Any, global_step: int = 0, dataformats: str | None = None) -> None:
        """A picture: bytes (uint8) from 0 to 255, or numbers from 0 to 1; grey (1 channel), red-green-blue (3), or that with opacity (4).
        dataformats: the order of its dimensions, "HW", "HWC" or PyTorch's "CHW"; None: "HW" of two, "HWC" of three (PyTorch: "CHW")."""
        values = data.plain(img_tensor)
        shape, kind = _soma.describe(values)
        order = dataformats or ("HW" if len(shape) == 2 else "HWC")
        if order not in FORMATS or len(shape) != len(order):
            raise ValueError(f"add_image(): a picture of the shape {tuple(shape)} with dataformats {order!r}; accepted: {', '.join(FORMATS)}, "
                             "with as many dimensions")
        y, x, c = FORMATS[order]
        height, width, channels = shape[y], shape[x], 1 if c is None else shape[c]
        if channels not in (1, 3, 4) or not height or not width:
            raise ValueError(f"add_image(): a picture of the shape {tuple(shape)}, as {order}, has {channels} channels; accepted: 1, 3 and 4, and no empty picture")
        if kind in "?bhHiIqQ":
            raise TypeError("add_image(): pixels are bytes (uint8) from 0 to 255, or floating-point numbers from 0 to 1")
        if kind == "B":
            pixels = bytes(_soma.array(values, "uint8"))
        else:
            pixels = bytes(_byte(value) for value in memoryview(data.array(values)).cast("B").cast("f"))
        if order == "CHW":
            planes, size = pixels, height * width
            mixed = bytearray(len(planes))
            for channel in range(channels):
                mixed[channel::channels] = planes[channel * size:(channel + 1) * size]
            pixels = bytes(mixed)
        self._board.png(tag, global_step, _png(pixels, height, width, channels))

    def add_graph(self, model: Any) -> None:
        """The layers of a soma.Network that is built, with the shapes that flow between them."""
        model._require_built()
        self._board.graph(model._net)

    def add_hparams(self, hparam_dict: Mapping[str, Any], metric_dict: Mapping[str, float] | None = None) -> None:
        """What this run was asked for, numbers and texts by name, and what came of it: the page HPARAMS compares runs by them. Once for each log_dir."""
        self.begin_hparams(hparam_dict)
        for name, value in (metric_dict or {}).items():
            self.add_scalar(name, value)
        self.end_hparams()

    def begin_hparams(self, hparam_dict: Mapping[str, Any]) -> None:
        """The first half of add_hparams(), before a run: the page shows it as one that goes on, until end_hparams()."""
        self._board.hparams(hyperparameters(hparam_dict))

    def end_hparams(self, succeeded: bool = True) -> None:
        """How the run ended."""
        self._board.hparams_end(succeeded)

    def flush(self) -> None:
        """Nothing: all is written already."""

    def close(self) -> None:
        """Ends the writing; once more does nothing."""
        self._board.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
