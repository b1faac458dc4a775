/* SPDX-License-Identifier: MIT */
/* For tests of the reference: calls on arrays of the test's own, and what they must give. */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include "device/reference/reference.h"

#include "expect.h"
#include <stdlib.h>

#define EXACTLY  0.0
#define ROUNDING 1e-14 /* a few operations in float64 */

static inline soma_view f64(double *values, uint32_t rank, const size_t *shape) {
    return soma_view_of(values, 0, SOMA_F64, rank, shape);
}
#define F64(values, ...) f64(values, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (size_t[]){__VA_ARGS__})
#define NONE             soma_view_absent()

static inline void run(soma_call call) {
    expect_ok(soma_reference_run(&call));
}

static inline void expect_values(const double *found, const double *expected, size_t count, double tolerance,
                                 const char *what) {
    for (size_t i = 0; i < count; i++) {
        bool same = isnan(expected[i]) ? isnan(found[i])
                                       : found[i] == expected[i] ||
                                             fabs(found[i] - expected[i]) <= tolerance * fmax(1.0, fabs(expected[i]));
        ck_assert_msg(same, "%s: element %zu is %.17g, expected %.17g", what, i, found[i], expected[i]);
    }
}
#define EXPECT_VALUES(found, tolerance, ...)                                                                           \
    expect_values(found, (const double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double), tolerance,   \
                  __func__)

static inline soma_view classes(int32_t *numbers, size_t count) {
    return soma_view_of(numbers, 0, SOMA_I32, 1, &count);
}

static inline void expect_value(double found, double expected, double tolerance, const char *what) {
    bool same = isnan(expected) ? isnan(found) : fabs(found - expected) <= tolerance * fmax(1.0, fabs(expected));
    ck_assert_msg(same, "%s: found %.17g, expected %.17g", what, found, expected);
}

/* f(x) */
static inline double apply(soma_function function, double x, double a, double b) {
    double y;
    run(soma_call_unary(F64(&x, 1), F64(&y, 1), (soma_unary_params){function, (float)a, (float)b}));
    return y;
}

#endif
