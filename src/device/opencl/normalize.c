/* SPDX-License-Identifier: MIT */
/* NORMALIZE. */
#include "device/opencl/normalize.h"

enum { X, SCALE, OFFSET, RUNNING_MEAN, RUNNING_VARIANCE, Y, MEAN, INVERSE }; /* views */

static uint32_t flags_of(const soma_cl_builder *builder) {
    return (builder->call->params.normalize.centered ? NORMALIZE_CENTERED : 0) |
           normalize_flag(builder, SCALE, NORMALIZE_SCALE) | normalize_flag(builder, OFFSET, NORMALIZE_OFFSET) |
           normalize_flag(builder, MEAN, NORMALIZE_KEEP_MEAN) |
           normalize_flag(builder, INVERSE, NORMALIZE_KEEP_INVERSE);
}

/* Shape and function of kernels that make y. */
static void begin_columns(soma_cl_builder *builder, const normalize_shape *s, const char *kernel) {
    const soma_normalize_params *params = &builder->call->params.normalize;
    soma_cl_expect_loops(builder, s->length);
    soma_cl_begin(builder, "normalize.cl", kernel, "-DFIXED_FUNCTION=%d", (int)params->function);
    soma_cl_pass_size(builder, s->columns);
    soma_cl_pass_size(builder, s->inner);
    soma_cl_pass_size(builder, s->pieces);
    soma_cl_pass_size(builder, s->length);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    soma_cl_pass_u32(builder, flags_of(builder));
}

static void pass_views(soma_cl_builder *builder, const uint32_t *views, size_t count) {
    for (size_t i = 0; i < count; i++) soma_cl_pass_view(builder, views[i]);
}

static void write_given(soma_cl_builder *builder, const normalize_shape *s) {
    static const uint32_t views[] = {X, SCALE, OFFSET, RUNNING_MEAN, RUNNING_VARIANCE, Y, MEAN, INVERSE};
    if (s->columns == 0) return;
    begin_columns(builder, s, "normalize_given");
    soma_cl_pass_float(builder, builder->call->params.normalize.epsilon);
    pass_views(builder, views, SOMA_COUNT_OF(views));
    normalize_end_columns(builder, s, s->pieces);
}

static void write_rows(soma_cl_builder *builder, const normalize_shape *s) {
    static const uint32_t views[] = {X, SCALE, OFFSET, Y, MEAN, INVERSE};
    enum { LOOPS = 3 };
    const soma_normalize_params *params = &builder->call->params.normalize;
    const size_t rows = s->outer * s->groups;
    if (rows == 0) return;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, rows, s->c);
    soma_cl_expect_loops(builder, LOOPS * (s->c / share.lanes + 1));
    soma_cl_begin(builder, "normalize.cl", "normalize_rows", "-DFIXED_FUNCTION=%d -DLANES=%u -DROWS=%u",
                  (int)params->function, share.lanes, share.rows);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, s->groups);
    soma_cl_pass_size(builder, s->c);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    soma_cl_pass_u32(builder, flags_of(builder));
    soma_cl_pass_float(builder, params->epsilon);
    pass_views(builder, views, SOMA_COUNT_OF(views));
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

static void sum_pieces(soma_cl_builder *builder, const normalize_shape *s, soma_cl_place figures) {
    if (s->columns == 0) return;
    soma_cl_expect_loops(builder, s->length);
    soma_cl_begin(builder, "normalize.cl", "normalize_pieces", " ");
    soma_cl_pass_size(builder, s->columns);
    soma_cl_pass_size(builder, s->inner);
    soma_cl_pass_size(builder, s->pieces);
    soma_cl_pass_size(builder, s->length);
    soma_cl_pass_u32(builder, flags_of(builder));
    soma_cl_pass_view(builder, X);
    soma_cl_pass_place(builder, figures);
    normalize_end_columns(builder, s, s->outer * s->pieces);
}

/* What the variance of a batch is multiplied by for the running one. */
static float correction(const soma_cl_builder *builder, const normalize_shape *s) {
    bool sample = builder->call->params.normalize.sample_variance && s->inner > 1;
    return sample ? (float)s->inner / (float)(s->inner - 1) : 1.0f;
}

static void join_pieces(soma_cl_builder *builder, const normalize_shape *s, soma_cl_place figures,
                        soma_cl_place columns) {
    static const uint32_t views[] = {SCALE, RUNNING_MEAN, RUNNING_VARIANCE, MEAN, INVERSE};
    enum { LOOPS = 3 };
    const soma_normalize_params *params = &builder->call->params.normalize;
    const size_t rows = s->outer * s->groups;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, rows, s->pieces * s->c);
    const bool updates = normalize_has(builder, RUNNING_MEAN) && s->inner > 0;
    soma_cl_expect_loops(builder, LOOPS * (s->pieces * s->c / share.lanes + 1));
    soma_cl_begin(builder, "normalize.cl", "normalize_join", "-DLANES=%u -DROWS=%u", share.lanes, share.rows);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, s->groups);
    soma_cl_pass_size(builder, s->c);
    soma_cl_pass_size(builder, s->inner);
    soma_cl_pass_size(builder, s->pieces);
    soma_cl_pass_size(builder, s->length);
    soma_cl_pass_u32(builder, flags_of(builder) | (updates ? NORMALIZE_RUNNING : 0));
    soma_cl_pass_float(builder, params->epsilon);
    soma_cl_pass_float(builder, params->momentum);
    soma_cl_pass_float(builder, correction(builder, s));
    soma_cl_pass_place(builder, figures);
    pass_views(builder, views, SOMA_COUNT_OF(views));
    soma_cl_pass_place(builder, columns);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

static void apply_columns(soma_cl_builder *builder, const normalize_shape *s, soma_cl_place columns) {
    if (soma_view_count(&builder->call->view[X]) == 0) return;
    begin_columns(builder, s, "normalize_apply");
    soma_cl_pass_view(builder, X);
    soma_cl_pass_place(builder, columns);
    soma_cl_pass_view(builder, OFFSET);
    soma_cl_pass_view(builder, Y);
    normalize_end_columns(builder, s, s->outer * s->pieces);
}

void soma_cl_write_normalize(soma_cl_builder *builder) {
    const normalize_shape s = normalize_shape_of(builder);
    if (builder->call->params.normalize.given)
        write_given(builder, &s);
    else if (normalize_is_rows(&s))
        write_rows(builder, &s);
    else if (s.outer * s.groups > 0) {
        const size_t floats = SOMA_MAX((size_t)1, 2 * s.outer * s.columns);
        const soma_cl_place figures = soma_cl_scratch_place(builder, floats * s.pieces);
        const soma_cl_place columns = soma_cl_scratch_place(builder, floats);
        sum_pieces(builder, &s, figures);
        join_pieces(builder, &s, figures, columns);
        apply_columns(builder, &s, columns);
    }
}
