/* SPDX-License-Identifier: MIT */
/* Rows mixed with the rows `ahead` of them; behind the last comes the first. Work-items share out the elements. */
#include "opencl.h"

static ulong wrapped(ulong at, ulong end) { return at < end ? at : at - end; }

/* ahead: in elements. */
KERNEL(GROUP, 1)
void mix_rows(ARGUMENTS(ulong count, ulong chunk, ulong columns, float share, ulong ahead, const global float *x, global float *out)) {
    const ulong end = min(count, ((ulong)GROUP_ID(0) + 1) * chunk);
    const float others = 1.0f - share;
    for (ulong i = (ulong)GROUP_ID(0) * chunk + get_local_id(0) * WIDTH; i < end; i += GROUP * WIDTH) {
        const ulong part = min((ulong)WIDTH, end - i), other = wrapped(i + ahead * columns, count);
        if (other + part <= count)
            store_part(load_part(x + i, part, 0.0f) * share + load_part(x + other, part, 0.0f) * others, out + i, part);
        else
            for (ulong e = 0; e < part; e++) out[i + e] = x[i + e] * share + x[wrapped(other + e, count)] * others;
    }
}

/* The row of a class number, without writing it down. */
static float row_of_class(int number, ulong columns, ulong column) {
    if (number < 0 || (ulong)number >= columns) return NAN;
    return (ulong)number == column ? 1.0f : 0.0f;
}

KERNEL(GROUP, 1)
void mix_classes(ARGUMENTS(ulong count, ulong chunk, ulong columns, float share, ulong ahead, const global int *x, global float *out)) {
    const ulong end = min(count, ((ulong)GROUP_ID(0) + 1) * chunk), rows = count / columns;
    const float others = 1.0f - share;
    for (ulong i = (ulong)GROUP_ID(0) * chunk + get_local_id(0); i < end; i += GROUP) {
        const ulong row = i / columns, column = i % columns;
        out[i] = row_of_class(x[row], columns, column) * share + row_of_class(x[wrapped(row + ahead, rows)], columns, column) * others;
    }
}
