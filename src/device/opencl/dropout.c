/* SPDX-License-Identifier: MIT */
/* DROPOUT. */
#include "device/opencl/elementwise.h"

#define soma_u32         uint32_t
#define SOMA_MULHI(a, b) (soma_u32)(((uint64_t)(a) * (b)) >> 32)
#include "kernels/random.h"

void soma_cl_write_dropout(soma_cl_builder *builder) {
    const soma_dropout_params *params = &builder->call->params.dropout;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "dropout.cl", "dropout", " ");
    pass_share(builder, count);
    soma_cl_pass_u32(builder, SOMA_DROPOUT_THRESHOLD(params->rate));
    soma_cl_pass_float(builder, (float)(1.0 / (1.0 - (double)params->rate)));
    soma_cl_pass_u32(builder, params->stream);
    soma_cl_pass_u32(builder, (uint32_t)params->seed);
    soma_cl_pass_u32(builder, (uint32_t)(params->seed >> 32));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_U64, SOMA_CL_LIVE(dropout.step));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_U64, SOMA_CL_LIVE(dropout.start));
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end_share(builder, count);
}
