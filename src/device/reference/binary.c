/* SPDX-License-Identifier: MIT */
/* BINARY. */
#include "device/reference/reference.h"

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
    case SOMA_BINARY_EQUAL:
        return a == b ? 1.0 : 0.0;
    case SOMA_BINARY_REMAINDER:
        return fmod(a, b);
    case SOMA_BINARY_KEEP:
        return b != 0.0 ? a : 0.0;
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
