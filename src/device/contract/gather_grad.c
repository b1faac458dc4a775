/* SPDX-License-Identifier: MIT */
/* GATHER_GRAD. */
#include "device/contract/contract.h"

static soma_status check_gather_grad(const soma_call *call) {
    const soma_view *dy = &call->view[0], *dtable = &call->view[2];
    SOMA_TRY(soma_need_rank(call, 0, 2));
    SOMA_TRY(soma_need_shape(call, 1, 1, dy->shape[0], 0));
    SOMA_TRY(soma_need_rank(call, 2, 2));
    return soma_need_shape(call, 2, 2, dtable->shape[0], dy->shape[1]);
}

SOMA_CONTRACT(gather_grad) = {.check = check_gather_grad, .view = {{"dy", F}, {"index", I}, {"dtable", F | OUT}}};
