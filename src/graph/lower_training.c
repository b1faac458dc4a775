/* SPDX-License-Identifier: MIT */
/* Lowering rules of what only training needs. */
#include "base/random.h"
#include "graph/lowering.h"
#include "graph/rules.h"

/* A flat buffer of the executor from an element on. */
static soma_view flat_buffer(const soma_lowering *lowering, soma_site_kind site, size_t start) {
    size_t count = lowering->executor->parameter_count - start;
    soma_view view = soma_lowering_site(lowering, site, 1, &count);
    view.offset = start * soma_executor_element(lowering->executor);
    return view;
}

soma_status soma_lower_unary_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_unary_grad(soma_lowering_flat(lowering, tensor->input[0]),
                                                   soma_lowering_flat(lowering, tensor->input[1]),
                                                   soma_lowering_flat(lowering, tensor), tensor->attributes.unary));
}

soma_status soma_lower_bias_unary_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_bias_unary_grad(soma_lowering_rows(lowering, tensor->input[0]),
                                                        soma_lowering_rows(lowering, tensor->input[1]),
                                                        soma_lowering_rows(lowering, tensor),
                                                        soma_lowering_flat(lowering, lowering->second[tensor->id]),
                                                        tensor->attributes.unary));
}

soma_status soma_lower_softmax_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.softmax.axis;
    return soma_lowering_push(lowering, tensor,
                              soma_call_softmax_grad(soma_lowering_axis(lowering, tensor->input[0], axis),
                                                     soma_lowering_axis(lowering, tensor->input[1], axis),
                                                     soma_lowering_axis(lowering, tensor, axis),
                                                     tensor->attributes.softmax.log));
}

soma_status soma_lower_dropout(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_dropout_params params = tensor->attributes.dropout;
    params.stream += SOMA_STREAM_DROPOUT; /* the seed serves shuffling and initial weights too */
    return soma_lowering_push(lowering, tensor,
                              soma_call_dropout(soma_lowering_flat(lowering, tensor->input[0]),
                                                soma_lowering_flat(lowering, tensor), params));
}

soma_status soma_lower_loss_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    bool weighted = tensor->attributes.loss.weighted, class_weighted = tensor->attributes.loss.class_weighted;
    const soma_tensor *dloss = tensor->input[tensor->input_count - 1], *loss = lowering->second[tensor->id];
    return soma_lowering_push(
        lowering, tensor,
        soma_call_loss_grad(
            soma_lowering_rows(lowering, tensor->input[0]), soma_lowering_target(lowering, tensor->input[1]),
            soma_lowering_optional(lowering, weighted, weighted ? tensor->input[2] : NULL),
            soma_lowering_optional(lowering, class_weighted, class_weighted ? tensor->input[2 + weighted] : NULL),
            soma_lowering_flat(lowering, dloss), soma_lowering_rows(lowering, tensor),
            soma_lowering_optional(lowering, loss, loss), tensor->attributes.loss.params));
}

soma_status soma_lower_norm(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t from[3] = {1, lowering->executor->parameter_count, 1}, to[2] = {1, 1};
    return soma_lowering_push(lowering, tensor,
                              soma_call_reduce(soma_lowering_site(lowering, SOMA_SITE_GRADIENTS, 3, from),
                                               soma_lowering_site(lowering, SOMA_SITE_NORM, 2, to),
                                               SOMA_REDUCE_SUM_SQUARES));
}

soma_status soma_lower_optimizer(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t one = 1, start = tensor->attributes.optimizer.start, decay_count = lowering->executor->decay_count;
    if (start == lowering->executor->parameter_count) return SOMA_OK;
    uint32_t states = soma_optimizer_states(lowering->optimizer);
    soma_view absent = soma_view_absent();
    soma_optimizer_params params = {.kind = lowering->optimizer,
                                    .decay_count = decay_count - SOMA_MIN(start, decay_count)};
    return soma_lowering_push(
        lowering, tensor,
        soma_call_optimizer(
            flat_buffer(lowering, SOMA_SITE_PARAMETERS, start), flat_buffer(lowering, SOMA_SITE_GRADIENTS, start),
            states > 0 ? flat_buffer(lowering, SOMA_SITE_STATE1, start) : absent,
            states > 1 ? flat_buffer(lowering, SOMA_SITE_STATE2, start) : absent,
            tensor->input_count ? soma_lowering_site(lowering, SOMA_SITE_NORM, 1, &one) : absent, params));
}
