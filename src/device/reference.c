/* SPDX-License-Identifier: MIT */
/* The reference: every primitive in float64 on one thread, written to be right at sight. What devices are held against.
 */
#include "device/reference.h"

soma_status soma_reference_run(const soma_call *call) {
    SOMA_TRY(soma_call_check(call));
    switch (call->primitive) {
    case SOMA_PRIMITIVE_FILL:
        return soma_reference_fill(call);
    case SOMA_PRIMITIVE_COPY:
        return soma_reference_copy(call);
    case SOMA_PRIMITIVE_GATHER:
        return soma_reference_gather(call);
    case SOMA_PRIMITIVE_GEMM:
        return soma_reference_gemm(call);
    case SOMA_PRIMITIVE_UNARY:
        return soma_reference_unary(call);
    case SOMA_PRIMITIVE_UNARY_GRAD:
        return soma_reference_unary_grad(call);
    case SOMA_PRIMITIVE_BIAS_UNARY_GRAD:
        return soma_reference_bias_unary_grad(call);
    case SOMA_PRIMITIVE_BINARY:
        return soma_reference_binary(call);
    case SOMA_PRIMITIVE_REDUCE:
        return soma_reference_reduce(call);
    case SOMA_PRIMITIVE_SOFTMAX:
        return soma_reference_softmax(call);
    case SOMA_PRIMITIVE_SOFTMAX_GRAD:
        return soma_reference_softmax_grad(call);
    case SOMA_PRIMITIVE_DROPOUT:
        return soma_reference_dropout(call);
    case SOMA_PRIMITIVE_LOSS:
        return soma_reference_loss(call);
    case SOMA_PRIMITIVE_LOSS_GRAD:
        return soma_reference_loss_grad(call);
    case SOMA_PRIMITIVE_METRIC:
        return soma_reference_metric(call);
    case SOMA_PRIMITIVE_OPTIMIZER:
        return soma_reference_optimizer(call);
    case SOMA_PRIMITIVE_COUNT:
        break;
    }
    return soma_error(SOMA_INTERNAL, "the reference lacks primitive %d", (int)call->primitive);
}
