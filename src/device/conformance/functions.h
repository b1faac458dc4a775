/* SPDX-License-Identifier: MIT */
/* The functions of one number, and their derivatives, with error bounds. */
#ifndef SOMA_DEVICE_CONFORMANCE_FUNCTIONS_H
#define SOMA_DEVICE_CONFORMANCE_FUNCTIONS_H

#include "device/conformance/bounded.h"
#include <soma/base.h>

/* Written out once more from the formulas in soma/base.h, not from the table that devices compile: so the suite, the
   reference and the devices check each other. `v` is what soma_function_grad_uses_output() says. */
soma_bounded soma_bounded_function(soma_function function, soma_bounded x, double a, double b);
soma_bounded soma_bounded_derivative(soma_function function, double v, double a, double b);

soma_bounded soma_bounded_sigmoid(soma_bounded x);

#endif
