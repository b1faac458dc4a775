/* SPDX-License-Identifier: MIT */
/* UNARY and its gradients. */
#include "device/contract/contract.h"
#include "device/functions.h"

soma_status soma_need_function(const soma_call *call, soma_function function, float a, float b) {
    const soma_function_row *row = soma_function_get(function);
    if (!row)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no function %d of one number", (int)function);
    if (soma_function_fits(function, a, b)) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s with a = %g and b = %g; finite numbers%s%s are needed",
                            row->name, (double)a, (double)b, *row->needs == '1' ? "" : " with ",
                            *row->needs == '1' ? "" : row->needs);
}

static soma_status check_unary(const soma_call *call) {
    SOMA_TRY(soma_need_function(call, call->params.unary.function, call->params.unary.a, call->params.unary.b));
    return soma_need_same_shape(call, 0, 1);
}

SOMA_CONTRACT(unary) = {.check = check_unary, .view = {{"x", F}, {"out", F | OUT}}};

static soma_status check_unary_grad(const soma_call *call) {
    SOMA_TRY(soma_need_function(call, call->params.unary.function, call->params.unary.a, call->params.unary.b));
    SOMA_TRY(soma_need_same_shape(call, 0, 1));
    return soma_need_same_shape(call, 0, 2);
}

SOMA_CONTRACT(unary_grad) = {.check = check_unary_grad, .view = {{"dy", F}, {"x or y", F}, {"out", F | OUT}}};

static soma_status check_bias_unary_grad(const soma_call *call) {
    SOMA_TRY(soma_need_rank(call, 0, 2));
    SOMA_TRY(check_unary_grad(call));
    return soma_need_shape(call, 3, 1, call->view[0].shape[1], 0);
}

SOMA_CONTRACT(bias_unary_grad) = {.check = check_bias_unary_grad,
                                  .view = {{"dy", F}, {"x or y", F}, {"out", F | OUT}, {"dbias", F | OUT}}};
