/* SPDX-License-Identifier: MIT */
/* NORM. */
#include "device/contract/contract.h"

static soma_status check_norm(const soma_call *call) {
    SOMA_TRY(soma_need_rank(call, 0, 1));
    return soma_need_shape(call, 1, 1, 2, 0);
}

SOMA_CONTRACT(norm) = {.check = check_norm, .view = {{"x", F}, {"norm", F | OUT}}};
