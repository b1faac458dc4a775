/* SPDX-License-Identifier: MIT */
/* UNARY_GRAD and BIAS_UNARY_GRAD. */
#include "device/opencl/elementwise.h"
#include "device/opencl/reduce.h"

void soma_cl_write_unary_grad(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "unary.cl", "unary_grad", "-DFIXED_FUNCTION=%d", (int)params->function);
    pass_share(builder, count);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    end_share(builder, count);
}

void soma_cl_write_bias_unary_grad(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t rows = builder->call->view[2].shape[0], columns = builder->call->view[2].shape[1];
    const soma_cl_device *device = builder->device;
    if (columns == 0) return;
    size_t pieces = soma_cl_axis_pieces(device, soma_cl_reducing_items(device, 1, columns), rows);
    size_t length = SOMA_MAX(soma_cl_pieces(rows, pieces), 1u);
    pieces = SOMA_MAX(soma_cl_pieces(rows, length), 1u);
    soma_cl_place sums = pieces == 1 ? soma_cl_view_place(3) : soma_cl_scratch_place(builder, pieces * columns);
    soma_cl_expect_loops(builder, length);
    soma_cl_begin(builder, "unary.cl", "bias_unary_grad", "-DFIXED_FUNCTION=%d", (int)params->function);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, columns);
    soma_cl_pass_size(builder, length);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    soma_cl_pass_place(builder, sums);
    soma_cl_end(builder, device->style.group, 1, soma_cl_column_groups(device, columns), pieces);
    if (pieces == 1) return;
    soma_cl_reduction second = {SOMA_REDUCE_SUM, 1, pieces, columns, 1, pieces, 1};
    soma_cl_reduce_pass(builder, &second, sums, soma_cl_view_place(3));
}
