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
