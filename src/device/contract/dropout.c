/* SPDX-License-Identifier: MIT */
/* DROPOUT. */
#include "device/contract/contract.h"

static soma_status check_dropout(const soma_call *call) {
    float rate = call->params.dropout.rate;
    if (!(rate >= 0.0f && rate < 1.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "the rate is %g; 0 <= rate < 1 is needed", (double)rate);
    return soma_need_same_shape(call, 0, 1);
}

SOMA_CONTRACT(dropout) = {.check = check_dropout, .view = {{"x", F}, {"out", F | OUT}}};
