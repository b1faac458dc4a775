/* SPDX-License-Identifier: MIT */
/* METRIC. */
#include "device/contract/contract.h"

static soma_status check_metric(const soma_call *call) {
    const soma_metric_params *params = &call->params.metric;
    const soma_view *accumulator = &call->view[2];
    if ((unsigned)params->kind >= SOMA_METRIC_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no metric %d", (int)params->kind);
    SOMA_TRY(soma_need_rank(call, 2, 2));
    SOMA_TRY(soma_need_shape(call, 2, 2, accumulator->shape[0], 2));
    if (params->slot >= accumulator->shape[0])
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "slot %u of the accumulator %s", params->slot,
                                SHAPE(accumulator));
    const bool weighted = soma_view_present(&call->view[3]);
    if (weighted && params->kind == SOMA_METRIC_SUM)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "weight is given; a sum of all elements takes none");
    if (params->kind == SOMA_METRIC_SUM) return SOMA_OK;
    if (!soma_view_present(&call->view[1])) return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "target is missing");
    if (params->kind == SOMA_METRIC_TOP_K_ACCURACY && params->k == 0)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "top_k_accuracy with k = 0; 1 or more is needed");
    SOMA_TRY(soma_need_rank(call, 0, 2));
    if (weighted) SOMA_TRY(soma_need_shape(call, 3, 1, call->view[0].shape[0], 0));
    return soma_need_target(call, params->kind == SOMA_METRIC_CATEGORICAL_ACCURACY ||
                                      params->kind == SOMA_METRIC_TOP_K_ACCURACY);
}

SOMA_CONTRACT(metric) = {
    .check = check_metric,
    .view = {{"prediction", F}, {"target", F | I | OPTIONAL}, {"accumulator", F | UPDATED}, {"weight", F | OPTIONAL}}};
