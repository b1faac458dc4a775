/* SPDX-License-Identifier: MIT */
/* CONV, CONV_ADD and both gradients. */
#include "device/contract/contract.h"

/* Which views are the image, the weights and the result of the convolution that a call belongs to. */
typedef struct roles {
    uint32_t x, weight, y;
} roles;

static const roles of_conv = {0, 1, 3}, of_conv_add = {0, 1, 4}, of_data_grad = {3, 1, 0}, of_weight_grad = {0, 2, 1};

static soma_status need_params(const soma_call *call) {
    const soma_conv_params *params = &call->params.conv;
    for (int i = 0; i < 3; i++) {
        if (params->stride[i] < 1 || params->stride[i] > INT32_MAX)
            return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "stride[%d] is %u; 1 to %d is possible", i,
                                    params->stride[i], INT32_MAX);
        if (params->dilation[i] < 1 || params->dilation[i] > INT32_MAX)
            return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "dilation[%d] is %u; 1 to %d is possible", i,
                                    params->dilation[i], INT32_MAX);
    }
    if (params->groups) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "groups is 0; at least 1 is needed");
}

/* So that a place, whatever the stride, fits into 64 bits. */
static soma_status need_places(const soma_call *call, uint32_t index) {
    const soma_view *view = &call->view[index];
    SOMA_TRY(soma_need_rank(call, index, 5));
    for (int i = 0; i < 4; i++)
        if (view->shape[i] > INT32_MAX)
            return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s; dimensions of at most %d are possible",
                                    soma_call_view_name(call, index), SHAPE(view), INT32_MAX);
    return SOMA_OK;
}

static soma_status check_images(const soma_call *call, roles of) {
    const soma_view *x = &call->view[of.x], *weight = &call->view[of.weight], *y = &call->view[of.y];
    const char *x_name = soma_call_view_name(call, of.x), *weight_name = soma_call_view_name(call, of.weight),
               *y_name = soma_call_view_name(call, of.y);
    SOMA_TRY(need_params(call));
    SOMA_TRY(need_places(call, of.x));
    SOMA_TRY(need_places(call, of.weight));
    SOMA_TRY(need_places(call, of.y));
    size_t groups = call->params.conv.groups;
    if (x->shape[0] != y->shape[0])
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s and %s is %s; as many images are needed in both",
                                x_name, SHAPE(x), y_name, SHAPE(y));
    if (x->shape[4] % groups || x->shape[4] / groups != weight->shape[3])
        return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                "%s is %s and %s is %s; with %zu groups %s needs %zu times the channels of %s", x_name,
                                SHAPE(x), weight_name, SHAPE(weight), groups, x_name, groups, weight_name);
    if (y->shape[4] != weight->shape[4] || y->shape[4] % groups)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                "%s is %s and %s is %s; as many filters are needed in both, a multiple of the groups "
                                "(%zu)",
                                weight_name, SHAPE(weight), y_name, SHAPE(y), groups);
    return SOMA_OK;
}

/* What is added to results, which are the last view, and the function of that. */
static soma_status check_epilogue(const soma_call *call) {
    const soma_conv_params *params = &call->params.conv;
    SOMA_TRY(soma_need_function(call, params->function, params->a, params->b));
    if (!soma_view_present(&call->view[2])) return SOMA_OK;
    return soma_need_shape(call, 2, 1, call->view[call->view_count - 1].shape[4], 0);
}

static soma_status check_conv(const soma_call *call) {
    SOMA_TRY(check_images(call, of_conv));
    return check_epilogue(call);
}

static soma_status check_conv_add(const soma_call *call) {
    SOMA_TRY(check_images(call, of_conv_add));
    SOMA_TRY(soma_need_same_shape(call, 3, 4));
    return check_epilogue(call);
}

static soma_status check_conv_data_grad(const soma_call *call) {
    SOMA_TRY(check_images(call, of_data_grad));
    return check_epilogue(call);
}

static soma_status check_conv_weight_grad(const soma_call *call) {
    return check_images(call, of_weight_grad);
}

/* A multiplication and an addition for each weight that an element of y takes, in the padding too. */
static double flops(const soma_call *call, roles of) {
    const soma_view *weight = &call->view[of.weight];
    double taken = 1.0;
    for (int i = 0; i < 4; i++) taken *= (double)weight->shape[i];
    return 2.0 * (double)soma_view_count(&call->view[of.y]) * taken;
}

static double conv_flops(const soma_call *call) {
    return flops(call, of_conv);
}

static double conv_add_flops(const soma_call *call) {
    return flops(call, of_conv_add);
}

static double conv_data_grad_flops(const soma_call *call) {
    return flops(call, of_data_grad);
}

static double conv_weight_grad_flops(const soma_call *call) {
    return flops(call, of_weight_grad);
}

SOMA_CONTRACT(conv) = {.check = check_conv,
                       .view = {{"x", F}, {"weight", F}, {"bias", F | OPTIONAL}, {"y", F | OUT}},
                       .flops = conv_flops};

SOMA_CONTRACT(conv_add) = {.check = check_conv_add,
                           .view = {{"x", F}, {"weight", F}, {"bias", F | OPTIONAL}, {"addend", F}, {"y", F | OUT}},
                           .flops = conv_add_flops};

SOMA_CONTRACT(conv_data_grad) = {.check = check_conv_data_grad,
                                 .view = {{"dy", F}, {"weight", F}, {"bias", F | OPTIONAL}, {"dx", F | OUT}},
                                 .flops = conv_data_grad_flops};

SOMA_CONTRACT(conv_weight_grad) = {.check = check_conv_weight_grad,
                                   .view = {{"x", F}, {"dy", F}, {"dweight", F | OUT}},
                                   .flops = conv_weight_grad_flops};
