/* SPDX-License-Identifier: MIT */
/* BINARY. */
#include "device/contract/contract.h"

static soma_status check_binary(const soma_call *call) {
    if ((unsigned)call->params.binary.op >= SOMA_BINARY_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no operation %d", (int)call->params.binary.op);
    SOMA_TRY(soma_need_same_shape(call, 0, 1));
    return soma_need_same_shape(call, 0, 2);
}

SOMA_CONTRACT(binary) = {.check = check_binary, .view = {{"a", F}, {"b", F | BROADCAST}, {"out", F | OUT}}};
