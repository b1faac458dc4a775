# SPDX-License-Identifier: MIT
"""The OpenCL programs that soma builds, as opencl_programs lists them."""
import os
import re
import subprocess
import sys

MADE = re.compile(r"^made for .*?: (\w+) of (\S+\.cl) (.*)$")
BUILD_LOG = re.compile(r"^build log of .*?: (.*)$")
CACHES = ("POCL_CACHE_DIR", "MESA_SHADER_CACHE_DIR", "XDG_CACHE_HOME", "SOMA_CACHE_DIR")


def list_programs(program, width, sources, environment):
    """What it builds with vectors of so many floats: (source, options), sorted, with the kernels that are made of it; and the lines that
    it prints. The sources go into a directory. Ends this process where that fails, or where there is no device."""
    done = subprocess.run([program, str(sources)], env=dict(os.environ, **environment, SOMA_OPENCL_WIDTH=width), capture_output=True,
                          text=True, check=False)
    if done.returncode == 77:
        print(done.stdout, end="")
        sys.exit(77)
    if done.returncode or done.stderr:
        sys.exit(f"{program} ends with {done.returncode}; on standard error:\n{done.stderr}")
    lines = done.stdout.splitlines()
    made = {}
    for kernel, source, options in (match.groups() for match in map(MADE.match, lines) if match):
        made.setdefault((source, " ".join(options.split())), set()).add(kernel)
    if not made:
        sys.exit("no program was built")
    return dict(sorted(made.items())), lines


def compile_by_clang(clang, processor, source, options):
    """What clang complains of in a program for an x86-64 processor, a line for each."""
    # Warnings of how vectors are passed come when code is made, so that checking the syntax is not enough.
    command = [clang, "-x", "cl", "-target", "x86_64-linux-gnu", f"-march={processor}", "-Xclang", "-finclude-default-header", "-O0",
               "-emit-llvm", "-c", "-o", os.devnull, *options.split(), source.name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=source.parent)
    return [line for line in done.stderr.splitlines() if "warning: " in line or "error: " in line]


def build_anew(program, width, directory):
    """The programs with their kernels, as above, built with all caches in the directory, where the sources are put, too; and what the
    driver's compiler warns of, a line for each."""
    environment = {name: str(directory / name) for name in CACHES}
    for name in (*CACHES, "sources"):
        (directory / name).mkdir()
    made, lines = list_programs(program, width, directory / "sources", environment)
    return made, [match.group(1) for match in map(BUILD_LOG.match, lines) if match and "warning" in match.group(1).lower()]
