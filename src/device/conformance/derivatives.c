/* SPDX-License-Identifier: MIT */
/* Error bounds of the derivatives of the functions of one number. */
#include "device/conformance/function_parts.h"

/* P(X <= x) + x p(x) of the standard normal distribution */
static soma_bounded gelu_derivative(soma_bounded x) {
    soma_bounded square = multiply(multiply(exact(-0.5), x), x);
    soma_bounded density = multiply(multiply(x, soma_constant(0.3989422804014327)), soma_bounded_exp(square));
    return add(multiply(exact(0.5), twice_normal_cdf(x)), density);
}

/* s + x s (1 - s) */
static soma_bounded silu_derivative(soma_bounded x) {
    soma_bounded s = soma_bounded_sigmoid(x);
    return add(s, multiply(multiply(x, s), subtract(ONE, s)));
}

/* By the sign of v; NaN for NaN. */
static soma_bounded by_sign(double v, soma_bounded positive, soma_bounded zero, soma_bounded negative) {
    return v > 0.0 ? positive : v < 0.0 ? negative : v == 0.0 ? zero : exact(v);
}

soma_bounded soma_bounded_derivative(soma_function function, double v, double a, double b) {
    soma_bounded given = exact(v), zero = exact(0.0);
    switch (function) {
    case SOMA_IDENTITY:
        return ONE;
    case SOMA_LINEAR:
        return exact(a);
    case SOMA_SIGMOID:
        return multiply(given, subtract(ONE, given));
    case SOMA_TANH:
        return subtract(ONE, multiply(given, given));
    case SOMA_STEP:
        return zero;
    case SOMA_RELU:
        return by_sign(v, ONE, zero, zero);
    case SOMA_LEAKY_RELU:
        return by_sign(v, exact(a), exact(b), exact(b));
    case SOMA_ELU:
        return by_sign(v, ONE, exact(a), add(given, exact(a)));
    case SOMA_SELU:
        return by_sign(v, soma_constant(selu_scale), selu_factor(), add(given, selu_factor()));
    case SOMA_SOFTPLUS:
        return negate(soma_bounded_expm1(negate(given)));
    case SOMA_GELU:
        return gelu_derivative(given);
    case SOMA_SILU:
        return silu_derivative(given);
    case SOMA_HARD_SIGMOID:
        return isnan(v) ? given : exact(v > 0.0 && v < 1.0 ? a : 0.0);
    case SOMA_EXP:
        return given;
    case SOMA_LOG:
        return divide(ONE, given);
    case SOMA_SQRT:
        return divide(exact(0.5), given);
    case SOMA_ABS:
        return by_sign(v, ONE, zero, exact(-1.0));
    case SOMA_SQUARE:
        return multiply(exact(2.0), given);
    case SOMA_FUNCTION_COUNT:
    case SOMA_SOFTMAX:
        break;
    }
    return exact(NAN);
}
