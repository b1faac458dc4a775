/* SPDX-License-Identifier: MIT */
/* The reference: every primitive in float64 on one thread, written to be right at sight. What devices are held against.
 */
#include "device/reference/reference.h"

static soma_reference_primitive *const primitives[SOMA_PRIMITIVE_COUNT] = {
    [SOMA_PRIMITIVE_FILL] = soma_reference_fill,
    [SOMA_PRIMITIVE_COPY] = soma_reference_copy,
    [SOMA_PRIMITIVE_GATHER] = soma_reference_gather,
    [SOMA_PRIMITIVE_GEMM] = soma_reference_gemm,
    [SOMA_PRIMITIVE_UNARY] = soma_reference_unary,
    [SOMA_PRIMITIVE_UNARY_GRAD] = SOMA_FOR_TRAINING(soma_reference_unary_grad),
    [SOMA_PRIMITIVE_BIAS_UNARY_GRAD] = SOMA_FOR_TRAINING(soma_reference_bias_unary_grad),
    [SOMA_PRIMITIVE_BINARY] = soma_reference_binary,
    [SOMA_PRIMITIVE_REDUCE] = soma_reference_reduce,
    [SOMA_PRIMITIVE_SOFTMAX] = soma_reference_softmax,
    [SOMA_PRIMITIVE_SOFTMAX_GRAD] = SOMA_FOR_TRAINING(soma_reference_softmax_grad),
    [SOMA_PRIMITIVE_DROPOUT] = SOMA_FOR_TRAINING(soma_reference_dropout),
    [SOMA_PRIMITIVE_LOSS] = soma_reference_loss,
    [SOMA_PRIMITIVE_LOSS_GRAD] = SOMA_FOR_TRAINING(soma_reference_loss_grad),
    [SOMA_PRIMITIVE_METRIC] = soma_reference_metric,
    [SOMA_PRIMITIVE_OPTIMIZER] = SOMA_FOR_TRAINING(soma_reference_optimizer),
};

bool soma_reference_has(soma_primitive primitive) {
    return primitives[primitive] != NULL;
}

soma_status soma_reference_run(const soma_call *call) {
    SOMA_TRY(soma_call_check(call));
    if (soma_reference_has(call->primitive)) return primitives[call->primitive](call);
    return soma_error(SOMA_UNSUPPORTED, "%s: %s", soma_primitive_name(call->primitive), SOMA_WITHOUT_TRAINING);
}
