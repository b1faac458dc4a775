#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a test on an OpenCL device with kernels whose vectors are not as wide as the device's own: of 4, 8 and 16 floats one of the others,
and another one after each commit.

usage: another_width.py OPENCL_WIDTH PROGRAM DEVICE
"""
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
from turning import turn


def main(opencl_width, program, device):
    usual = {name: value for name, value in os.environ.items() if name != "SOMA_OPENCL_WIDTH"}
    asked = subprocess.run([opencl_width, device], env=usual, stdout=subprocess.PIPE, text=True, check=False)
    if asked.returncode:
        print(asked.stdout, end="")
        return asked.returncode
    others = [width for width in ("4", "8", "16") if width != asked.stdout.strip()]
    width = others[turn(len(others))]
    print(f"vectors of {width} floats in place of {asked.stdout.strip()}", flush=True)
    return subprocess.call([program, device], env=dict(usual, SOMA_OPENCL_WIDTH=width))


if len(sys.argv) != 4:
    sys.exit(__doc__)
sys.exit(main(*sys.argv[1:]))
