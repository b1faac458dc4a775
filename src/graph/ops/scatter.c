/* SPDX-License-Identifier: MIT */
/* CACHE: what stays from run to run; SCATTER: rows that are put into it. Neither is trained: a training step knows all
 * steps of a sequence at once. */
#include "graph/ops/op.h"

SOMA_OP(cache) = {0, 0, soma_shape_given, NULL, NULL};

static soma_status shape_scatter(soma_tensor *tensor) {
    const soma_tensor *cache = tensor->input[0], *x = tensor->input[1], *index = tensor->input[2];
    char text[3][SOMA_SHAPE_TEXT];
    SOMA_TRY(soma_shape_like_first(tensor));
    if (cache->op == SOMA_OP_CACHE && cache->batched && x->batched && index->batched && cache->rank == 2 &&
        x->rank == 2 && x->shape[1] == cache->shape[1] && index->dtype == SOMA_I32 && soma_tensor_count(index) == 1)
        return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                          "rows [batch, steps, width] go into a cache [batch, rows, width] from a number for each "
                          "sample on, got %s, %s and %s",
                          soma_tensor_shape_text(x, text[0]), soma_tensor_shape_text(cache, text[1]),
                          soma_tensor_shape_text(index, text[2]));
}

static soma_status lower_scatter(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_scatter(soma_lowering_view(lowering, tensor->input[1]),
                                                soma_lowering_flat(lowering, tensor->input[2]),
                                                soma_lowering_view(lowering, tensor)));
}

SOMA_OP(scatter) = {3, 3, shape_scatter, NULL, lower_scatter};
