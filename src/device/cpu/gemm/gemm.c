/* SPDX-License-Identifier: MIT */
/*
 * GEMM. c is cut into a grid of tasks, each a range of row tiles and of columns. A task walks over blocks of b
 * that fit the L2 cache, [k_block, n_block]: packs one, then multiplies all its row tiles by it. So no thread waits for
 * another, and what is packed is warm when it is used. Where blocks of k are tasks of their own, too, their sums are
 * added to c afterwards (shares.c).
 *
 * An element of c is summed along k in the same order by every kernel, whatever the cut: k_block depends on k alone.
 * Therefore the cut may follow the number of threads, and the result still does not.
 */
#include "device/cpu/gemm/few.h"
#include "device/cpu/gemm/outer.h"
#include "device/cpu/gemm/pack.h"
#include "device/cpu/gemm/plan.h"

/* Columns of a that are asked for before they are copied. */
#define PACK_A_AHEAD 8

static size_t length(soma_range range) {
    return range.end - range.begin;
}

/* What a thread works on: ranges of rows and columns of c, and of k. */
typedef struct gemm_block {
    const soma_call *call;
    const gemm_plan *plan;
    float *packed_b, *packed_a; /* the thread's scratch memory */
    float *c;                   /* the call's, or a share's */
    soma_range tiles, columns, k;
} gemm_block;

/* What is made of whole vectors can be read in place; an edge must be filled up. */
static bool is_direct(const gemm_plan *p, size_t width) {
    return p->direct_b && width % SOMA_LANES == 0;
}

static void pack_block(const gemm_block *block) {
    const gemm_plan *p = block->plan;
    size_t k = length(block->k);
    float *to = block->packed_b;
    soma_range columns = block->columns;
    if (p->direct_b) { /* only what is_direct() excludes */
        size_t whole = length(columns) / p->columns;
        columns.begin += whole * p->columns;
        to += whole * k * p->columns;
        if (is_direct(p, length(columns))) return;
    }
    const float *b = soma_cpu_floats(&block->call->view[1]);
    const bool transposed = block->call->params.gemm.transpose_b;
    b += transposed ? columns.begin * p->k + block->k.begin : block->k.begin * p->n + columns.begin;
    const size_t stride = transposed ? p->k : p->n;
#ifdef GEMM_WIDE_ROWS
    if (gemm_is_wide(p)) {
        (transposed ? gemm_pack_wide_columns : gemm_pack_wide_rows)(b, stride, k, length(columns), to);
        return;
    }
#endif
    if (transposed)
        gemm_pack_columns(b, stride, k, length(columns), to);
    else
        gemm_pack_rows(b, stride, k, length(columns), to);
}

static soma_range rows_of(const gemm_plan *p, size_t tile) {
    return soma_cpu_even_part(tile, p->m, p->row_tiles);
}

/* Copies of the usual lengths want them known. */
static inline __attribute__((always_inline)) void copy_column(float *to, const float *from, size_t rows) {
    if (rows == GEMM_ROWS)
        memcpy(to, from, GEMM_ROWS * sizeof *to);
    else if (rows == 8)
        memcpy(to, from, 8 * sizeof *to);
    else
        for (size_t j = 0; j < rows; j++) to[j] = from[j];
}

/* Tiles of a, as columns of [k, rows] each. All grow together, so that a is read in long pieces. */
static void pack_transposed(const gemm_block *block, soma_range tiles) {
    const gemm_plan *p = block->plan;
    soma_range rows[GEMM_PACK_TILES];
    for (size_t i = tiles.begin; i < tiles.end; i++) rows[i - tiles.begin] = rows_of(p, i);
    const float *a = soma_cpu_floats(&block->call->view[0]) + block->k.begin * p->m, *ahead = a + PACK_A_AHEAD * p->m;
    float *to = block->packed_a;
    for (size_t k = length(block->k); k > 0; k--, a += p->m, ahead += p->m, to += p->rows)
        for (size_t i = 0; i < length(tiles); i++) {
            const float *from = a + rows[i].begin;
            if (k > PACK_A_AHEAD) __builtin_prefetch(ahead + rows[i].begin);
            copy_column(to + i * GEMM_PACK_FLOATS, from, length(rows[i]));
        }
}

static void pack_rows(const gemm_block *block, soma_range rows) {
    const gemm_plan *p = block->plan;
    const float *a = soma_cpu_floats(&block->call->view[0]) + block->k.begin;
    for (size_t i = rows.begin; i < rows.end; i++)
        memcpy(block->packed_a + (i - rows.begin) * (GEMM_K_BLOCK + SOMA_LANES), a + i * p->k,
               length(block->k) * sizeof *a);
}

/* A tile of a: in place, or where it has been copied to. */
static const float *tile_of_a(const gemm_block *block, size_t tile, size_t *stride) {
    const gemm_plan *p = block->plan;
    const bool transposed = block->call->params.gemm.transpose_a;
    const float *a = soma_cpu_floats(&block->call->view[0]);
    const soma_range rows = rows_of(p, tile);
    *stride = transposed ? p->m : p->k;
    if (!p->pack_a) return a + (transposed ? block->k.begin * p->m + rows.begin : rows.begin * p->k + block->k.begin);
    const size_t together = GEMM_PACK_ROWS / p->rows, at = (tile - block->tiles.begin) % together;
    *stride = transposed ? p->rows : GEMM_K_BLOCK + SOMA_LANES;
    if (!transposed) {
        pack_rows(block, rows);
        return block->packed_a;
    }
    if (at == 0) pack_transposed(block, (soma_range){tile, SOMA_MIN(tile + together, block->tiles.end)});
    return block->packed_a + at * GEMM_PACK_FLOATS;
}

/* The tiles of so many rows, by their vectors less one. */
static gemm_tile *const *tiles_of(const gemm_plan *p, size_t rows, bool by_row) {
#ifdef GEMM_WIDE_ROWS
    if (gemm_is_wide(p)) return gemm_wide_tiles[rows - 1][by_row];
#endif
    (void)p;
    return gemm_tiles[rows - 1][by_row];
}

static void multiply_tile(const gemm_block *block, size_t tile) {
    const gemm_plan *p = block->plan;
    const soma_range rows = rows_of(p, tile);
    const soma_gemm_params *params = &block->call->params.gemm;
    const float *b = soma_cpu_floats(&block->call->view[1]), *bias = soma_cpu_optional(&block->call->view[2]);
    float *c = block->c + rows.begin * p->n;
    const bool shared = p->shares > 0, first = block->k.begin == 0, last = !shared && block->k.end == p->k;
    gemm_tile *const *tiles = tiles_of(p, length(rows), !params->transpose_a);
    size_t a_stride;
    const float *a = tile_of_a(block, tile, &a_stride), *packed = block->packed_b;
    for (size_t at = block->columns.begin; at < block->columns.end;
         at += p->columns, packed += length(block->k) * p->columns) {
        const soma_range columns = {at, SOMA_MIN(at + p->columns, block->columns.end)};
        /* After the first block, the sum goes on from what is in c. */
        gemm_output output = {.c = c + columns.begin,
                              .stride = p->n,
                              .columns = length(columns),
                              .alpha = shared ? 1.0f : params->alpha,
                              .beta = shared  ? 0.0f
                                      : first ? params->beta
                                              : 1.0f,
                              .bias = last && bias ? bias + columns.begin : NULL,
                              .relu = last && p->relu};
        bool direct = is_direct(p, length(columns));
        tiles[(length(columns) - 1) / SOMA_LANES](length(block->k), a, a_stride,
                                                  direct ? b + block->k.begin * p->n + columns.begin : packed,
                                                  direct ? p->n : p->columns, &output);
    }
    if (!last || !p->function) return;
    size_t width = length(block->columns), count = length(rows);
    if (width == p->n) { /* in one piece */
        width *= count;
        count = 1;
    }
    for (size_t i = 0; i < count; i++) {
        float *row = c + i * p->n + block->columns.begin;
        p->function(row, row, width, params->a, params->b);
    }
}

static void multiply_block(const gemm_block *block) {
    pack_block(block);
    for (size_t i = block->tiles.begin; i < block->tiles.end; i++) multiply_tile(block, i);
}

static void multiply_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const gemm_plan *p = plan->detail;
    float *scratch = (float *)soma_cpu_workspace(call) + thread * p->scratch;
    const size_t grid = p->row_tasks * p->column_tasks, at_grid = task % grid, share = task / grid;
    const soma_range units = soma_cpu_even_part(at_grid % p->column_tasks, p->units, p->column_tasks),
                     blocks = p->shares ? (soma_range){share, share + 1} : (soma_range){0, p->k_blocks};
    if (blocks.end > p->k_blocks) return; /* the last round may have fewer */
    const size_t end = SOMA_MIN(units.end * p->unit, p->n);
    gemm_block block = {.call = call, .plan = p, .packed_b = scratch, .packed_a = scratch + p->packed_b};
    block.c = p->shares ? gemm_share(call, plan, share) : soma_cpu_floats(&call->view[3]);
    block.tiles = soma_cpu_even_part(at_grid / p->column_tasks, p->row_tiles, p->row_tasks);
    for (size_t at = units.begin * p->unit; at < end; at += p->block_columns) {
        block.columns = (soma_range){at, SOMA_MIN(at + p->block_columns, end)};
        for (size_t i = blocks.begin; i < blocks.end; i++) {
            block.k = gemm_terms(p, i);
            multiply_block(&block);
        }
    }
}

SOMA_CPU_PLANNER(gemm) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *a = &call->view[0], *c = &call->view[3];
    if ((unsigned)params->function >= SOMA_FUNCTION_COUNT || c->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    if (soma_fast_paths() && SOMA_FOR_ISA(soma_cpu_gemm_is_few)(call))
        return SOMA_FOR_ISA(soma_cpu_plan_gemm_few)(call, plan);
    if (soma_fast_paths() && SOMA_FOR_ISA(soma_cpu_gemm_is_outer)(call))
        return SOMA_FOR_ISA(soma_cpu_plan_gemm_outer)(call, plan);
    gemm_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a matrix product");
    plan->detail = p;
    *p = (gemm_plan){.m = c->shape[0], .n = c->shape[1], .k = a->shape[params->transpose_a ? 0 : 1]};
    if (p->m == 0 || p->n == 0) return SOMA_OK;
    p->relu = params->function == SOMA_RELU;
    if (!p->relu && params->function != SOMA_IDENTITY)
        p->function = SOMA_FOR_ISA(soma_cpu_get_function)(params->function);
    plan->nanoseconds = 0.3 / SOMA_LANES * (double)p->m * (double)p->n * (double)p->k + 0.5 * (double)(p->m * p->n);
    SOMA_FOR_ISA(soma_cpu_gemm_cut)(p, params, soma_cpu_tasks(plan), plan->threads);
    plan->workspace = (plan->threads * p->scratch + p->shares * p->m * p->n) * sizeof(float);
    soma_cpu_add_phase(plan, multiply_task, p->row_tasks * p->column_tasks * SOMA_MAX(p->shares, (size_t)1));
    if (!p->shares) return SOMA_OK;
    soma_cpu_add_phase(plan, SOMA_FOR_ISA(soma_cpu_gemm_add_shares), plan->threads);
    soma_cpu_repeat_phases(plan, 2, p->rounds);
    return SOMA_OK;
}
