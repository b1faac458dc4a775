/* SPDX-License-Identifier: MIT */
/*
 * The gradient of a table, of which rows were gathered: each row is the sum of dy over the positions that took it, in their order. Groups own
 * rows, so that nothing is added at two places at once, and sums repeat.
 */
#include "opencl.h"

#if GROUP > 1
/* A group of work-items looks at as many positions at once, and goes through those one by one where some are of its row. */
KERNEL(GROUP, 1)
void gather_grad(ARGUMENTS(ulong rows, ulong rows_per_group, ulong width, ulong positions, ulong skip, const global float *dy,
                           const global int *index, global float *dtable)) {
    local uint found;
    const ulong row = GROUP_ID(0);
    dtable += row * width;
    for (ulong j = get_local_id(0); j < width; j += GROUP) dtable[j] = 0.0f;
    if (row == skip) return;
    for (ulong first = 0; first < positions; first += GROUP) {
        const ulong own = first + get_local_id(0), end = min(positions, first + GROUP);
        if (get_local_id(0) == 0) found = 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        if (own < positions && (ulong)(long)index[own] == row) found = 1;
        barrier(CLK_LOCAL_MEM_FENCE);
        const bool some = found;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (ulong i = first; some && i < end; i++)
            if ((ulong)(long)index[i] == row)
                for (ulong j = get_local_id(0); j < width; j += GROUP) dtable[j] += dy[i * width + j];
    }
}
#else
KERNEL(GROUP, 1)
void gather_grad(ARGUMENTS(ulong rows, ulong rows_per_group, ulong width, ulong positions, ulong skip, const global float *dy,
                           const global int *index, global float *dtable)) {
    const ulong begin = GROUP_ID(0) * rows_per_group, end = min(rows, begin + rows_per_group);
    for (ulong e = begin * width; e < end * width; e += WIDTH)
        store_part((real)(0.0f), dtable + e, min((ulong)WIDTH, end * width - e));
    for (ulong i = 0; i < positions; i++) {
        const ulong row = (ulong)(long)index[i]; /* a negative number becomes one past every table */
        if (row < begin || row >= end || row == skip) continue;
        for (ulong j = 0; j < width; j += WIDTH) {
            const ulong part = min((ulong)WIDTH, width - j);
            global float *to = dtable + row * width + j;
            store_part(load_part(to, part, 0.0f) + load_part(dy + i * width + j, part, 0.0f), to, part);
        }
    }
}
#endif
