/* SPDX-License-Identifier: MIT */
/* OPTIMIZER. */
#include "device/opencl/elementwise.h"

void soma_cl_write_optimizer(soma_cl_builder *builder) {
    static const size_t rates[] = {
        SOMA_CL_LIVE(optimizer.learning_rate),
        SOMA_CL_LIVE(optimizer.beta1),
        SOMA_CL_LIVE(optimizer.beta2),
        SOMA_CL_LIVE(optimizer.epsilon),
        SOMA_CL_LIVE(optimizer.correction1),
        SOMA_CL_LIVE(optimizer.correction2),
        SOMA_CL_LIVE(optimizer.l2),
        SOMA_CL_LIVE(optimizer.l1),
        SOMA_CL_LIVE(optimizer.decay),
        SOMA_CL_LIVE(optimizer.clip_value),
        SOMA_CL_LIVE(optimizer.clip_norm),
    };
    const soma_optimizer_params *params = &builder->call->params.optimizer;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "optimizer.cl", "optimizer", "-DFIXED_RULE=%d", (int)params->kind);
    pass_share(builder, count);
    soma_cl_pass_size(builder, params->decay_count);
    soma_cl_pass_u32(builder, params->kind);
    for (size_t i = 0; i < SOMA_COUNT_OF(rates); i++) soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, rates[i]);
    for (uint32_t view = 0; view < builder->call->view_count; view++) soma_cl_pass_view(builder, view);
    end_share(builder, count);
}
