/* SPDX-License-Identifier: MIT */
/*
 * Operations of two tensors, the second broadcast by strides of 0, by number: BINARY_ADD and the like, which the library defines. Kernels take the
 * number as their argument `operation`; the build option FIXED_OPERATION makes it a constant.
 */
#include "strided.h"

#ifdef FIXED_OPERATION
#define OPERATION FIXED_OPERATION
#else
#define OPERATION operation
#endif

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

static real operate(uint operation, real a, real b) {
    switch (operation) {
    case BINARY_ADD: return binary_ADD(a, b);
    case BINARY_SUBTRACT: return binary_SUBTRACT(a, b);
    case BINARY_MULTIPLY: return binary_MULTIPLY(a, b);
    case BINARY_DIVIDE: return binary_DIVIDE(a, b);
    case BINARY_MAXIMUM: return binary_MAXIMUM(a, b);
    case BINARY_MINIMUM: return binary_MINIMUM(a, b);
    case BINARY_GREATER: return binary_GREATER(a, b);
    case BINARY_GREATER_EQUAL: return binary_GREATER_EQUAL(a, b);
    case BINARY_POWER: return binary_POWER(a, b);
    case BINARY_EQUAL: return binary_EQUAL(a, b);
    case BINARY_REMAINDER: return binary_REMAINDER(a, b);
    case BINARY_KEEP: return binary_KEEP(a, b);
    }
    return a;
}

/* The same where the number is an argument: the usual ones without a jump to one of all. */
static real operate_usual(uint operation, real a, real b) {
    if (operation == BINARY_ADD) return binary_ADD(a, b);
    if (operation == BINARY_MULTIPLY) return binary_MULTIPLY(a, b);
    return operate(operation, a, b);
}

KERNEL(GROUP, 1)
void binary(ARGUMENTS(ulong count, ulong chunk, uint operation, const global float *a, const global float *b, global float *out)) {
    FOR_EACH_VECTOR(i, part, count, chunk)
    store_part(operate_usual(OPERATION, load_part(a + i, part, 1.0f), load_part(b + i, part, 1.0f)), out + i, part);
}

#if WIDTH > 1
/* WIDTH elements of b, from the one with these coordinates on. */
static real load_broadcast(const global float *b, ulong part, ulong c0, ulong c1, ulong c2, ulong c3, ulong c4, SHAPE_ARGUMENTS,
                           STRIDE_ARGUMENTS(stride)) {
    float element[WIDTH];
    for (uint e = 0; e < WIDTH; e++) {
        element[e] = e < part ? b[ELEMENT_OFFSET(stride)] : 1.0f;
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
}
#endif

/* On processors a group goes along runs of the innermost dimension: to find an element's coordinates takes longer than what is done with a vector. */
KERNEL(GROUP, 1)
void binary_broadcast(ARGUMENTS(ulong count, ulong chunk, uint operation, SHAPE_ARGUMENTS, STRIDE_ARGUMENTS(stride), const global float *a,
                                const global float *b, global float *out)) {
#if WIDTH == 1
    FOR_EACH_VECTOR(i, part, count, chunk) {
        COORDINATES(i);
        store_part(operate_usual(OPERATION, load_part(a + i, part, 1.0f), b[ELEMENT_OFFSET(stride)]), out + i, part);
    }
#else
    const ulong end = min(count, ((ulong)GROUP_ID(0) + 1) * chunk);
    for (ulong i = (ulong)GROUP_ID(0) * chunk, done; i < end; i += done) {
        COORDINATES(i);
        const ulong run = min(shape4 - c4, end - i);
        if (run < WIDTH || stride4 > 1) {
            done = min((ulong)WIDTH, end - i);
            const real right = load_broadcast(b, done, c0, c1, c2, c3, c4, shape1, shape2, shape3, shape4, stride0, stride1, stride2, stride3, stride4);
            store_part(operate_usual(OPERATION, load_part(a + i, done, 1.0f), right), out + i, done);
            continue;
        }
        const global float *from = b + ELEMENT_OFFSET(stride);
        for (done = 0; done + WIDTH <= run; done += WIDTH) {
            const real right = stride4 ? LOAD(global, from + done) : (real)(*from);
            STORE(global, out + i + done, operate_usual(OPERATION, LOAD(global, a + i + done), right));
        }
    }
#endif
}
