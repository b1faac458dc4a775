/* SPDX-License-Identifier: MIT */
/* PUT. */
#include "device/reference/reference.h"

double soma_reference_put_one(const soma_put_params *params, double there, double x) {
    if (!params->combines) return x;
    switch (params->op) {
    case SOMA_BINARY_MULTIPLY:
        return there * x;
    case SOMA_BINARY_MAXIMUM:
        return isnan(there) || there > x ? there : x;
    case SOMA_BINARY_MINIMUM:
        return isnan(there) || there < x ? there : x;
    default:
        return there + x;
    }
}

soma_status soma_reference_put(const soma_call *call) {
    const soma_view *x = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    const size_t steps = x->shape[1], rows = out->shape[1], width = x->shape[2], count = x->shape[0] * steps;
    for (size_t i = 0; i < count; i++) {
        const double row = soma_element_get(index, i);
        if (row < 0 || row >= (double)rows) continue;
        for (size_t j = 0; j < width; j++) {
            const size_t place = (i / steps * rows + (size_t)row) * width + j;
            soma_element_set(out, place,
                             soma_reference_put_one(&call->params.put, soma_element_get(out, place),
                                                    soma_element_get(x, i * width + j)));
        }
    }
    return SOMA_OK;
}
