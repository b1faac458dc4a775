/* SPDX-License-Identifier: MIT */
/* SOFTMAX. */
#include "device/reference/line.h"

static void softmax_line(const soma_view *x, const soma_view *out, line along, bool logarithm) {
    double largest = line_extreme(x, along, true), sum = 0.0;
    for (size_t i = 0; i < along.count; i++) sum += exp(line_get(x, along, i) - largest);
    for (size_t i = 0; i < along.count; i++) {
        double shifted = line_get(x, along, i) - largest;
        soma_element_set(out, along.first + i * along.step, logarithm ? shifted - log(sum) : exp(shifted) / sum);
    }
}

soma_status soma_reference_softmax(const soma_call *call) {
    const soma_view *x = &call->view[0];
    size_t lines = x->shape[0] * x->shape[2];
    for (size_t i = 0; i < lines; i++) softmax_line(x, &call->view[1], line_of(x, i), call->params.softmax.log);
    return SOMA_OK;
}
