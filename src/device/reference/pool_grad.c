/* SPDX-License-Identifier: MIT */
/* POOL_GRAD. */
#include "device/reference/pool.h"

static void add_to(const soma_view *dx, size_t index, double value) {
    soma_element_set(dx, index, soma_element_get(dx, index) + value);
}

/* dy of a window goes to the first element that is y. */
static void give_largest(const soma_call *call, const window *w, size_t channel, size_t index) {
    double slope = soma_element_get(&call->view[0], index), y = soma_element_get(&call->view[2], index);
    size_t first = 0;
    for (size_t k = 0; k < w->places; k++) {
        if (!window_place(w, k, false, &first)) continue;
        double value = soma_element_get(&call->view[1], first + channel);
        if (isnan(y) ? !isnan(value) : value != y) continue;
        add_to(&call->view[3], first + channel, slope);
        return;
    }
}

static void give_shares(const soma_call *call, const window *w, size_t channel, size_t index) {
    double share = soma_element_get(&call->view[0], index) / window_divisor(w);
    size_t first = 0;
    for (size_t k = 0; k < w->places; k++)
        if (window_place(w, k, false, &first)) add_to(&call->view[3], first + channel, share);
}

soma_status soma_reference_pool_grad(const soma_call *call) {
    const soma_pool_params *params = &call->params.pool;
    const soma_view *dy = &call->view[0], *dx = &call->view[3];
    size_t channels = dy->shape[4], windows = channels ? window_count(dy) : 0;
    for (size_t i = 0; i < soma_view_count(dx); i++) soma_element_set(dx, i, 0.0);
    for (size_t i = 0; i < windows; i++) {
        window w = window_of(params, dx, dy, i);
        for (size_t c = 0; c < channels; c++) {
            if (params->kind == SOMA_POOL_MAX)
                give_largest(call, &w, c, i * channels + c);
            else
                give_shares(call, &w, c, i * channels + c);
        }
    }
    return SOMA_OK;
}
