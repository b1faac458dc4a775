/* SPDX-License-Identifier: MIT */
/* SOFTMAX and its gradient. */
#include "graph/ops/op.h"

static soma_status shape_softmax(soma_tensor *tensor) {
    SOMA_TRY(soma_op_check_axis(tensor, tensor->input[0], tensor->attributes.softmax.axis));
    if (tensor->input[0]->batched && tensor->attributes.softmax.axis == 0)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "softmax over the batch is not meaningful");
    return soma_shape_like_first(tensor);
}

static soma_status gradient_softmax(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *input[] = {dy, tensor};
    return soma_op_add(graph, SOMA_OP_SOFTMAX_GRAD, input, 2, tensor->attributes, &gradient[0]);
}

static soma_status lower_softmax(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.softmax.axis;
    return soma_lowering_push(lowering, tensor,
                              soma_call_softmax(soma_lowering_axis(lowering, tensor->input[0], axis),
                                                soma_lowering_axis(lowering, tensor, axis),
                                                tensor->attributes.softmax.log));
}

SOMA_OP(softmax) = {1, 1, shape_softmax, SOMA_GRADIENT(gradient_softmax), lower_softmax};

static soma_status lower_softmax_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.softmax.axis;
    return soma_lowering_push(lowering, tensor,
                              soma_call_softmax_grad(soma_lowering_axis(lowering, tensor->input[0], axis),
                                                     soma_lowering_axis(lowering, tensor->input[1], axis),
                                                     soma_lowering_axis(lowering, tensor, axis),
                                                     tensor->attributes.softmax.log));
}

SOMA_OP(softmax_grad) = {2, 2, soma_shape_of_equal_inputs, NULL, SOMA_TRAINING_CALL(lower_softmax_grad)};
