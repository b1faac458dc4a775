/* SPDX-License-Identifier: MIT */
/* Places in the images and weights of a convolution. */
#ifndef SOMA_DEVICE_REFERENCE_CONV_H
#define SOMA_DEVICE_REFERENCE_CONV_H

#include "device/reference/reference.h"

/* Depth, height, width. */
typedef struct place {
    size_t at[3];
} place;

/* The place with this number among those of a view whose dimensions of places begin at `first`: 1 for images, 0 for
 * weights. */
static inline place place_of(const soma_view *view, uint32_t first, size_t number) {
    place p;
    for (uint32_t i = 3; i-- > 0;) {
        p.at[i] = number % view->shape[first + i];
        number /= view->shape[first + i];
    }
    return p;
}

static inline size_t place_count(const soma_view *view, uint32_t first) {
    return view->shape[first] * view->shape[first + 1] * view->shape[first + 2];
}

/* The number of a place of an image; of the place in x that y's q reads with weight k. False: it lies outside. */
static inline bool place_read(const soma_conv_params *params, const soma_view *x, place q, place k, size_t *number) {
    *number = 0;
    for (int i = 0; i < 3; i++) {
        int64_t p = (int64_t)q.at[i] * params->stride[i] + (int64_t)k.at[i] * params->dilation[i] - params->before[i];
        if (p < 0 || p >= (int64_t)x->shape[1 + i]) return false;
        *number = *number * x->shape[1 + i] + (size_t)p;
    }
    return true;
}

/* f(sum + bias) for a channel of the result, which is the last view. */
static inline void conv_finish(const soma_call *call, size_t index, size_t channel, double sum) {
    const soma_conv_params *params = &call->params.conv;
    const soma_view *bias = &call->view[2];
    if (soma_view_present(bias)) sum += soma_element_get(bias, channel);
    soma_element_set(&call->view[call->view_count - 1], index,
                     soma_reference_function(params->function, sum, (double)params->a, (double)params->b));
}

#endif
