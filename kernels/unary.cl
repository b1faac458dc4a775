/* SPDX-License-Identifier: MIT */
/* One number in, one number out: functions and their gradients. */
#include "apply.h"

KERNEL(GROUP, 1)
void unary(ARGUMENTS(ulong count, ulong chunk, uint function, float a, float b, const global float *x, global float *out)) {
    FOR_EACH_VECTOR(i, part, count, chunk)
    store_part(apply(FUNCTION, load_part(x + i, part, 0.0f), (real)(a), (real)(b)), out + i, part);
}

#ifdef TRAINING
/* v is the function's output or its input, as its row says. */
KERNEL(GROUP, 1)
void unary_grad(ARGUMENTS(ulong count, ulong chunk, uint function, float a, float b, const global float *dy, const global float *v,
                global float *out)) {
    FOR_EACH_VECTOR(i, part, count, chunk) {
        const real gradient = load_part(dy + i, part, 0.0f), value = load_part(v + i, part, 0.0f);
        store_part(chain(FUNCTION, gradient, value, (real)(a), (real)(b)), out + i, part);
    }
}

/*
 * The gradient of a layer's function together with that of its bias: out = dy f', and the sum of out over the rows. A work-item handles WIDTH
 * neighbouring columns of `length` rows; the sums of each such piece form a row of `sums`.
 */
KERNEL(GROUP, 1)
void bias_unary_grad(ARGUMENTS(ulong rows, ulong columns, ulong length, uint function, float a, float b, const global float *dy,
                     const global float *v, global float *out, global float *sums)) {
    const ulong column = (ulong)ITEM_ID * WIDTH, piece = GROUP_ID(1);
    if (column >= columns) return;
    const ulong part = min((ulong)WIDTH, columns - column);
    const ulong end = min(rows, (piece + 1) * length);
    real total = R(0.0);
    for (ulong i = piece * length; i < end; i++) {
        const ulong at = i * columns + column;
        const real value = load_part(v + at, part, 0.0f);
        const real gradient = chain(FUNCTION, load_part(dy + at, part, 0.0f), value, (real)(a), (real)(b));
        store_part(gradient, out + at, part);
        total += gradient;
    }
    store_part(total, sums + piece * columns + column, part);
}
#endif /* TRAINING */
