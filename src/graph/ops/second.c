/* SPDX-License-Identifier: MIT */
/* SECOND, THIRD and FOURTH: what an op results in beside its own value. */
#include "graph/ops/op.h"

/* Of a loss's gradient: the input without its batch. A bias gradient keeps the shape of the sum that it was (fuse.c).
 */
static soma_status shape_result(soma_tensor *tensor) {
    SOMA_TRY(soma_shape_like_first(tensor));
    if (tensor->input[0]->op == SOMA_OP_NORMALIZE)
        soma_op_shape_figures(tensor->input[0], tensor);
    else if (tensor->input[0]->op == SOMA_OP_NORMALIZE_GRAD)
        soma_op_shape_channels(tensor->input[0], tensor);
    else if (tensor->input[0]->op == SOMA_OP_RECURRENT || tensor->input[0]->op == SOMA_OP_RECURRENT_GRAD)
        soma_op_shape_of_recurrent(tensor->input[0], tensor);
    else if (tensor->input[0]->op == SOMA_OP_ATTENTION || tensor->input[0]->op == SOMA_OP_ATTENTION_GRAD)
        soma_op_shape_of_attention(tensor->input[0], tensor);
    else
        tensor->batched = false;
    return SOMA_OK;
}

SOMA_OP(second) = {1, 1, shape_result, NULL, NULL};

SOMA_OP(third) = {1, 1, shape_result, NULL, NULL};

SOMA_OP(fourth) = {1, 1, shape_result, NULL, NULL};
