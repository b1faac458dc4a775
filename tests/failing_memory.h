/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail. Programs with this are linked with --wrap, so that the library's calls of the allocating
 * functions come here (tests/meson.build).
 */
#ifndef TESTS_FAILING_MEMORY_H
#define TESTS_FAILING_MEMORY_H

#include <soma/soma.h>

/* Makes soma's memory be counted, before it has any: see expect_every_failure_told(). */
void count_memory(void);

/* The allocation after so many more fails, once. */
void fail_allocation_after(long count);
/* Asserting takes memory, too: from here on none fails. */
void allow_allocations(void);
/* Around what an operation needs but is not to fail in. */
long suspend_failures(void);
void resume_failures(long suspended);
/* One has failed since fail_allocation_after(). */
bool allocation_failed(void);

/*
 * Repeats an operation, in which each time one allocation later fails, until all succeed. Each time it must succeed, or
 * report SOMA_OUT_OF_MEMORY. `least`: allocations that it makes at least; a wrapper that is not called would prove
 * nothing. Where memory is counted, it has to give back all that it took; other losses a leak checker sees.
 */
void expect_every_failure_told(const char *what, soma_status (*operation)(void), int least);

#endif
