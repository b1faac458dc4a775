/* SPDX-License-Identifier: MIT */
/* FILL: a constant; COPY: a value in another shape or scale. */
#include "graph/ops/op.h"

static soma_status lower_fill(soma_lowering *lowering, const soma_tensor *tensor) {
    float value = tensor->attributes.fill.value;
    if (tensor->attributes.fill.per_batch) value /= (float)lowering->batch;
    return soma_lowering_push(lowering, tensor, soma_call_fill(soma_lowering_flat(lowering, tensor), value));
}

SOMA_OP(fill) = {0, 0, soma_shape_given, SOMA_GRADIENT(soma_gradient_none), lower_fill};

static soma_status shape_copy(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    SOMA_TRY(soma_shape_given(tensor));
    bool fits = x->rank <= tensor->rank && (tensor->batched || !x->batched);
    for (uint32_t i = 0; fits && i < x->rank; i++) {
        size_t from = x->shape[x->rank - 1 - i], to = tensor->shape[tensor->rank - 1 - i];
        fits = from == to || from == 1;
    }
    char text[2][SOMA_SHAPE_TEXT];
    if (!fits)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s cannot be broadcast to %s",
                              soma_tensor_shape_text(x, text[0]), soma_tensor_shape_text(tensor, text[1]));
    return SOMA_OK;
}

static soma_status gradient_copy(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    float scale = tensor->attributes.copy.scale;
    SOMA_TRY(soma_op_sum_to(graph, dy, tensor->input[0], &dy));
    if (scale != 1) SOMA_TRY(soma_graph_copy(graph, dy, dy, scale, &dy));
    gradient[0] = dy;
    return SOMA_OK;
}

static soma_status lower_copy(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    bool plain = soma_tensor_same_shape(x, tensor);
    soma_view from = plain ? soma_lowering_flat(lowering, x) : soma_op_broadcast_view(lowering, x, tensor);
    soma_view to = plain ? soma_lowering_flat(lowering, tensor) : soma_lowering_view(lowering, tensor);
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, to, tensor->attributes.copy.scale, 0));
}

SOMA_OP(copy) = {1, 1, shape_copy, SOMA_GRADIENT(gradient_copy), lower_copy};
