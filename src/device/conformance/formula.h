/* SPDX-License-Identifier: MIT */
/*
 * Formulas of soma/functions.h, as text, computed with error bounds: the running error analysis of bounded.h, carried
 * through the very operations that a device does. So a row of that table needs no bound of its own.
 */
#ifndef SOMA_DEVICE_CONFORMANCE_FORMULA_H
#define SOMA_DEVICE_CONFORMANCE_FORMULA_H

#include "device/conformance/bounded.h"

/* What the names x, v, a and b stand for. */
typedef struct soma_formula_values {
    soma_bounded x, v;
    double a, b;
} soma_formula_values;

/* NaN with an error of NaN for text that is no formula. */
soma_bounded soma_formula(const char *text, const soma_formula_values *values);

#endif
