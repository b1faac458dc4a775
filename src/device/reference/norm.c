/* SPDX-License-Identifier: MIT */
/* NORM. */
#include "device/reference/reference.h"

#include "kernels/norm.h"

soma_status soma_reference_norm(const soma_call *call) {
    const soma_view *x = &call->view[0], *norm = &call->view[1];
    size_t count = soma_view_count(x);
    double largest = 0.0, sum = 0.0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(soma_element_get(x, i)));
    double factor = SOMA_NORM_FACTOR(largest);
    /* Of quotients by the largest: numbers of float64 are too large and too small for the factor alone. */
    double unit = largest > 0.0 && isfinite(largest) ? largest : 1.0;
    for (size_t i = 0; i < count; i++) {
        double quotient = soma_element_get(x, i) / unit;
        sum += quotient * quotient;
    }
    soma_element_set(norm, 0, factor * unit * sqrt(sum));
    soma_element_set(norm, 1, factor);
    return SOMA_OK;
}
