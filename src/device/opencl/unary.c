/* SPDX-License-Identifier: MIT */
/* UNARY. */
#include "device/opencl/elementwise.h"

void soma_cl_write_unary(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "unary.cl", "unary", "-DFIXED_FUNCTION=%d", (int)params->function);
    pass_share(builder, count);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end_share(builder, count);
}
