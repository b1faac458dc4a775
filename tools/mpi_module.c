/* SPDX-License-Identifier: MIT */
/* soma-mpi-openmpi.so, soma-mpi-mpich.so: the program's way to MPI. Compiled once for each MPI. */
#include "mpi_module.h"

#include <soma/mpi.h>

#include <time.h>

static soma_mpi mpi;
static mpi_tell *tell;

/* MPICH's launcher now and then drops what a process has written just before: it gets a moment to pass that on. */
static void abort_once_heard(MPI_Comm comm, int exit_status) {
    nanosleep(&(struct timespec){.tv_nsec = 200 * 1000 * 1000}, NULL);
    MPI_Abort(comm, exit_status);
}

static void tell_and_abort(void *context, soma_status status, const char *message) {
    (void)context;
    tell(status, message);
    abort_once_heard(mpi.comm, 1);
}

static const soma_communicator *begin(mpi_tell *teller) {
    int provided;
    tell = teller;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) return NULL;
    if (soma_mpi_open(MPI_COMM_WORLD, &mpi) != SOMA_OK) return NULL;
    mpi.communicator.abort = tell_and_abort;
    return &mpi.communicator;
}

static void end(void) {
    soma_mpi_close(&mpi);
    MPI_Finalize();
}

static void abort_all(int exit_status) {
    abort_once_heard(MPI_COMM_WORLD, exit_status);
}

SOMA_API mpi_module_function soma_mpi_module;

const mpi_module *soma_mpi_module(void) {
    static const mpi_module module = {
        .abi = MPI_MODULE_ABI, .name = SOMA_MPI_NAME, .begin = begin, .end = end, .abort = abort_all};
    return &module;
}
