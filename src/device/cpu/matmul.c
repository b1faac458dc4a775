/* SPDX-License-Identifier: MIT */
/*
 * MATMUL: a task has a part of one product's rows and columns. It goes through blocks of b that fit the L2 cache, packs
 * one, and multiplies all its rows by it. An element is summed along k in the same order, whatever the cut.
 */
#include "device/cpu/gemm/product.h"
#include "kernels/matmul_call.h"

/* As those of GEMM. */
#define K_BLOCK      512
#define BLOCK_FLOATS (64 * 1024)
/* b is read where it lies if so few tiles of rows use it that packing would not pay. */
#define DIRECT_TILES 2

typedef struct matmul_plan {
    soma_matmul_size size;
    size_t row_parts, column_parts; /* of a product */
    size_t k_blocks, block_columns; /* of b */
    bool a_by_row, b_by_row;
    size_t a_stride, b_stride, c_stride; /* of rows, or of columns where those lie together */
    size_t scratch;                      /* floats of one thread */
} matmul_plan;

/* Some terms of some columns: b begins with them. */
static void multiply_block(const soma_call *call, const matmul_plan *p, gemm_matrix a, const float *b, gemm_matrix c,
                           size_t rows, size_t columns, soma_range k, float *packed) {
    const size_t depth = k.end - k.begin;
    const float scale = call->params.matmul.scale, beta = k.begin ? 1.0f : 0.0f;
    size_t direct = 0;
    a.at += p->a_by_row ? k.begin : k.begin * p->a_stride;
    b += p->b_by_row ? k.begin * p->b_stride : k.begin;
    if (p->b_by_row && rows <= (size_t)DIRECT_TILES * GEMM_ROWS) direct = columns / GEMM_COLUMNS * GEMM_COLUMNS;
    if (direct)
        gemm_multiply_panels(c, rows, direct, depth, a, p->a_by_row, (gemm_panels){b, p->b_stride, GEMM_COLUMNS}, scale,
                             beta);
    if (direct == columns) return;
    columns -= direct;
    b += direct;
    c.at += direct;
    if (p->b_by_row)
        gemm_pack_rows(b, p->b_stride, depth, columns, packed);
    else
        gemm_pack_columns(b, p->b_stride, depth, columns, packed);
    gemm_multiply_packed(c, rows, columns, depth, a, p->a_by_row, packed, depth, scale, beta);
}

static void matmul_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const matmul_plan *p = plan->detail;
    const soma_view *view = call->view;
    const size_t parts = p->row_parts * p->column_parts, number = task / parts;
    const size_t row_tiles = soma_cpu_parts(p->size.m, GEMM_ROWS), panels = soma_cpu_parts(p->size.n, GEMM_COLUMNS);
    const soma_range tiles = soma_cpu_even_part(task % parts / p->column_parts, row_tiles, p->row_parts);
    const soma_range own = soma_cpu_even_part(task % p->column_parts, panels, p->column_parts);
    const size_t row = tiles.begin * GEMM_ROWS, rows = SOMA_MIN(tiles.end * GEMM_ROWS, p->size.m) - row,
                 end = SOMA_MIN(own.end * GEMM_COLUMNS, p->size.n);
    const float *b = soma_cpu_floats(&view[MATMUL_B]) + soma_matmul_place(&view[MATMUL_B], number);
    float *packed = (float *)soma_cpu_workspace(call) + thread * p->scratch;
    gemm_matrix a = {soma_cpu_floats(&view[MATMUL_A]) + soma_matmul_place(&view[MATMUL_A], number), p->a_stride},
                c = {soma_cpu_floats(&view[MATMUL_C]) + soma_matmul_place(&view[MATMUL_C], number), p->c_stride};
    a.at += p->a_by_row ? row * p->a_stride : row;
    c.at += row * p->c_stride;
    for (size_t column = own.begin * GEMM_COLUMNS; column < end; column += p->block_columns)
        for (size_t i = 0; i < p->k_blocks; i++)
            multiply_block(call, p, a, b + (p->b_by_row ? column : column * p->b_stride),
                           (gemm_matrix){c.at + column, c.stride}, rows, SOMA_MIN(p->block_columns, end - column),
                           soma_cpu_even_part(i, p->size.k, p->k_blocks), packed);
}

SOMA_CPU_PLANNER(matmul) {
    const soma_view *view = call->view;
    if (view[MATMUL_C].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    matmul_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of products of matrices");
    plan->detail = p;
    *p = (matmul_plan){.size = soma_matmul_size_of(call), .row_parts = 1, .column_parts = 1};
    const soma_matmul_size *size = &p->size;
    if (size->count * size->m * size->n == 0) return SOMA_OK;
    p->a_by_row = soma_matmul_is_by_row(&view[MATMUL_A]);
    p->b_by_row = soma_matmul_is_by_row(&view[MATMUL_B]);
    p->a_stride = p->a_by_row ? soma_matmul_row(&view[MATMUL_A]) : soma_matmul_column(&view[MATMUL_A]);
    p->b_stride = p->b_by_row ? soma_matmul_row(&view[MATMUL_B]) : soma_matmul_column(&view[MATMUL_B]);
    p->c_stride = soma_matmul_row(&view[MATMUL_C]);
    p->k_blocks = SOMA_MAX((size_t)1, soma_cpu_parts(size->k, K_BLOCK));
    const size_t depth = SOMA_MAX((size_t)1, soma_cpu_parts(size->k, p->k_blocks));
    p->block_columns = BLOCK_FLOATS / GEMM_COLUMNS / depth * GEMM_COLUMNS;
    p->scratch = gemm_packed(depth, SOMA_MIN(p->block_columns, size->n));
    p->scratch = soma_round_up(p->scratch, SOMA_CPU_ALIGNMENT / sizeof(float));
    plan->workspace = plan->threads * p->scratch * sizeof(float);
    plan->nanoseconds = (double)size->count * (0.3 / SOMA_LANES * (double)size->m * (double)size->n * (double)size->k +
                                               0.5 * (double)size->m * (double)size->n +
                                               2.0 / SOMA_LANES * (double)size->n * (double)size->k);
    const size_t wanted = soma_cpu_parts(soma_cpu_tasks(plan), size->count);
    p->column_parts = SOMA_MIN(wanted, soma_cpu_parts(size->n, GEMM_COLUMNS));
    p->row_parts = SOMA_MIN(soma_cpu_parts(wanted, p->column_parts), soma_cpu_parts(size->m, GEMM_ROWS));
    soma_cpu_add_phase(plan, matmul_task, size->count * p->row_parts * p->column_parts);
    return SOMA_OK;
}
