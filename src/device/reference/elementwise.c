/* SPDX-License-Identifier: MIT */
/* The reference for primitives that treat each element by itself. */
#include "device/reference/reference.h"

#include "kernels/functions.h"

double soma_reference_function(soma_function function, double x, double a, double b) {
    switch ((int)function) {
#define X(name, from_output, f, derivative)                                                                            \
    case SOMA_##name:                                                                                                  \
        return f;
        SOMA_FUNCTION_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

soma_status soma_reference_fill(const soma_call *call) {
    const soma_view *out = &call->view[0];
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) soma_element_set(out, i, (double)call->params.fill.value);
    return SOMA_OK;
}

soma_status soma_reference_copy(const soma_call *call) {
    const soma_view *in = &call->view[0], *out = &call->view[1];
    double scale = (double)call->params.copy.scale, shift = (double)call->params.copy.shift;
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) {
        double value = soma_element_get(in, soma_element_position(in, i));
        soma_element_set(out, soma_element_position(out, i), scale * value + shift);
    }
    return SOMA_OK;
}

/* The row of the table that sample i takes; -1 for one outside. */
static int64_t gather_row(const soma_call *call, size_t i) {
    const soma_view *table = &call->view[0], *index = &call->view[1];
    size_t place = call->params.gather.start + i;
    double row = (double)place;
    if (soma_view_present(index)) row = place < index->shape[0] ? soma_element_get(index, place) : -1.0;
    return row >= 0.0 && row < (double)table->shape[0] ? (int64_t)row : -1;
}

soma_status soma_reference_gather(const soma_call *call) {
    const soma_view *table = &call->view[0], *out = &call->view[2];
    double scale = (double)call->params.gather.scale, shift = (double)call->params.gather.shift;
    size_t width = out->shape[1];
    for (size_t i = 0; i < out->shape[0]; i++) {
        int64_t row = gather_row(call, i);
        for (size_t j = 0; j < width; j++) {
            double value = row < 0 ? 0.0 : scale * soma_element_get(table, (size_t)row * width + j) + shift;
            soma_element_set(out, i * width + j, value);
        }
    }
    return SOMA_OK;
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

static double binary(soma_binary op, double a, double b) {
    switch (op) {
    case SOMA_BINARY_ADD:
        return a + b;
    case SOMA_BINARY_SUBTRACT:
        return a - b;
    case SOMA_BINARY_MULTIPLY:
        return a * b;
    case SOMA_BINARY_DIVIDE:
        return a / b;
    case SOMA_BINARY_MAXIMUM:
        return isnan(a) || a > b ? a : b;
    case SOMA_BINARY_MINIMUM:
        return isnan(a) || a < b ? a : b;
    case SOMA_BINARY_GREATER:
        return a > b ? 1.0 : 0.0;
    case SOMA_BINARY_GREATER_EQUAL:
        return a >= b ? 1.0 : 0.0;
    case SOMA_BINARY_POWER:
        return pow(a, b);
    case SOMA_BINARY_COUNT:
        break;
    }
    return NAN;
}

soma_status soma_reference_binary(const soma_call *call) {
    const soma_view *a = &call->view[0], *b = &call->view[1], *out = &call->view[2];
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) {
        double right = soma_element_get(b, soma_element_position(b, i));
        soma_element_set(out, i, binary(call->params.binary.op, soma_element_get(a, i), right));
    }
    return SOMA_OK;
}
