/* SPDX-License-Identifier: MIT */
/* POOL. */
#include "device/reference/pool.h"

static double largest_of(const window *w, size_t channel) {
    double largest = -INFINITY;
    size_t first = 0;
    for (size_t k = 0; k < w->places; k++) {
        if (!window_place(w, k, false, &first)) continue;
        double value = soma_element_get(w->x, first + channel);
        if (isnan(value)) return value;
        if (value > largest) largest = value;
    }
    return largest;
}

static double average_of(const window *w, size_t channel) {
    double sum = 0.0;
    size_t first = 0;
    for (size_t k = 0; k < w->places; k++)
        if (window_place(w, k, false, &first)) sum += soma_element_get(w->x, first + channel);
    return sum / window_divisor(w);
}

soma_status soma_reference_pool(const soma_call *call) {
    const soma_pool_params *params = &call->params.pool;
    const soma_view *x = &call->view[0], *y = &call->view[1];
    size_t channels = y->shape[4], windows = channels ? window_count(y) : 0;
    for (size_t i = 0; i < windows; i++) {
        window w = window_of(params, x, y, i);
        for (size_t c = 0; c < channels; c++)
            soma_element_set(y, i * channels + c,
                             params->kind == SOMA_POOL_MAX ? largest_of(&w, c) : average_of(&w, c));
    }
    return SOMA_OK;
}
