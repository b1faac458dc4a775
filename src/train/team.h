/* SPDX-License-Identifier: MIT */
/*
 * The ranks that train one network together, as one of them sees it: sums, and agreement upon what to do next. Where
 * there is no communicator, the team is this rank alone, and all of this does nothing.
 *
 * All ranks call these functions in the same order. A rank that fails between them aborts the others.
 */
#ifndef SOMA_TRAIN_TEAM_H
#define SOMA_TRAIN_TEAM_H

#include "base/base.h"
#include <soma/communicator.h>

/* What ranks tell each other with each sum, as numbers behind the values: not 0 means that some rank does. */
typedef enum soma_team_flag {
    SOMA_TEAM_STOP,    /* wants the training to end */
    SOMA_TEAM_SUSPECT, /* has seen a figure that is not finite */
    SOMA_TEAM_FLAGS
} soma_team_flag;

typedef struct soma_team {
    const soma_communicator *communicator; /* NULL: alone */
    uint32_t rank, ranks;                  /* 0 and 1 alone */
    const char *name;                      /* what this rank is called in errors; NULL: by its number */
    float *values;                         /* [count], to be summed; the flags come behind them */
    size_t count;
    bool wants[SOMA_TEAM_FLAGS]; /* of this rank */
    bool alike;                  /* the error that this rank returns is known to all */
} soma_team;

/* Refuses a communicator that is none. */
soma_status soma_team_open(const soma_communicator *communicator, soma_team *team);
/* So many values, and room for `most`. */
soma_status soma_team_reserve(soma_team *team, size_t count, size_t most);
void soma_team_close(soma_team *team);

/* The flags behind the values: what this rank wants; then, once they are summed, what anybody does. */
void soma_team_raise_flags(soma_team *team);
void soma_team_read_flags(const soma_team *team, bool agreed[SOMA_TEAM_FLAGS]);
/* values[count] and flags of all ranks, added up; agreed[]: which flags anybody has set. */
soma_status soma_team_sum(soma_team *team, bool agreed[SOMA_TEAM_FLAGS]);
/* Some values alone. */
soma_status soma_team_sum_values(const soma_team *team, float *values, size_t count);
soma_status soma_team_broadcast(const soma_team *team, void *bytes, size_t size, uint32_t root);
/* own[size] of each rank into all[ranks * size]. */
soma_status soma_team_gather(const soma_team *team, const void *own, size_t size, void *all);
/* Adds up numbers in the order of the ranks, so that all get the same bits. */
soma_status soma_team_add(const soma_team *team, double *totals, size_t count);
/* Whether it is true on all. */
soma_status soma_team_all(const soma_team *team, bool own, bool *all);

/*
 * How far each rank has come. Where some have an error, all return it, of the first such rank, named by it on the
 * others; else SOMA_STOPPED where some have that.
 */
soma_status soma_team_agree(soma_team *team, soma_status own);
/* This rank returns an error: the others are told, unless they know. Returns it. */
soma_status soma_team_leave(soma_team *team, soma_status status);

#endif
