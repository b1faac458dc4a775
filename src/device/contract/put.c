/* SPDX-License-Identifier: MIT */
/* PUT. */
#include "device/contract/contract.h"

static bool is_possible(const soma_put_params *params) {
    switch (params->op) {
    case SOMA_BINARY_ADD:
        return true;
    case SOMA_BINARY_MULTIPLY:
    case SOMA_BINARY_MAXIMUM:
    case SOMA_BINARY_MINIMUM:
        return params->combines;
    default:
        return false;
    }
}

static soma_status check_put(const soma_call *call) {
    const soma_view *x = &call->view[0], *out = &call->view[2];
    SOMA_TRY(soma_need_rank(call, 0, 3));
    SOMA_TRY(soma_need_shape(call, 1, 2, x->shape[0], x->shape[1]));
    SOMA_TRY(soma_need_rank(call, 2, 3));
    if (out->shape[0] != x->shape[0] || out->shape[2] != x->shape[2])
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "out is %s; rows of %s go into tables [%zu, rows, %zu]",
                                SHAPE(out), SHAPE(x), x->shape[0], x->shape[2]);
    if (is_possible(&call->params.put)) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                            "operation %d; add, multiply, maximum and minimum combine, and add stands for none",
                            (int)call->params.put.op);
}

/* Of the tables only what is put there, and read before where it is combined. */
static double put_bytes(const soma_call *call) {
    const soma_view *x = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    const size_t passes = call->params.put.combines ? 2 : 1;
    return (double)(soma_view_count(x) * (soma_dtype_size(x->dtype) + passes * soma_dtype_size(out->dtype)) +
                    soma_view_count(index) * soma_dtype_size(index->dtype));
}

SOMA_CONTRACT(put) = {.check = check_put, .view = {{"x", F}, {"index", I}, {"out", F | UPDATED}}, .bytes = put_bytes};
