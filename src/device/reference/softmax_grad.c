/* SPDX-License-Identifier: MIT */
/* SOFTMAX_GRAD. */
#include "device/reference/line.h"

static void softmax_grad_line(const soma_call *call, line along) {
    const soma_view *dy = &call->view[0], *y = &call->view[1], *out = &call->view[2];
    bool logarithm = call->params.softmax.log;
    double sum = 0.0;
    for (size_t i = 0; i < along.count; i++)
        sum += logarithm ? line_get(dy, along, i) : line_get(dy, along, i) * line_get(y, along, i);
    for (size_t i = 0; i < along.count; i++) {
        double slope = line_get(dy, along, i), value = line_get(y, along, i);
        soma_element_set(out, along.first + i * along.step,
                         logarithm ? slope - exp(value) * sum : value * (slope - sum));
    }
}

soma_status soma_reference_softmax_grad(const soma_call *call) {
    const soma_view *dy = &call->view[0];
    size_t lines = dy->shape[0] * dy->shape[2];
    for (size_t i = 0; i < lines; i++) softmax_grad_line(call, line_of(dy, i));
    return SOMA_OK;
}
