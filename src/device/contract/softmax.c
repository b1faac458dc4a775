/* SPDX-License-Identifier: MIT */
/* SOFTMAX and its gradient. */
#include "device/contract/contract.h"

static soma_status check_softmax(const soma_call *call) {
    SOMA_TRY(soma_need_rank(call, 0, 3));
    return soma_need_same_shape(call, 0, 1);
}

SOMA_CONTRACT(softmax) = {.check = check_softmax, .view = {{"x", F}, {"out", F | OUT}}};

static soma_status check_softmax_grad(const soma_call *call) {
    SOMA_TRY(check_softmax(call));
    return soma_need_same_shape(call, 0, 2);
}

SOMA_CONTRACT(softmax_grad) = {.check = check_softmax_grad, .view = {{"dy", F}, {"y", F}, {"out", F | OUT}}};
