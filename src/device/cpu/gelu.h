/* SPDX-License-Identifier: MIT */
/*
 * GELU x Phi(x) and its derivative Phi(x) + x phi(x), Phi and phi being the normal distribution and its density, as
 * the rows of soma/functions.h have them by erf. With t = |x| and e = exp(-t^2 / 2), Phi(-t) = e (1/2 + t r(t)), where
 * r is smooth: so either takes one polynomial and one exponential instead of two polynomials and one or two
 * exponentials.
 *
 * Absolute errors: of GELU 1.1e-7 |x|, of the derivative 1.7e-7, and near 0 one unit of its last place.
 */
#ifndef SOMA_DEVICE_CPU_GELU_H
#define SOMA_DEVICE_CPU_GELU_H

#include "device/cpu/kernels.h"

/* (e^(t^2 / 2) Phi(-t) - 1/2) / t about the middle of [0, 5.2]: a minimax approximation there, whose error times
 * t e^(-t^2 / 2) is 2^-26 at most. Further out e^(-t^2 / 2) is below 2^-19.5. */
SOMA_MATH float gelu_tail(float t) {
    const float s = (t > 5.2f ? 5.2f : t) - 2.6f;
    float r = -4.57752037e-07f;
    r = r * s - 1.51731274e-06f;
    r = r * s - 2.31549484e-06f;
    r = r * s + 1.29746813e-05f;
    r = r * s - 1.34275288e-05f;
    r = r * s + 0.000124843311f;
    r = r * s - 0.000561503344f;
    r = r * s + 0.00230474584f;
    r = r * s - 0.00946702529f;
    r = r * s + 0.0371782817f;
    return r * s - 0.139652595f;
}

/* Where e is 0: what it is multiplied by is a number there, but for -infinity, which gives NaN by the formula, too. */
#define GELU_FAR 20.0f

SOMA_MATH float gelu(float x) {
    const float size = soma_absf(x), bounded = x > GELU_FAR ? GELU_FAR : size;
    const float q = 0.5f + (size > 5.2f ? 5.2f : size) * gelu_tail(size);
    return (x < 0.0f ? 0.0f : x) - bounded * q * soma_expf(-0.5f * x * x);
}

/* As its distance from 1/2, so that what is rounded is small near 0. */
SOMA_MATH float gelu_slope(float x) {
    const float inv_sqrt_2pi = 0.398942280f, size = soma_absf(x), e = soma_expf(-0.5f * x * x);
    const float distance = 0.5f * (1.0f - e) + e * (size * (inv_sqrt_2pi - gelu_tail(size)));
    return x < 0.0f ? 0.5f - distance : 0.5f + distance;
}

#endif
