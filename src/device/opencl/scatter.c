/* SPDX-License-Identifier: MIT */
/* SCATTER. */
#include "device/opencl/elementwise.h"

void soma_cl_write_scatter(soma_cl_builder *builder) {
    const soma_view *x = &builder->call->view[0], *out = &builder->call->view[2];
    const size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "scatter.cl", "scatter", " ");
    pass_share(builder, count);
    soma_cl_pass_size(builder, x->shape[1]);
    soma_cl_pass_size(builder, out->shape[1]);
    soma_cl_pass_size(builder, x->shape[2]);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    soma_cl_pass_view(builder, 2);
    end_share(builder, count);
}
