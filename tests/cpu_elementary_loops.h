/* SPDX-License-Identifier: MIT */
/* The cpu device's elementary functions as loops, for the test of their errors. */
#ifndef SOMA_TESTS_CPU_ELEMENTARY_LOOPS_H
#define SOMA_TESTS_CPU_ELEMENTARY_LOOPS_H

#include <stddef.h>

#define ELEMENTARY_LIST(X) X(exp) X(expm1) X(log) X(log1p) X(tanh) X(erf)
/* Of whole vectors. */
#define ELEMENTARY_VECTORS(X) X(sigmoid) X(tanh)

typedef void elementary_loop(const float *x, float *y, size_t count);
typedef struct elementary_loops {
#define X(name) elementary_loop *name;
    ELEMENTARY_LIST(X)
#undef X
#define X(name) elementary_loop *vector_##name;
    ELEMENTARY_VECTORS(X)
#undef X
} elementary_loops;

#endif
