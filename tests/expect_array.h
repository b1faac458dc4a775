/* SPDX-License-Identifier: MIT */
/* Assertions on arrays that sessions give out. */
#ifndef SOMA_TESTS_EXPECT_ARRAY_H
#define SOMA_TESTS_EXPECT_ARRAY_H

#include "expect.h"

static inline void expect_shape(const soma_array *found, soma_dtype dtype, size_t rank, const int64_t *shape) {
    ck_assert_str_eq(soma_dtype_name(found->dtype), soma_dtype_name(dtype));
    ck_assert_uint_eq(found->rank, rank);
    for (size_t i = 0; i < rank; i++) ck_assert_uint_eq(found->shape[i], (size_t)shape[i]);
}

static inline void expect_floats(const soma_array *found, size_t rank, const int64_t *shape, const float *values) {
    size_t count = 1;
    expect_shape(found, SOMA_F32, rank, shape);
    for (size_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    for (size_t i = 0; i < count; i++) ck_assert_float_eq(((const float *)found->data)[i], values[i]);
}

#endif
