/* SPDX-License-Identifier: MIT */
/* MIX. */
#include "device/contract/contract.h"

static soma_status check_mix(const soma_call *call) {
    const soma_mix_params *params = &call->params.mix;
    const soma_view *x = &call->view[0], *out = &call->view[1];
    SOMA_TRY(soma_need_rank(call, 1, 2));
    if (x->dtype == SOMA_I32)
        SOMA_TRY(soma_need_shape(call, 0, 1, out->shape[0], 0));
    else
        SOMA_TRY(soma_need_same_shape(call, 0, 1));
    if (!(params->share >= 0.0f && params->share <= 1.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "the share is %g; 0 to 1 is possible",
                                (double)params->share);
    if (params->ahead && params->ahead >= out->shape[0])
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%llu rows ahead in %s; less than its rows are possible",
                                (unsigned long long)params->ahead, SHAPE(out));
    return SOMA_OK;
}

SOMA_CONTRACT(mix) = {.check = check_mix, .view = {{"x", F | I}, {"out", F | OUT}}};
