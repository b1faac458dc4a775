/* SPDX-License-Identifier: MIT */
/* ACROSS: what ranks that train together have in common. */
#include "graph/ops/op.h"

static soma_status shape_across(soma_tensor *tensor) {
    char text[SOMA_SHAPE_TEXT];
    if (!tensor->input[0]->batched) return soma_shape_like_first(tensor);
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "a figure of the whole batch is wanted, got %s",
                          soma_tensor_shape_text(tensor->input[0], text));
}

/*
 * y = sum of w x over the ranks, w being how much of the batch a rank has; the objective is the sum of w times the
 * rank's own. So what the own objective of a rank takes from x is dy of all, each times its w: the others' objectives
 * count, and the own w is taken care of where gradients are summed.
 */
static soma_status gradient_across(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_attributes attributes = tensor->attributes;
    attributes.across.moves = false;
    return soma_op_add(graph, SOMA_OP_ACROSS, &dy, 1, attributes, &gradient[0]);
}

static soma_status lower_across(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(
        lowering, tensor,
        soma_call_copy(soma_lowering_flat(lowering, tensor->input[0]), soma_lowering_flat(lowering, tensor), 1, 0));
}

SOMA_OP(across) = {1, 1, shape_across, SOMA_GRADIENT(gradient_across), lower_across};
