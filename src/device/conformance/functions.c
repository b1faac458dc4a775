/* SPDX-License-Identifier: MIT */
/* Error bounds of the functions of one number. */
#include "device/conformance/function_parts.h"

/* 1 / (1 + e^-x) */
soma_bounded soma_bounded_sigmoid(soma_bounded x) {
    return divide(ONE, add(ONE, soma_bounded_exp(negate(x))));
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
