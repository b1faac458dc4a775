/* SPDX-License-Identifier: MIT */
/* Tells a child of fork() from its parent. */
#include "base/process.h"

#include <stdatomic.h>

static pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER, inherited = PTHREAD_MUTEX_INITIALIZER;
static bool watched;
static _Atomic uint32_t forks;

/* A child begins with one thread, so whatever was locked in the parent is nobody's here. */
static void count_fork(void) {
    atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
    pthread_mutex_init(&watching, NULL);
    pthread_mutex_init(&inherited, NULL);
}

soma_status soma_process_watch(void) {
    pthread_mutex_lock(&watching);
    if (!watched) watched = pthread_atfork(NULL, NULL, count_fork) == 0;
    soma_status status = watched ? SOMA_OK : soma_error(SOMA_OUT_OF_MEMORY, "out of memory: a handler for fork()");
    pthread_mutex_unlock(&watching);
    return status;
}

uint32_t soma_process(void) {
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

pthread_mutex_t *soma_process_lock(void) {
    return &inherited;
}
