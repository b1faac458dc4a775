/* SPDX-License-Identifier: MIT */
/* MATMUL. */
#include "device/contract/contract.h"
#include "kernels/matmul_call.h"

#include <math.h>
#include <string.h>

static soma_status check_matmul(const soma_call *call) {
    const soma_view *a = &call->view[MATMUL_A], *b = &call->view[MATMUL_B], *c = &call->view[MATMUL_C];
    if (c->rank < 2) return soma_call_refuse(call, SOMA_INVALID_SHAPE, "c is %s; a matrix has 2 dimensions", SHAPE(c));
    SOMA_TRY(soma_need_rank(call, MATMUL_A, c->rank));
    SOMA_TRY(soma_need_rank(call, MATMUL_B, c->rank));
    const uint32_t last = c->rank - 1;
    const size_t before = (last - 1) * sizeof *c->shape;
    if (memcmp(a->shape, c->shape, before) != 0 || memcmp(b->shape, c->shape, before) != 0 ||
        a->shape[last - 1] != c->shape[last - 1] || b->shape[last] != c->shape[last] ||
        a->shape[last] != b->shape[last - 1])
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "a is %s, b is %s and c is %s; they do not fit each other",
                                SHAPE(a), SHAPE(b), SHAPE(c));
    for (uint32_t i = MATMUL_A; i <= MATMUL_C; i++) {
        const soma_view *view = &call->view[i];
        if (soma_matmul_is_by_row(view) ||
            (i != MATMUL_C && (soma_matmul_row(view) == 1 || view->shape[last - 1] <= 1)))
            continue;
        return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                "%s %s has strides of %zu and %zu in the end; of one of these 1 is needed, of c of the "
                                "last",
                                soma_call_view_name(call, i), SHAPE(view), soma_matmul_row(view),
                                soma_matmul_column(view));
    }
    if (isfinite(call->params.matmul.scale)) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "the scale is %g; a finite number is needed",
                            (double)call->params.matmul.scale);
}

static double matmul_flops(const soma_call *call) {
    const soma_matmul_size size = soma_matmul_size_of(call);
    return 2.0 * (double)size.count * (double)size.m * (double)size.n * (double)size.k;
}

SOMA_CONTRACT(matmul) = {.check = check_matmul,
                         .view = {{"a", F | STRIDED}, {"b", F | STRIDED}, {"c", F | STRIDED | OUT}},
                         .flops = matmul_flops};
