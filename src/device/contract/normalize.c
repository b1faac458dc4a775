/* SPDX-License-Identifier: MIT */
/* NORMALIZE and its gradient. */
#include "device/contract/contract.h"

enum { X, SCALE, OFFSET, RUNNING_MEAN, RUNNING_VARIANCE, Y, MEAN, INVERSE }; /* views of NORMALIZE */
enum { GRAD_DY, GRAD_X, GRAD_SCALE, GRAD_MEAN, GRAD_INVERSE, GRAD_DX, GRAD_DSCALE, GRAD_DOFFSET }; /* of its gradient */

static bool present(const soma_call *call, uint32_t index) {
    return soma_view_present(&call->view[index]);
}

/* A view of one number for each channel of x, or for each group of each outer, where it is there. */
static soma_status need_channels(const soma_call *call, uint32_t x, uint32_t index) {
    const size_t *shape = call->view[x].shape;
    return present(call, index) ? soma_need_shape(call, index, 1, shape[2] * shape[3], 0) : SOMA_OK;
}

static soma_status need_figures(const soma_call *call, uint32_t x, uint32_t index) {
    const size_t *shape = call->view[x].shape;
    return present(call, index) ? soma_need_shape(call, index, 2, shape[0], shape[2]) : SOMA_OK;
}

static soma_status need_pair(const soma_call *call, uint32_t first, uint32_t second) {
    if (present(call, first) == present(call, second)) return SOMA_OK;
    uint32_t there = present(call, first) ? first : second, missing = present(call, first) ? second : first;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s is there without %s", soma_call_view_name(call, there),
                            soma_call_view_name(call, missing));
}

static soma_status check_params(const soma_call *call) {
    const soma_normalize_params *params = &call->params.normalize;
    if (!(params->epsilon >= 0.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "epsilon is %g; it must be at least 0",
                                (double)params->epsilon);
    if (!(params->momentum >= 0.0f && params->momentum <= 1.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "momentum is %g; it must be from 0 to 1",
                                (double)params->momentum);
    return soma_need_function(call, params->function, params->a, params->b);
}

static soma_status check_running(const soma_call *call) {
    const soma_normalize_params *params = &call->params.normalize;
    const soma_view *x = &call->view[X];
    SOMA_TRY(need_pair(call, RUNNING_MEAN, RUNNING_VARIANCE));
    if (!present(call, RUNNING_MEAN))
        return params->given ? soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "running_mean is missing, which is given")
                             : SOMA_OK;
    if (x->shape[0] != 1 || x->shape[3] != 1 || !params->centered)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                "x is %s%s; running figures are for [1, any, any, 1], centered", SHAPE(x),
                                params->centered ? "" : ", not centered");
    SOMA_TRY(soma_need_shape(call, RUNNING_MEAN, 1, x->shape[2], 0));
    return soma_need_shape(call, RUNNING_VARIANCE, 1, x->shape[2], 0);
}

static soma_status check_normalize(const soma_call *call) {
    SOMA_TRY(check_params(call));
    SOMA_TRY(soma_need_rank(call, X, 4));
    SOMA_TRY(soma_need_same_shape(call, X, Y));
    SOMA_TRY(need_channels(call, X, SCALE));
    SOMA_TRY(need_channels(call, X, OFFSET));
    SOMA_TRY(need_figures(call, X, MEAN));
    SOMA_TRY(need_figures(call, X, INVERSE));
    return check_running(call);
}

SOMA_CONTRACT(normalize) = {.check = check_normalize,
                            .view = {{"x", F},
                                     {"scale", F | OPTIONAL},
                                     {"offset", F | OPTIONAL},
                                     {"running_mean", F | OPTIONAL | UPDATED},
                                     {"running_variance", F | OPTIONAL | UPDATED},
                                     {"y", F | OUT},
                                     {"mean", F | OPTIONAL | OUT},
                                     {"inverse", F | OPTIONAL | OUT}}};

static soma_status check_normalize_grad(const soma_call *call) {
    SOMA_TRY(soma_need_rank(call, GRAD_DY, 4));
    SOMA_TRY(soma_need_same_shape(call, GRAD_DY, GRAD_X));
    SOMA_TRY(soma_need_same_shape(call, GRAD_DY, GRAD_DX));
    SOMA_TRY(need_channels(call, GRAD_X, GRAD_SCALE));
    if (call->params.normalize.centered && !present(call, GRAD_MEAN))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "mean is missing");
    SOMA_TRY(need_figures(call, GRAD_X, GRAD_MEAN));
    SOMA_TRY(need_figures(call, GRAD_X, GRAD_INVERSE));
    SOMA_TRY(need_channels(call, GRAD_X, GRAD_DSCALE));
    return need_channels(call, GRAD_X, GRAD_DOFFSET);
}

SOMA_CONTRACT(normalize_grad) = {.check = check_normalize_grad,
                                 .view = {{"dy", F},
                                          {"x", F},
                                          {"scale", F | OPTIONAL},
                                          {"mean", F | OPTIONAL},
                                          {"inverse", F},
                                          {"dx", F | OUT},
                                          {"dscale", F | OPTIONAL | OUT},
                                          {"doffset", F | OPTIONAL | OUT}}};
