/* SPDX-License-Identifier: MIT */
/* CONV_DATA_GRAD, as a gather: of every weight the one place of dy, if there is one, that reads p with it. */
#include "device/reference/conv.h"

/* The q with q stride + k dilation - before = p; false if there is none. */
static bool place_that_reads(const soma_conv_params *params, const soma_view *dy, place p, place k, size_t *number) {
    *number = 0;
    for (int i = 0; i < 3; i++) {
        int64_t scaled = (int64_t)p.at[i] + params->before[i] - (int64_t)k.at[i] * params->dilation[i];
        if (scaled < 0 || scaled % params->stride[i]) return false;
        int64_t q = scaled / params->stride[i];
        if (q >= (int64_t)dy->shape[1 + i]) return false;
        *number = *number * dy->shape[1 + i] + (size_t)q;
    }
    return true;
}

static double sum_at(const soma_call *call, size_t image, place p, size_t channel) {
    const soma_view *dy = &call->view[0], *weight = &call->view[1];
    size_t depth = weight->shape[3], filters = weight->shape[4], each = filters / call->params.conv.groups;
    size_t group = channel / depth, c = channel % depth;
    double sum = 0.0;
    for (size_t k = 0; k < place_count(weight, 0); k++) {
        size_t q;
        if (!place_that_reads(&call->params.conv, dy, p, place_of(weight, 0, k), &q)) continue;
        q = (image * place_count(dy, 1) + q) * filters;
        for (size_t o = group * each; o < (group + 1) * each; o++)
            sum += soma_element_get(dy, q + o) * soma_element_get(weight, (k * depth + c) * filters + o);
    }
    return sum;
}

soma_status soma_reference_conv_data_grad(const soma_call *call) {
    const soma_view *dx = &call->view[3];
    size_t places = place_count(dx, 1), channels = dx->shape[4];
    for (size_t i = 0; i < soma_view_count(dx); i++) {
        size_t channel = i % channels, p = i / channels % places, image = i / channels / places;
        conv_finish(call, i, channel, sum_at(call, image, place_of(dx, 1, p), channel));
    }
    return SOMA_OK;
}
