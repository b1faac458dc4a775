/* SPDX-License-Identifier: MIT */
/* NORM: of the whole gradient; OPTIMIZER: the step of all parameters that have one learning rate. */
#include "graph/ops/op.h"

/* Elements of a flat buffer of the executor. */
static soma_view flat_buffer(const soma_lowering *lowering, soma_site_kind site, size_t start, size_t end) {
    size_t count = end - start;
    soma_view view = soma_lowering_site(lowering, site, 1, &count);
    view.offset = start * soma_executor_element(lowering->executor);
    return view;
}

/* What NORM leaves for OPTIMIZER. */
static soma_view norm_pair(const soma_lowering *lowering) {
    const size_t two = 2;
    return soma_lowering_site(lowering, SOMA_SITE_NORM, 1, &two);
}

static soma_status lower_norm(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(
        lowering, tensor,
        soma_call_norm(flat_buffer(lowering, SOMA_SITE_GRADIENTS, 0, lowering->executor->trained_count),
                       norm_pair(lowering)));
}

SOMA_OP(norm) = {0, 0, soma_shape_none, NULL, SOMA_TRAINING_CALL(lower_norm)};

static soma_status lower_optimizer(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t start = tensor->attributes.optimizer.start, end = tensor->attributes.optimizer.end;
    size_t decay_end = SOMA_MIN(SOMA_MAX(lowering->executor->decay_count, start), end);
    if (start == end) return SOMA_OK;
    uint32_t states = soma_optimizer_states(lowering->optimizer);
    soma_view absent = soma_view_absent();
    soma_optimizer_params params = {.kind = lowering->optimizer, .decay_count = decay_end - start};
    return soma_lowering_push(
        lowering, tensor,
        soma_call_optimizer(flat_buffer(lowering, SOMA_SITE_PARAMETERS, start, end),
                            flat_buffer(lowering, SOMA_SITE_GRADIENTS, start, end),
                            states > 0 ? flat_buffer(lowering, SOMA_SITE_STATE1, start, end) : absent,
                            states > 1 ? flat_buffer(lowering, SOMA_SITE_STATE2, start, end) : absent,
                            tensor->input_count ? norm_pair(lowering) : absent, params));
}

SOMA_OP(optimizer) = {0, 1, soma_shape_none, NULL, SOMA_TRAINING_CALL(lower_optimizer)};
