/* SPDX-License-Identifier: MIT */
/* AUGMENT. */
#include "device/opencl/elementwise.h"

void soma_cl_write_augment(soma_cl_builder *builder) {
    const soma_augment_params *params = &builder->call->params.augment;
    const soma_view *x = &builder->call->view[0];
    const size_t pixels = x->shape[0] * x->shape[1] * x->shape[2];
    if (pixels * x->shape[3] == 0) return;
    soma_cl_expect_loops(builder, soma_cl_chunk(builder->device, pixels) * (x->shape[3] + 1));
    soma_cl_begin(builder, "augment.cl", "augment", " ");
    pass_share(builder, pixels);
    for (int i = 1; i < 4; i++) soma_cl_pass_u32(builder, (uint32_t)x->shape[i]);
    soma_cl_pass_u32(builder, params->shift[0]);
    soma_cl_pass_u32(builder, params->shift[1]);
    soma_cl_pass_u32(builder, params->flip | (uint32_t)params->flip_vertical << 1);
    soma_cl_pass_u32(builder, params->cutout);
    soma_cl_pass_float(builder, params->rotate);
    soma_cl_pass_float(builder, params->brightness);
    soma_cl_pass_u32(builder, params->stream);
    soma_cl_pass_u32(builder, (uint32_t)params->seed);
    soma_cl_pass_u32(builder, (uint32_t)(params->seed >> 32));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_U64, SOMA_CL_LIVE(augment.step));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_U64, SOMA_CL_LIVE(augment.start));
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end_share(builder, pixels);
}
