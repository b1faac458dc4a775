/* SPDX-License-Identifier: MIT */
/* REDUCE. */
#include "device/contract/contract.h"

static soma_status check_reduce(const soma_call *call) {
    if ((unsigned)call->params.reduce.op >= SOMA_REDUCTION_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no reduction %d", (int)call->params.reduce.op);
    SOMA_TRY(soma_need_rank(call, 0, 3));
    return soma_need_shape(call, 1, 2, call->view[0].shape[0], call->view[0].shape[2]);
}

SOMA_CONTRACT(reduce) = {.check = check_reduce, .view = {{"x", F}, {"out", F | OUT}}};
