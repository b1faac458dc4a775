/* SPDX-License-Identifier: MIT */
/*
 * soma/mpi.h - a communicator of MPI, for soma_fit_options.communicator. It is compiled with the program that includes
 * it, by that program's own MPI, of which libsoma knows nothing: mpicc train.c $(pkg-config --cflags --libs soma).
 *
 *   MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
 *   soma_mpi mpi;
 *   soma_mpi_open(MPI_COMM_WORLD, &mpi);
 *   soma_fit_options options = {.epochs = 30, .communicator = &mpi.communicator};
 *   soma_fit(network, dataset, &options, NULL);
 *   soma_mpi_close(&mpi);
 *   MPI_Finalize();
 *
 * The thread that has called MPI_Init_thread() calls soma_fit(). MPI promises no order of a sum's additions, though
 * in practice the same ranks on the same machines get the same bits.
 */
#ifndef SOMA_MPI_H
#define SOMA_MPI_H

#include <limits.h>
#include <mpi.h>
#include <soma/communicator.h>
#include <soma/device.h> /* soma_error */
#include <stdlib.h>

/* Stays where it is until it is closed. */
typedef struct soma_mpi {
    MPI_Comm comm; /* a duplicate of the caller's, whose messages mix with no others */
    MPI_Op add_bf16;
    soma_communicator communicator;
} soma_mpi;

/* What SOMA_OK means, or SOMA_IO with MPI's own words. */
static inline soma_status soma_mpi_check(int code, const char *what) {
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    if (code == MPI_SUCCESS) return SOMA_OK;
    MPI_Error_string(code, text, &length);
    return soma_error(SOMA_IO, "MPI: %s: %.*s", what, length, text);
}

#ifndef SOMA_MPI_PIECE
/* MPI counts in int: what is longer goes in pieces of so many elements at most. */
#define SOMA_MPI_PIECE (INT_MAX / 2)
#endif
/* How many of these elements are the next piece. */
static inline int soma_mpi_piece(size_t left) {
    return left > SOMA_MPI_PIECE ? SOMA_MPI_PIECE : (int)left;
}

/* A sum that has been started. */
typedef struct soma_mpi_sum {
    size_t pieces;
    MPI_Request *requests;
} soma_mpi_sum;

/* Waits for all pieces that were begun, also where one has an error, whose code it returns; frees the sum. */
static inline int soma_mpi_end(soma_mpi_sum *started) {
    int code = MPI_SUCCESS;
    for (size_t i = 0; i < started->pieces; i++) {
        int ended = MPI_Wait(&started->requests[i], MPI_STATUS_IGNORE);
        if (code == MPI_SUCCESS) code = ended;
    }
    free(started);
    return code;
}

/* Begins to add up, in place, by this operation. Where a piece can't be begun, those before it are waited for: MPI
 * writes to their values until they have ended, and what has begun for all ranks cannot be cancelled. */
static inline soma_status soma_mpi_start(soma_mpi *mpi, char *values, size_t count, size_t size, MPI_Datatype type,
                                         MPI_Op add, void **sum) {
    size_t most = count / SOMA_MPI_PIECE + 1;
    soma_mpi_sum *started = (soma_mpi_sum *)malloc(sizeof *started + most * sizeof(MPI_Request));
    if (!started) return soma_error(SOMA_OUT_OF_MEMORY, "MPI: no memory for a sum");
    started->pieces = 0;
    started->requests = (MPI_Request *)(void *)(started + 1);
    for (size_t done = 0; done < count; started->pieces++) {
        int piece = soma_mpi_piece(count - done);
        int code = MPI_Iallreduce(MPI_IN_PLACE, values + done * size, piece, type, add, mpi->comm,
                                  &started->requests[started->pieces]);
        if (code != MPI_SUCCESS) {
            soma_mpi_end(started);
            return soma_mpi_check(code, "a sum");
        }
        done += (size_t)piece;
    }
    *sum = started;
    return SOMA_OK;
}

/* soma_communicator.start_sum */
static inline soma_status soma_mpi_start_sum(void *context, float *values, size_t count, void **sum) {
    return soma_mpi_start((soma_mpi *)context, (char *)values, count, sizeof *values, MPI_FLOAT, MPI_SUM, sum);
}

/* MPI_User_function */
static inline void soma_mpi_add_bf16(void *from, void *to, int *count, MPI_Datatype *type) {
    (void)type;
    soma_add_bf16((uint16_t *)to, (const uint16_t *)from, (size_t)*count);
}

/* soma_communicator.start_sum_bf16 */
static inline soma_status soma_mpi_start_sum_bf16(void *context, uint16_t *values, size_t count, void **sum) {
    soma_mpi *mpi = (soma_mpi *)context;
    return soma_mpi_start(mpi, (char *)values, count, sizeof *values, MPI_UINT16_T, mpi->add_bf16, sum);
}

/* soma_communicator.progress: whoever looks for a message lets MPI move all others. */
static inline soma_status soma_mpi_progress(void *context) {
    int there;
    return soma_mpi_check(
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, ((soma_mpi *)context)->comm, &there, MPI_STATUS_IGNORE), "MPI_Iprobe");
}

/* soma_communicator.wait */
static inline soma_status soma_mpi_wait(void *context, void *sum) {
    (void)context;
    return soma_mpi_check(soma_mpi_end((soma_mpi_sum *)sum), "a sum");
}

/* soma_communicator.broadcast */
static inline soma_status soma_mpi_broadcast(void *context, void *bytes, size_t size, uint32_t root) {
    soma_mpi *mpi = (soma_mpi *)context;
    int code = MPI_SUCCESS;
    for (size_t done = 0; code == MPI_SUCCESS && done < size;) {
        int piece = soma_mpi_piece(size - done);
        code = MPI_Bcast((char *)bytes + done, piece, MPI_BYTE, (int)root, mpi->comm);
        done += (size_t)piece;
    }
    return soma_mpi_check(code, "a broadcast");
}

/* Ends all ranks. A program that wants to say why puts a function of its own in the place of this. */
static inline void soma_mpi_abort(void *context, soma_status status, const char *message) {
    (void)status, (void)message;
    MPI_Abort(((soma_mpi *)context)->comm, 1);
}

/* MPI must have been initialised. All ranks of `comm` call it. */
static inline soma_status soma_mpi_open(MPI_Comm comm, soma_mpi *mpi) {
    int rank = 0, ranks = 1;
    soma_status status = soma_mpi_check(MPI_Comm_dup(comm, &mpi->comm), "MPI_Comm_dup");
    if (status != SOMA_OK) return status;
    status = soma_mpi_check(MPI_Op_create(soma_mpi_add_bf16, 1, &mpi->add_bf16), "MPI_Op_create");
    if (status != SOMA_OK) return status;
    MPI_Comm_set_errhandler(mpi->comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(mpi->comm, &rank);
    MPI_Comm_size(mpi->comm, &ranks);
    for (size_t i = 0; i < sizeof mpi->communicator.reserved / sizeof *mpi->communicator.reserved; i++)
        mpi->communicator.reserved[i] = 0;
    mpi->communicator.abi = SOMA_COMMUNICATOR_ABI;
    mpi->communicator.size = sizeof mpi->communicator;
    mpi->communicator.rank = (uint32_t)rank;
    mpi->communicator.ranks = (uint32_t)ranks;
    mpi->communicator.context = mpi;
    mpi->communicator.start_sum = soma_mpi_start_sum;
    mpi->communicator.wait = soma_mpi_wait;
    mpi->communicator.progress = soma_mpi_progress;
    mpi->communicator.start_sum_bf16 = soma_mpi_start_sum_bf16;
    mpi->communicator.broadcast = soma_mpi_broadcast;
    mpi->communicator.abort = soma_mpi_abort;
    return SOMA_OK;
}

/* Before MPI_Finalize(). */
static inline void soma_mpi_close(soma_mpi *mpi) {
    MPI_Op_free(&mpi->add_bf16);
    MPI_Comm_free(&mpi->comm);
}

#endif
