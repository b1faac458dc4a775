/* SPDX-License-Identifier: MIT */
/* One number in, one number out: functions and their gradients. */
#include "apply.h"
#include "columns.h"

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

static __attribute__((always_inline)) void bias_piece(uint vectors, ulong part, ulong count, ulong columns, uint function, float a, float b,
                                                      const global float *dy, const global float *value, global float *out, global float *sums) {
    real total[VECTORS];
    FOR_VECTORS(k, vectors) total[k] = R(0.0);
    for (ulong i = 0; i < count; i++, dy += columns, value += columns, out += columns)
        FOR_VECTORS(k, vectors) {
            const real gradient = chain(FUNCTION, load_part(dy + k * WIDTH, part, 0.0f), load_part(value + k * WIDTH, part, 0.0f), (real)(a), (real)(b));
            store_part(gradient, out + k * WIDTH, part);
            total[k] += gradient;
        }
    FOR_VECTORS(k, vectors) store_part(total[k], sums + k * WIDTH, part);
}

/* The same of any function, which takes much code: row after row as well, but vector after vector. */
static void bias_piece_of_any(ulong part, ulong count, ulong columns, uint function, float a, float b, const global float *dy,
                              const global float *value, global float *out, global float *sums) {
    real total[VECTORS];
    for (uint k = 0; k < VECTORS; k++) total[k] = R(0.0);
    for (ulong i = 0; i < count; i++, dy += columns, value += columns, out += columns)
        for (uint k = 0; k * WIDTH < part; k++) {
            const ulong at = k * WIDTH, here = min((ulong)WIDTH, part - at);
            const real gradient = chain(FUNCTION, load_part(dy + at, here, 0.0f), load_part(value + at, here, 0.0f), (real)(a), (real)(b));
            store_part(gradient, out + at, here);
            total[k] += gradient;
        }
    for (uint k = 0; k * WIDTH < part; k++) store_part(total[k], sums + k * WIDTH, min((ulong)WIDTH, part - k * WIDTH));
}

/*
 * The gradient of a layer's function together with that of its bias: out = dy f', and the sum of out over the rows. A work-item handles
 * neighbouring columns of `length` rows; the sums of each such piece form a row of `sums`.
 */
KERNEL(GROUP, 1)
void bias_unary_grad(ARGUMENTS(ulong rows, ulong columns, ulong length, uint function, float a, float b, const global float *dy,
                     const global float *v, global float *out, global float *sums)) {
    const ulong column = (ulong)ITEM_ID * WIDTH * VECTORS, first = GROUP_ID(1) * length;
    if (column >= columns) return;
    const ulong part = COLUMN_PART(columns, column), count = first < rows ? min(length, rows - first) : 0, place = first * columns + column;
#define BIAS_PIECE(vectors, part)                                                                                      \
    bias_piece(vectors, part, count, columns, own, a, b, dy + place + at, v + place + at, out + place + at, sums + GROUP_ID(1) * columns + column + at)
#ifndef FIXED_FUNCTION
    if (function == FUNCTION_RELU) {
        const uint own = FUNCTION_RELU;
        BY_VECTORS(at, part, BIAS_PIECE);
        return;
    }
    bias_piece_of_any(part, count, columns, function, a, b, dy + place, v + place, out + place, sums + GROUP_ID(1) * columns + column);
#else
    const uint own = function;
    BY_VECTORS(at, part, BIAS_PIECE);
#endif
}
#endif /* TRAINING */
