/* SPDX-License-Identifier: MIT */
/*
 * The sigmoid and tanh of whole vectors, by what each instruction set has: half as many instructions as the compiler
 * makes of loops over elementary.h, whose approximations these are. Errors likewise, held by the same test: sigmoid 2.5
 * units of the last place of a normal result, tanh 3.
 */
#ifndef SOMA_DEVICE_CPU_VECTORS_H
#define SOMA_DEVICE_CPU_VECTORS_H

#include "device/cpu/rows.h"

/* The smaller one of x and a bound, and the larger one; NaN stays. */
SOMA_MATH soma_vector soma_vector_at_most(soma_vector x, float bound) {
#if defined(__AVX512F__)
    return (soma_vector)_mm512_min_ps(_mm512_set1_ps(bound), (__m512)x);
#elif defined(__AVX2__)
    return (soma_vector)_mm256_min_ps(_mm256_set1_ps(bound), (__m256)x);
#else
    return soma_vector_select(x > bound, soma_vector_of(bound), x);
#endif
}
SOMA_MATH soma_vector soma_vector_at_least(soma_vector x, float bound) {
#if defined(__AVX512F__)
    return (soma_vector)_mm512_max_ps(_mm512_set1_ps(bound), (__m512)x);
#elif defined(__AVX2__)
    return (soma_vector)_mm256_max_ps(_mm256_set1_ps(bound), (__m256)x);
#else
    return soma_vector_select(x < bound, soma_vector_of(bound), x);
#endif
}

/* x = whole ln 2 + rest. */
typedef struct soma_vector_reduced {
    soma_vector whole, rest;
} soma_vector_reduced;

SOMA_MATH soma_vector_reduced soma_vector_reduce(soma_vector x) {
#if defined(__AVX512F__)
    const soma_vector whole = (soma_vector)_mm512_roundscale_ps((__m512)(x * SOMA_LOG2E), 0);
#else
    const soma_vector whole = (x * SOMA_LOG2E + SOMA_ROUNDER) - SOMA_ROUNDER;
#endif
    return (soma_vector_reduced){whole, x - whole * SOMA_LN2_HIGH - whole * SOMA_LN2_LOW};
}

/* x 2^whole, where whole is between -126 and 128; 2^128 may be infinity. */
SOMA_MATH soma_vector soma_vector_scale(soma_vector x, soma_vector whole) {
#if defined(__AVX512F__)
    return (soma_vector)_mm512_scalef_ps((__m512)x, (__m512)whole);
#else
    /* Unsigned, so that a NaN's bits do no harm. */
    typedef uint32_t bits __attribute__((vector_size(SOMA_LANES * 4)));
    return x * (soma_vector)(((bits)(whole + SOMA_ROUNDER) + 127u) << 23);
#endif
}

/* (e^r - 1 - r) / r^2, as in soma_expm1f(). */
SOMA_MATH soma_vector soma_vector_expm1_rest(soma_vector r) {
    soma_vector q = 0.000199625239f * r + 0.00139433669f;
    q = q * r + 0.00833321922f;
    q = q * r + 0.0416663252f;
    q = q * r + 0.166666672f;
    return q * r + 0.5f;
}

/* 1 / (1 + e^-x); of what is below the smallest normal number, 0 or about that number. */
SOMA_MATH soma_vector soma_vector_sigmoid(soma_vector x) {
    /* e^89 is infinity, as is that of all above, and 1 + e^-87 is 1. */
    const soma_vector_reduced r = soma_vector_reduce(soma_vector_at_least(soma_vector_at_most(-x, 89.0f), -87.0f));
    /* (e^r - 1 - r) / r^2, as in soma_expf() */
    soma_vector q = 0.00138143904f * r.rest + 0.00836881716f;
    q = q * r.rest + 0.0416683964f;
    q = q * r.rest + 0.166665196f;
    q = q * r.rest + 0.49999994f;
    const soma_vector power = (q * r.rest * r.rest + r.rest) + 1.0f;
    return 1.0f / (1.0f + soma_vector_scale(power, r.whole));
}

SOMA_MATH soma_vector soma_vector_tanh(soma_vector x) {
    const soma_mask sign = (soma_mask)soma_vector_of(-0.0f);
    const soma_vector size = (soma_vector)((soma_mask)x & ~sign);
    const soma_vector_reduced r = soma_vector_reduce(soma_vector_at_most(size + size, 20.0f)); /* tanh 10 rounds to 1 */
    const soma_vector p = soma_vector_expm1_rest(r.rest) * r.rest * r.rest + r.rest;
    const soma_vector scale = soma_vector_scale(soma_vector_of(1.0f), r.whole), e = scale * p + (scale - 1.0f);
    return (soma_vector)((soma_mask)(e / (e + 2.0f)) | ((soma_mask)x & sign));
}

#endif
