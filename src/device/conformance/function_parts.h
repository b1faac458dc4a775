/* SPDX-License-Identifier: MIT */
/* What the functions of one number and their derivatives are both made of. */
#ifndef SOMA_DEVICE_CONFORMANCE_FUNCTION_PARTS_H
#define SOMA_DEVICE_CONFORMANCE_FUNCTION_PARTS_H

#include "device/conformance/functions.h"

#define add      soma_bounded_add
#define subtract soma_bounded_subtract
#define multiply soma_bounded_multiply
#define divide   soma_bounded_divide
#define negate   soma_bounded_negate
#define exact    soma_exact
#define ONE      soma_exact(1.0)

static const double selu_scale = 1.0507009873554805, selu_alpha = 1.6732632423543772;

/* 1 + erf(x / sqrt 2) */
static inline soma_bounded twice_normal_cdf(soma_bounded x) {
    return add(ONE, soma_bounded_erf(multiply(x, soma_constant(M_SQRT1_2))));
}

static inline soma_bounded selu_factor(void) {
    return multiply(soma_constant(selu_scale), soma_constant(selu_alpha));
}

#endif
