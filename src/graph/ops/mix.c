/* SPDX-License-Identifier: MIT */
/* MIX: the samples of a batch mixed with each other, in training alone: what a network takes, and its targets alike. */
#include "graph/ops/op.h"

/* Class numbers become rows of so many. */
static soma_status shape_mix(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    char text[SOMA_SHAPE_TEXT];
    if (!x->batched || (x->dtype == SOMA_I32 && (x->rank || !tensor->attributes.mix.classes)))
        return soma_op_refuse(
            tensor, SOMA_INVALID_SHAPE,
            "samples are mixed, or a class number of each where the count of classes is known, got %s %s",
            soma_dtype_name(x->dtype), soma_tensor_shape_text(x, text));
    if (x->dtype != SOMA_I32) return soma_shape_like_first(tensor);
    tensor->dtype = SOMA_F32;
    tensor->batched = true;
    tensor->rank = 1;
    tensor->shape[0] = tensor->attributes.mix.classes;
    return SOMA_OK;
}

/* With what they are mixed is set before each run. */
static soma_status lower_mix(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_mix(soma_lowering_target(lowering, tensor->input[0]),
                                            soma_lowering_rows(lowering, tensor), (soma_mix_params){.share = 1.0f}));
}

SOMA_OP(mix) = {1, 1, shape_mix, NULL, SOMA_TRAINING_CALL(lower_mix)};
