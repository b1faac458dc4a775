/* SPDX-License-Identifier: MIT */
/* FILL, COPY, GATHER. */
#include "device/contract/contract.h"

static soma_status check_fill(const soma_call *call) {
    (void)call;
    return SOMA_OK;
}

SOMA_CONTRACT(fill) = {.check = check_fill, .view = {{"out", F | OUT}}};

static soma_status need_no_scale(const soma_call *call, soma_dtype out, float scale, float shift) {
    if (out == SOMA_F32 || out == SOMA_F64 || (scale == 1.0f && shift == 0.0f)) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                            "out is %s with scale %g and shift %g; it takes scale 1 and shift 0", soma_dtype_name(out),
                            (double)scale, (double)shift);
}

static soma_status check_copy(const soma_call *call) {
    SOMA_TRY(need_no_scale(call, call->view[1].dtype, call->params.copy.scale, call->params.copy.shift));
    return soma_need_same_shape(call, 0, 1);
}

SOMA_CONTRACT(copy) = {.check = check_copy, .view = {{"in", ANY | STRIDED}, {"out", ANY | STRIDED | OUT}}};

static soma_status check_gather(const soma_call *call) {
    const soma_view *table = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    SOMA_TRY(soma_need_rank(call, 0, 2));
    if (soma_view_present(index)) SOMA_TRY(soma_need_rank(call, 1, 1));
    SOMA_TRY(soma_need_rank(call, 2, 2));
    SOMA_TRY(soma_need_shape(call, 2, 2, out->shape[0], table->shape[1]));
    return need_no_scale(call, out->dtype, call->params.gather.scale, call->params.gather.shift);
}

/* Of the table and the index only what a batch takes. */
static double gather_bytes(const soma_call *call) {
    const soma_view *table = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    double of_index = soma_view_present(index) ? (double)(out->shape[0] * soma_dtype_size(index->dtype)) : 0.0;
    return (double)(soma_view_count(out) * (soma_dtype_size(table->dtype) + soma_dtype_size(out->dtype))) + of_index;
}

SOMA_CONTRACT(gather) = {.check = check_gather,
                         .view = {{"table", ANY}, {"index", I | OPTIONAL}, {"out", F | I | OUT}},
                         .bytes = gather_bytes};
