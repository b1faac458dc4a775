# SPDX-License-Identifier: MIT
"""The program `soma`, which a wheel has in the package: `soma train` in a shell."""
import os
import sys

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "soma")


def main() -> None:
    """Becomes the program; does not return."""
    try:
        os.execv(PROGRAM, ["soma", *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"soma: {PROGRAM} cannot be run: {error.strerror}; it is there in wheels, and after pip install")
