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

/* What every reader promises of a file of `size` bytes that it refuses. */
#define expect_little_memory(size, what)                                                                               \
    do {                                                                                                               \
        size_t peak_ = peak_memory(), most_ = 16 * (size_t)(size) + (1 << 20);                                         \
        ck_assert_msg(peak_ <= most_, "%s: %zu bytes of memory, %zu are allowed", what, peak_, most_);                 \
    } while (0)

#endif
