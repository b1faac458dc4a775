/* SPDX-License-Identifier: MIT */
/* NORMALIZE_GRAD. */
#include "device/opencl/normalize.h"

enum { DY, X, SCALE, MEAN, INVERSE, DX, DSCALE, DOFFSET }; /* views */

static uint32_t flags_of(const soma_cl_builder *builder) {
    return (builder->call->params.normalize.centered ? NORMALIZE_CENTERED : 0) |
           normalize_flag(builder, SCALE, NORMALIZE_SCALE) | normalize_flag(builder, MEAN, NORMALIZE_KEEP_MEAN) |
           normalize_flag(builder, DSCALE, NORMALIZE_DSCALE) | normalize_flag(builder, DOFFSET, NORMALIZE_DOFFSET);
}

/* Of `stretches` of `span` rows, each in s->pieces. */
static void sum_pieces(soma_cl_builder *builder, const normalize_shape *s, size_t stretches, size_t span,
                       soma_cl_place sums) {
    soma_cl_expect_loops(builder, s->length);
    soma_cl_begin(builder, "normalize_grad.cl", "normalize_grad_pieces", " ");
    soma_cl_pass_size(builder, s->columns);
    soma_cl_pass_size(builder, s->groups);
    soma_cl_pass_size(builder, s->c);
    soma_cl_pass_size(builder, s->inner);
    soma_cl_pass_size(builder, span);
    soma_cl_pass_size(builder, s->pieces);
    soma_cl_pass_size(builder, s->length);
    soma_cl_pass_u32(builder, flags_of(builder));
    soma_cl_pass_view(builder, DY);
    soma_cl_pass_view(builder, X);
    soma_cl_pass_view(builder, MEAN);
    soma_cl_pass_view(builder, INVERSE);
    soma_cl_pass_place(builder, sums);
    normalize_end_columns(builder, s, stretches * s->pieces);
}

static void sum_channels(soma_cl_builder *builder, const normalize_shape *s, size_t pieces, soma_cl_place sums) {
    soma_cl_expect_loops(builder, pieces);
    soma_cl_begin(builder, "normalize_grad.cl", "normalize_grad_channels", " ");
    soma_cl_pass_size(builder, s->columns);
    soma_cl_pass_size(builder, pieces);
    soma_cl_pass_u32(builder, flags_of(builder));
    soma_cl_pass_place(builder, sums);
    soma_cl_pass_view(builder, DSCALE);
    soma_cl_pass_view(builder, DOFFSET);
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_column_groups(builder->device, s->columns), 1);
}

static void join_pieces(soma_cl_builder *builder, const normalize_shape *s, soma_cl_place sums, soma_cl_place columns) {
    enum { LOOPS = 2 };
    const size_t rows = s->outer * s->groups;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, rows, s->pieces * s->c);
    soma_cl_expect_loops(builder, LOOPS * (s->pieces * s->c / share.lanes + 1));
    soma_cl_begin(builder, "normalize_grad.cl", "normalize_grad_join", "-DLANES=%u -DROWS=%u", share.lanes, share.rows);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, s->groups);
    soma_cl_pass_size(builder, s->c);
    soma_cl_pass_size(builder, s->inner);
    soma_cl_pass_size(builder, s->pieces);
    soma_cl_pass_u32(builder, flags_of(builder));
    soma_cl_pass_place(builder, sums);
    soma_cl_pass_view(builder, SCALE);
    soma_cl_pass_view(builder, INVERSE);
    soma_cl_pass_place(builder, columns);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

static void apply_columns(soma_cl_builder *builder, const normalize_shape *s, soma_cl_place columns) {
    soma_cl_expect_loops(builder, s->length);
    soma_cl_begin(builder, "normalize_grad.cl", "normalize_grad_apply", " ");
    soma_cl_pass_size(builder, s->columns);
    soma_cl_pass_size(builder, s->groups);
    soma_cl_pass_size(builder, s->c);
    soma_cl_pass_size(builder, s->inner);
    soma_cl_pass_size(builder, s->pieces);
    soma_cl_pass_size(builder, s->length);
    soma_cl_pass_u32(builder, flags_of(builder));
    for (uint32_t view = DY; view <= INVERSE; view++) soma_cl_pass_view(builder, view);
    soma_cl_pass_place(builder, columns);
    soma_cl_pass_view(builder, DX);
    normalize_end_columns(builder, s, s->outer * s->pieces);
}

static void differentiate_rows(soma_cl_builder *builder, const normalize_shape *s) {
    enum { LOOPS = 2 };
    const size_t rows = s->outer * s->groups;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, rows, s->c);
    soma_cl_expect_loops(builder, LOOPS * (s->c / share.lanes + 1));
    soma_cl_begin(builder, "normalize_grad.cl", "normalize_grad_rows", "-DLANES=%u -DROWS=%u", share.lanes, share.rows);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, s->groups);
    soma_cl_pass_size(builder, s->c);
    soma_cl_pass_u32(builder, flags_of(builder));
    for (uint32_t view = DY; view <= DX; view++) soma_cl_pass_view(builder, view);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

/* All rows are one stretch for the sums, since each outer has a single one. */
static void write_rows(soma_cl_builder *builder, normalize_shape s, bool channels) {
    if (s.outer > 0) differentiate_rows(builder, &s);
    if (!channels) return;
    size_t items = soma_cl_reducing_items(builder->device, 1, s.columns);
    s.length = SOMA_MAX(soma_cl_pieces(s.outer, soma_cl_axis_pieces(builder->device, items, s.outer)), (size_t)1);
    s.pieces = SOMA_MAX(soma_cl_pieces(s.outer, s.length), (size_t)1);
    const soma_cl_place sums = soma_cl_scratch_place(builder, 2 * s.pieces * s.columns);
    sum_pieces(builder, &s, 1, s.outer, sums);
    sum_channels(builder, &s, s.pieces, sums);
}

void soma_cl_write_normalize_grad(soma_cl_builder *builder) {
    const normalize_shape s = normalize_shape_of(builder);
    const bool channels = normalize_has(builder, DSCALE) || normalize_has(builder, DOFFSET);
    if (s.columns == 0) return;
    if (normalize_is_rows(&s)) {
        write_rows(builder, s, channels);
        return;
    }
    const size_t pieces = s.outer * s.pieces;
    const soma_cl_place sums = soma_cl_scratch_place(builder, SOMA_MAX((size_t)1, 2 * pieces * s.columns));
    const soma_cl_place columns = soma_cl_scratch_place(builder, SOMA_MAX((size_t)1, 2 * s.outer * s.columns));
    if (s.outer > 0) sum_pieces(builder, &s, s.outer, s.inner, sums);
    if (channels) sum_channels(builder, &s, pieces, sums);
    if (s.outer * s.inner == 0) return;
    join_pieces(builder, &s, sums, columns);
    apply_columns(builder, &s, columns);
}
