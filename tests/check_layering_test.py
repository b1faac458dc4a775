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
    "src/train/dataset.h": '#include "base/base.h"',
    "src/train/fit.c": '#include "graph/graph.h"\n#include "dataset.h"',
    "src/io/idx.c": '#include "train/dataset.h"',
    "tools/soma.c": '#include <soma/soma.h>\n#include "train/dataset.h"',
    "kernels/losses.h": "",
}

# file -> what it would look like with one offence
OFFENCES = {
    "base includes device": {"src/base/base.c": '#include "device/device.h"'},
    "base includes the application interface": {"src/base/base.c": "#include <soma/soma.h>"},
    "device includes graph": {"src/device/device.c": '#include "graph/graph.h"'},
    "graph includes train": {"src/graph/plan.c": '#  include "train/dataset.h"'},
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
}


def run(changes):
    """Exit status and output of the script over the sound tree with these files put in."""
    with tempfile.TemporaryDirectory() as directory:
        for path, text in {**SOUND, **changes}.items():
            file = Path(directory, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n", encoding="utf-8")
        done = subprocess.run([sys.executable, SCRIPT, directory], capture_output=True, text=True, check=False)
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
print(f"{len(OFFENCES) + 1} trees, {failures} wrong answers")
sys.exit(1 if failures else 0)
