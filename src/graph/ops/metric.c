/* SPDX-License-Identifier: MIT */
/* METRIC. */
#include "graph/ops/op.h"

static soma_status lower_metric(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t shape[2] = {SOMA_ACCUMULATOR_SLOTS, 2};
    soma_view target = tensor->input_count > 1 ? soma_lowering_target(lowering, tensor->input[1]) : soma_view_absent();
    return soma_lowering_push(lowering, tensor,
                              soma_call_metric(soma_lowering_rows(lowering, tensor->input[0]), target,
                                               soma_lowering_site(lowering, SOMA_SITE_ACCUMULATORS, 2, shape),
                                               tensor->attributes.metric));
}

SOMA_OP(metric) = {1, 2, soma_shape_none, NULL, lower_metric};
