/* SPDX-License-Identifier: MIT */
/* Error bounds of the functions of one number. */
#include "device/conformance/functions.h"

#define add      soma_bounded_add
#define subtract soma_bounded_subtract
#define multiply soma_bounded_multiply
#define divide   soma_bounded_divide
#define negate   soma_bounded_negate
#define exact    soma_exact
#define ONE      soma_exact(1.0)

static const double selu_scale = 1.0507009873554805, selu_alpha = 1.6732632423543772;

/* 1 / (1 + e^-x) */
soma_bounded soma_bounded_sigmoid(soma_bounded x) {
    return divide(ONE, add(ONE, soma_bounded_exp(negate(x))));
}

/* 1 + erf(x / sqrt 2) */
static soma_bounded twice_normal_cdf(soma_bounded x) {
    return add(ONE, soma_bounded_erf(multiply(x, soma_constant(M_SQRT1_2))));
}

static soma_bounded step(soma_bounded x) {
    if (isnan(x.value)) return x;
    /* Within its error of the step, x may be on either side. */
    return (soma_bounded){x.value < 0.0 ? 0.0 : 1.0, x.error > 0.0 && fabs(x.value) <= x.error ? 1.0 : 0.0};
}

/* Two continuous pieces that meet at 0, where x's error may put it on the other one: whose slope is then at most
 * `slope`. */
static soma_bounded pieces(soma_bounded x, soma_bounded right, soma_bounded left, double slope) {
    soma_bounded y = x.value > 0.0 ? right : left;
    if (x.error > 0.0 && fabs(x.value) <= x.error) y.error = fmax(fmax(left.error, right.error), slope * x.error);
    return y;
}

static soma_bounded leaky_relu(soma_bounded x, double a, double b) {
    return pieces(x, multiply(exact(a), x), multiply(exact(b), x), fmax(fabs(a), fabs(b)));
}

static soma_bounded elu(soma_bounded x, double a) {
    return pieces(x, x, multiply(exact(a), soma_bounded_expm1(x)), fmax(1.0, a));
}

static soma_bounded selu_factor(void) {
    return multiply(soma_constant(selu_scale), soma_constant(selu_alpha));
}

static soma_bounded selu(soma_bounded x) {
    return pieces(x, multiply(soma_constant(selu_scale), x), multiply(selu_factor(), soma_bounded_expm1(x)),
                  selu_scale * selu_alpha);
}

/* max(x, 0) + ln(1 + e^-|x|) */
static soma_bounded softplus(soma_bounded x) {
    soma_bounded rest = soma_bounded_log1p(soma_bounded_exp(negate(soma_bounded_abs(x))));
    return add(soma_bounded_at_least(x, 0.0), rest);
}

static soma_bounded hard_sigmoid(soma_bounded x, double a, double b) {
    return soma_bounded_at_least(soma_bounded_at_most(add(multiply(exact(a), x), exact(b)), 1.0), 0.0);
}

soma_bounded soma_bounded_function(soma_function function, soma_bounded x, double a, double b) {
    switch (function) {
    case SOMA_IDENTITY:
        return x;
    case SOMA_LINEAR:
        return multiply(exact(a), x);
    case SOMA_SIGMOID:
        return soma_bounded_sigmoid(x);
    case SOMA_TANH:
        return soma_bounded_tanh(x);
    case SOMA_STEP:
        return step(x);
    case SOMA_RELU:
        return soma_bounded_at_least(x, 0.0);
    case SOMA_LEAKY_RELU:
        return leaky_relu(x, a, b);
    case SOMA_ELU:
        return elu(x, a);
    case SOMA_SELU:
        return selu(x);
    case SOMA_SOFTPLUS:
        return softplus(x);
    case SOMA_GELU:
        return multiply(multiply(exact(0.5), x), twice_normal_cdf(x));
    case SOMA_SILU:
        return divide(x, add(ONE, soma_bounded_exp(negate(x))));
    case SOMA_HARD_SIGMOID:
        return hard_sigmoid(x, a, b);
    case SOMA_EXP:
        return soma_bounded_exp(x);
    case SOMA_LOG:
        return soma_bounded_log(x);
    case SOMA_SQRT:
        return soma_bounded_sqrt(x);
    case SOMA_ABS:
        return soma_bounded_abs(x);
    case SOMA_SQUARE:
        return multiply(x, x);
    case SOMA_FUNCTION_COUNT:
    case SOMA_SOFTMAX:
        break;
    }
    return exact(NAN);
}

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
