/* SPDX-License-Identifier: MIT */
/* The gradient of a layer's function together with that of its bias: out = dy f', and the sum of out over the rows. */
#include "apply.h"

/* A work-item handles WIDTH neighbouring columns of `length` rows; the sums of each such piece form a row of `sums`. */
KERNEL(GROUP, 1)
void bias_unary_grad(ulong rows, ulong columns, ulong length, float a, float b, const global float *dy,
                     const global float *v, global float *out, global float *sums) {
    const ulong column = (ulong)get_global_id(0) * WIDTH, piece = get_group_id(1);
    if (column >= columns) return;
    const ulong part = min((ulong)WIDTH, columns - column);
    const ulong end = min(rows, (piece + 1) * length);
    real total = R(0.0);
    for (ulong i = piece * length; i < end; i++) {
        const ulong at = i * columns + column;
        const real value = load_part(v + at, part, 0.0f);
        const real gradient = chain(load_part(dy + at, part, 0.0f), value, (real)(a), (real)(b));
        store_part(gradient, out + at, part);
        total += gradient;
    }
    store_part(total, sums + piece * columns + column, part);
}
