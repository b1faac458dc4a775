/* SPDX-License-Identifier: MIT */
/* NORM. */
#include "device/opencl/reduce.h"

/* What kernels/norm.cl keeps of each piece. */
#define FIGURES 4

static void sum_pieces(soma_cl_builder *builder, size_t count, size_t pieces, size_t length, soma_cl_place figures) {
    const soma_cl_rows share = soma_cl_share_rows(builder->device, pieces, length);
    soma_cl_expect_loops(builder, length / share.lanes);
    soma_cl_begin(builder, "norm.cl", "norm_pieces", "-DLANES=%u -DROWS=%u", share.lanes, share.rows);
    soma_cl_pass_size(builder, pieces);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, count);
    soma_cl_pass_size(builder, length);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_place(builder, figures);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

static void join_pieces(soma_cl_builder *builder, size_t pieces, soma_cl_place figures) {
    const uint32_t lanes = builder->device->style.group;
    soma_cl_expect_loops(builder, FIGURES * (pieces / lanes));
    soma_cl_begin(builder, "norm.cl", "norm_join", "-DLANES=%u -DROWS=1", lanes);
    soma_cl_pass_size(builder, pieces);
    soma_cl_pass_place(builder, figures);
    soma_cl_pass_view(builder, 1);
    soma_cl_end(builder, lanes, 1, 1, 1);
}

void soma_cl_write_norm(soma_cl_builder *builder) {
    const size_t count = soma_view_count(&builder->call->view[0]);
    const size_t length = SOMA_MAX(soma_cl_pieces(count, soma_cl_axis_pieces(builder->device, 1, count)), (size_t)1);
    const size_t pieces = SOMA_MAX(soma_cl_pieces(count, length), (size_t)1); /* no numbers have a norm too */
    const soma_cl_place figures = soma_cl_scratch_place(builder, FIGURES * pieces);
    sum_pieces(builder, count, pieces, length, figures);
    join_pieces(builder, pieces, figures);
}
