/* SPDX-License-Identifier: MIT */
/* CONV_WEIGHT_GRAD. */
#include "device/reference/conv.h"

/* dweight[k, c, channel] without alpha and beta. */
static double sum_at(const soma_call *call, place k, size_t c, size_t channel) {
    const soma_view *x = &call->view[0], *dy = &call->view[1], *dweight = &call->view[2];
    size_t depth = dweight->shape[3], filters = dweight->shape[4], images = x->shape[0];
    size_t first = channel / (filters / call->params.conv.groups) * depth, places = place_count(dy, 1);
    double sum = 0.0;
    for (size_t q = 0; q < places; q++) {
        size_t p;
        if (!place_read(&call->params.conv, x, place_of(dy, 1, q), k, &p)) continue;
        for (size_t i = 0; i < images; i++)
            sum += soma_element_get(x, (i * place_count(x, 1) + p) * x->shape[4] + first + c) *
                   soma_element_get(dy, (i * places + q) * filters + channel);
    }
    return sum;
}

soma_status soma_reference_conv_weight_grad(const soma_call *call) {
    const soma_conv_params *params = &call->params.conv;
    const soma_view *dweight = &call->view[2];
    size_t depth = dweight->shape[3], filters = dweight->shape[4];
    for (size_t i = 0; i < soma_view_count(dweight); i++) {
        place k = place_of(dweight, 0, i / filters / depth);
        double value = (double)params->alpha * sum_at(call, k, i / filters % depth, i % filters);
        if (params->beta != 0.0f) value += (double)params->beta * soma_element_get(dweight, i);
        soma_element_set(dweight, i, value);
    }
    return SOMA_OK;
}
