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

/* Rows narrower than a vector, so many of them that they fill vectors: the matrix is taken for one of fewer and wider
 * rows. */
static size_t rows_together(const soma_cl_device *device, size_t rows, size_t columns) {
    const size_t width = device->style.width;
    size_t together = 1;
    if (!soma_cl_works_on_vectors(device) || columns >= width) return 1;
    while (together * columns % width) together++;
    return rows % together ? 1 : together;
}

void soma_cl_write_bias_unary_grad(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t rows = builder->call->view[2].shape[0], columns = builder->call->view[2].shape[1];
    const soma_cl_device *device = builder->device;
    if (columns == 0) return;
    const size_t together = rows_together(device, rows, columns);
    rows /= together;
    columns *= together;
    const size_t items = soma_cl_works_on_vectors(device) ? soma_cl_wide_column_groups(device, columns)
                                                          : soma_cl_reducing_items(device, 1, columns);
    size_t pieces = soma_cl_axis_pieces(device, items, rows);
    size_t length = SOMA_MAX(soma_cl_pieces(rows, pieces), 1u);
    pieces = SOMA_MAX(soma_cl_pieces(rows, length), 1u);
    soma_cl_place sums =
        pieces * together == 1 ? soma_cl_view_place(3) : soma_cl_scratch_place(builder, pieces * columns);
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
    soma_cl_end(builder, device->style.group, 1, soma_cl_wide_column_groups(device, columns), pieces);
    if (pieces * together == 1) return;
    const size_t sum_rows = pieces * together;
    soma_cl_reduction second = {SOMA_REDUCE_SUM, 1, sum_rows, columns / together, 1, sum_rows, 1};
    soma_cl_reduce_pass(builder, &second, sums, soma_cl_view_place(3));
}
