/* SPDX-License-Identifier: MIT */
/* OPTIMIZER. */
#include "device/reference/reference.h"

#include "kernels/optimizers.h"

/* The gradient of one parameter after clipping and decay, see soma_optimizer_params. */
static double ready_gradient(const soma_call *call, size_t i, double w) {
    const soma_optimizer_params *params = &call->params.optimizer;
    double g = soma_element_get(&call->view[1], i);
    if (params->clip_norm > 0.0f) {
        double scaled = soma_element_get(&call->view[4], 0), factor = soma_element_get(&call->view[4], 1);
        double limit = (double)params->clip_norm * factor;
        if (!(scaled <= limit)) g *= limit / scaled;
    }
    double most = (double)params->clip_value;
    if (most > 0.0) g = g > most ? most : g < -most ? -most : g;
    if (i < params->decay_count) {
        double sign = w > 0.0 ? 1.0 : w < 0.0 ? -1.0 : w * 0.0;
        g += (double)params->l2 * w + (double)params->l1 * sign;
    }
    return g;
}

#define P(field) ((double)params->field)
#define DECAY    decay

/* A parameter and its states. */
typedef struct element {
    double w, m, v;
} element;

static void update(const soma_optimizer_params *params, double g, double decay, element *e) {
    double w = e->w, m = e->m, v = e->v;
    switch (params->kind) {
#define X(name, states, ...)                                                                                           \
    case SOMA_##name:                                                                                                  \
        __VA_ARGS__;                                                                                                   \
        break;
        SOMA_OPTIMIZER_TABLE(X)
#undef X
    case SOMA_OPTIMIZER_COUNT:
        break;
    }
    *e = (element){w, m, v};
}

static double perhaps(const soma_view *view, size_t i) {
    return soma_view_present(view) ? soma_element_get(view, i) : 0.0;
}

soma_status soma_reference_optimizer(const soma_call *call) {
    const soma_optimizer_params *params = &call->params.optimizer;
    const soma_view *parameter = &call->view[0], *state1 = &call->view[2], *state2 = &call->view[3];
    for (size_t i = 0; i < parameter->shape[0]; i++) {
        element e = {soma_element_get(parameter, i), perhaps(state1, i), perhaps(state2, i)};
        update(params, ready_gradient(call, i, e.w), i < params->decay_count ? (double)params->decay : 0.0, &e);
        soma_element_set(parameter, i, e.w);
        if (soma_view_present(state1)) soma_element_set(state1, i, e.m);
        if (soma_view_present(state2)) soma_element_set(state2, i, e.v);
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ rows */

/* The gradient of number j of a row; *named: whether there is any. */
static double sum_of_row(const soma_call *call, size_t row, size_t j, bool *named) {
    const soma_view *dy = &call->view[0], *index = &call->view[1];
    double sum = 0.0;
    *named = false;
    for (size_t i = 0; i < dy->shape[0]; i++) {
        if (soma_element_get(index, i) != (double)row || call->params.optimizer_rows.skip == (int64_t)row) continue;
        sum += soma_element_get(dy, i * dy->shape[1] + j);
        *named = true;
    }
    return sum;
}

soma_status soma_reference_optimizer_rows(const soma_call *call) {
    const soma_optimizer_params *params = &call->params.optimizer_rows.optimizer;
    const soma_view *parameter = &call->view[2], *gradient = &call->view[3], *state1 = &call->view[4];
    const double most = (double)params->clip_value;
    const size_t width = parameter->shape[1];
    for (size_t i = 0; i < soma_view_count(parameter); i++) {
        bool named;
        double g = sum_of_row(call, i / width, i % width, &named);
        if (!named) continue;
        if (most > 0.0) g = g > most ? most : g < -most ? -most : g;
        element e = {soma_element_get(parameter, i), perhaps(state1, i), 0.0};
        update(params, g, 0.0, &e);
        soma_element_set(parameter, i, e.w);
        soma_element_set(gradient, i, 0.0);
        if (soma_view_present(state1)) soma_element_set(state1, i, e.m);
    }
    return SOMA_OK;
}
