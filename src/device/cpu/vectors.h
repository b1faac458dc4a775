/* SPDX-License-Identifier: MIT */
/*
 * The sigmoid and tanh of whole vectors, by what each instruction set has: half as many instructions as the compiler
 * makes of loops over elementary.h, whose approximations these are. Errors likewise, held by the same test: sigmoid 2.5
 * units of the last place of a normal result, tanh 3.
 */
#ifndef SOMA_DEVICE_CPU_VECTORS_H
#define SOMA_DEVICE_CPU_VECTORS_H

#include "device/cpu/rows.h"

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

/* 1 / (1 + e^-x); of what is below the smallest normal number, 0 or about that number. */
SOMA_MATH soma_vector soma_vector_sigmoid(soma_vector x) {
    /* e^89 is infinity, as is that of all above, and 1 + e^-87 is 1. */
    const soma_vector_reduced r = soma_vector_reduce(
        soma_vector_max(soma_vector_of(-87.0f), soma_vector_min(soma_vector_of(89.0f), -x))); /* NaN stays */
    const soma_vector power = (SOMA_EXP_REST(r.rest) * r.rest * r.rest + r.rest) + 1.0f;
    return 1.0f / (1.0f + soma_vector_scale(power, r.whole));
}

SOMA_MATH soma_vector soma_vector_tanh(soma_vector x) {
    const soma_mask sign = (soma_mask)soma_vector_of(-0.0f);
    const soma_vector size = (soma_vector)((soma_mask)x & ~sign);
    const soma_vector_reduced r =
        soma_vector_reduce(soma_vector_min(soma_vector_of(20.0f), size + size)); /* tanh 10 rounds to 1, NaN stays */
    const soma_vector p = SOMA_EXPM1_REST(r.rest) * r.rest * r.rest + r.rest;
    const soma_vector scale = soma_vector_scale(soma_vector_of(1.0f), r.whole), e = scale * p + (scale - 1.0f);
    return (soma_vector)((soma_mask)(e / (e + 2.0f)) | ((soma_mask)x & sign));
}

#endif
