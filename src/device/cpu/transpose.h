/* SPDX-License-Identifier: MIT */
/* Rows become columns, four by four. */
#ifndef SOMA_DEVICE_CPU_TRANSPOSE_H
#define SOMA_DEVICE_CPU_TRANSPOSE_H

#include <stddef.h>

typedef float soma_quad __attribute__((vector_size(16), aligned(4), may_alias));

/* Four rows of four numbers become four columns. */
static inline void soma_transpose_quad(const float *from, size_t stride, float *to, size_t to_stride) {
    soma_quad r0 = *(const soma_quad *)from, r1 = *(const soma_quad *)(from + stride),
              r2 = *(const soma_quad *)(from + 2 * stride), r3 = *(const soma_quad *)(from + 3 * stride);
    soma_quad low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    soma_quad low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5), high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    *(soma_quad *)to = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    *(soma_quad *)(to + to_stride) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    *(soma_quad *)(to + 2 * to_stride) = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    *(soma_quad *)(to + 3 * to_stride) = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

#endif
