/* SPDX-License-Identifier: MIT */
/* Sums, maxima and such over a row of numbers, by vectors: rows may be as short as a network has classes. */
#ifndef SOMA_DEVICE_CPU_ROWS_H
#define SOMA_DEVICE_CPU_ROWS_H

#include "device/cpu/kernels.h"

typedef int32_t soma_mask __attribute__((vector_size(SOMA_LANES * 4)));

SOMA_MATH soma_vector soma_vector_of(float value) {
    return value - (soma_vector){0};
}

/* a where the mask is set, else b. */
SOMA_MATH soma_vector soma_vector_select(soma_mask mask, soma_vector a, soma_vector b) {
    return (soma_vector)((mask & (soma_mask)a) | (~mask & (soma_mask)b));
}

SOMA_MATH soma_mask soma_vector_is_nan(soma_vector v) {
    soma_vector same = v;
    return v != same;
}

/* The larger one and the smaller one; b where either is NaN, or where they are equal. By what the instruction sets
 * have: compilers make three instructions of the comparison. */
SOMA_MATH soma_vector soma_vector_max(soma_vector a, soma_vector b) {
#if defined(__AVX512F__)
    return (soma_vector)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (soma_vector)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return soma_vector_select(a > b, a, b);
#endif
}
SOMA_MATH soma_vector soma_vector_min(soma_vector a, soma_vector b) {
#if defined(__AVX512F__)
    return (soma_vector)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (soma_vector)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return soma_vector_select(a < b, a, b);
#endif
}

/* 0, 1, 2, ... */
SOMA_MATH soma_mask soma_lane_numbers(void) {
    soma_mask lane;
    /* cppcheck-suppress uninitvar ; the loop gives every lane its value, which is not seen through a vector type */
    for (int i = 0; i < SOMA_LANES; i++) lane[i] = i;
    return lane;
}

/* The first `count` lanes as they are, the others `rest`. */
SOMA_MATH soma_vector soma_vector_fill(soma_vector value, size_t count, float rest) {
    return soma_vector_select(soma_lane_numbers() < (int32_t)count, value, soma_vector_of(rest));
}

/* Whether the mask is set in any lane. */
SOMA_MATH bool soma_mask_any(soma_mask mask) {
#if defined(__AVX512F__)
    return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_ps((__m256)mask) != 0;
#else
    int32_t any = 0;
    for (int i = 0; i < SOMA_LANES; i++) any |= mask[i];
    return any != 0;
#endif
}

/* Lane i becomes lane i ^ 1, i ^ 2, i ^ 4, i ^ 8. */
#if SOMA_LANES == 16
#define SOMA_SWAP_8(v) __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)
#define SOMA_SWAP_4(v) __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
#define SOMA_SWAP_2(v) __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define SOMA_SWAP_1(v) __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
#elif SOMA_LANES == 8
#define SOMA_SWAP_4(v) __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3)
#define SOMA_SWAP_2(v) __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5)
#define SOMA_SWAP_1(v) __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6)
#else
#define SOMA_SWAP_2(v) __builtin_shufflevector(v, v, 2, 3, 0, 1)
#define SOMA_SWAP_1(v) __builtin_shufflevector(v, v, 1, 0, 3, 2)
#endif

SOMA_MATH float soma_vector_sum(soma_vector v) {
#if SOMA_LANES == 16
    v += SOMA_SWAP_8(v);
#endif
#if SOMA_LANES >= 8
    v += SOMA_SWAP_4(v);
#endif
    v += SOMA_SWAP_2(v);
    v += SOMA_SWAP_1(v);
    return v[0];
}

SOMA_MATH float soma_vector_highest(soma_vector v) {
#if SOMA_LANES == 16
    v = soma_vector_max(v, SOMA_SWAP_8(v));
#endif
#if SOMA_LANES >= 8
    v = soma_vector_max(v, SOMA_SWAP_4(v));
#endif
    v = soma_vector_max(v, SOMA_SWAP_2(v));
    v = soma_vector_max(v, SOMA_SWAP_1(v));
    return v[0];
}

/* NaN is passed over: who needs it finds it in the sum. -infinity for an empty row. */
SOMA_MATH float soma_row_max(const float *x, size_t count) {
    soma_vector max = soma_vector_of(-__builtin_inff());
    size_t i = 0;
    for (; i + SOMA_LANES <= count; i += SOMA_LANES) max = soma_vector_max(*(const soma_vector *)(x + i), max);
    if (i < count)
        max = soma_vector_max(soma_vector_fill(soma_load_lanes(x + i, count - i), count - i, -__builtin_inff()), max);
    return soma_vector_highest(max);
}

SOMA_MATH float soma_row_sum(const float *x, size_t count) {
    soma_vector sum[2] = {{0}};
    size_t i = 0;
    for (; i + 2 * SOMA_LANES <= count; i += 2 * SOMA_LANES)
        for (int j = 0; j < 2; j++) sum[j] += ((const soma_vector *)(x + i))[j];
    for (; i < count; i += SOMA_LANES) sum[0] += soma_load_lanes(x + i, SOMA_MIN(count - i, (size_t)SOMA_LANES));
    return soma_vector_sum(sum[0] + sum[1]);
}

SOMA_MATH float soma_row_dot(const float *x, const float *y, size_t count) {
    soma_vector sum = {0};
    for (size_t i = 0; i < count; i += SOMA_LANES) {
        size_t lanes = SOMA_MIN(count - i, (size_t)SOMA_LANES);
        sum += soma_load_lanes(x + i, lanes) * soma_load_lanes(y + i, lanes);
    }
    return soma_vector_sum(sum);
}

/* Whole vectors where the row is long, masked ones at its end. In place or not. */
SOMA_MATH void soma_row_add(const float *x, float value, float *out, size_t count) {
    for (size_t i = 0; i < count; i += SOMA_LANES) {
        size_t lanes = SOMA_MIN(count - i, (size_t)SOMA_LANES);
        soma_store_lanes(out + i, soma_load_lanes(x + i, lanes) + value, lanes);
    }
}

SOMA_MATH void soma_row_multiply(const float *x, float factor, float *out, size_t count) {
    for (size_t i = 0; i < count; i += SOMA_LANES) {
        size_t lanes = SOMA_MIN(count - i, (size_t)SOMA_LANES);
        soma_store_lanes(out + i, soma_load_lanes(x + i, lanes) * factor, lanes);
    }
}

SOMA_MATH void soma_row_divide(const float *x, float divisor, float *out, size_t count) {
    for (size_t i = 0; i < count; i += SOMA_LANES) {
        size_t lanes = SOMA_MIN(count - i, (size_t)SOMA_LANES);
        soma_store_lanes(out + i, soma_load_lanes(x + i, lanes) / divisor, lanes);
    }
}

/*
 * Defines name(arguments, count), the sum of `term`, an expression in i. The terms are made in a loop of their own, of
 * which the compiler makes vectors, and then summed.
 */
#define SOMA_ROW_TERMS 256
#define SOMA_ROW_SUM(name, arguments, term)                                                                            \
    static float name(arguments, size_t count) {                                                                       \
        float terms[SOMA_ROW_TERMS], sum = 0.0f;                                                                       \
        for (size_t at = 0; at < count; at += SOMA_ROW_TERMS) {                                                        \
            size_t part = SOMA_MIN(count - at, (size_t)SOMA_ROW_TERMS);                                                \
            SOMA_INDEPENDENT                                                                                           \
            for (size_t l = 0; l < part; l++) {                                                                        \
                size_t i = at + l;                                                                                     \
                terms[l] = term;                                                                                       \
            }                                                                                                          \
            sum += soma_row_sum(terms, part);                                                                          \
        }                                                                                                              \
        return sum;                                                                                                    \
    }
#define SOMA_ARGUMENTS(...) __VA_ARGS__

/* A loop, since the compiler can make vectors of EXP. */
__attribute__((unused)) static void soma_row_exp(const float *x, float *out, size_t count) {
    SOMA_INDEPENDENT
    for (size_t i = 0; i < count; i++) out[i] = EXP(x[i]);
}

/*
 * Short rows are taken in groups, so that one pass of e^x over all of them keeps the vectors full. The result goes to
 * another place than where the rows come from: a masked vector that was just written holds up the next one read, even
 * where they only touch.
 */
#define SOMA_GROUP_ROWS   64
#define SOMA_GROUP_FLOATS 2048

/* Rows of a group; those too long for a buffer come one by one. */
SOMA_MATH size_t soma_group_size(size_t length) {
    return SOMA_MIN(SOMA_MAX((size_t)1, SOMA_GROUP_FLOATS / SOMA_MAX((size_t)1, length)), (size_t)SOMA_GROUP_ROWS);
}

/* The maximum of each row, and e^(x - max) of all of them. */
__attribute__((unused)) static void soma_group_exp(const float *x, size_t rows, size_t length, float *max, float *e) {
    for (size_t i = 0; i < rows; i++) {
        max[i] = soma_row_max(x + i * length, length);
        soma_row_add(x + i * length, -max[i], e + i * length, length);
    }
    soma_row_exp(e, e, rows * length);
}

#endif
