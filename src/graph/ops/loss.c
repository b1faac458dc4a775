/* SPDX-License-Identifier: MIT */
/* LOSS: one number for each sample; and its gradient. */
#include "graph/ops/op.h"

/* One number per sample. */
static soma_status shape_loss(soma_tensor *tensor) {
    const soma_tensor *prediction = tensor->input[0], *target = tensor->input[1];
    bool classes = target->dtype == SOMA_I32;
    char text[2][SOMA_SHAPE_TEXT];
    if (!prediction->batched || (classes ? target->rank != 0 || prediction->rank != 1
                                         : soma_tensor_count(target) != soma_tensor_count(prediction)))
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "predictions %s do not fit targets %s%s",
                              soma_tensor_shape_text(prediction, text[0]), soma_tensor_shape_text(target, text[1]),
                              classes ? " (class numbers)" : "");
    tensor->dtype = SOMA_F32;
    tensor->batched = true;
    tensor->rank = 0;
    return SOMA_OK;
}

/* With respect to the predictions; targets and weights are data. */
static soma_status gradient_loss(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *input[5];
    for (uint32_t i = 0; i < tensor->input_count; i++) input[i] = tensor->input[i];
    input[tensor->input_count] = dy;
    return soma_op_add(graph, SOMA_OP_LOSS_GRAD, input, tensor->input_count + 1, tensor->attributes, &gradient[0]);
}

static soma_status lower_loss(soma_lowering *lowering, const soma_tensor *tensor) {
    bool weighted = tensor->attributes.loss.weighted, class_weighted = tensor->attributes.loss.class_weighted;
    return soma_lowering_push(
        lowering, tensor,
        soma_call_loss(
            soma_lowering_rows(lowering, tensor->input[0]), soma_lowering_target(lowering, tensor->input[1]),
            soma_lowering_optional(lowering, weighted, weighted ? tensor->input[2] : NULL),
            soma_lowering_optional(lowering, class_weighted, class_weighted ? tensor->input[2 + weighted] : NULL),
            soma_lowering_flat(lowering, tensor), tensor->attributes.loss.params));
}

SOMA_OP(loss) = {2, 4, shape_loss, SOMA_GRADIENT(gradient_loss), lower_loss};

static soma_status lower_loss_grad(soma_lowering *lowering, const soma_tensor *tensor) {
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

SOMA_OP(loss_grad) = {3, 5, soma_shape_like_first, NULL, SOMA_TRAINING_CALL(lower_loss_grad)};
