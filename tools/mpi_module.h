/* SPDX-License-Identifier: MIT */
/*
 * What the program loads for --distributed mpi: a shared object for each MPI, since their interfaces differ in binary
 * form, and one program cannot be linked with both.
 */
#ifndef SOMA_TOOLS_MPI_MODULE_H
#define SOMA_TOOLS_MPI_MODULE_H

#include <soma/communicator.h>

#define MPI_MODULE_ABI    1
#define MPI_MODULE_SYMBOL "soma_mpi_module"

/* Is told why a rank ends all others, before it does. */
typedef void mpi_tell(soma_status status, const char *message);

typedef struct mpi_module {
    uint32_t abi;     /* MPI_MODULE_ABI */
    const char *name; /* of the MPI, for people */
    /* Joins the other ranks; NULL where that cannot be. */
    const soma_communicator *(*begin)(mpi_tell *tell);
    /* Leaves them, once all are here. */
    void (*end)(void);
    /* Ends all. */
    void (*abort)(int exit_status);
} mpi_module;

/* The entry point, under MPI_MODULE_SYMBOL. */
typedef const mpi_module *mpi_module_function(void);

#endif
