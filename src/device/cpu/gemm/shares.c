/* SPDX-License-Identifier: MIT */
/* Adds to c what blocks of k have come to, in their order and by the arithmetic of the tiles, which would have added
 * one after the other: so an element is the same however many threads there are. */
#include "device/cpu/gemm/plan.h"

/* Of some blocks, the lanes of a row of c. */
static inline __attribute__((always_inline)) void add_lanes(const soma_call *call, const gemm_plan *p,
                                                            const float *share, soma_range blocks, size_t row,
                                                            size_t column, size_t lanes) {
    const soma_gemm_params *params = &call->params.gemm;
    const float *bias = soma_cpu_optional(&call->view[2]);
    float *c = soma_cpu_floats(&call->view[3]) + row * p->n + column;
    soma_vector value = {0};
    for (size_t i = blocks.begin; i < blocks.end; i++, share += p->m * p->n) {
        const bool last = i + 1 == p->k_blocks;
        const float beta = i == 0 ? params->beta : 1.0f;
        const soma_vector before = i == blocks.begin && beta != 0.0f ? soma_load_lanes(c, lanes) : value;
        value = last && bias ? soma_load_lanes(bias + column, lanes) : (soma_vector){0};
        if (beta != 0.0f) value = soma_multiply_add(beta, before, value);
        value = soma_multiply_add(params->alpha, soma_load_lanes(share + row * p->n + column, lanes), value);
        if (last && p->relu) value = (soma_vector)((soma_mask)value & ~(value < 0.0f));
    }
    soma_store_lanes(c, value, lanes);
}

static void add_row(const soma_call *call, const gemm_plan *p, const float *share, soma_range blocks, size_t row) {
    size_t column = 0;
    for (; column + SOMA_LANES <= p->n; column += SOMA_LANES)
        add_lanes(call, p, share, blocks, row, column, SOMA_LANES);
    if (column < p->n) add_lanes(call, p, share, blocks, row, column, p->n - column);
}

void SOMA_FOR_ISA(soma_cpu_gemm_add_shares)(const soma_call *call, const soma_cpu_plan *plan, size_t task,
                                            uint32_t thread) {
    (void)thread;
    const gemm_plan *p = plan->detail;
    const size_t round = task / plan->threads;
    const soma_range rows = soma_cpu_even_part(task % plan->threads, p->m, plan->threads),
                     blocks = soma_cpu_part(round, p->k_blocks, p->shares);
    const float *share = gemm_share(call, plan, blocks.begin);
    for (size_t row = rows.begin; row < rows.end; row++) add_row(call, p, share, blocks, row);
    if (!p->function || blocks.end < p->k_blocks) return;
    float *c = soma_cpu_floats(&call->view[3]) + rows.begin * p->n;
    p->function(c, c, (rows.end - rows.begin) * p->n, call->params.gemm.a, call->params.gemm.b);
}
