/* SPDX-License-Identifier: MIT */
/* Operations of two tensors, the second broadcast by strides of 0. The build option OPERATION names the operation. */
#include "strided.h"

static real binary_ADD(real a, real b) { return a + b; }
static real binary_SUBTRACT(real a, real b) { return a - b; }
static real binary_MULTIPLY(real a, real b) { return a * b; }
static real binary_DIVIDE(real a, real b) { return a / b; }
/* A NaN on either side comes out: the comparison fails for it, and then a != a or b is what it is. */
static real binary_MAXIMUM(real a, real b) { return a > b || a != a ? a : b; }
static real binary_MINIMUM(real a, real b) { return a < b || a != a ? a : b; }
static real binary_GREATER(real a, real b) { return a > b ? R(1.0) : R(0.0); }
static real binary_GREATER_EQUAL(real a, real b) { return a >= b ? R(1.0) : R(0.0); }
static real binary_POWER(real a, real b) { return pow(a, b); }
static real binary_EQUAL(real a, real b) { return a == b ? R(1.0) : R(0.0); }
static real binary_REMAINDER(real a, real b) { return fmod(a, b); }
static real binary_KEEP(real a, real b) { return b != R(0.0) ? a : R(0.0); }

#define operation(a, b) PASTE(binary_, OPERATION)(a, b)

KERNEL(GROUP, 1)
void binary(ulong count, ulong chunk, const global float *a, const global float *b, global float *out) {
    FOR_EACH_VECTOR(i, part, count, chunk)
    store_part(operation(load_part(a + i, part, 1.0f), load_part(b + i, part, 1.0f)), out + i, part);
}

/* WIDTH elements of b from the one with the number i on. */
static real load_broadcast(const global float *b, ulong i, ulong part, SHAPE_ARGUMENTS, STRIDE_ARGUMENTS(stride)) {
    COORDINATES(i);
#if WIDTH == 1
    return b[OFFSET(stride)];
#else
    if (c4 + part <= shape4 && stride4 == 0) return (real)(b[OFFSET(stride)]);
    if (c4 + part <= shape4 && stride4 == 1) return load_part(b + OFFSET(stride), part, 1.0f);
    float element[WIDTH];
    for (uint e = 0; e < WIDTH; e++) {
        element[e] = e < part ? b[OFFSET(stride)] : 1.0f;
        if (++c4 < shape4) continue;
        c4 = 0;
        if (++c3 < shape3) continue;
        c3 = 0;
        if (++c2 < shape2) continue;
        c2 = 0;
        if (++c1 < shape1) continue;
        c1 = 0, c0++;
    }
    return PASTE(vload, WIDTH)(0, element);
#endif
}

KERNEL(GROUP, 1)
void binary_broadcast(ulong count, ulong chunk, SHAPE_ARGUMENTS, STRIDE_ARGUMENTS(stride), const global float *a,
                      const global float *b, global float *out) {
    FOR_EACH_VECTOR(i, part, count, chunk) {
        real right =
            load_broadcast(b, i, part, shape1, shape2, shape3, shape4, stride0, stride1, stride2, stride3, stride4);
        store_part(operation(load_part(a + i, part, 1.0f), right), out + i, part);
    }
}
