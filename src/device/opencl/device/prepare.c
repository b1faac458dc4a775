/* SPDX-License-Identifier: MIT */
/* Prepares calls: hands each to the file of its primitive. */
#include "device/opencl/launch/launch.h"

static soma_cl_writer *const writers[SOMA_PRIMITIVE_COUNT] = {
    [SOMA_PRIMITIVE_FILL] = soma_cl_write_fill,
    [SOMA_PRIMITIVE_COPY] = soma_cl_write_copy,
    [SOMA_PRIMITIVE_GATHER] = soma_cl_write_gather,
    [SOMA_PRIMITIVE_GEMM] = soma_cl_write_gemm,
    [SOMA_PRIMITIVE_UNARY] = soma_cl_write_unary,
    [SOMA_PRIMITIVE_UNARY_GRAD] = SOMA_FOR_TRAINING(soma_cl_write_unary_grad),
    [SOMA_PRIMITIVE_BIAS_UNARY_GRAD] = SOMA_FOR_TRAINING(soma_cl_write_bias_unary_grad),
    [SOMA_PRIMITIVE_BINARY] = soma_cl_write_binary,
    [SOMA_PRIMITIVE_REDUCE] = soma_cl_write_reduce,
    [SOMA_PRIMITIVE_SOFTMAX] = soma_cl_write_softmax,
    [SOMA_PRIMITIVE_SOFTMAX_GRAD] = SOMA_FOR_TRAINING(soma_cl_write_softmax_grad),
    [SOMA_PRIMITIVE_DROPOUT] = SOMA_FOR_TRAINING(soma_cl_write_dropout),
    [SOMA_PRIMITIVE_LOSS] = soma_cl_write_loss,
    [SOMA_PRIMITIVE_LOSS_GRAD] = SOMA_FOR_TRAINING(soma_cl_write_loss_grad),
    [SOMA_PRIMITIVE_METRIC] = soma_cl_write_metric,
    [SOMA_PRIMITIVE_OPTIMIZER] = SOMA_FOR_TRAINING(soma_cl_write_optimizer),
};

/* float64 is the reference's alone: many OpenCL devices do not have it. */
static bool has_float64(const soma_call *call) {
    for (uint32_t i = 0; i < call->view_count; i++)
        if (call->view[i].rank && call->view[i].dtype == SOMA_F64) return true;
    return false;
}

soma_status soma_cl_prepare(void *state, soma_call *call, size_t *workspace) {
    *workspace = 0;
    if ((unsigned)call->primitive >= SOMA_PRIMITIVE_COUNT || has_float64(call))
        return soma_error(SOMA_UNSUPPORTED, "%s is not done on OpenCL for these element types",
                          soma_primitive_name(call->primitive));
    if (!writers[call->primitive])
        return soma_error(SOMA_UNSUPPORTED, "%s: %s", soma_primitive_name(call->primitive), SOMA_WITHOUT_TRAINING);
    soma_cl_prepared *prepared = soma_calloc(1, sizeof *prepared);
    if (!prepared) return soma_out_of_memory(sizeof *prepared, "a prepared call");
    call->prepared = prepared;
    soma_cl_builder builder = {.device = state, .call = call, .prepared = prepared};
    writers[call->primitive](&builder);
    if (builder.status != SOMA_OK) {
        soma_cl_release(state, call);
        return builder.status;
    }
    *workspace = builder.scratch;
    return SOMA_OK;
}
