/* SPDX-License-Identifier: MIT */
/*
 * The functions of functions.h over `real`. The build option FUNCTION names the row that a program applies:
 * apply(x, a, b) is f(x), derivative(v, a, b) is f' from the value that the row says.
 */
#ifndef SOMA_KERNELS_APPLY_H
#define SOMA_KERNELS_APPLY_H

#include "opencl.h"
#include "functions.h"

#define FUNCTION_ROW(name, from_output, f, df)                                                                         \
    static real apply_##name(real x, real a, real b) { return f; }                                                     \
    static real derivative_##name(real v, real a, real b) { return df; }
SOMA_FUNCTION_TABLE(FUNCTION_ROW)

#define apply(x, a, b) PASTE(apply_, FUNCTION)(x, a, b)
#define derivative(v, a, b) PASTE(derivative_, FUNCTION)(v, a, b)

/*
 * dy f'. Mesa's compiler takes x * 0 for 0, which is wrong where x is not finite; the one function whose derivative is 0 all over
 * keeps it from seeing that.
 */
#define IS_FLAT_STEP 1
static real chain(real dy, real v, real a, real b) {
#if PASTE(IS_FLAT_, FUNCTION)
    const volatile real slope = derivative(v, a, b);
#else
    const real slope = derivative(v, a, b);
#endif
    return dy * slope;
}

#endif
