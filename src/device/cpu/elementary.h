/* SPDX-License-Identifier: MIT */
/*
 * Elementary functions in float32, free of branches and calls, so that a compiler turns a loop over them into vector
 * code.
 *
 * Errors against the exact value, in units of the last place of a normal result (tests/test_cpu_elementary.c holds them
 * over the whole range, in the plain, the AVX2 and the AVX-512 build):
 *
 *   soma_expf 1    soma_expm1f 1.5    soma_logf 1    soma_log1pf 1.5    soma_tanhf 3    soma_erff 2.5
 *
 * Results below FLT_MIN are rounded like any other (no flush to zero), with an absolute error of at most one subnormal
 * step. NaN gives NaN; infinities and zeros give the limits that C's functions have, but for the sign of zero.
 *
 * The coefficients are minimax approximations by Remez' exchange algorithm, found for this file; the comment beside
 * each tells what is approximated, where, and how well before rounding.
 */
#ifndef SOMA_DEVICE_CPU_ELEMENTARY_H
#define SOMA_DEVICE_CPU_ELEMENTARY_H

#include "kernels/erf.h"

#include <stdint.h>
#include <string.h>

#define SOMA_MATH static inline __attribute__((always_inline))

SOMA_MATH uint32_t soma_float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

SOMA_MATH float soma_bits_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define SOMA_LOG2E 1.44269504088896f
/* ln 2 in two parts; the first has few enough bits that its product with an exponent is exact. */
#define SOMA_LN2_HIGH 0.693359375f
#define SOMA_LN2_LOW  -2.12194440054690583e-4f
/* 1.5 * 2^23: adding it rounds to a whole number, which then stands in the low bits. */
#define SOMA_ROUNDER 12582912.0f

/* 2^n for n in [-126, 127], given as the bits of n + SOMA_ROUNDER. Unsigned, so that a NaN's bits do no harm. */
SOMA_MATH float soma_power_of_two(uint32_t n) {
    return soma_bits_float((n + 127u) << 23);
}

/* The whole number nearest to x / ln 2, as a float and as an integer (modulo 2^32), and the rest of x. */
typedef struct soma_reduced {
    float rest;
    uint32_t n;
} soma_reduced;

SOMA_MATH soma_reduced soma_reduce_ln2(float x) {
    float shifted = x * SOMA_LOG2E + SOMA_ROUNDER, whole = shifted - SOMA_ROUNDER;
    soma_reduced reduced = {x - whole * SOMA_LN2_HIGH - whole * SOMA_LN2_LOW,
                            soma_float_bits(shifted) - soma_float_bits(SOMA_ROUNDER)};
    return reduced;
}

/* (e^r - 1 - r) / r^2 on [-0.3471, 0.3471], of numbers and of vectors of them (vectors.h); relative to e^r: 2^-28.2; to
 * e^r - 1: 2^-31.7. */
#define SOMA_EXP_REST(r)                                                                                               \
    ((((0.00138143904f * (r) + 0.00836881716f) * (r) + 0.0416683964f) * (r) + 0.166665196f) * (r) + 0.49999994f)
#define SOMA_EXPM1_REST(r)                                                                                             \
    (((((0.000199625239f * (r) + 0.00139433669f) * (r) + 0.00833321922f) * (r) + 0.0416663252f) * (r) +                \
      0.166666672f) *                                                                                                  \
         (r) +                                                                                                         \
     0.5f)

SOMA_MATH float soma_expf(float x) {
    /* Outside these bounds the result is 0 or infinity, as it is at them. Written so that NaN goes through. */
    float bounded = x > 89.0f ? 89.0f : x;
    bounded = bounded < -104.0f ? -104.0f : bounded;
    soma_reduced r = soma_reduce_ln2(bounded);
    float p = (SOMA_EXP_REST(r.rest) * r.rest * r.rest + r.rest) + 1.0f;
    /* Two steps: 2^n itself may be out of range where the result is not. */
    uint32_t half = (uint32_t)((int32_t)r.n >> 1);
    return p * soma_power_of_two(half) * soma_power_of_two(r.n - half);
}

SOMA_MATH float soma_expm1f(float x) {
    float bounded = x > 89.0f ? 89.0f : x;
    bounded = bounded < -18.0f ? -18.0f : bounded;
    soma_reduced r = soma_reduce_ln2(bounded);
    float p = SOMA_EXPM1_REST(r.rest) * r.rest * r.rest + r.rest;
    /* 2^n p + (2^n - 1), with one factor of 2 held back, since 2^128 is out of range. */
    float scale = soma_power_of_two(r.n - 1u);
    return (scale * p + (scale - 0.5f)) * 2.0f;
}

/* ln(m (1 + c)) + n ln 2 for m in [sqrt 1/2, sqrt 2) and a tiny c, where f = m (1 + c) - 1. */
SOMA_MATH float soma_log_parts(float f, float n) {
    /* (ln(1 + f) - f + f^2 / 2) / f^3 on [sqrt 1/2 - 1, sqrt 2 - 1]; relative to ln(1 + f): 2^-27.3 */
    float p = -0.0763456374f;
    p = p * f + 0.127616122f;
    p = p * f - 0.131601736f;
    p = p * f + 0.142017528f;
    p = p * f - 0.166233584f;
    p = p * f + 0.200012267f;
    p = p * f - 0.250008196f;
    p = p * f + 0.333333313f;
    float square = f * f;
    float small = p * f * square + n * SOMA_LN2_LOW;
    return n * SOMA_LN2_HIGH + (f + (small - 0.5f * square));
}

/* The exponent n that puts x / 2^n into [sqrt 1/2, sqrt 2), modulo 2^32; x positive and normal. */
#define SOMA_SQRT_HALF_BITS 0x3f3504f3u
SOMA_MATH uint32_t soma_log_exponent(float x) {
    return (uint32_t)((int32_t)(soma_float_bits(x) - SOMA_SQRT_HALF_BITS) >> 23);
}

SOMA_MATH float soma_logf(float x) {
    int subnormal = x < 1.17549435e-38f;
    float normal = subnormal ? x * 8388608.0f : x;
    uint32_t n = soma_log_exponent(normal);
    float f = soma_bits_float(soma_float_bits(normal) - (n << 23)) - 1.0f;
    float y = soma_log_parts(f, (float)(int32_t)n - (subnormal ? 23.0f : 0.0f));
    y = x > 0.0f ? y : (x == 0.0f ? -__builtin_inff() : __builtin_nanf(""));
    return x < __builtin_inff() ? y : x; /* infinity, NaN */
}

SOMA_MATH float soma_log1pf(float x) {
    float u = 1.0f + x;
    uint32_t n = soma_log_exponent(u);
    float scale =
        (int32_t)n > 126 ? 0.0f : soma_bits_float((127u - n) << 23); /* 2^-n, or 0 where it would not matter */
    /* What the sum above lost. */
    float lost = x > 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
    float f = (soma_bits_float(soma_float_bits(u) - (n << 23)) - 1.0f) + lost * scale;
    float y = soma_log_parts(f, (float)(int32_t)n);
    y = x > -1.0f ? y : (x == -1.0f ? -__builtin_inff() : __builtin_nanf(""));
    return x < __builtin_inff() ? y : x;
}

SOMA_MATH float soma_absf(float x) {
    return soma_bits_float(soma_float_bits(x) & 0x7fffffffu);
}
SOMA_MATH float soma_copysignf(float x, float sign) {
    return soma_bits_float((soma_float_bits(x) & 0x7fffffffu) | (soma_float_bits(sign) & 0x80000000u));
}

SOMA_MATH float soma_tanhf(float x) {
    float size = soma_absf(x), bounded = size > 10.0f ? 10.0f : size; /* tanh 10 rounds to 1 */
    float e = soma_expm1f(2.0f * bounded);
    return soma_copysignf(e / (e + 2.0f), x);
}

SOMA_MATH float soma_erff(float x) {
    float size = soma_absf(x), bounded = size > SOMA_ERF_END ? SOMA_ERF_END : size;
    float near = SOMA_ERF_NEAR(bounded * bounded) * bounded, far = 1.0f - soma_expf(SOMA_ERF_FAR(bounded));
    return soma_copysignf(size < 1.0f ? near : far, x);
}

#endif
