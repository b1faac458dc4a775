/* SPDX-License-Identifier: MIT */
/* AUGMENT. */
#include "device/contract/contract.h"

#define MOST_PIXELS 65535u

static soma_status check_augment(const soma_call *call) {
    const soma_augment_params *params = &call->params.augment;
    SOMA_TRY(soma_need_rank(call, 0, 4));
    SOMA_TRY(soma_need_same_shape(call, 0, 1));
    const soma_view *x = &call->view[0];
    for (int i = 1; i < 4; i++)
        if (x->shape[i] > MOST_PIXELS)
            return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                    "x is %s; up to %u x %u pixels of %u channels are possible", SHAPE(x), MOST_PIXELS,
                                    MOST_PIXELS, MOST_PIXELS);
    if (params->shift[0] > MOST_PIXELS || params->shift[1] > MOST_PIXELS || params->cutout > MOST_PIXELS)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "shift %u, %u, cutout %u; up to %u pixels are possible",
                                params->shift[0], params->shift[1], params->cutout, MOST_PIXELS);
    if (!(params->rotate >= 0.0f && params->rotate <= 3.1416f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "rotate is %g; 0 to pi, in radians, is possible",
                                (double)params->rotate);
    if (!(params->brightness >= 0.0f && params->brightness <= 1.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "brightness is %g; 0 to 1 is possible",
                                (double)params->brightness);
    return SOMA_OK;
}

SOMA_CONTRACT(augment) = {.check = check_augment, .view = {{"x", F}, {"out", F | OUT}}};
