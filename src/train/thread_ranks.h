/* SPDX-License-Identifier: MIT */
/*
 * A communicator of threads in this process, one for each rank. A sum is made in the order of the ranks by the thread
 * that comes to it last, while the others, and what they have asked of their devices, go on.
 */
#ifndef SOMA_TRAIN_THREAD_RANKS_H
#define SOMA_TRAIN_THREAD_RANKS_H

#include "base/base.h"
#include <soma/communicator.h>

typedef struct soma_thread_ranks soma_thread_ranks;

soma_status soma_thread_ranks_create(uint32_t ranks, soma_thread_ranks **team);
/* After all threads have left it. Accepts NULL. */
void soma_thread_ranks_destroy(soma_thread_ranks *team);
/* That of one rank; stays valid until the team is destroyed. */
const soma_communicator *soma_thread_ranks_get(soma_thread_ranks *team, uint32_t rank);
/* As soma_communicator.abort, by whoever sees that a rank will never come. */
void soma_thread_ranks_abort(soma_thread_ranks *team, soma_status status, const char *message);

#endif
