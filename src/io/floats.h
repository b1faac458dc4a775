/* SPDX-License-Identifier: MIT */
/* Floating-point formats of files that C has no type for, as float32, which holds each of their values exactly. */
#ifndef SOMA_IO_FLOATS_H
#define SOMA_IO_FLOATS_H

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
