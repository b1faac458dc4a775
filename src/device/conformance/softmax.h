/* SPDX-License-Identifier: MIT */
/* Softmax along a line of elements, with error bounds: for SOFTMAX itself and for the losses that are made of it. */
#ifndef SOMA_DEVICE_CONFORMANCE_SOFTMAX_H
#define SOMA_DEVICE_CONFORMANCE_SOFTMAX_H

#include "device/conformance/bounded.h"
#include "device/element.h"

typedef struct soma_softmax_bound {
    double largest;
    soma_bounded sum; /* of e^(x_j - largest) */
} soma_softmax_bound;

/* Subtracting the maximum rounds the exponent, which e^x carries on as a relative error of the exponent's size. */
static inline soma_bounded soma_softmax_bound_term(double x, double largest) {
    return soma_bounded_exp(soma_bounded_subtract(soma_exact(x), soma_exact(largest)));
}

static inline soma_softmax_bound soma_softmax_bound_of(const soma_view *x, size_t first, size_t step, size_t count) {
    soma_softmax_bound softmax = {-INFINITY, {0.0, 0.0}};
    soma_bounded_sum sum = {0};
    for (size_t i = 0; i < count; i++) {
        double value = soma_element_get(x, first + i * step);
        if (isnan(value) || value > softmax.largest) softmax.largest = value;
        if (isnan(value)) break;
    }
    for (size_t i = 0; i < count; i++)
        soma_bounded_sum_add(&sum, soma_softmax_bound_term(soma_element_get(x, first + i * step), softmax.largest));
    softmax.sum = soma_bounded_sum_result(&sum);
    return softmax;
}

static inline soma_bounded soma_softmax_bound_at(const soma_softmax_bound *softmax, double x) {
    return soma_bounded_divide(soma_softmax_bound_term(x, softmax->largest), softmax->sum);
}

/* ln(e^x / sum) = x - largest - ln sum */
static inline soma_bounded soma_softmax_bound_log(const soma_softmax_bound *softmax, double x) {
    return soma_bounded_subtract(soma_bounded_subtract(soma_exact(x), soma_exact(softmax->largest)),
                                 soma_bounded_log(softmax->sum));
}

#endif
