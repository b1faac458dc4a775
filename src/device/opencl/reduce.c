/* SPDX-License-Identifier: MIT */
/* Reductions, alone and with the gradient of a layer's function. */
#include "device/opencl/reduce.h"
#include "kernels/columns.h"

soma_cl_place soma_cl_scratch_place(soma_cl_builder *builder, size_t floats) {
    const size_t bytes = floats * sizeof(float);
    return (soma_cl_place){.scratch = true, .offset = soma_cl_reserve(builder, bytes), .bytes = bytes};
}

void soma_cl_pass_place(soma_cl_builder *builder, soma_cl_place place) {
    if (place.scratch)
        soma_cl_pass_scratch(builder, place.offset, place.bytes);
    else
        soma_cl_pass_view(builder, place.view);
}

static void reduce_rows(soma_cl_builder *builder, const soma_cl_reduction *pass, soma_cl_place from, soma_cl_place to) {
    soma_cl_rows share = soma_cl_share_rows(builder->device, pass->outer * pass->pieces, pass->length);
    soma_cl_expect_loops(builder, pass->length / share.lanes);
    soma_cl_begin(builder, "reduce.cl", "reduce_rows", "-DFIXED_OPERATION=%d -DLANES=%u -DROWS=%u",
                  (int)pass->operation, share.lanes, share.rows);
    soma_cl_pass_size(builder, pass->outer * pass->pieces);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_u32(builder, pass->operation);
    soma_cl_pass_size(builder, pass->axis);
    soma_cl_pass_size(builder, pass->pieces);
    soma_cl_pass_size(builder, pass->length);
    soma_cl_pass_float(builder, pass->divisor);
    soma_cl_pass_place(builder, from);
    soma_cl_pass_place(builder, to);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

size_t soma_cl_column_groups(const soma_cl_device *device, size_t columns) {
    return soma_cl_pieces(columns, (size_t)device->style.width * device->style.group);
}

size_t soma_cl_wide_column_groups(const soma_cl_device *device, size_t columns) {
    const size_t together = soma_cl_works_on_vectors(device) ? SOMA_COLUMNS_TOGETHER : 1;
    return soma_cl_pieces(soma_cl_column_groups(device, columns), together);
}

static void reduce_columns(soma_cl_builder *builder, const soma_cl_reduction *pass, soma_cl_place from,
                           soma_cl_place to) {
    soma_cl_expect_loops(builder, pass->length);
    soma_cl_begin(builder, "reduce.cl", "reduce_columns", "-DFIXED_OPERATION=%d", (int)pass->operation);
    soma_cl_pass_size(builder, pass->inner);
    soma_cl_pass_u32(builder, pass->operation);
    soma_cl_pass_size(builder, pass->axis);
    soma_cl_pass_size(builder, pass->pieces);
    soma_cl_pass_size(builder, pass->length);
    soma_cl_pass_float(builder, pass->divisor);
    soma_cl_pass_place(builder, from);
    soma_cl_pass_place(builder, to);
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_column_groups(builder->device, pass->inner),
                pass->outer * pass->pieces);
}

void soma_cl_reduce_pass(soma_cl_builder *builder, const soma_cl_reduction *pass, soma_cl_place from,
                         soma_cl_place to) {
    if (pass->inner == 1)
        reduce_rows(builder, pass, from, to);
    else
        reduce_columns(builder, pass, from, to);
}

/* A long axis is reduced in two passes: pieces of it into the workspace, then those. */
static void reduce(soma_cl_builder *builder, soma_cl_reduction whole, soma_cl_place from, soma_cl_place to) {
    size_t pieces = soma_cl_axis_pieces(builder->device,
                                        soma_cl_reducing_items(builder->device, whole.outer, whole.inner), whole.axis);
    whole.length = SOMA_MAX(soma_cl_pieces(whole.axis, pieces), 1u);
    whole.pieces = SOMA_MAX(soma_cl_pieces(whole.axis, whole.length), 1u);
    if (whole.pieces == 1) {
        soma_cl_reduce_pass(builder, &whole, from, to);
        return;
    }
    soma_cl_place partial = soma_cl_scratch_place(builder, whole.outer * whole.pieces * whole.inner);
    const bool extreme = whole.operation == SOMA_REDUCE_MAX || whole.operation == SOMA_REDUCE_MIN;
    const soma_reduction again = extreme ? whole.operation : SOMA_REDUCE_SUM;
    soma_cl_reduction second = {again, whole.outer, whole.pieces, whole.inner, 1, whole.pieces, whole.divisor};
    whole.divisor = 1;
    soma_cl_reduce_pass(builder, &whole, from, partial);
    soma_cl_reduce_pass(builder, &second, partial, to);
}

void soma_cl_write_reduce(soma_cl_builder *builder) {
    const soma_view *x = &builder->call->view[0];
    soma_reduction op = builder->call->params.reduce.op;
    soma_cl_reduction whole = {.operation = op,
                               .outer = x->shape[0],
                               .axis = x->shape[1],
                               .inner = x->shape[2],
                               .divisor = op == SOMA_REDUCE_MEAN ? (float)x->shape[1] : 1};
    if (whole.outer == 0 || whole.inner == 0) return;
    reduce(builder, whole, soma_cl_view_place(0), soma_cl_view_place(1));
}
