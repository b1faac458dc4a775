/* SPDX-License-Identifier: MIT */
/* GEMM: packs what has to be packed, then multiplies block by block of c. */
#include "device/cpu/gemm_tile.h"

/*
 * b is packed into panels of GEMM_COLUMNS columns, each [k, GEMM_COLUMNS], the last filled up with zeros. a stays where
 * it is: its elements are read one by one, along a row or along a column.
 */
typedef struct gemm_plan {
    size_t m, n, k;
    size_t panels;    /* of b */
    size_t row_tiles; /* rows of c are shared evenly between this many tiles */
    size_t k_block;
    size_t rows_per_task;        /* row tiles of a task */
    soma_cpu_function *function; /* NULL for the identity */
} gemm_plan;

static soma_range even_part(size_t index, size_t count, size_t parts) {
    size_t each = count / parts, rest = count % parts;
    size_t begin = index * each + SOMA_MIN(index, rest);
    return (soma_range){begin, begin + each + (index < rest)};
}

static void pack_panel(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const gemm_plan *p = plan->detail;
    const float *b = soma_cpu_floats(&call->view[1]);
    float *panel = (float *)soma_cpu_workspace(call) + task * p->k * GEMM_COLUMNS;
    soma_range columns = soma_cpu_part(task, p->n, GEMM_COLUMNS);
    size_t width = columns.end - columns.begin;
    bool transpose = call->params.gemm.transpose_b;
    for (size_t i = 0; i < p->k; i++, panel += GEMM_COLUMNS) {
        if (transpose)
            for (size_t j = 0; j < width; j++) panel[j] = b[(columns.begin + j) * p->k + i];
        else
            memcpy(panel, b + i * p->n + columns.begin, width * sizeof *panel);
        for (size_t j = width; j < GEMM_COLUMNS; j++) panel[j] = 0.0f;
    }
}

static void multiply_tile(const soma_call *call, const gemm_plan *p, soma_range rows, size_t panel_index) {
    const soma_gemm_params *params = &call->params.gemm;
    const float *a = soma_cpu_floats(&call->view[0]), *bias = soma_cpu_optional(&call->view[2]);
    const float *panel = (const float *)soma_cpu_workspace(call) + panel_index * p->k * GEMM_COLUMNS;
    soma_range columns = soma_cpu_part(panel_index, p->n, GEMM_COLUMNS);
    gemm_output output = {.c = soma_cpu_floats(&call->view[3]) + rows.begin * p->n + columns.begin,
                          .stride = p->n,
                          .columns = columns.end - columns.begin,
                          .alpha = params->alpha,
                          .beta = params->beta};
    bool by_row = !params->transpose_a;
    size_t vectors = (output.columns + SOMA_LANES - 1) / SOMA_LANES, a_stride = by_row ? p->k : p->m;
    gemm_tile *tile = gemm_tiles[rows.end - rows.begin - 1][by_row][vectors - 1];
    size_t begin = 0;
    do {
        size_t length = SOMA_MIN(p->k_block, p->k - begin);
        bool last = begin + length == p->k;
        if (last && bias) output.bias = bias + columns.begin;
        tile(length, a + (by_row ? rows.begin * a_stride + begin : rows.begin + begin * a_stride), a_stride,
             panel + begin * GEMM_COLUMNS, GEMM_COLUMNS, &output);
        output.beta = 1.0f; /* the sum goes on from what is in c */
        begin += length;
    } while (begin < p->k);
}

static void multiply_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const gemm_plan *p = plan->detail;
    const soma_gemm_params *params = &call->params.gemm;
    size_t panel = task % p->panels;
    soma_range tiles = soma_cpu_part(task / p->panels, p->row_tiles, p->rows_per_task);
    for (size_t i = tiles.begin; i < tiles.end; i++) {
        soma_range rows = even_part(i, p->m, p->row_tiles);
        multiply_tile(call, p, rows, panel);
        if (!p->function) continue;
        soma_range columns = soma_cpu_part(panel, p->n, GEMM_COLUMNS);
        for (size_t row = rows.begin; row < rows.end; row++) {
            float *c = soma_cpu_floats(&call->view[3]) + row * p->n + columns.begin;
            p->function(c, c, columns.end - columns.begin, params->a, params->b);
        }
    }
}

SOMA_CPU_PLANNER(gemm) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *a = &call->view[0], *c = &call->view[3];
    if ((unsigned)params->function >= SOMA_FUNCTION_COUNT || c->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    gemm_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a matrix product");
    plan->detail = p;
    *p = (gemm_plan){.m = c->shape[0], .n = c->shape[1], .k = a->shape[params->transpose_a ? 0 : 1]};
    if (p->m == 0 || p->n == 0) return SOMA_OK;
    p->panels = soma_cpu_parts(p->n, GEMM_COLUMNS);
    p->row_tiles = soma_cpu_parts(p->m, GEMM_ROWS);
    p->k_block = 512;
    p->rows_per_task = 8;
    if (params->function != SOMA_IDENTITY) p->function = SOMA_FOR_ISA(soma_cpu_get_function)(params->function);
    plan->workspace = p->panels * GEMM_COLUMNS * p->k * sizeof(float);
    soma_cpu_add_phase(plan, pack_panel, p->panels);
    soma_cpu_add_phase(plan, multiply_task, p->panels * soma_cpu_parts(p->row_tiles, p->rows_per_task));
    plan->nanoseconds = 2e-2 * (double)p->m * (double)p->n * (double)p->k + 1.0 * (double)(p->m * p->n);
    return SOMA_OK;
}
