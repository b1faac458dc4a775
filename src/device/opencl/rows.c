/* SPDX-License-Identifier: MIT */
/* Primitives that sum over an axis or a row: reductions, softmax, losses, metrics. */
#include "device/opencl/launch.h"

#include <stdio.h>

/* Above so many elements a metric's samples are computed by many work-items before one group adds them. */
#define METRIC_AT_ONCE 16384

/* ----------------------------------------------------------------------------------------------------- reductions */

/* One pass over x [outer, axis, inner] cut into pieces; from and to: a view, or a piece of the workspace. */
typedef struct reduction {
    const char *operation;
    size_t outer, axis, inner, pieces, length;
    float divisor;
} reduction;

/* A kernel's memory argument: a view or, with `scratch`, a piece of the workspace. */
typedef struct place {
    bool scratch;
    uint32_t view;
    size_t offset, bytes;
} place;

static void pass_place(soma_cl_builder *builder, place at) {
    if (at.scratch)
        soma_cl_pass_scratch(builder, at.offset, at.bytes);
    else
        soma_cl_pass_view(builder, at.view);
}

static place view_place(uint32_t view) {
    return (place){.view = view};
}

static place scratch_place(soma_cl_builder *builder, size_t floats) {
    return (place){
        .scratch = true, .offset = soma_cl_reserve(builder, floats * sizeof(float)), .bytes = floats * sizeof(float)};
}

static void reduce_rows(soma_cl_builder *builder, const reduction *pass, place from, place to) {
    soma_cl_rows share = soma_cl_share_rows(builder->device, pass->outer * pass->pieces, pass->length);
    soma_cl_begin(builder, "reduce.cl", "reduce_rows", "-DOPERATION=%s -DLANES=%u -DROWS=%u", pass->operation,
                  share.lanes, share.rows);
    soma_cl_pass_size(builder, pass->outer * pass->pieces);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, pass->axis);
    soma_cl_pass_size(builder, pass->pieces);
    soma_cl_pass_size(builder, pass->length);
    soma_cl_pass_float(builder, pass->divisor);
    pass_place(builder, from);
    pass_place(builder, to);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

static size_t column_groups(const soma_cl_device *device, size_t columns) {
    return soma_cl_pieces(columns, (size_t)device->style.width * device->style.group);
}

static void reduce_columns(soma_cl_builder *builder, const reduction *pass, place from, place to) {
    soma_cl_begin(builder, "reduce.cl", "reduce_columns", "-DOPERATION=%s -DLANES=1 -DROWS=1", pass->operation);
    soma_cl_pass_size(builder, pass->inner);
    soma_cl_pass_size(builder, pass->axis);
    soma_cl_pass_size(builder, pass->pieces);
    soma_cl_pass_size(builder, pass->length);
    soma_cl_pass_float(builder, pass->divisor);
    pass_place(builder, from);
    pass_place(builder, to);
    soma_cl_end(builder, builder->device->style.group, 1, column_groups(builder->device, pass->inner),
                pass->outer * pass->pieces);
}

static void reduce_pass(soma_cl_builder *builder, const reduction *pass, place from, place to) {
    if (pass->inner == 1)
        reduce_rows(builder, pass, from, to);
    else
        reduce_columns(builder, pass, from, to);
}

/* Work-items that reduce the whole axis at once. */
static size_t reducing_items(const soma_cl_device *device, size_t outer, size_t inner) {
    return outer * soma_cl_pieces(inner, device->style.width);
}

/* A long axis is reduced in two passes: pieces of it into the workspace, then those. */
static void reduce(soma_cl_builder *builder, reduction whole, const char *again, place from, place to) {
    size_t pieces =
        soma_cl_axis_pieces(builder->device, reducing_items(builder->device, whole.outer, whole.inner), whole.axis);
    whole.length = SOMA_MAX(soma_cl_pieces(whole.axis, pieces), 1u);
    whole.pieces = SOMA_MAX(soma_cl_pieces(whole.axis, whole.length), 1u);
    if (whole.pieces == 1) {
        reduce_pass(builder, &whole, from, to);
        return;
    }
    place partial = scratch_place(builder, whole.outer * whole.pieces * whole.inner);
    reduction second = {again, whole.outer, whole.pieces, whole.inner, 1, whole.pieces, whole.divisor};
    whole.divisor = 1;
    reduce_pass(builder, &whole, from, partial);
    reduce_pass(builder, &second, partial, to);
}

void soma_cl_write_reduce(soma_cl_builder *builder) {
    /* What the pieces, and what their results are combined by. */
    static const struct {
        const char *first, *again;
    } words[] = {
        [SOMA_REDUCE_SUM] = {"SUM", "SUM"},
        [SOMA_REDUCE_MEAN] = {"SUM", "SUM"},
        [SOMA_REDUCE_MAX] = {"MAX", "MAX"},
        [SOMA_REDUCE_MIN] = {"MIN", "MIN"},
        [SOMA_REDUCE_SUM_SQUARES] = {"SUM_SQUARES", "SUM"},
    };
    const soma_view *x = &builder->call->view[0];
    soma_reduction op = builder->call->params.reduce.op;
    reduction whole = {.operation = words[op].first,
                       .outer = x->shape[0],
                       .axis = x->shape[1],
                       .inner = x->shape[2],
                       .divisor = op == SOMA_REDUCE_MEAN ? (float)x->shape[1] : 1};
    if (whole.outer == 0 || whole.inner == 0) return;
    reduce(builder, whole, words[op].again, view_place(0), view_place(1));
}

void soma_cl_write_bias_unary_grad(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t rows = builder->call->view[2].shape[0], columns = builder->call->view[2].shape[1];
    const soma_cl_device *device = builder->device;
    if (columns == 0) return;
    size_t pieces = soma_cl_axis_pieces(device, reducing_items(device, 1, columns), rows);
    size_t length = SOMA_MAX(soma_cl_pieces(rows, pieces), 1u);
    pieces = SOMA_MAX(soma_cl_pieces(rows, length), 1u);
    place sums = pieces == 1 ? view_place(3) : scratch_place(builder, pieces * columns);
    soma_cl_begin(builder, "bias.cl", "bias_unary_grad", "-DFUNCTION=%s", soma_cl_function_word(params->function));
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, columns);
    soma_cl_pass_size(builder, length);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    pass_place(builder, sums);
    soma_cl_end(builder, device->style.group, 1, column_groups(device, columns), pieces);
    if (pieces == 1) return;
    reduction second = {"SUM", 1, pieces, columns, 1, pieces, 1};
    reduce_pass(builder, &second, sums, view_place(3));
}

/* -------------------------------------------------------------------------------------------------------- softmax */

static void write_softmax(soma_cl_builder *builder, const char *rows_kernel, const char *columns_kernel,
                          uint32_t views) {
    const soma_view *x = &builder->call->view[0];
    const size_t outer = x->shape[0], axis = x->shape[1], inner = x->shape[2];
    const char *logarithm = builder->call->params.softmax.log ? " -DLOGARITHM" : "";
    if (soma_view_count(x) == 0) return;
    if (inner == 1) {
        soma_cl_rows share = soma_cl_share_rows(builder->device, outer, axis);
        soma_cl_begin(builder, "softmax.cl", rows_kernel, "-DLANES=%u -DROWS=%u%s", share.lanes, share.rows, logarithm);
        soma_cl_pass_size(builder, outer);
        soma_cl_pass_size(builder, share.rows_per_group);
        soma_cl_pass_size(builder, axis);
        for (uint32_t view = 0; view < views; view++) soma_cl_pass_view(builder, view);
        soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
        return;
    }
    soma_cl_begin(builder, "softmax.cl", columns_kernel, "-DLANES=1 -DROWS=1%s", logarithm);
    soma_cl_pass_size(builder, inner);
    soma_cl_pass_size(builder, axis);
    for (uint32_t view = 0; view < views; view++) soma_cl_pass_view(builder, view);
    soma_cl_end(builder, builder->device->style.group, 1, column_groups(builder->device, inner), outer);
}

void soma_cl_write_softmax(soma_cl_builder *builder) {
    write_softmax(builder, "softmax_rows", "softmax_columns", 2);
}

void soma_cl_write_softmax_grad(soma_cl_builder *builder) {
    write_softmax(builder, "softmax_grad_rows", "softmax_grad_columns", 3);
}

/* --------------------------------------------------------------------------------------------------------- losses */

/* `views`: how many there are before the optional ones end; all present ones from 0 on are passed in order. */
static void write_loss(soma_cl_builder *builder, bool gradient, uint32_t views) {
    static const char *const words[] = {
#define X(name) [SOMA_LOSS_##name] = #name,
        SOMA_LOSS_LIST(X)
#undef X
    };
    const soma_call *call = builder->call;
    const soma_loss_params *params = &call->params.loss;
    const size_t rows = call->view[0].shape[0], columns = call->view[0].shape[1];
    if (rows == 0 || (gradient && columns == 0)) return;
    bool logits = params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
    bool categorical = logits || params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY;
    bool classes = call->view[1].dtype == SOMA_I32;
    soma_cl_rows share = soma_cl_share_rows(builder->device, rows, columns);
    char options[128];
    snprintf(options, sizeof options, "-DLANES=%u -DROWS=%u%s%s", share.lanes, share.rows,
             call->view[2].rank ? " -DWEIGHT" : "", call->view[3].rank ? " -DCLASS_WEIGHT" : "");
    if (categorical)
        soma_cl_begin(builder, "crossentropy.cl", gradient ? "crossentropy_grad" : "crossentropy", "%s%s%s", options,
                      logits ? " -DLOGITS" : "", classes ? " -DCLASSES" : "");
    else
        soma_cl_begin(builder, "loss.cl", gradient ? "loss_grad" : "loss", "%s -DLOSS=%s", options,
                      words[params->kind]);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, columns);
    if (!categorical) soma_cl_pass_float(builder, params->delta);
    for (uint32_t view = 0; view < views; view++)
        if (call->view[view].rank) soma_cl_pass_view(builder, view);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

void soma_cl_write_loss(soma_cl_builder *builder) {
    write_loss(builder, false, 5);
}

void soma_cl_write_loss_grad(soma_cl_builder *builder) {
    write_loss(builder, true, 6);
}

/* -------------------------------------------------------------------------------------------------------- metrics */

static const char *metric_word(soma_metric_kind kind) {
    static const char *const words[] = {
#define X(name) [SOMA_METRIC_##name] = #name,
        SOMA_METRIC_LIST(X)
#undef X
    };
    return words[kind];
}

static void pass_metric(soma_cl_builder *builder, size_t columns) {
    const soma_metric_params *params = &builder->call->params.metric;
    soma_cl_pass_size(builder, columns);
    soma_cl_pass_u32(builder, params->k);
    soma_cl_pass_float(builder, params->threshold);
}

/* The last pass: one group adds the values of `count` samples to the accumulator. */
static void metric_add(soma_cl_builder *builder, soma_metric_kind kind, size_t count, size_t columns, bool classes,
                       place prediction, place target) {
    soma_cl_begin(builder, "metric.cl", "metric_add", "-DMETRIC=%s%s", metric_word(kind), classes ? " -DCLASSES" : "");
    soma_cl_pass_size(builder, count);
    pass_metric(builder, columns);
    soma_cl_pass_u32(builder, builder->call->params.metric.slot);
    pass_place(builder, prediction);
    pass_place(builder, target);
    soma_cl_pass_view(builder, 2);
    soma_cl_end(builder, builder->device->style.group, 1, 1, 1);
}

static void metric_sum(soma_cl_builder *builder, size_t count) {
    size_t pieces = soma_cl_axis_pieces(builder->device, 1, count);
    reduction parts = {.operation = "SUM", .outer = 1, .axis = count, .inner = 1, .divisor = 1};
    parts.length = soma_cl_pieces(count, pieces);
    parts.pieces = soma_cl_pieces(count, parts.length);
    if (count <= METRIC_AT_ONCE || parts.pieces == 1) {
        metric_add(builder, SOMA_METRIC_SUM, count, 1, false, view_place(0), view_place(0));
        return;
    }
    place partial = scratch_place(builder, parts.pieces);
    reduce_rows(builder, &parts, view_place(0), partial);
    metric_add(builder, SOMA_METRIC_SUM, parts.pieces, 1, false, partial, partial);
}

void soma_cl_write_metric(soma_cl_builder *builder) {
    const soma_call *call = builder->call;
    const soma_metric_kind kind = call->params.metric.kind;
    const size_t count = soma_view_count(&call->view[0]);
    if (count == 0) return;
    if (kind == SOMA_METRIC_SUM) {
        metric_sum(builder, count);
        return;
    }
    const size_t rows = call->view[0].shape[0], columns = count / rows;
    const bool classes = call->view[1].dtype == SOMA_I32;
    if (count <= METRIC_AT_ONCE) {
        metric_add(builder, kind, rows, columns, classes, view_place(0), view_place(1));
        return;
    }
    size_t chunk = SOMA_MAX(soma_cl_chunk(builder->device, count) / columns, builder->device->style.group);
    place values = scratch_place(builder, rows);
    soma_cl_begin(builder, "metric.cl", "metric_rows", "-DMETRIC=%s%s", metric_word(kind), classes ? " -DCLASSES" : "");
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, chunk);
    pass_metric(builder, columns);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    pass_place(builder, values);
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_pieces(rows, chunk), 1);
    metric_add(builder, SOMA_METRIC_SUM, rows, 1, false, values, values);
}
