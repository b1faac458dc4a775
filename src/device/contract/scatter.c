/* SPDX-License-Identifier: MIT */
/* SCATTER. */
#include "device/contract/contract.h"

static soma_status check_scatter(const soma_call *call) {
    const soma_view *x = &call->view[0], *out = &call->view[2];
    SOMA_TRY(soma_need_rank(call, 0, 3));
    SOMA_TRY(soma_need_shape(call, 1, 1, x->shape[0], 0));
    SOMA_TRY(soma_need_rank(call, 2, 3));
    if (out->shape[0] == x->shape[0] && out->shape[2] == x->shape[2]) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "out is %s; rows of %s go into tables [%zu, rows, %zu]",
                            SHAPE(out), SHAPE(x), x->shape[0], x->shape[2]);
}

/* Of the tables only the rows that are written. */
static double scatter_bytes(const soma_call *call) {
    const soma_view *x = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    return (double)(soma_view_count(x) * (soma_dtype_size(x->dtype) + soma_dtype_size(out->dtype)) +
                    soma_view_count(index) * soma_dtype_size(index->dtype));
}

SOMA_CONTRACT(scatter) = {
    .check = check_scatter, .view = {{"x", F}, {"index", I}, {"out", F | UPDATED}}, .bytes = scatter_bytes};
