/* SPDX-License-Identifier: MIT */
/*
 * The functions of soma/functions.h over `real`, by number: FUNCTION_RELU and the like, which the library defines when it builds a program. Kernels
 * take the number as their argument `function` and use it as FUNCTION; the build option FIXED_FUNCTION makes it a constant.
 */
#ifndef SOMA_KERNELS_APPLY_H
#define SOMA_KERNELS_APPLY_H

#include "opencl.h"
#include "soma/functions.h"

#ifdef FIXED_FUNCTION
#define FUNCTION FIXED_FUNCTION
#else
#define FUNCTION function
#endif

static real apply(uint function, real x, real a, real b) {
    switch (function) {
#define ROW(NAME, name, from_output, f, derivative, ...)                                                                      \
    case FUNCTION_##NAME: return f;
        SOMA_FUNCTION_TABLE(ROW)
#undef ROW
    }
    return x;
}

/* The same where the number is an argument: the usual functions without a jump to one of all. */
static real apply_usual(uint function, real x, real a, real b) {
    if (function == FUNCTION_IDENTITY) return x;
    if (function == FUNCTION_RELU) return apply(FUNCTION_RELU, x, a, b);
    return apply(function, x, a, b);
}

/* f', from the value v that the function's row says. */
static real slope(uint function, real v, real a, real b) {
    switch (function) {
#define ROW(NAME, name, from_output, f, derivative, ...)                                                                      \
    case FUNCTION_##NAME: return derivative;
        SOMA_FUNCTION_TABLE(ROW)
#undef ROW
    }
    return v;
}

#define OR_IS(NAME) || function == FUNCTION_##NAME
/*
 * dy f'. Mesa's compiler takes x * 0 for 0, which is wrong where x is not finite; so nothing is multiplied by a derivative that is 0 all
 * over.
 */
static real chain(uint function, real dy, real v, real a, real b) {
    if (false SOMA_FLAT_FUNCTIONS(OR_IS)) return isfinite(dy) ? R(0.0) : (real)(NAN);
    return dy * slope(function, v, a, b);
}

#endif
