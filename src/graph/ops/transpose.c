/* SPDX-License-Identifier: MIT */
/* TRANSPOSE: the dimensions in another order. */
#include "graph/ops/op.h"

static soma_status shape_transpose(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    const uint32_t *axis = tensor->attributes.transpose.axis, rank = soma_tensor_full_rank(x);
    uint32_t batch = x->batched ? 1 : 0, seen = 0;
    SOMA_TRY(soma_shape_like_first(tensor));
    for (uint32_t i = 0; i < SOMA_MAX_RANK; i++) {
        if (i < rank ? axis[i] >= rank || (seen >> axis[i] & 1) : axis[i] != 0)
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "a transposition names each of %u dimensions once", rank);
        if (i < rank) seen |= 1u << axis[i];
        if (i >= batch && i < batch + x->rank && axis[i] >= batch) tensor->shape[i - batch] = x->shape[axis[i] - batch];
    }
    if (batch && axis[0] != 0)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the batch must stay the first dimension");
    return SOMA_OK;
}

/* The inverse permutation. */
static soma_status gradient_transpose(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    uint32_t inverse[SOMA_MAX_RANK] = {0};
    for (uint32_t i = 0; i < soma_tensor_full_rank(tensor); i++) inverse[tensor->attributes.transpose.axis[i]] = i;
    return soma_graph_transpose(graph, dy, inverse, &gradient[0]);
}

static soma_status lower_transpose(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view x = soma_lowering_view(lowering, tensor->input[0]), from = x;
    for (uint32_t i = 0; i < x.rank; i++) {
        from.shape[i] = x.shape[tensor->attributes.transpose.axis[i]];
        from.stride[i] = x.stride[tensor->attributes.transpose.axis[i]];
    }
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, soma_lowering_view(lowering, tensor), 1, 0));
}

SOMA_OP(transpose) = {1, 1, shape_transpose, SOMA_GRADIENT(gradient_transpose), lower_transpose};
