/* SPDX-License-Identifier: MIT */
/* The functions of one number, and their derivatives, with error bounds. */
#ifndef SOMA_DEVICE_CONFORMANCE_UNARY_BOUNDS_H
#define SOMA_DEVICE_CONFORMANCE_UNARY_BOUNDS_H

#include "device/conformance/bounded.h"
#include <soma/base.h>

/*
 * By the formulas of soma/functions.h. That these are what they should be is not the business of devices:
 * tests/test_functions.c holds them against independent values, and each derivative against differences of its
 * function. `v` is what soma_function_grad_uses_output() says.
 */
soma_bounded soma_bounded_function(soma_function function, soma_bounded x, double a, double b);
soma_bounded soma_bounded_derivative(soma_function function, double v, double a, double b);

/* 1 / (1 + e^-x) */
soma_bounded soma_bounded_sigmoid(soma_bounded x);

#endif
