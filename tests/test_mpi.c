/* SPDX-License-Identifier: MIT */
/* soma/mpi.h on an MPI of this file, whose calls fail where they are told to: sums in pieces, and how they end. */
#include "expect.h"
#include "suite.h"

#include <stdio.h>

#define SOMA_MPI_PIECE 4
#include <soma/mpi.h>

enum { MOST = 8 };

/* What MPI was asked for: requests are numbers from 0. */
static struct {
    int begun, waited, begin_fails_at, wait_fails_at; /* from 1; 0: never */
    char *place[MOST];
    int count[MOST];
    bool active[MOST];
} seen;

int MPI_Error_string(int code, char *text, int *length) {
    *length = snprintf(text, MPI_MAX_ERROR_STRING, "error %d", code);
    return MPI_SUCCESS;
}

int MPI_Iallreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm,
                   MPI_Request *request) {
    (void)from, (void)type, (void)op, (void)comm;
    if (seen.begun + 1 == seen.begin_fails_at) return MPI_ERR_OTHER;
    seen.place[seen.begun] = to;
    seen.count[seen.begun] = count;
    seen.active[seen.begun] = true;
    *request = seen.begun++;
    return MPI_SUCCESS;
}

int MPI_Wait(MPI_Request *request, MPI_Status *status) {
    (void)status;
    ck_assert(*request >= 0 && *request < seen.begun && seen.active[*request]);
    seen.active[*request] = false;
    return ++seen.waited == seen.wait_fails_at ? MPI_ERR_INTERN : MPI_SUCCESS;
}

int MPI_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status) {
    (void)source, (void)tag, (void)comm, (void)status;
    *flag = 0;
    return MPI_SUCCESS;
}
int MPI_Bcast(void *bytes, int count, MPI_Datatype type, int root, MPI_Comm comm) {
    (void)bytes, (void)count, (void)type, (void)root, (void)comm;
    return MPI_SUCCESS;
}
int MPI_Abort(MPI_Comm comm, int code) {
    (void)comm, (void)code;
    return MPI_SUCCESS;
}
int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *copy) {
    *copy = comm;
    return MPI_SUCCESS;
}
int MPI_Comm_free(MPI_Comm *comm) {
    (void)comm;
    return MPI_SUCCESS;
}
int MPI_Comm_rank(MPI_Comm comm, int *rank) {
    (void)comm;
    *rank = 1;
    return MPI_SUCCESS;
}
int MPI_Comm_size(MPI_Comm comm, int *ranks) {
    (void)comm;
    *ranks = 3;
    return MPI_SUCCESS;
}
int MPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler handler) {
    (void)comm, (void)handler;
    return MPI_SUCCESS;
}
int MPI_Op_create(MPI_User_function *function, int commutes, MPI_Op *op) {
    (void)function, (void)commutes;
    *op = 0;
    return MPI_SUCCESS;
}
int MPI_Op_free(MPI_Op *op) {
    (void)op;
    return MPI_SUCCESS;
}

static soma_mpi mpi;
static float values[10];

static void open_mpi(void) {
    memset(&seen, 0, sizeof seen);
    expect_ok(soma_mpi_open(0, &mpi));
    ck_assert(mpi.communicator.rank == 1 && mpi.communicator.ranks == 3);
}

static bool anything_active(void) {
    bool any = false;
    for (int i = 0; i < MOST; i++) any |= seen.active[i];
    return any;
}

static void end_mpi(void) {
    soma_mpi_close(&mpi);
}

START_TEST(a_long_sum_goes_in_pieces) {
    void *sum;
    expect_ok(mpi.communicator.start_sum(&mpi, values, 10, &sum));
    ck_assert_int_eq(seen.begun, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert(seen.place[i] == (char *)&values[4 * (size_t)i]);
        ck_assert_int_eq(seen.count[i], i < 2 ? 4 : 2);
    }
    ck_assert_int_eq(seen.waited, 0);
    expect_ok(mpi.communicator.wait(&mpi, sum));
    ck_assert_int_eq(seen.waited, 3);
}
END_TEST

/* MPI writes to what has begun until it has ended. */
START_TEST(pieces_before_one_that_fails_have_ended_when_the_error_is_told) {
    for (seen.begin_fails_at = 1; seen.begin_fails_at <= 3; seen.begin_fails_at++) {
        void *sum;
        seen.begun = seen.waited = 0;
        expect_error(mpi.communicator.start_sum(&mpi, values, 10, &sum), SOMA_IO, "error 1");
        ck_assert_int_eq(seen.begun, seen.begin_fails_at - 1);
        ck_assert_int_eq(seen.waited, seen.begun);
        ck_assert(!anything_active());
    }
}
END_TEST

START_TEST(an_error_of_one_piece_leaves_none_under_way) {
    void *sum;
    seen.wait_fails_at = 2;
    expect_ok(mpi.communicator.start_sum(&mpi, values, 10, &sum));
    expect_error(mpi.communicator.wait(&mpi, sum), SOMA_IO, "error 2");
    ck_assert_int_eq(seen.waited, 3);
    ck_assert(!anything_active());
}
END_TEST

static void add(TCase *cases) {
    tcase_add_checked_fixture(cases, open_mpi, end_mpi);
    tcase_add_test(cases, a_long_sum_goes_in_pieces);
    tcase_add_test(cases, pieces_before_one_that_fails_have_ended_when_the_error_is_told);
    tcase_add_test(cases, an_error_of_one_piece_leaves_none_under_way);
}

int main(void) {
    return run_suite("mpi", add);
}
