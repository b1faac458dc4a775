/* SPDX-License-Identifier: MIT */
/* METRIC. */
#include "graph/ops/op.h"

/* What is compared row by row: of a sample that has several, each counts; so it is where each has a weight. */
static bool is_of_rows(const soma_tensor *metric) {
    const soma_metric_kind kind = metric->attributes.metric.kind;
    return kind == SOMA_METRIC_CATEGORICAL_ACCURACY || kind == SOMA_METRIC_TOP_K_ACCURACY || metric->input_count > 2;
}

static soma_view rows_of(const soma_lowering *lowering, const soma_tensor *metric, const soma_tensor *tensor) {
    if (tensor->dtype == SOMA_I32) return soma_lowering_flat(lowering, tensor);
    return is_of_rows(metric) ? soma_op_last_rows(lowering, tensor) : soma_lowering_rows(lowering, tensor);
}

static soma_status lower_metric(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t shape[2] = {SOMA_ACCUMULATOR_SLOTS, 2};
    soma_view target = tensor->input_count > 1 ? rows_of(lowering, tensor, tensor->input[1]) : soma_view_absent();
    soma_view weight = tensor->input_count > 2 ? soma_lowering_flat(lowering, tensor->input[2]) : soma_view_absent();
    return soma_lowering_push(lowering, tensor,
                              soma_call_metric(rows_of(lowering, tensor, tensor->input[0]), target,
                                               soma_lowering_site(lowering, SOMA_SITE_ACCUMULATORS, 2, shape), weight,
                                               tensor->attributes.metric));
}

SOMA_OP(metric) = {1, 3, soma_shape_none, NULL, lower_metric};
