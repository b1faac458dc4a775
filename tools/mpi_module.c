/* SPDX-License-Identifier: MIT */
/* soma-mpi-openmpi.so, soma-mpi-mpich.so: the program's way to MPI. Compiled once for each MPI. */
#include "mpi_module.h"

#include <soma/mpi.h>

static soma_mpi mpi;
static mpi_tell *tell;

static void tell_and_abort(void *context, soma_status status, const char *message) {
    (void)context;
    tell(status, message);
    MPI_Abort(mpi.comm, 1);
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
    MPI_Abort(MPI_COMM_WORLD, exit_status);
}

SOMA_API mpi_module_function soma_mpi_module;

const mpi_module *soma_mpi_module(void) {
    static const mpi_module module = {
        .abi = MPI_MODULE_ABI, .name = SOMA_MPI_NAME, .begin = begin, .end = end, .abort = abort_all};
    return &module;
}
