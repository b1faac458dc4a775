/* SPDX-License-Identifier: MIT */
/* As much of MPI as soma/mpi.h uses, which test_mpi.c implements. */
#ifndef TESTS_STUB_MPI_H
#define TESTS_STUB_MPI_H

typedef int MPI_Comm;
typedef int MPI_Op;
typedef int MPI_Datatype;
typedef int MPI_Request;
typedef int MPI_Errhandler;
typedef struct MPI_Status {
    int unused;
} MPI_Status;
typedef void MPI_User_function(void *from, void *to, int *count, MPI_Datatype *type);

enum { MPI_SUCCESS, MPI_ERR_OTHER, MPI_ERR_INTERN };
enum { MPI_FLOAT = 1, MPI_UINT16_T, MPI_BYTE, MPI_SUM, MPI_ERRORS_RETURN, MPI_ANY_SOURCE, MPI_ANY_TAG };
#define MPI_MAX_ERROR_STRING 64
#define MPI_IN_PLACE         ((void *)0)
#define MPI_STATUS_IGNORE    ((MPI_Status *)0)

int MPI_Error_string(int code, char *text, int *length);
int MPI_Iallreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                   MPI_Request *request);
int MPI_Wait(MPI_Request *request, MPI_Status *status);
int MPI_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status);
int MPI_Bcast(void *bytes, int count, MPI_Datatype type, int root, MPI_Comm comm);
int MPI_Abort(MPI_Comm comm, int code);
int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *copy);
int MPI_Comm_free(MPI_Comm *comm);
int MPI_Comm_rank(MPI_Comm comm, int *rank);
int MPI_Comm_size(MPI_Comm comm, int *ranks);
int MPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler handler);
int MPI_Op_create(MPI_User_function *function, int commutes, MPI_Op *op);
int MPI_Op_free(MPI_Op *op);

#endif
