/* SPDX-License-Identifier: MIT */
/* One number in, one number out: fill, functions and their gradients, and operations of two tensors of one shape. */
#include "apply.h"

KERNEL(GROUP, 1) void fill(ulong count, ulong chunk, float value, global float *out) {
    FOR_EACH_VECTOR(i, part, count, chunk) store_part((real)(value), out + i, part);
}

KERNEL(GROUP, 1)
void unary(ulong count, ulong chunk, float a, float b, const global float *x, global float *out) {
    FOR_EACH_VECTOR(i, part, count, chunk)
    store_part(apply(load_part(x + i, part, 0.0f), (real)(a), (real)(b)), out + i, part);
}

/* v is the function's output or its input, as its row says. */
KERNEL(GROUP, 1)
void unary_grad(ulong count, ulong chunk, float a, float b, const global float *dy, const global float *v,
                global float *out) {
    FOR_EACH_VECTOR(i, part, count, chunk) {
        const real gradient = load_part(dy + i, part, 0.0f), value = load_part(v + i, part, 0.0f);
        store_part(chain(gradient, value, (real)(a), (real)(b)), out + i, part);
    }
}
