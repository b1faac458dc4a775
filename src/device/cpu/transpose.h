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

/* Sixteen rows of sixteen numbers, held in registers: each row is read but once, however few of them a set of the cache
 * holds. */
#if defined(__AVX512F__)
#define SOMA_TRANSPOSE_HEX 1
typedef float soma_hex __attribute__((vector_size(64), aligned(4), may_alias));

static inline __attribute__((always_inline)) void soma_transpose_hex(soma_hex row[16]) {
    soma_hex quad[16]; /* quad[4 g + c] has of rows 4 g to 4 g + 3 the columns c, 4 + c, 8 + c, 12 + c */
    for (int g = 0; g < 16; g += 4) {
        const soma_hex a = row[g], b = row[g + 1], c = row[g + 2], d = row[g + 3];
        soma_hex low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29),
                 high = __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31),
                 low2 = __builtin_shufflevector(c, d, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29),
                 high2 = __builtin_shufflevector(c, d, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
        quad[g] = __builtin_shufflevector(low, low2, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        quad[g + 1] = __builtin_shufflevector(low, low2, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        quad[g + 2] = __builtin_shufflevector(high, high2, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        quad[g + 3] = __builtin_shufflevector(high, high2, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
    for (int c = 0; c < 4; c++) {
        const soma_hex p = quad[c], q = quad[4 + c], r = quad[8 + c], s = quad[12 + c];
        /* halves of their four quads: the first and third, the second and fourth */
        soma_hex even = __builtin_shufflevector(p, q, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27),
                 odd = __builtin_shufflevector(p, q, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31),
                 even2 = __builtin_shufflevector(r, s, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27),
                 odd2 = __builtin_shufflevector(r, s, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
        row[c] = __builtin_shufflevector(even, even2, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        row[8 + c] = __builtin_shufflevector(even, even2, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
        row[4 + c] = __builtin_shufflevector(odd, odd2, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        row[12 + c] = __builtin_shufflevector(odd, odd2, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    }
}
#endif

#endif
