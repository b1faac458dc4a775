/* SPDX-License-Identifier: MIT */
/* TREES: what an ensemble of decision trees says of each sample. It has steps only, so that nothing before it learns.
 */
#include "graph/ops/op.h"

/* Of x [.., features], nodes [nodes, 4], leaves [leaves, outputs] and roots [trees]: [.., outputs]. */
static soma_status shape_trees(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0], *node = tensor->input[1], *leaf = tensor->input[2];
    const soma_tensor *root = tensor->input[3];
    char text[3][SOMA_SHAPE_TEXT];
    if (node->batched || node->rank != 2 || node->shape[1] != 4 || leaf->batched || leaf->rank != 2 || root->batched ||
        root->rank != 1)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "nodes %s, leaves %s and roots %s; [nodes, 4], [leaves, outputs] and [trees] are wanted",
                              soma_tensor_shape_text(node, text[0]), soma_tensor_shape_text(leaf, text[1]),
                              soma_tensor_shape_text(root, text[2]));
    if (x->rank == 0)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "a sample must have features, got %s",
                              soma_tensor_shape_text(x, text[0]));
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->shape[tensor->rank - 1] = leaf->shape[1];
    return SOMA_OK;
}

static soma_status lower_trees(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(
        lowering, tensor,
        soma_call_trees(soma_op_last_rows(lowering, tensor->input[0]), soma_lowering_view(lowering, tensor->input[1]),
                        soma_lowering_view(lowering, tensor->input[2]), soma_lowering_view(lowering, tensor->input[3]),
                        soma_op_last_rows(lowering, tensor), tensor->attributes.trees.depth));
}

SOMA_OP(trees) = {4, 4, shape_trees, NULL, lower_trees};
