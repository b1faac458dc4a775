/* SPDX-License-Identifier: MIT */
/* Which process this is, without a system call: a child of fork() has another number than its parent. */
#ifndef SOMA_BASE_PROCESS_H
#define SOMA_BASE_PROCESS_H

#include "base/base.h"

#include <pthread.h>

/* Counts forks from here on; before that the number stays what it is. Any number of times, by any thread. */
soma_status soma_process_watch(void);
/* How many forks there were between the first process that watched and this one. */
uint32_t soma_process(void);

/*
 * The lock of a child for what it has inherited: another thread of the parent may have held the lock of the thing
 * itself when the child was made, and is not there to let it go.
 */
pthread_mutex_t *soma_process_lock(void);

#endif
