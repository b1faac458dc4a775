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

soma_status soma_reference_optimizer(const soma_call *call) {
    const soma_optimizer_params *params = &call->params.optimizer;
    const soma_view *parameter = &call->view[0], *state1 = &call->view[2], *state2 = &call->view[3];
    for (size_t i = 0; i < parameter->shape[0]; i++) {
        double w = soma_element_get(parameter, i), g = ready_gradient(call, i, w);
        double m = soma_view_present(state1) ? soma_element_get(state1, i) : 0.0;
        double v = soma_view_present(state2) ? soma_element_get(state2, i) : 0.0;
        double decay = i < params->decay_count ? (double)params->decay : 0.0;
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
        soma_element_set(parameter, i, w);
        if (soma_view_present(state1)) soma_element_set(state1, i, m);
        if (soma_view_present(state2)) soma_element_set(state2, i, v);
    }
    return SOMA_OK;
}
