# SPDX-License-Identifier: MIT
"""The examples of examples/python do what they say."""
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent.parent
NEEDED = {"digits": (), "table": ("pandas", "sklearn"), "pictures": (), "pytorch": ("torch",), "sentences": ()}


def run(name):
    for module in NEEDED[name]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not there")
    result = subprocess.run([sys.executable, SOURCE / f"examples/python/{name}.py"], cwd=SOURCE, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, result.stderr
    return result.stdout


def numbers(words, text):
    return [float(number) for number in re.findall(f"(?:{words})" + r"[^.]*? (0\.\d+|\d\.\de-\d+)", text)]


def test_each_is_run():
    assert {path.stem for path in (SOURCE / "examples/python").glob("*.py")} == set(NEEDED)


def test_digits():
    assert numbers("accuracy", run("digits"))[-1] > 0.95


def test_table():
    on_names, of_folds = numbers("accuracy", run("table"))
    assert on_names > 0.93 and of_folds > 0.95


def test_pictures():
    text = run("pictures")
    accuracy = numbers("accuracy", text)[0]
    assert accuracy > 0.97
    rows = re.findall(r"^ ?\[+((?: *\d+){10})\]+$", text, re.MULTILINE)
    confusion = [[int(count) for count in row.split()] for row in rows]
    assert len(confusion) == 10
    right, all_of_them = sum(confusion[i][i] for i in range(10)), sum(map(sum, confusion))
    assert right / all_of_them == pytest.approx(accuracy, abs=1e-4)


def test_pytorch():
    text = run("pytorch")
    assert all(apart < 1e-4 for apart in numbers("are at most|epochs", text)), text
    before, after = numbers("accuracy", text)
    assert after > before and after > 0.95


def test_sentences():
    folder = Path(os.environ.get("SOMA_GALLERY") or SOURCE / "build/gallery")
    if not (folder / "minilm.onnx").exists():
        pytest.skip(f"the model is not in {folder}; tools/gallery --fetch sentences gets it")
    lines = [line.split(maxsplit=1) for line in run("sentences").splitlines()]
    scores = [float(score) for score, _ in lines]
    assert lines[0][1] == "Someone makes music outdoors."
    assert len(lines) == 4 and scores == sorted(scores, reverse=True) and scores[0] > scores[1] + 0.2
