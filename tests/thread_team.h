/* SPDX-License-Identifier: MIT */
/* A communicator of threads in one process: each rank is a thread. */
#ifndef TESTS_THREAD_TEAM_H
#define TESTS_THREAD_TEAM_H

#include <pthread.h>
#include <soma/communicator.h>

enum { TEAM_MOST = 8 };

/* A function of the communicator, which fails where it is told to. */
typedef enum team_function { TEAM_START, TEAM_WAIT, TEAM_PROGRESS, TEAM_FUNCTIONS } team_function;

typedef struct thread_team {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint32_t ranks, arrived;
    uint64_t round;
    bool aborted;
    char message[512];           /* of the rank that aborted */
    void *values[TEAM_MOST];     /* to be summed, of each rank */
    _Atomic size_t sums_at_once; /* the most that a rank had begun and not waited for */
    _Atomic bool progressed;
    size_t fails_at; /* which call of `failing` by the last rank returns an error, from 1; 0: none */
    team_function failing;
    _Atomic size_t sums_left;            /* that were begun, and never waited for */
    _Atomic size_t sums_left_at_failure; /* under way as that call failed */
    _Atomic size_t aborts[TEAM_MOST];    /* by each rank */
    const void *sent;
    const char *other_version; /* what the last rank says is its version, where it is not NULL */
} thread_team;

/* What a rank does. */
typedef void rank_function(void *context, const soma_communicator *communicator);
/* Runs it as so many threads, and returns when all have ended. */
void run_team(thread_team *team, uint32_t ranks, rank_function *function, void *context);

#endif
