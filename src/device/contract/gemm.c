/* SPDX-License-Identifier: MIT */
/* GEMM. */
#include "device/contract/contract.h"

static soma_status check_gemm(const soma_call *call) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *a = &call->view[0], *b = &call->view[1];
    SOMA_TRY(soma_need_function(call, params->function, params->a, params->b));
    SOMA_TRY(soma_need_rank(call, 0, 2));
    SOMA_TRY(soma_need_rank(call, 1, 2));
    SOMA_TRY(soma_need_rank(call, 3, 2));
    size_t m = a->shape[params->transpose_a], k = a->shape[!params->transpose_a];
    size_t n = b->shape[!params->transpose_b];
    if (b->shape[params->transpose_b] != k)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                "a is %s%s and b is %s%s: the inner dimensions %zu and %zu differ", SHAPE(a),
                                params->transpose_a ? " transposed" : "", SHAPE(b),
                                params->transpose_b ? " transposed" : "", k, b->shape[params->transpose_b]);
    SOMA_TRY(soma_need_shape(call, 3, 2, m, n));
    return soma_view_present(&call->view[2]) ? soma_need_shape(call, 2, 1, n, 0) : SOMA_OK;
}

/* A multiplication and an addition for each term; the epilogue is nothing beside them. */
static double gemm_flops(const soma_call *call) {
    return 2.0 * (double)soma_view_count(&call->view[3]) * (double)call->view[0].shape[!call->params.gemm.transpose_a];
}

SOMA_CONTRACT(gemm) = {
    .check = check_gemm, .view = {{"a", F}, {"b", F}, {"bias", F | OPTIONAL}, {"c", F | OUT}}, .flops = gemm_flops};
