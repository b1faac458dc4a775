/* SPDX-License-Identifier: MIT */
/* POOL and its gradient. */
#include "device/contract/contract.h"

static soma_status need_at_least_1(const soma_call *call, const char *what, const uint32_t *numbers) {
    for (int i = 0; i < 3; i++)
        if (numbers[i] < 1 || numbers[i] >= SOMA_POOL_MOST_PLACES)
            return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s[%d] is %u; 1 to %d is possible", what, i,
                                    numbers[i], SOMA_POOL_MOST_PLACES - 1);
    return SOMA_OK;
}

static soma_status need_padding(const soma_call *call, const char *what, const int32_t *numbers) {
    for (int i = 0; i < 3; i++)
        if (numbers[i] < 0 || numbers[i] >= SOMA_POOL_MOST_PLACES)
            return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s[%d] is %d; 0 to %d is possible", what, i,
                                    numbers[i], SOMA_POOL_MOST_PLACES - 1);
    return SOMA_OK;
}

static soma_status need_params(const soma_call *call) {
    const soma_pool_params *params = &call->params.pool;
    if ((unsigned)params->kind >= SOMA_POOL_KIND_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no pooling %d", (int)params->kind);
    SOMA_TRY(need_at_least_1(call, "size", params->size));
    SOMA_TRY(need_at_least_1(call, "stride", params->stride));
    SOMA_TRY(need_at_least_1(call, "dilation", params->dilation));
    SOMA_TRY(need_padding(call, "before", params->before));
    return need_padding(call, "after", params->after);
}

/* Devices count places with 32 bits. */
static soma_status need_places(const soma_call *call, const soma_view *x, const soma_view *y) {
    const soma_pool_params *params = &call->params.pool;
    const uint64_t most = SOMA_POOL_MOST_PLACES;
    for (int i = 0; i < 3; i++) {
        uint64_t in = x->shape[1 + i], out = y->shape[1 + i];
        uint64_t length = (uint64_t)(params->size[i] - 1) * params->dilation[i];
        if (in < most && out < most && length < most && (out ? (out - 1) * params->stride[i] : 0) + length < most)
            continue;
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "windows of %s over %s reach past %d places in dimension %d",
                                SHAPE(y), SHAPE(x), SOMA_POOL_MOST_PLACES, 1 + i);
    }
    return SOMA_OK;
}

/* x and y are these views. */
static soma_status need_windows(const soma_call *call, uint32_t x, uint32_t y) {
    const soma_view *of_x = &call->view[x], *of_y = &call->view[y];
    SOMA_TRY(need_params(call));
    SOMA_TRY(soma_need_rank(call, x, 5));
    SOMA_TRY(soma_need_rank(call, y, 5));
    if (of_x->shape[0] != of_y->shape[0] || of_x->shape[4] != of_y->shape[4])
        return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                "%s is %s but %s is %s; equal numbers of samples and of channels are needed",
                                soma_call_view_name(call, x), SHAPE(of_x), soma_call_view_name(call, y), SHAPE(of_y));
    return need_places(call, of_x, of_y);
}

static soma_status check_pool(const soma_call *call) {
    return need_windows(call, 0, 1);
}

static soma_status check_pool_grad(const soma_call *call) {
    SOMA_TRY(need_windows(call, 3, 0));
    bool x = soma_view_present(&call->view[1]), y = soma_view_present(&call->view[2]);
    if (call->params.pool.kind == SOMA_POOL_MAX) {
        if (!x || !y) return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s is missing", x ? "y" : "x");
        SOMA_TRY(soma_need_same_shape(call, 1, 3));
        return soma_need_same_shape(call, 2, 0);
    }
    if (!x && !y) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "an average takes neither x nor y");
}

SOMA_CONTRACT(pool) = {.check = check_pool, .view = {{"x", F}, {"y", F | OUT}}};

SOMA_CONTRACT(pool_grad) = {.check = check_pool_grad,
                            .view = {{"dy", F}, {"x", F | OPTIONAL}, {"y", F | OPTIONAL}, {"dx", F | OUT}}};
