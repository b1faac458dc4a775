/* SPDX-License-Identifier: MIT */
/* How far what soma computes may be from what a test of the ONNX backend's suite expects. */
#ifndef SOMA_TESTS_ONNX_VECTOR_BOUND_H
#define SOMA_TESTS_ONNX_VECTOR_BOUND_H

#include "onnx_vector_data.h"

/*
 * What rounding alone may make of a data set's outputs, beyond the tolerances of the suite's own runner: 0 but for ops
 * whose results are sums of many terms of either sign. Where these cancel out, what is left is not relative to the sum,
 * but to its terms.
 */
double onnx_vector_bound(const onnx_vector_place *place, unsigned set);
/* Within the suite's tolerances and the bound; NaN and infinity as they are expected. */
bool onnx_vector_is_near(double found, double expected, double bound);

#endif
