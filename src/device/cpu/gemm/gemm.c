/* SPDX-License-Identifier: MIT */
/*
 * GEMM. c is cut into a grid of tasks, each a range of row tiles and of column panels. A task walks over blocks of b
 * that fit the L2 cache, [k_block, n_block]: packs one, then multiplies all its row tiles by it. So no thread waits for
 * another, and what is packed is warm when it is used.
 *
 * An element of c is summed along k in the same order by every kernel, whatever the cut: k_block depends on k alone.
 * Therefore the cut may follow the number of threads, and the result still does not.
 */
#include "device/cpu/gemm/few.h"
#include "device/cpu/gemm/outer.h"
#include "device/cpu/gemm/pack.h"
#include "device/cpu/host.h"

/* Floats of a row tile of a, [GEMM_ROWS, K_BLOCK], fit half the L1 cache or a little more; a block of b, with room to
 * spare, the L2 cache. Where a is copied for each block of b, larger blocks save copies: they take half the L2 cache.
 */
#define K_BLOCK            512
#define BLOCK_FLOATS       (64 * 1024)
#define LARGE_BLOCK_FLOATS (2 * BLOCK_FLOATS)

/*
 * What of a is used for one panel of b after another lies a stride apart: the rows of a tile, or, where stored a is
 * [k, m], its columns. Strides of many times a line put all of them into the same few sets of a cache, where they push
 * each other out before the next panel needs them: rows out of the L1 cache, the many columns out of the L2 cache,
 * where a b has its place too. Then a copy pays, if it is used often enough. Several tiles of a transposed a are copied
 * together, since all of a line is there once it has been fetched.
 */
#define LINE_BYTES      64
#define SET_LINES       8
#define ROWS_SET_STRIDE 4096  /* bytes from one line to the next of the same set: of the L1 cache, */
#define COLS_SET_STRIDE 65536 /* and of half the L2 cache */
#define PACK_A_PANELS   4
#define PACK_A_TILES    (48 / GEMM_ROWS)
#define PACK_A_FLOATS   (GEMM_ROWS * (K_BLOCK + SOMA_LANES)) /* of one tile */
#define PACK_A_AHEAD    8

/* b stays where it is, if so few row tiles use it that packing would not pay, or if it is so small that it is in the L1
 * cache anyhow; or where it is small enough for a block, so that it is in the L2 cache, and a task has few rows. */
#define DIRECT_TILES  2
#define DIRECT_FLOATS 4096
#define DIRECT_ROWS   96

typedef struct gemm_plan {
    size_t m, n, k;
    size_t panels, row_tiles;       /* of c */
    size_t column_tasks, row_tasks; /* the grid */
    size_t k_blocks, block_panels;  /* of b */
    bool pack_a, direct_b;
    size_t packed_b, scratch;    /* floats of one thread: a block of b; that and tiles of a */
    bool relu;                   /* f, done where the sums are */
    soma_cpu_function *function; /* else f, afterwards; NULL for the identity */
} gemm_plan;

static size_t length(soma_range range) {
    return range.end - range.begin;
}

/* What a thread works on: ranges of rows and columns of c, and of k. */
typedef struct gemm_block {
    const soma_call *call;
    const gemm_plan *plan;
    float *packed_b, *packed_a; /* the thread's scratch memory */
    soma_range tiles, panels, k;
} gemm_block;

static soma_range columns_of(const gemm_plan *p, soma_range panels) {
    return (soma_range){panels.begin * GEMM_COLUMNS, SOMA_MIN(panels.end * GEMM_COLUMNS, p->n)};
}

/* A panel that is whole can be read in place; one at the edge must be filled up. */
static bool is_direct(const gemm_plan *p, size_t panel) {
    return p->direct_b && (panel + 1) * GEMM_COLUMNS <= p->n;
}

static void pack_block(const gemm_block *block) {
    const gemm_plan *p = block->plan;
    size_t k = length(block->k);
    float *to = block->packed_b;
    soma_range columns = columns_of(p, block->panels);
    if (p->direct_b) { /* only what is_direct() excludes */
        size_t whole = length(columns) / GEMM_COLUMNS;
        columns.begin += whole * GEMM_COLUMNS;
        to += whole * k * GEMM_COLUMNS;
    }
    const float *b = soma_cpu_floats(&block->call->view[1]);
    if (block->call->params.gemm.transpose_b)
        gemm_pack_columns(b + columns.begin * p->k + block->k.begin, p->k, k, length(columns), to);
    else
        gemm_pack_rows(b + block->k.begin * p->n + columns.begin, p->n, k, length(columns), to);
}

static soma_range rows_of(const gemm_plan *p, size_t tile) {
    return soma_cpu_even_part(tile, p->m, p->row_tiles);
}

/* Tiles of a, as columns of [k, GEMM_ROWS] each. All grow together, so that a is read in long pieces. */
static void pack_transposed(const gemm_block *block, soma_range tiles) {
    const gemm_plan *p = block->plan;
    soma_range rows[PACK_A_TILES];
    for (size_t i = tiles.begin; i < tiles.end; i++) rows[i - tiles.begin] = rows_of(p, i);
    const float *a = soma_cpu_floats(&block->call->view[0]) + block->k.begin * p->m, *ahead = a + PACK_A_AHEAD * p->m;
    float *to = block->packed_a;
    for (size_t k = length(block->k); k > 0; k--, a += p->m, ahead += p->m, to += GEMM_ROWS)
        for (size_t i = 0; i < length(tiles); i++) {
            const float *from = a + rows[i].begin;
            if (k > PACK_A_AHEAD) __builtin_prefetch(ahead + rows[i].begin);
            if (length(rows[i]) == GEMM_ROWS)
                memcpy(to + i * PACK_A_FLOATS, from, GEMM_ROWS * sizeof *to);
            else
                for (size_t j = 0; j < length(rows[i]); j++) to[i * PACK_A_FLOATS + j] = from[j];
        }
}

static void pack_rows(const gemm_block *block, soma_range rows) {
    const gemm_plan *p = block->plan;
    const float *a = soma_cpu_floats(&block->call->view[0]) + block->k.begin;
    for (size_t i = rows.begin; i < rows.end; i++)
        memcpy(block->packed_a + (i - rows.begin) * (K_BLOCK + SOMA_LANES), a + i * p->k, length(block->k) * sizeof *a);
}

/* A tile of a: in place, or where it has been copied to. */
static const float *tile_of_a(const gemm_block *block, size_t tile, size_t *stride) {
    const gemm_plan *p = block->plan;
    const bool transposed = block->call->params.gemm.transpose_a;
    const float *a = soma_cpu_floats(&block->call->view[0]);
    const soma_range rows = rows_of(p, tile);
    *stride = transposed ? p->m : p->k;
    if (!p->pack_a) return a + (transposed ? block->k.begin * p->m + rows.begin : rows.begin * p->k + block->k.begin);
    const size_t at = (tile - block->tiles.begin) % PACK_A_TILES;
    *stride = transposed ? GEMM_ROWS : K_BLOCK + SOMA_LANES;
    if (!transposed) {
        pack_rows(block, rows);
        return block->packed_a;
    }
    if (at == 0) pack_transposed(block, (soma_range){tile, SOMA_MIN(tile + PACK_A_TILES, block->tiles.end)});
    return block->packed_a + at * PACK_A_FLOATS;
}

static void multiply_tile(const gemm_block *block, size_t tile) {
    const gemm_plan *p = block->plan;
    const soma_range rows = rows_of(p, tile);
    const soma_gemm_params *params = &block->call->params.gemm;
    const float *b = soma_cpu_floats(&block->call->view[1]), *bias = soma_cpu_optional(&block->call->view[2]);
    float *c = soma_cpu_floats(&block->call->view[3]) + rows.begin * p->n;
    bool first = block->k.begin == 0, last = block->k.end == p->k;
    size_t a_stride;
    const float *a = tile_of_a(block, tile, &a_stride), *packed = block->packed_b;
    for (size_t panel = block->panels.begin; panel < block->panels.end;
         panel++, packed += length(block->k) * GEMM_COLUMNS) {
        soma_range columns = columns_of(p, (soma_range){panel, panel + 1});
        /* After the first block, the sum goes on from what is in c. */
        gemm_output output = {c + columns.begin,
                              p->n,
                              length(columns),
                              params->alpha,
                              first ? params->beta : 1.0f,
                              last && bias ? bias + columns.begin : NULL,
                              last && p->relu};
        gemm_tile *multiply = gemm_tiles[length(rows) - 1][!params->transpose_a][(length(columns) - 1) / SOMA_LANES];
        bool direct = is_direct(p, panel);
        multiply(length(block->k), a, a_stride, direct ? b + block->k.begin * p->n + columns.begin : packed,
                 direct ? p->n : GEMM_COLUMNS, &output);
    }
    if (!last || !p->function) return;
    soma_range columns = columns_of(p, block->panels);
    size_t width = length(columns), count = length(rows);
    if (width == p->n) { /* in one piece */
        width *= count;
        count = 1;
    }
    for (size_t i = 0; i < count; i++) {
        float *row = c + i * p->n + columns.begin;
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
    soma_range panels = soma_cpu_even_part(task % p->column_tasks, p->panels, p->column_tasks);
    gemm_block block = {.call = call, .plan = p, .packed_b = scratch, .packed_a = scratch + p->packed_b};
    block.tiles = soma_cpu_even_part(task / p->column_tasks, p->row_tiles, p->row_tasks);
    for (size_t at = panels.begin; at < panels.end; at += p->block_panels) {
        block.panels = (soma_range){at, SOMA_MIN(at + p->block_panels, panels.end)};
        for (size_t i = 0; i < p->k_blocks; i++) {
            block.k = soma_cpu_even_part(i, p->k, p->k_blocks);
            multiply_block(&block);
        }
    }
}

/* ---------------------------------------------------------------------------------------------------- the plan */

/*
 * What it costs to write an element of c into a row that other threads write, too, in multiplications: what the
 * hardware fetches ahead along a row has to be given back to them. With ten terms a product took two to six times as
 * long; with SHARED_TERMS nothing of it is seen any more.
 * Where there are fewer tiles of rows than tasks, that is only counted for rows shorter than LONG_ROW: what is handed
 * over does not grow with them, and from there on two threads of near cores are quicker than one by half.
 */
#define SHARED_ROWS  16.0
#define SHARED_TERMS 64
#define LONG_ROW     4096

/*
 * What it costs to read an element of a that another thread wrote just before, in multiplications. In a short call,
 * where each thread has one task, threads that own rows find in their own cache what they wrote in the call before; of
 * long ones others take over tasks, and what is read comes from beyond the caches anyhow.
 */
#define FOREIGN_ELEMENT 20.0

/* Tiles of rows for so many tasks of rows: of a short call as many for each, which are even, too. */
static size_t tiles_for(const gemm_plan *p, size_t row_tasks, bool is_short) {
    return is_short ? soma_round_up(p->row_tiles, row_tasks) : p->row_tiles;
}

static bool stays(const gemm_plan *p) {
    return p->row_tiles <= DIRECT_TILES || p->n * p->k <= DIRECT_FLOATS ||
           (p->n * p->k <= BLOCK_FLOATS && soma_cpu_parts(p->m, p->row_tasks) <= DIRECT_ROWS);
}

/* The grid of at least `tasks` tasks for which the largest task, with what it packs, is least. */
static void choose_grid(gemm_plan *p, size_t tasks, size_t threads) {
    const bool shares = p->k < SHARED_TERMS && (p->row_tiles >= tasks || p->n < LONG_ROW);
    const bool is_short = tasks > 1 && tasks <= threads;
    double best = 0.0;
    for (size_t columns = 1; columns <= SOMA_MIN(tasks, p->panels); columns++) {
        size_t rows = SOMA_MIN(soma_cpu_parts(tasks, columns), p->row_tiles), tiles = tiles_for(p, rows, is_short);
        double m = (double)(soma_cpu_parts(tiles, rows) * soma_cpu_parts(p->m, tiles)),
               n = (double)(soma_cpu_parts(p->panels, columns) * GEMM_COLUMNS);
        double rounds = (double)soma_cpu_parts(rows * columns, tasks);
        /* A multiplication takes 1; bringing an element of b into a packed block takes some 8, one of a 4. */
        double cost = rounds * (m * n + 8.0 * n + 4.0 * m);
        if (columns > 1 && is_short) cost += FOREIGN_ELEMENT * m;
        if (columns > 1 && shares) cost += rounds * SHARED_ROWS * m * n / (double)SOMA_MAX(p->k, (size_t)1);
        if (best != 0.0 && cost >= best) continue;
        best = cost;
        p->column_tasks = columns;
        p->row_tasks = rows;
    }
    p->row_tiles = tiles_for(p, p->row_tasks, is_short);
}

/* Whether lines that lie `stride` floats apart push each other out of sets which repeat after so many bytes. */
static bool collide(size_t lines, size_t stride, size_t set_stride) {
    const size_t bytes = stride * sizeof(float), common = SOMA_MIN(bytes & -bytes, set_stride);
    return lines > set_stride / SOMA_MAX(common, (size_t)LINE_BYTES) * SET_LINES;
}

static void plan_blocks(const soma_call *call, gemm_plan *p) {
    const soma_gemm_params *params = &call->params.gemm;
    p->panels = soma_cpu_parts(p->n, GEMM_COLUMNS);
    p->row_tiles = soma_cpu_parts(p->m, GEMM_ROWS);
    p->k_blocks = SOMA_MAX((size_t)1, soma_cpu_parts(p->k, K_BLOCK));
    p->pack_a = p->panels >= PACK_A_PANELS &&
                (params->transpose_a ? collide(soma_cpu_parts(p->k, p->k_blocks), p->m, COLS_SET_STRIDE)
                                     : collide(GEMM_ROWS, p->k, ROWS_SET_STRIDE));
    size_t block = BLOCK_FLOATS, half = soma_host_l2_cache() / 2 / sizeof(float);
    if (p->pack_a && params->transpose_a) block = SOMA_MIN(SOMA_MAX(half, block), (size_t)LARGE_BLOCK_FLOATS);
    p->block_panels = block / GEMM_COLUMNS / SOMA_MAX((size_t)1, soma_cpu_parts(p->k, p->k_blocks));
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
    plan_blocks(call, p);
    plan->nanoseconds = 0.3 / SOMA_LANES * (double)p->m * (double)p->n * (double)p->k + 0.5 * (double)(p->m * p->n);
    choose_grid(p, soma_cpu_tasks(plan), plan->threads);
    p->direct_b = !params->transpose_b && stays(p);
    p->packed_b = p->block_panels * GEMM_COLUMNS * soma_cpu_parts(p->k, p->k_blocks);
    p->scratch = p->packed_b + (!p->pack_a ? 0 : params->transpose_a ? PACK_A_TILES * PACK_A_FLOATS : PACK_A_FLOATS);
    plan->workspace = plan->threads * p->scratch * sizeof(float);
    soma_cpu_add_phase(plan, multiply_task, p->row_tasks * p->column_tasks);
    return SOMA_OK;
}
