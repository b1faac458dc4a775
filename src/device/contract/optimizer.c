/* SPDX-License-Identifier: MIT */
/* OPTIMIZER. */
#include "device/contract/contract.h"

static soma_status check_optimizer(const soma_call *call) {
    static const uint32_t states[SOMA_OPTIMIZER_COUNT] = {
#define X(name, count) [SOMA_##name] = count,
        SOMA_OPTIMIZER_LIST(X)
#undef X
    };
    const soma_optimizer_params *params = &call->params.optimizer;
    if ((unsigned)params->kind >= SOMA_OPTIMIZER_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no optimizer %d", (int)params->kind);
    SOMA_TRY(soma_need_rank(call, 0, 1));
    SOMA_TRY(soma_need_same_shape(call, 0, 1));
    for (uint32_t i = 0; i < states[params->kind]; i++) {
        if (!soma_view_present(&call->view[2 + i]))
            return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s is missing", soma_call_view_name(call, 2 + i));
        SOMA_TRY(soma_need_same_shape(call, 0, 2 + i));
    }
    if (params->decay_count > call->view[0].shape[0])
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "decay_count is %zu of %zu parameters",
                                params->decay_count, call->view[0].shape[0]);
    if (params->clip_norm > 0.0f && !soma_view_present(&call->view[4]))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "clip_norm is given without the norm");
    return soma_view_present(&call->view[4]) ? soma_need_shape(call, 4, 1, 2, 0) : SOMA_OK;
}

SOMA_CONTRACT(optimizer) = {.check = check_optimizer,
                            .view = {{"parameter", F | UPDATED},
                                     {"gradient", F},
                                     {"state1", F | OPTIONAL | UPDATED},
                                     {"state2", F | OPTIONAL | UPDATED},
                                     {"norm", F | OPTIONAL}}};

static soma_status check_optimizer_rows(const soma_call *call) {
    const soma_view *dy = &call->view[0], *parameter = &call->view[2];
    const soma_optimizer_kind kind = call->params.optimizer_rows.optimizer.kind;
    if (kind != SOMA_SGD && kind != SOMA_ADAGRAD)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                                "by optimizer %d all rows change; only sgd and adagrad leave those without a gradient",
                                (int)kind);
    SOMA_TRY(soma_need_rank(call, 0, 2));
    SOMA_TRY(soma_need_shape(call, 1, 1, dy->shape[0], 0));
    SOMA_TRY(soma_need_rank(call, 2, 2));
    SOMA_TRY(soma_need_shape(call, 2, 2, parameter->shape[0], dy->shape[1]));
    SOMA_TRY(soma_need_same_shape(call, 2, 3));
    if (soma_view_present(&call->view[4])) return soma_need_same_shape(call, 2, 4);
    return kind == SOMA_SGD ? SOMA_OK : soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "state1 is missing");
}

/* Of the table the rows that are named: at most as many as are named in all. */
static double bytes_of_rows(const soma_call *call) {
    const double numbers = (double)soma_view_count(&call->view[0]), states = soma_view_present(&call->view[4]) ? 2 : 0;
    return 4 * ((double)call->view[1].shape[0] + numbers * (3 + states));
}

SOMA_CONTRACT(optimizer_rows) = {.check = check_optimizer_rows,
                                 .view = {{"dy", F},
                                          {"index", I},
                                          {"parameter", F | UPDATED},
                                          {"gradient", F | UPDATED},
                                          {"state1", F | OPTIONAL | UPDATED}},
                                 .bytes = bytes_of_rows};
