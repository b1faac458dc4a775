/* SPDX-License-Identifier: MIT */
/*
 * The most memory that was taken at once, by every library of the process: programs with this bring allocating
 * functions of their own, which count. Not with sanitizers, which do the same: then nothing is counted.
 */
#ifndef TESTS_PEAK_MEMORY_H
#define TESTS_PEAK_MEMORY_H

#include <stddef.h>

/* From here on. */
void peak_memory_start(void);
/* Bytes above what was in use at the start; 0 where nothing is counted. */
size_t peak_memory(void);

#endif
