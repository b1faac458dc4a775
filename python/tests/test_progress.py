# SPDX-License-Identifier: MIT
"""What is seen of a training: lines, the bar of tqdm, pictures of the history."""
import os
import subprocess
import sys
import types

import numpy as np
import pytest

import soma
from soma import training

X = np.random.default_rng(1).normal(size=(64, 4)).astype(np.float32)


def train(**arguments):
    network = soma.Network("dense 4 relu; dense 1", device="cpu")
    network.compile("sgd", "mean_squared_error", ["mean_absolute_error"])
    return network.fit(X, X[:, :1], epochs=3, validation_split=0.25, **arguments)


def test_a_line_for_each_epoch_where_there_is_no_terminal(capsys):
    history = train()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["Epoch", f"{epoch}/3"] for epoch in (1, 2, 3)]
    assert f"val_loss {history['val_loss'][-1]:.4f}" in lines[-1] and lines[-1].endswith(" s")
    train(verbose=0)
    assert capsys.readouterr().out == ""


class Bar:
    """tqdm's, as far as it is used."""

    made = []

    def __init__(self, total, unit):
        self.total, self.unit, self.done, self.figures, self.closed = total, unit, 0, None, False
        Bar.made.append(self)

    def set_postfix(self, figures):
        self.figures = figures

    def update(self):
        self.done += 1

    def close(self):
        self.closed = True


def with_bars(monkeypatch):
    Bar.made = []
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(tqdm=Bar))


def test_a_bar_goes_from_epoch_to_epoch(monkeypatch, capsys):
    with_bars(monkeypatch)
    monkeypatch.setattr(training, "_shows_bars", lambda: True)
    history = train()
    [bar] = Bar.made
    assert (bar.total, bar.unit, bar.done, bar.closed) == (3, "epoch", 3, True)
    assert bar.figures == {name: f"{values[-1]:.4f}" for name, values in history.history.items() if name not in ("learning_rate", "seconds")}
    assert capsys.readouterr().out == ""
    with pytest.raises(RuntimeError):  # it is closed in any case
        train(callbacks=[soma.LambdaCallback(on_epoch_end=lambda epoch, logs: (_ for _ in ()).throw(RuntimeError()))])
    assert Bar.made[-1].closed


def test_a_notebook_gets_a_bar_though_it_is_no_terminal(monkeypatch):
    with_bars(monkeypatch)
    shell = types.SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    train()
    shell.config = {}  # IPython in a terminal that is none here
    train()
    assert [bar.done for bar in Bar.made] == [3]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no terminals of this kind")
def test_tqdm_draws_in_a_terminal():
    pytest.importorskip("tqdm")
    import fcntl
    import pty
    import struct
    import termios

    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("4H", 25, 120, 0, 0))
    code = ("import soma\nx = [[float(i % 5)] for i in range(64)]\nn = soma.Network('dense 1', device='cpu')\nn.compile('sgd')\n"
            "n.fit(x, x, epochs=3)\n")
    process = subprocess.run([sys.executable, "-c", code], stderr=other, stdout=subprocess.PIPE, timeout=60)
    os.close(other)
    drawn = b""
    try:
        while part := os.read(main, 1 << 16):
            drawn += part
    except OSError:  # the end, where a terminal has none
        pass
    os.close(main)
    drawn = drawn.decode()
    assert process.returncode == 0 and process.stdout == b""
    assert "3/3" in drawn and "loss=" in drawn


class Axes:
    """matplotlib's, as far as they are used."""

    def __init__(self):
        self.lines, self.label, self.legends = {}, None, 0

    def plot(self, x, y, label):
        self.lines[label] = (x, y)

    def set_xlabel(self, label):
        self.label = label

    def legend(self):
        self.legends += 1


def test_the_history_is_drawn():
    history, axes = train(verbose=0), Axes()
    assert history.plot(axes) is axes
    names = {"loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"}
    assert set(axes.lines) == names
    for name in names:
        assert axes.lines[name] == ([1, 2, 3], history[name])
    assert (axes.label, axes.legends) == ("epoch", 1)


def test_matplotlib_draws_it():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    history = train(verbose=0)
    axes = history.plot()
    drawn = {line.get_label(): line for line in axes.get_lines()}
    assert list(drawn["loss"].get_ydata()) == history["loss"] and list(drawn["loss"].get_xdata()) == [1, 2, 3]
    axes.figure.canvas.draw()
