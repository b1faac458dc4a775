/* SPDX-License-Identifier: MIT */
/* Rows into a table of each sample: out[i, index[i] + j, :] = x[i, j, :]. A row outside its table goes nowhere. */
#include "opencl.h"

/* Where row number `row` of all x goes; a negative number becomes one past every table, until the steps lead to 0. */
static ulong row_of_table(const global int *index, ulong row, ulong steps, ulong rows) {
    const ulong sample = row / steps, place = (ulong)(long)index[sample] + row % steps;
    return place < rows ? sample * rows + place : ~(ulong)0;
}

KERNEL(GROUP, 1)
void scatter(ARGUMENTS(ulong count, ulong chunk, ulong steps, ulong rows, ulong width, const global float *x, const global int *index,
                       global float *out)) {
    const ulong end = min(count, ((ulong)GROUP_ID(0) + 1) * chunk);
#if GROUP > 1
    for (ulong i = (ulong)GROUP_ID(0) * chunk + get_local_id(0); i < end; i += GROUP) {
        const ulong row = row_of_table(index, i / width, steps, rows);
        if (row != ~(ulong)0) out[row * width + i % width] = x[i];
    }
#else
    for (ulong i = (ulong)GROUP_ID(0) * chunk; i < end;) {
        const ulong column = i % width, run = min(width - column, end - i), row = row_of_table(index, i / width, steps, rows);
        for (ulong e = 0; row != ~(ulong)0 && e < run; e++) out[row * width + column + e] = x[i + e];
        i += run;
    }
#endif
}
