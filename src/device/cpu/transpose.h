/* SPDX-License-Identifier: MIT */
/* Rows become columns, four by four or eight by eight. */
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

/* Where vectors hold eight: twice as many for the same shuffles. */
#if defined(__AVX__)
#define SOMA_TRANSPOSE_OCT 1
typedef float soma_oct __attribute__((vector_size(32), aligned(4), may_alias));

static inline soma_oct soma_two_quads(const float *low, const float *high) {
    return __builtin_shufflevector(*(const soma_quad *)low, *(const soma_quad *)high, 0, 1, 2, 3, 4, 5, 6, 7);
}

/* Eight rows of eight numbers become eight columns. */
static inline void soma_transpose_oct(const float *from, size_t stride, float *to, size_t to_stride) {
    for (int half = 0; half < 2; half++, from += 4, to += 4 * to_stride) {
        soma_oct r0 = soma_two_quads(from, from + 4 * stride), r1 = soma_two_quads(from + stride, from + 5 * stride),
                 r2 = soma_two_quads(from + 2 * stride, from + 6 * stride),
                 r3 = soma_two_quads(from + 3 * stride, from + 7 * stride);
        soma_oct low01 = __builtin_shufflevector(r0, r1, 0, 8, 1, 9, 4, 12, 5, 13),
                 high01 = __builtin_shufflevector(r0, r1, 2, 10, 3, 11, 6, 14, 7, 15),
                 low23 = __builtin_shufflevector(r2, r3, 0, 8, 1, 9, 4, 12, 5, 13),
                 high23 = __builtin_shufflevector(r2, r3, 2, 10, 3, 11, 6, 14, 7, 15);
        *(soma_oct *)to = __builtin_shufflevector(low01, low23, 0, 1, 8, 9, 4, 5, 12, 13);
        *(soma_oct *)(to + to_stride) = __builtin_shufflevector(low01, low23, 2, 3, 10, 11, 6, 7, 14, 15);
        *(soma_oct *)(to + 2 * to_stride) = __builtin_shufflevector(high01, high23, 0, 1, 8, 9, 4, 5, 12, 13);
        *(soma_oct *)(to + 3 * to_stride) = __builtin_shufflevector(high01, high23, 2, 3, 10, 11, 6, 7, 14, 15);
    }
}
#endif

#endif
