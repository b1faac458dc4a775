/* SPDX-License-Identifier: MIT */
/* NORMALIZE_GRAD. */
#include "device/reference/normalize.h"

/* Of an element: dy, the gradient g of what was normalised, and h, its value. */
typedef struct element {
    double dy, g, h;
} element;

static element element_of(const soma_call *call, const part *p, size_t i) {
    size_t figure = p->outer * p->shape[2] + p->group;
    double mean = get_or(&call->view[3], figure, 0.0), dy = part_get(p, &call->view[0], i);
    return (element){.dy = dy,
                     .g = dy * get_or(&call->view[2], part_channel(p, i), 1.0),
                     .h = (part_get(p, &call->view[1], i) - mean) * soma_element_get(&call->view[4], figure)};
}

static void differentiate_part(const soma_call *call, size_t index) {
    const part p = part_of(&call->view[1], index);
    double inverse = soma_element_get(&call->view[4], index), g = 0.0, gh = 0.0;
    for (size_t i = 0; i < p.count; i++) {
        element e = element_of(call, &p, i);
        g += e.g / (double)p.count;
        gh += e.g * e.h / (double)p.count;
    }
    if (!call->params.normalize.centered) g = 0.0;
    for (size_t i = 0; i < p.count; i++) {
        element e = element_of(call, &p, i);
        soma_element_set(&call->view[5], part_position(&p, i), inverse * (e.g - g - e.h * gh));
    }
}

/* dscale and doffset of a channel. */
static void differentiate_channel(const soma_call *call, size_t channel) {
    const soma_view *x = &call->view[1];
    double dscale = 0.0, doffset = 0.0;
    for (size_t outer = 0; outer < x->shape[0]; outer++) {
        const part p = part_of(x, outer * x->shape[2] + channel / x->shape[3]);
        for (size_t i = channel % x->shape[3]; i < p.count; i += x->shape[3]) {
            element e = element_of(call, &p, i);
            dscale += e.dy * e.h;
            doffset += e.dy;
        }
    }
    if (soma_view_present(&call->view[6])) soma_element_set(&call->view[6], channel, dscale);
    if (soma_view_present(&call->view[7])) soma_element_set(&call->view[7], channel, doffset);
}

soma_status soma_reference_normalize_grad(const soma_call *call) {
    const size_t *shape = call->view[1].shape;
    for (size_t i = 0; i < shape[0] * shape[2]; i++) differentiate_part(call, i);
    for (size_t i = 0; i < shape[2] * shape[3]; i++) differentiate_channel(call, i);
    return SOMA_OK;
}
