/* SPDX-License-Identifier: MIT */
/* Softmax. */
#include "device/opencl/reduce.h"

/* Loops over an axis, one after the other. */
#define LOOPS 3

void soma_cl_launch_softmax(soma_cl_builder *builder, const char *rows_kernel, const char *columns_kernel,
                            uint32_t views) {
    const soma_view *x = &builder->call->view[0];
    const size_t outer = x->shape[0], axis = x->shape[1], inner = x->shape[2];
    const bool logarithm = builder->call->params.softmax.log;
    if (soma_view_count(x) == 0) return;
    if (inner == 1) {
        soma_cl_rows share = soma_cl_share_rows(builder->device, outer, axis);
        soma_cl_expect_loops(builder, LOOPS * (axis / share.lanes + 1));
        soma_cl_begin(builder, "softmax.cl", rows_kernel, "-DLANES=%u -DROWS=%u", share.lanes, share.rows);
        soma_cl_pass_size(builder, outer);
        soma_cl_pass_size(builder, share.rows_per_group);
        soma_cl_pass_size(builder, axis);
        soma_cl_pass_u32(builder, logarithm);
        for (uint32_t view = 0; view < views; view++) soma_cl_pass_view(builder, view);
        soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
        return;
    }
    soma_cl_expect_loops(builder, LOOPS * (axis + 1));
    soma_cl_begin(builder, "softmax.cl", columns_kernel, " ");
    soma_cl_pass_size(builder, inner);
    soma_cl_pass_size(builder, axis);
    soma_cl_pass_u32(builder, logarithm);
    for (uint32_t view = 0; view < views; view++) soma_cl_pass_view(builder, view);
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_column_groups(builder->device, inner), outer);
}

void soma_cl_write_softmax(soma_cl_builder *builder) {
    soma_cl_launch_softmax(builder, "softmax_rows", "softmax_columns", 2);
}
