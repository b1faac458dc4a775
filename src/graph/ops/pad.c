/* SPDX-License-Identifier: MIT */
/* PAD: a constant around a value. */
#include "graph/ops/op.h"

static soma_status shape_pad(soma_tensor *tensor) {
    const size_t *before = tensor->attributes.pad.before, *after = tensor->attributes.pad.after;
    char text[SOMA_SHAPE_TEXT];
    SOMA_TRY(soma_shape_like_first(tensor));
    for (uint32_t i = 0; i < SOMA_MAX_RANK; i++) {
        if (i >= tensor->rank && (before[i] || after[i]))
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s has no dimension %u to be padded",
                                  soma_tensor_shape_text(tensor, text), i);
        if (before[i] > SIZE_MAX / 64 || after[i] > SIZE_MAX / 64)
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%zu and %zu around dimension %u are more than fits",
                                  before[i], after[i], i);
        if (i < tensor->rank) tensor->shape[i] += before[i] + after[i];
    }
    return SOMA_OK;
}

/* What lies inside. */
static soma_status gradient_pad(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    const soma_tensor *x = tensor->input[0];
    for (uint32_t i = 0; i < x->rank; i++) {
        if (x->shape[i] == tensor->shape[i]) continue;
        soma_attributes attributes = {
            .slice = {i + (x->batched ? 1 : 0), tensor->attributes.pad.before[i], x->shape[i]}};
        SOMA_TRY(soma_op_add(graph, SOMA_OP_SLICE, &dy, 1, attributes, &gradient[0]));
        dy = gradient[0];
    }
    gradient[0] = dy;
    return SOMA_OK;
}

static soma_status lower_pad(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view from = soma_lowering_view(lowering, tensor->input[0]), to = soma_lowering_view(lowering, tensor);
    uint32_t batch = tensor->batched ? 1 : 0;
    SOMA_TRY(soma_lowering_push(lowering, tensor,
                                soma_call_fill(soma_lowering_flat(lowering, tensor), tensor->attributes.pad.value)));
    for (uint32_t i = 0; i < tensor->rank; i++)
        to.offset += tensor->attributes.pad.before[i] * to.stride[batch + i] * soma_dtype_size(to.dtype);
    for (uint32_t i = 0; i < to.rank; i++) to.shape[i] = from.shape[i];
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, to, 1, 0));
}

SOMA_OP(pad) = {1, 1, shape_pad, SOMA_GRADIENT(gradient_pad), lower_pad};
