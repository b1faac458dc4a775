#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that tools/check-layering can fail: one small tree per rule, each with a single include against it."""
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = sys.argv[1]

SOUND = {
    "include/soma/base.h": "#include <stddef.h>",
    "include/soma/device.h": "#include <soma/base.h>",
    "include/soma/soma.h": "#include <soma/base.h>\n#include <soma/device.h>",
    "include/soma/opencl.h": "#include <soma/soma.h>\n#include <CL/cl.h>",
    "src/base/base.h": "#include <soma/device.h>",
    "src/device/device.h": '#include "base/base.h"\n#include <soma/soma.h>',
    "src/device/cpu/gemm.h": '#include "base/base.h"\n#include <soma/device.h>',
    "src/device/cpu/gemm.c": '#include "gemm.h"\n#include "kernels/losses.h"',
    "src/device/opencl/opencl.c": "#include <CL/cl.h>\n#include <clblast_c.h>\n#include <soma/opencl.h>",
    "src/graph/graph.h": '#include "device/device.h"',
    "src/nn/layers.c": '#include "graph/graph.h"',
    "src/data/dataset.h": '#include "base/base.h"',
    "src/train/fit.c": '#include "graph/graph.h"\n#include "dataset.h"',
    "src/io/idx.c": '#include "data/dataset.h"',
    "tools/soma.c": '#include <soma/soma.h>\n#include "data/dataset.h"',
    "kernels/losses.h": "",
    "src/device/opencl/driver/driver.h": "",
    "src/device/opencl/launch/launch.h": '#include "device/opencl/driver/driver.h"',
    "src/device/opencl/reduce.h": '#include "device/opencl/launch/launch.h"',
    "src/device/opencl/gemm/choices.h": '#include "device/opencl/reduce.h"',
    "src/device/cpu/binary.c": "",
    "src/device/cpu/copy.c": "",
    "src/graph/plan.c": "",
    "src/graph/run.c": "",
    "src/graph/ops/op.h": '#include "graph/graph.h"',
    "src/nn/layers/layer.h": '#include "graph/graph.h"',
    "src/nn/layers/dense.c": '#include "nn/layers/layer.h"',
    "src/nn/layers/table.c": '#include "nn/layers/layer.h"',
    "src/nn/text.c": '#include "nn/layers/layer.h"',
    "src/io/csv/csv.h": "",
}

# file -> what it would look like with one offence
OFFENCES = {
    "base includes device": {"src/base/base.c": '#include "device/device.h"'},
    "base includes the application interface": {"src/base/base.c": "#include <soma/soma.h>"},
    "device includes graph": {"src/device/device.c": '#include "graph/graph.h"'},
    "graph includes train": {"src/graph/plan.c": '#  include "train/fit.h"', "src/train/fit.h": ""},
    "graph includes data": {"src/graph/plan.c": '#include "data/dataset.h"'},
    "data includes nn": {"src/data/dataset.c": '#include "nn/network.h"', "src/nn/network.h": ""},
    "nn includes io": {"src/nn/save.c": '#include "io/json.h"', "src/io/json.h": ""},
    "train includes io": {"src/train/checkpoint.c": '#include "io/json.h"', "src/io/json.h": ""},
    "io includes more of train": {"src/io/csv.c": '#include "train/fit.h"', "src/train/fit.h": ""},
    "the library includes a tool": {"src/train/fit.c": '#include "tools/soma.h"', "tools/soma.h": ""},
    "a device includes device.h of the room": {"src/device/cpu/cpu.c": '#include "device/device.h"'},
    "a device includes the application interface": {"src/device/cpu/cpu.c": "#include <soma/soma.h>"},
    "a device includes another": {"src/device/opencl/pack.c": '#include "device/cpu/gemm.h"'},
    "graph looks into a device": {"src/graph/exec.c": '#include "device/cpu/gemm.h"'},
    "an OpenCL header in graph": {"src/graph/exec.c": "#include <CL/cl.h>"},
    "an OpenCL header in a tool": {"tools/devices.c": "#include <CL/opencl.h>"},
    "CLBlast in the cpu device": {"src/device/cpu/gemm.c": "#include <clblast_c.h>"},
    "OpenCL types by way of soma/opencl.h": {"src/train/fit.c": "#include <soma/opencl.h>"},
    "a public header includes one above it": {"include/soma/device.h": "#include <soma/soma.h>"},
    "a public header includes an inner one": {"include/soma/soma.h": '#include "../../src/base/base.h"'},
    "a file outside the rooms": {"src/helpers/helpers.c": ""},
    "the driver's floor includes the launches": {"src/device/opencl/driver/memory.c": '#include "device/opencl/launch/launch.h"'},
    "launches include a family": {"src/device/opencl/launch/launch.c": '#include "device/opencl/reduce.h"'},
    "a family includes the choice of kernels": {"src/device/opencl/reduce.c": '#include "device/opencl/gemm/choices.h"'},
    "the graph includes an op": {"src/graph/plan.c": '#include "graph/ops/op.h"'},
    "a layer includes what reads layers": {"src/nn/clause.h": '#include "nn/layers/layer.h"'},
    "what formats share includes a format": {"src/io/stream.c": '#include "io/csv/csv.h"'},
    "a format includes another": {"src/io/npy/npy.c": '#include "io/csv/csv.h"'},
    "headers in a circle": {"src/train/a.h": '#include "train/b.h"', "src/train/b.h": '#include "train/a.h"'},
}

# Lines of `nm -A -P -g`, and whether they are an offence.
CALLS = {
    "calls in one direction": (False, ["graph_plan.c.o]: plan T 0 0", "graph_plan.c.o]: run U", "graph_run.c.o]: run T 0 0"]),
    "a circle of two": (True, ["graph_plan.c.o]: plan T 0 0", "graph_plan.c.o]: run U", "graph_run.c.o]: run T 0 0", "graph_run.c.o]: plan U"]),
    "a circle of three": (True, ["graph_plan.c.o]: plan T 0 0", "graph_plan.c.o]: run U", "graph_run.c.o]: run T 0 0",
                                 "graph_run.c.o]: lay U", "nn_layers_dense.c.o]: lay T 0 0", "nn_layers_dense.c.o]: plan U"]),
    "a circle within a device's kernels": (True, ["binary.c.o]: one_avx2 T 0 0", "binary.c.o]: two_avx2 U",
                                                  "copy.c.o]: two_avx2 T 0 0", "copy.c.o]: one_avx2 U"]),
    "a table and its rows": (False, ["nn_layers_table.c.o]: find T 0 0", "nn_layers_table.c.o]: soma_layer_row_dense U",
                                     "nn_layers_dense.c.o]: soma_layer_row_dense R 0 0", "nn_layers_dense.c.o]: find U"]),
    "a table's file that calls one of its rows' files": (True, [
        "nn_layers_table.c.o]: find T 0 0", "nn_layers_table.c.o]: soma_dense U",
        "nn_layers_dense.c.o]: soma_dense T 0 0", "nn_layers_dense.c.o]: find U"]),
}


def run(changes, *arguments, symbols=()):
    """Exit status and output of the script over the sound tree with these files put in, and these symbols."""
    with tempfile.TemporaryDirectory() as directory:
        for path, text in {**SOUND, **changes}.items():
            file = Path(directory, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n", encoding="utf-8")
        if symbols:
            Path(directory, "symbols").write_text("".join(f"libsoma.a[{line}\n" for line in symbols), encoding="utf-8")
            arguments = ("--symbols-in", f"{directory}/symbols")
        done = subprocess.run([sys.executable, SCRIPT, *arguments, directory], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


failures = 0
status, output = run({})
if status != 0:
    failures += 1
    print(f"the sound tree was refused:\n{output}")
for title, changes in OFFENCES.items():
    status, output = run(changes)
    offender = next(iter(changes))
    if status != 1 or not output.startswith(offender) or output.count("\n") != 2:
        failures += 1
        print(f"{title}: expected one offence in {offender}, status {status}:\n{output}")
for title, (offends, symbols) in CALLS.items():
    status, output = run({}, symbols=symbols)
    if status != int(offends) or ("a circle of calls" in output) != offends:
        failures += 1
        print(f"{title}: expected {'an offence' if offends else 'none'}, status {status}:\n{output}")
status, output = run({}, symbols=["graph_nothing.c.o]: plan T 0 0"])
if status != 2:
    failures += 1
    print(f"symbols of another library: status {status}:\n{output}")
status, output = run({}, "--graph")
if status != 0 or "    nn/layers --> graph\n" not in output or not output.startswith("flowchart"):
    failures += 1
    print(f"--graph: status {status}:\n{output}")
for title, drawing, expected in (("the drawing", output, 0), ("an old drawing", output.replace("nn/layers --> graph", "nn/layers --> train"), 1)):
    with tempfile.NamedTemporaryFile("w", suffix=".md") as page:
        page.write(f"Rooms\n```mermaid\n{drawing.strip()}\n```\n")
        page.flush()
        status, text = run({}, "--documented", page.name)
    if status != expected:
        failures += 1
        print(f"{title}: expected status {expected}, got {status}:\n{text}")
print(f"{len(OFFENCES) + len(CALLS) + 5} trees, {failures} wrong answers")
sys.exit(1 if failures else 0)
