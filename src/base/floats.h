/* SPDX-License-Identifier: MIT */
/* Floating-point formats of files that C has no type for, as float32, which holds each of their values exactly. */
#ifndef SOMA_BASE_FLOATS_H
#define SOMA_BASE_FLOATS_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
static inline float soma_float_of_half(uint16_t half) {
    int exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    float magnitude;
    if (exponent == 0x1F)
        magnitude = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexpf((float)fraction, -24); /* subnormal */
    else
        magnitude = ldexpf((float)(0x400 | fraction), exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

/* The nearest, of two the even one; infinity from 65520 on. */
static inline uint16_t soma_half_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    const uint32_t magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return sign | 0x7E00;                                         /* NaN */
    if (magnitude >= 0x477FF000) return sign | 0x7C00;                                        /* from 65520 on */
    if (magnitude < 0x38800000) return sign | (uint16_t)lrintf(ldexpf(fabsf(value), 24));     /* below 2^-14 */
    return sign | (uint16_t)((magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x38000000) >> 13); /* 13 bits fewer */
}

/* bfloat16: the upper half of a float32. */
static inline float soma_float_of_bfloat(uint16_t upper) {
    uint32_t bits = (uint32_t)upper << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Whether float32 makes an infinity of a number that is none. Readers refuse such a one by name. */
static inline bool soma_is_beyond_float(double value) {
    return fabs(value) <= DBL_MAX && fabs(value) >= 0x1.ffffffp127; /* halfway between FLT_MAX and 2^128 */
}
#define SOMA_BEYOND_FLOAT "float32, in which soma computes, ends at 3.40282e+38"

#endif
