/* SPDX-License-Identifier: MIT */
/* CONV and CONV_ADD. */
#include "device/reference/conv.h"

/* y[image, q, channel] without addend, bias and function. */
static double sum_at(const soma_call *call, size_t image, place q, size_t channel) {
    const soma_view *x = &call->view[0], *weight = &call->view[1];
    size_t depth = weight->shape[3], filters = weight->shape[4], first = channel / (filters / call->params.conv.groups);
    double sum = 0.0;
    for (size_t k = 0; k < place_count(weight, 0); k++) {
        size_t p;
        if (!place_read(&call->params.conv, x, q, place_of(weight, 0, k), &p)) continue;
        p = (image * place_count(x, 1) + p) * x->shape[4] + first * depth;
        for (size_t c = 0; c < depth; c++)
            sum += soma_element_get(x, p + c) * soma_element_get(weight, (k * depth + c) * filters + channel);
    }
    return sum;
}

static soma_status convolve(const soma_call *call, const soma_view *addend, const soma_view *y) {
    size_t places = place_count(y, 1), channels = y->shape[4];
    for (size_t i = 0; i < soma_view_count(y); i++) {
        size_t channel = i % channels, q = i / channels % places, image = i / channels / places;
        double added = addend ? soma_element_get(addend, i) : 0.0;
        conv_finish(call, i, channel, sum_at(call, image, place_of(y, 1, q), channel) + added);
    }
    return SOMA_OK;
}

soma_status soma_reference_conv(const soma_call *call) {
    return convolve(call, NULL, &call->view[3]);
}

soma_status soma_reference_conv_add(const soma_call *call) {
    return convolve(call, &call->view[3], &call->view[4]);
}
