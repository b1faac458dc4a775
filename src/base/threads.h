/* SPDX-License-Identifier: MIT */
/*
 * A team of threads that works through parallel regions: the caller is thread 0, the others wait between regions.
 * Nothing here allocates or locks while work is going on; a thread that waits spins for a few microseconds, then
 * yields, then sleeps.
 */
#ifndef SOMA_BASE_THREADS_H
#define SOMA_BASE_THREADS_H

#include "base/base.h"

typedef struct soma_threads soma_threads;

/* Cores that this process may use: those of its affinity mask; at least 1. */
uint32_t soma_threads_available(void);

/* A team of `count` >= 1 threads, the caller included. */
soma_status soma_threads_create(uint32_t count, soma_threads **threads);
void soma_threads_destroy(soma_threads *threads); /* accepts NULL */
/* Frees the team in a child of fork(), where its threads are not: nobody is woken or waited for. */
void soma_threads_abandon(soma_threads *threads);
uint32_t soma_threads_count(const soma_threads *threads);

/* Runs function(context, thread) once on every thread of the team, and returns when all have returned. */
typedef void soma_thread_function(void *context, uint32_t thread);
void soma_threads_run(soma_threads *threads, soma_thread_function *function, void *context);

/* Inside a region. Every thread of the team must come here before any goes on. Also rewinds the shared loop. */
void soma_threads_barrier(soma_threads *threads);

/*
 * Inside a region: the shared loop over [0, count). Gives each index to one thread: first those of the thread's own
 * part (the same part in every loop of equal count, so that its data is in its cache), then what others have not begun.
 * False when nothing is left. There is one loop between two barriers.
 */
bool soma_threads_next(soma_threads *threads, uint32_t thread, size_t count, size_t *index);

#endif
