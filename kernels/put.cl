/* SPDX-License-Identifier: MIT */
/*
 * Rows of x put at places of a table of each sample, one after the other. Groups own rows of the tables, so that nothing is written at two
 * places at once, and what comes to a row comes in its order.
 */
#include "opencl.h"

enum { PUT_REPLACE, PUT_ADD, PUT_MULTIPLY, PUT_MAXIMUM, PUT_MINIMUM };

static real put_one(uint how, real there, real x) {
    switch (how) {
    case PUT_ADD: return there + x;
    case PUT_MULTIPLY: return there * x;
    case PUT_MAXIMUM: return there > x || there != there ? there : x;
    case PUT_MINIMUM: return there < x || there != there ? there : x;
    default: return x;
    }
}

#if GROUP > 1
/* A group of work-items, one for each element of its rows if there are as many, looks at as many numbers at once, and goes through those one
 * by one where some are of its rows. */
KERNEL(GROUP, 1)
void put(ARGUMENTS(ulong rows, ulong rows_per_group, ulong groups, ulong steps, ulong width, uint how, const global float *x,
                   const global int *index, global float *out)) {
    local uint found;
    local int number[GROUP];
    const ulong sample = GROUP_ID(0) / groups, begin = GROUP_ID(0) % groups * rows_per_group, end = min(rows, begin + rows_per_group);
    const ulong own = get_local_id(0);
    x += sample * steps * width;
    index += sample * steps;
    out += sample * rows * width;
    for (ulong first = 0; first < steps; first += GROUP) {
        if (own == 0) found = 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        const int row = first + own < steps ? index[first + own] : -1; /* below 0 there is none */
        number[own] = row;
        if ((ulong)(long)row >= begin && (ulong)(long)row < end) found = 1;
        barrier(CLK_LOCAL_MEM_FENCE);
        const bool some = found;
        for (uint i = 0; some && i < GROUP; i++) {
            const ulong place = (ulong)(long)number[i];
            if (place < begin || place >= end) continue;
            for (ulong e = own; e < rows_per_group * width; e += GROUP)
                if (begin + e / width == place)
                    out[begin * width + e] = put_one(how, out[begin * width + e], x[(first + i) * width + e % width]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}
#else
KERNEL(GROUP, 1)
void put(ARGUMENTS(ulong rows, ulong rows_per_group, ulong all_rows, ulong steps, ulong width, uint how, const global float *x,
                   const global int *index, global float *out)) {
    const ulong begin = GROUP_ID(0) * rows_per_group, end = min(all_rows, begin + rows_per_group);
    for (ulong sample = begin / rows; sample * rows < end; sample++)
        for (ulong i = sample * steps; i < (sample + 1) * steps; i++) {
            const ulong row = (ulong)(long)index[i], place = sample * rows + row; /* a negative number becomes one past every table */
            if (row >= rows || place < begin || place >= end) continue;
            for (ulong j = 0; j < width; j += WIDTH) {
                const ulong part = min((ulong)WIDTH, width - j);
                global float *to = out + place * width + j;
                store_part(put_one(how, load_part(to, part, 0.0f), load_part(x + i * width + j, part, 0.0f)), to, part);
            }
        }
}
#endif
