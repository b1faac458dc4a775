/* SPDX-License-Identifier: MIT */
/* UNARY. */
#include "device/reference/reference.h"

double soma_reference_function(soma_function function, double x, double a, double b) {
    switch ((int)function) {
#define X(NAME, name, from_output, f, derivative, ...)                                                                 \
    case SOMA_##NAME:                                                                                                  \
        return f;
        SOMA_FUNCTION_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

soma_status soma_reference_unary(const soma_call *call) {
    const soma_view *x = &call->view[0], *out = &call->view[1];
    const soma_unary_params *params = &call->params.unary;
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) {
        double value = soma_element_get(x, i);
        soma_element_set(out, i,
                         soma_reference_function(params->function, value, (double)params->a, (double)params->b));
    }
    return SOMA_OK;
}
