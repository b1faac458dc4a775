# SPDX-License-Identifier: MIT
"""Several processes, or threads, that train one network together: docs/distributed.md."""

WIRES = ["f32", "bf16"]  # as the library numbers them


class Communicator:
    """What carries numbers between ranks: a class of your own, or MPI's (MPICommunicator).

    rank and ranks: which this is, counted from 0, and of how many. Each rank has a network and a communicator of its own, and calls fit()
    with the same data and options. Views are memory of the library, lent until wait() or broadcast() has returned. An exception ends the
    training of this rank, and is what fit() raises; abort() is called then, and wait() for each sum that has been begun.
    """

    rank, ranks = 0, 1

    def start_sum(self, values):
        """Begins to add up the float32 of this writable view over all ranks, in place; what it answers is given to wait()."""
        raise NotImplementedError

    def wait(self, begun):
        """Returns when the sum is there. Every rank is to get the same bits."""
        raise NotImplementedError

    def broadcast(self, values, root):
        """The bytes of the view of rank `root` to all."""
        raise NotImplementedError

    def abort(self, message):
        """This rank cannot go on, and the others don't know: they are to get exceptions, or to be ended."""
        raise NotImplementedError

    progress = None  # a method: sums that were begun are to go on, as this rank computes meanwhile
    start_sum_bf16 = None  # as start_sum(), of bfloat16 as uint16, for fit(wire="bf16")


class MPICommunicator(Communicator):
    """Of a communicator of mpi4py: mpirun -n 4 python train.py, with fit(..., communicator=MPI.COMM_WORLD)."""

    def __init__(self, comm):
        from mpi4py import MPI

        self._mpi, self._comm = MPI, comm.Dup()
        self.rank, self.ranks = self._comm.Get_rank(), self._comm.Get_size()

    def start_sum(self, values):
        return self._comm.Iallreduce(self._mpi.IN_PLACE, [values, self._mpi.FLOAT])

    def wait(self, begun):
        begun.Wait()

    def broadcast(self, values, root):
        self._comm.Bcast([values, self._mpi.BYTE], root)

    def abort(self, message):
        import sys

        print(f"rank {self.rank}: {message}", file=sys.stderr, flush=True)
        self._comm.Abort(1)

    def progress(self):
        self._comm.Iprobe()


def communicator_of(given):
    """A communicator as it is, one of mpi4py as an MPICommunicator."""
    if given is None or hasattr(given, "start_sum"):
        return given
    if type(given).__module__.partition(".")[0] == "mpi4py":
        return MPICommunicator(given)
    raise TypeError(f"communicator: a soma.Communicator or one of mpi4py is wanted, got {type(given).__name__}")
