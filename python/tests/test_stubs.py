# SPDX-License-Identifier: MIT
"""The type stubs: they say what the package has, and a type checker takes them."""
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import soma
from soma import _soma

SOURCE = Path(__file__).resolve().parent.parent

PROGRAM = """
import soma
network = soma.Network([soma.Conv2D(4, 3, activation="relu"), soma.Dense(2)], device="cpu")
network.compile(optimizer=soma.Adam(learning_rate=0.1))
try:
    history = network.fit([[1.0]], [0], epochs=2)
except soma.InvalidShapeError as error:
    print(error.status)
"""


def generator():
    spec = importlib.util.spec_from_file_location("stubs", SOURCE / "tests" / "make_stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", ["layers.pyi", "optimizers.pyi", "__init__.pyi"])
def test_stubs_are_what_the_tables_make(file):
    assert (SOURCE / "soma" / file).read_text(encoding="utf-8") == generator().FILES[file]()


def test_the_extension_s_stub_names_all_that_it_has():
    said = set(re.findall(r"^(?:class|def) (\w+)", (SOURCE / "soma" / "_soma.pyi").read_text(encoding="utf-8"), re.MULTILINE))
    assert said == {name for name in dir(_soma) if not name.startswith("__")}
    stub = (SOURCE / "soma" / "_soma.pyi").read_text(encoding="utf-8")
    for name in soma.ERRORS:
        bases = [base.__name__ for base in getattr(_soma, name).__bases__]
        assert name == "Error" or f"class {name}({', '.join(bases)}): ..." in stub


def test_a_type_checker_takes_a_program_and_finds_mistakes(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "good.py").write_text(PROGRAM)
    (tmp_path / "bad.py").write_text(PROGRAM.replace('Conv2D(4, 3', 'Conv2D("4", 3'))
    results = [subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "--ignore-missing-imports", name],
                              cwd=tmp_path, env={"MYPYPATH": str(SOURCE), "PATH": "/usr/bin"}, capture_output=True, text=True)
               for name in ("good.py", "bad.py")]
    assert results[0].returncode == 0, results[0].stdout + results[0].stderr
    assert 'expected "int"' in results[1].stdout
