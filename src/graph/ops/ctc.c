/* SPDX-License-Identifier: MIT */
/* CTC: one number for each sample; its gradient; and the edits between labels and what is decoded. */
#include "graph/ops/op.h"

/* Of prediction [steps, classes], target [labels], maybe a mask [steps]: one number for each sample. */
static soma_status shape_ctc(soma_tensor *tensor) {
    const soma_tensor *prediction = tensor->input[0], *target = tensor->input[1];
    char text[2][SOMA_SHAPE_TEXT];
    if (!prediction->batched || prediction->rank != 2 || target->rank != 1 || target->dtype != SOMA_I32)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "predictions %s, labels %s; [batch, steps, classes] and [batch, labels] are wanted",
                              soma_tensor_shape_text(prediction, text[0]), soma_tensor_shape_text(target, text[1]));
    tensor->dtype = SOMA_F32;
    tensor->batched = true;
    tensor->rank = 0;
    return SOMA_OK;
}

static soma_view mask_of(const soma_lowering *lowering, const soma_tensor *tensor) {
    return tensor->attributes.ctc.masked ? soma_lowering_view(lowering, tensor->input[2]) : soma_view_absent();
}

static soma_status lower_ctc(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_ctc(soma_lowering_view(lowering, tensor->input[0]),
                                            soma_lowering_view(lowering, tensor->input[1]), mask_of(lowering, tensor),
                                            soma_lowering_flat(lowering, tensor), tensor->attributes.ctc.blank));
}

/* With respect to the predictions; labels and mask are data. */
static soma_status gradient_ctc(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *input[4];
    for (uint32_t i = 0; i < tensor->input_count; i++) input[i] = tensor->input[i];
    input[tensor->input_count] = dy;
    return soma_op_add(graph, SOMA_OP_CTC_GRAD, input, tensor->input_count + 1, tensor->attributes, &gradient[0]);
}

SOMA_OP(ctc) = {2, 3, shape_ctc, SOMA_GRADIENT(gradient_ctc), lower_ctc};

static soma_status lower_ctc_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_ctc_grad(soma_lowering_view(lowering, tensor->input[0]),
                                                 soma_lowering_view(lowering, tensor->input[1]),
                                                 mask_of(lowering, tensor),
                                                 soma_lowering_flat(lowering, tensor->input[tensor->input_count - 1]),
                                                 soma_lowering_view(lowering, tensor), tensor->attributes.ctc.blank));
}

SOMA_OP(ctc_grad) = {3, 4, soma_shape_like_first, NULL, SOMA_TRAINING_CALL(lower_ctc_grad)};

static soma_status lower_ctc_distance(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_ctc_distance(soma_lowering_view(lowering, tensor->input[0]),
                                                     soma_lowering_view(lowering, tensor->input[1]),
                                                     mask_of(lowering, tensor), soma_lowering_flat(lowering, tensor),
                                                     tensor->attributes.ctc.blank));
}

SOMA_OP(ctc_distance) = {2, 3, shape_ctc, NULL, lower_ctc_distance};
