/* SPDX-License-Identifier: MIT */
/* DROPOUT. */
#include "graph/ops/op.h"

#include "base/random.h"

static soma_status shape_dropout(soma_tensor *tensor) {
    float rate = tensor->attributes.dropout.rate;
    if (!(rate >= 0 && rate < 1))
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT,
                              "the dropout rate must be at least 0 and less than 1, got %g", (double)rate);
    return soma_shape_like_first(tensor);
}

/* The same mask: it is a function of the layer's stream and the step. */
static soma_status gradient_dropout(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    return soma_op_add(graph, SOMA_OP_DROPOUT, &dy, 1, tensor->attributes, &gradient[0]);
}

static soma_status lower_dropout(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_dropout_params params = tensor->attributes.dropout;
    params.stream += SOMA_STREAM_DROPOUT; /* the seed serves shuffling and initial weights too */
    return soma_lowering_push(lowering, tensor,
                              soma_call_dropout(soma_lowering_flat(lowering, tensor->input[0]),
                                                soma_lowering_flat(lowering, tensor), params));
}

SOMA_OP(dropout) = {1, 1, shape_dropout, SOMA_GRADIENT(gradient_dropout), SOMA_TRAINING_CALL(lower_dropout)};
