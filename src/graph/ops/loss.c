/* SPDX-License-Identifier: MIT */
/* LOSS: one number for each sample, or each step of it; and its gradient. */
#include "graph/ops/op.h"

#include <string.h>

bool soma_op_loss_is_of_rows(soma_loss_kind kind) {
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS ||
           kind == SOMA_LOSS_CATEGORICAL_FOCAL;
}

static bool is_of_rows(const soma_tensor *loss) {
    return loss->attributes.loss.of_steps || soma_op_loss_is_of_rows(loss->attributes.loss.params.kind);
}

static bool target_fits(const soma_tensor *prediction, const soma_tensor *target) {
    if (target->dtype != SOMA_I32) return soma_tensor_count(target) == soma_tensor_count(prediction);
    if (target->rank + 1 != prediction->rank) return false;
    return memcmp(target->shape, prediction->shape, target->rank * sizeof *target->shape) == 0;
}

/* One number per sample, or one for each step of it. */
static soma_status shape_loss(soma_tensor *tensor) {
    const soma_tensor *prediction = tensor->input[0], *target = tensor->input[1];
    const bool of_rows = is_of_rows(tensor) && prediction->rank > 0;
    char text[2][SOMA_SHAPE_TEXT];
    if (!prediction->batched || !target_fits(prediction, target))
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "predictions %s do not fit targets %s%s",
                              soma_tensor_shape_text(prediction, text[0]), soma_tensor_shape_text(target, text[1]),
                              target->dtype == SOMA_I32 ? " (class numbers)" : "");
    tensor->dtype = SOMA_F32;
    tensor->batched = true;
    tensor->rank = of_rows ? prediction->rank - 1 : 0;
    memcpy(tensor->shape, prediction->shape, tensor->rank * sizeof *tensor->shape);
    if (!tensor->rank || !tensor->attributes.loss.weighted) return SOMA_OK;
    if (soma_tensor_count(tensor->input[2]) == soma_tensor_count(tensor)) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the losses of steps have weights of steps, not of samples");
}

/* The rows that a loss is of, and their targets. */
static soma_view prediction_rows(const soma_lowering *lowering, const soma_tensor *loss, const soma_tensor *tensor) {
    return is_of_rows(loss) ? soma_op_last_rows(lowering, tensor) : soma_lowering_rows(lowering, tensor);
}

static soma_view target_rows(const soma_lowering *lowering, const soma_tensor *loss) {
    const soma_tensor *target = loss->input[1];
    if (target->dtype == SOMA_I32) return soma_lowering_flat(lowering, target);
    soma_view like = prediction_rows(lowering, loss, loss->input[0]), view = soma_lowering_flat(lowering, target);
    return soma_view_reshape(&view, 2, like.shape);
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
            prediction_rows(lowering, tensor, tensor->input[0]), target_rows(lowering, tensor),
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
            prediction_rows(lowering, tensor, tensor->input[0]), target_rows(lowering, tensor),
            soma_lowering_optional(lowering, weighted, weighted ? tensor->input[2] : NULL),
            soma_lowering_optional(lowering, class_weighted, class_weighted ? tensor->input[2 + weighted] : NULL),
            soma_lowering_flat(lowering, dloss), prediction_rows(lowering, tensor, tensor),
            soma_lowering_optional(lowering, loss, loss), tensor->attributes.loss.params));
}

SOMA_OP(loss_grad) = {3, 5, soma_shape_like_first, NULL, SOMA_TRAINING_CALL(lower_loss_grad)};
