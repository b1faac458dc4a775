/* SPDX-License-Identifier: MIT */
/* Metrics. */
#include "device/opencl/reduce.h"

/* Above so many elements a metric's samples are computed by many work-items before one group adds them. */
#define AT_ONCE 16384
/* Loops over a sample's elements, one after the other, at most. */
#define LOOPS 2

/* What a metric is made of: the predictions, and targets by class number or row; both of a sum are the numbers to add.
 */
typedef struct batch {
    soma_metric_kind kind;
    size_t rows, columns;
    soma_cl_place prediction, target;
    bool by_class, weighted;
} batch;

static void pass_batch(soma_cl_builder *builder, const batch *of) {
    const soma_metric_params *params = &builder->call->params.metric;
    soma_cl_pass_u32(builder, of->kind);
    soma_cl_pass_size(builder, of->columns);
    soma_cl_pass_u32(builder, params->k);
    soma_cl_pass_float(builder, params->threshold);
    soma_cl_pass_u32(builder, of->by_class);
    soma_cl_pass_u32(builder, of->weighted);
    soma_cl_pass_place(builder, of->prediction);
    soma_cl_pass_place(builder, of->target); /* as class numbers */
    soma_cl_pass_place(builder, of->target); /* as rows */
    soma_cl_pass_view(builder, 3);
}

/* The last step: one group adds the values of the samples to the accumulator. */
static void add(soma_cl_builder *builder, const batch *of) {
    soma_cl_expect_loops(builder, (of->rows / builder->device->style.group + 1) * (LOOPS * of->columns + 1));
    soma_cl_begin(builder, "metric.cl", "metric_add", "-DFIXED_METRIC=%d", (int)of->kind);
    soma_cl_pass_size(builder, of->rows);
    soma_cl_pass_u32(builder, builder->call->params.metric.slot);
    pass_batch(builder, of);
    soma_cl_pass_view(builder, 2);
    soma_cl_end(builder, builder->device->style.group, 1, 1, 1);
}

static void add_sum(soma_cl_builder *builder, size_t count, soma_cl_place numbers) {
    const batch sum = {SOMA_METRIC_SUM, count, 1, numbers, numbers, false, false};
    add(builder, &sum);
}

static void write_sum(soma_cl_builder *builder, size_t count) {
    const soma_cl_place numbers = soma_cl_view_place(0);
    const size_t length = soma_cl_pieces(count, soma_cl_axis_pieces(builder->device, 1, count));
    const size_t pieces = soma_cl_pieces(count, length);
    if (count <= AT_ONCE || pieces == 1) {
        add_sum(builder, count, numbers);
        return;
    }
    const soma_cl_place partial = soma_cl_scratch_place(builder, pieces);
    const soma_cl_reduction parts = {SOMA_REDUCE_SUM, 1, count, 1, pieces, length, 1};
    soma_cl_reduce_pass(builder, &parts, numbers, partial);
    add_sum(builder, pieces, partial);
}

static void write_samples(soma_cl_builder *builder, const batch *of, soma_cl_place values) {
    const soma_cl_device *device = builder->device;
    const size_t chunk =
        SOMA_MAX(soma_cl_chunk(device, of->rows * of->columns) / of->columns, (size_t)device->style.group);
    soma_cl_expect_loops(builder, (chunk / device->style.group + 1) * (LOOPS * of->columns + 1));
    soma_cl_begin(builder, "metric.cl", "metric_rows", "-DFIXED_METRIC=%d", (int)of->kind);
    soma_cl_pass_size(builder, of->rows);
    soma_cl_pass_size(builder, chunk);
    pass_batch(builder, of);
    soma_cl_pass_place(builder, values);
    soma_cl_end(builder, device->style.group, 1, soma_cl_pieces(of->rows, chunk), 1);
}

void soma_cl_write_metric(soma_cl_builder *builder) {
    const soma_call *call = builder->call;
    const size_t count = soma_view_count(&call->view[0]);
    if (count == 0) return;
    if (call->params.metric.kind == SOMA_METRIC_SUM) {
        write_sum(builder, count);
        return;
    }
    const size_t rows = call->view[0].shape[0];
    const batch of = {call->params.metric.kind,
                      rows,
                      count / rows,
                      soma_cl_view_place(0),
                      soma_cl_view_place(1),
                      call->view[1].dtype == SOMA_I32,
                      call->view[3].rank != 0};
    if (count <= AT_ONCE) {
        add(builder, &of);
        return;
    }
    const soma_cl_place values = soma_cl_scratch_place(builder, rows);
    write_samples(builder, &of, values);
    add_sum(builder, rows, values);
}
