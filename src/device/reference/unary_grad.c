/* SPDX-License-Identifier: MIT */
/* UNARY_GRAD and BIAS_UNARY_GRAD. */
#include "device/reference/reference.h"

static double function_derivative(soma_function function, double v, double a, double b) {
    switch ((int)function) {
#define X(NAME, name, from_output, f, derivative, ...)                                                                 \
    case SOMA_##NAME:                                                                                                  \
        return derivative;
        // NOLINTNEXTLINE(bugprone-branch-clone): neighbours in the table may have one derivative, as all steps have 0
        SOMA_FUNCTION_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

static double unary_grad_element(const soma_call *call, size_t i) {
    const soma_unary_params *params = &call->params.unary;
    double value = soma_element_get(&call->view[1], i);
    return soma_element_get(&call->view[0], i) *
           function_derivative(params->function, value, (double)params->a, (double)params->b);
}

soma_status soma_reference_unary_grad(const soma_call *call) {
    const soma_view *out = &call->view[2];
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) soma_element_set(out, i, unary_grad_element(call, i));
    return SOMA_OK;
}

soma_status soma_reference_bias_unary_grad(const soma_call *call) {
    const soma_view *out = &call->view[2], *dbias = &call->view[3];
    size_t rows = out->shape[0], columns = out->shape[1];
    for (size_t j = 0; j < columns; j++) {
        double sum = 0.0;
        for (size_t i = 0; i < rows; i++) {
            double value = unary_grad_element(call, i * columns + j);
            soma_element_set(out, i * columns + j, value);
            sum += value;
        }
        soma_element_set(dbias, j, sum);
    }
    return SOMA_OK;
}
