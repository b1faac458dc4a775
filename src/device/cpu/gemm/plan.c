/* SPDX-License-Identifier: MIT */
/* How a GEMM is cut: by what its parts are reckoned to cost. */
#include "device/cpu/gemm/plan.h"
#include "device/cpu/host.h"

/* A block of b takes a quarter of the L2 cache. Where a is copied for each block of b, larger blocks save copies: they
 * take half of it. */
#define BLOCK_FLOATS      (64 * 1024)
#define MOST_BLOCK_FLOATS (4 * BLOCK_FLOATS)

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

/*
 * Products of two factors that are stored by terms, as the gradient of a layer's weights by the samples of a step. Cut
 * by rows or columns, each thread reads all terms of one factor, most of which others wrote just before; what it has
 * read they must ask back before they write it again. Cut along k, what a thread reads lies together, and in the same
 * place as what it has a part of elsewhere. The sums of all shares then have to be added, as floats of c for each block
 * of k, so c must be small; of many blocks it is done in rounds, so that memory does not grow with k.
 */
#define SHARED_C_FLOATS   (4 * BLOCK_FLOATS)
#define MOST_SHARE_FLOATS (16 * BLOCK_FLOATS)
#define ENOUGH_SHARES     2 /* for each thread: more tasks would pack more */

/* b stays where it is, if so few row tiles use it that packing would not pay, or if it is so small that it is in the L1
 * cache anyhow; or where it is small enough for a block, so that it is in the L2 cache, and a task has few rows. */
#define DIRECT_TILES  2
#define DIRECT_FLOATS 4096
#define DIRECT_ROWS   96

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

/*
 * What a column costs in a wide tile of three vectors, and of fewer, beside one in the other tiles: where there are
 * fewer sums, there are more loads for each. Wide tiles are taken for a gain that is no matter of chance, and where
 * rows are no fewer than two of the other tiles have.
 */
#define WIDE_COST_OF_WHOLE 0.93
#define WIDE_COST_OF_PART  1.25
#define WIDE_GAIN          0.98
#define WIDE_ROWS          (2 * GEMM_ROWS)

/* Tiles of rows for so many tasks of rows: of a short call as many for each, which are even, too. */
static size_t tiles_for(const gemm_plan *p, size_t row_tasks, bool is_short) {
    return is_short ? soma_round_up(p->row_tiles, row_tasks) : p->row_tiles;
}

static bool stays(const gemm_plan *p) {
    return p->row_tiles <= DIRECT_TILES || p->n * p->k <= DIRECT_FLOATS ||
           (p->n * p->k <= BLOCK_FLOATS && soma_cpu_parts(p->m, p->row_tasks) <= DIRECT_ROWS);
}

/* What so many columns of one task cost for each row. */
static double cost_of_columns(const gemm_plan *p, size_t columns) {
    if (!gemm_is_wide(p)) return (double)columns;
    const size_t rest = columns % p->columns;
    return WIDE_COST_OF_WHOLE * (double)(columns - rest) + WIDE_COST_OF_PART * (double)rest;
}

/* The grid of at least `tasks` tasks for which the largest task, with what it packs, is least; and its cost. */
static double choose_grid(gemm_plan *p, size_t tasks, size_t threads) {
    const bool shares = p->k < SHARED_TERMS && (p->row_tiles >= tasks || p->n < LONG_ROW);
    const bool is_short = tasks > 1 && tasks <= threads;
    double best = 0.0;
    for (size_t columns = 1; columns <= SOMA_MIN(tasks, p->units); columns++) {
        size_t rows = SOMA_MIN(soma_cpu_parts(tasks, columns), p->row_tiles), tiles = tiles_for(p, rows, is_short);
        size_t width = soma_cpu_parts(p->units, columns) * p->unit;
        double m = (double)(soma_cpu_parts(tiles, rows) * soma_cpu_parts(p->m, tiles)), n = (double)width;
        double rounds = (double)soma_cpu_parts(rows * columns, tasks), each = m * cost_of_columns(p, width);
        /* A multiplication takes 1; bringing an element of b from beyond the caches into a packed block takes some 16,
         * one of a 10, or 4 where it is not packed. */
        double cost = rounds * (each + 16.0 * n + (p->pack_a ? 10.0 : 4.0) * m);
        if (columns > 1 && is_short) cost += FOREIGN_ELEMENT * m;
        if (columns > 1 && shares) cost += rounds * SHARED_ROWS * m * n / (double)SOMA_MAX(p->k, (size_t)1);
        if (best != 0.0 && cost >= best) continue;
        best = cost;
        p->column_tasks = columns;
        p->row_tasks = rows;
    }
    p->row_tiles = tiles_for(p, p->row_tasks, is_short);
    return best;
}

/* Whether lines that lie `stride` floats apart push each other out of sets which repeat after so many bytes. */
static bool collide(size_t lines, size_t stride, size_t set_stride) {
    const size_t bytes = stride * sizeof(float), common = SOMA_MIN(bytes & -bytes, set_stride);
    return lines > set_stride / SOMA_MAX(common, (size_t)LINE_BYTES) * SET_LINES;
}

/* How c is cut with tiles of so many rows and columns, and what that costs. */
static double cut(gemm_plan *p, bool transposed, size_t rows, size_t columns, size_t tasks, size_t threads) {
    p->rows = rows;
    p->columns = columns;
    p->unit = columns > GEMM_COLUMNS ? SOMA_LANES : GEMM_COLUMNS;
    p->units = soma_cpu_parts(p->n, p->unit);
    p->row_tiles = soma_cpu_parts(p->m, rows);
    p->pack_a = soma_cpu_parts(p->n, GEMM_COLUMNS) >= PACK_A_PANELS &&
                (transposed ? collide(soma_cpu_parts(p->k, p->k_blocks), p->m, COLS_SET_STRIDE)
                            : collide(rows, p->k, ROWS_SET_STRIDE));
    return choose_grid(p, tasks, threads);
}

static void choose_tile(gemm_plan *p, bool transposed, size_t tasks, size_t threads) {
    const double cost = cut(p, transposed, GEMM_ROWS, GEMM_COLUMNS, tasks, threads);
#ifdef GEMM_WIDE_ROWS
    if (p->m <= WIDE_ROWS || p->n <= GEMM_COLUMNS) return;
    gemm_plan wide = *p;
    if (cut(&wide, transposed, GEMM_WIDE_ROWS, GEMM_WIDE_COLUMNS, tasks, threads) < WIDE_GAIN * cost) *p = wide;
#else
    (void)cost;
#endif
}

/* Equal blocks, as the last one would be read a whole a for as well. */
static void plan_blocks(gemm_plan *p, bool transposed) {
    const size_t cache = soma_host_l2_cache() / sizeof(float), share = cache / (p->pack_a && transposed ? 2 : 4),
                 block = SOMA_MIN(SOMA_MAX(share, (size_t)BLOCK_FLOATS), (size_t)MOST_BLOCK_FLOATS),
                 width = soma_cpu_parts(p->units, p->column_tasks) * p->unit,
                 columns = block / SOMA_MAX((size_t)1, soma_cpu_parts(p->k, p->k_blocks));
    p->block_columns = soma_round_up(soma_cpu_parts(width, soma_cpu_parts(width, columns)), p->columns);
}

/* Into shares of k, if that pays; returns how many tasks each of them should be. */
static size_t share_out(gemm_plan *p, const soma_gemm_params *params, size_t tasks, size_t threads) {
    const bool pays = params->transpose_a && !params->transpose_b && threads > 1 && tasks > threads &&
                      p->k_blocks > 1 && p->m * p->n <= SHARED_C_FLOATS;
    p->shares = 0;
    p->rounds = 1;
    if (!pays) return tasks;
    p->shares = SOMA_MIN(p->k_blocks, MOST_SHARE_FLOATS / (p->m * p->n));
    p->rounds = soma_cpu_parts(p->k_blocks, p->shares);
    p->shares = soma_cpu_parts(p->k_blocks, p->rounds);
    return p->shares >= ENOUGH_SHARES * threads ? 1 : soma_cpu_parts(tasks, p->shares);
}

void SOMA_FOR_ISA(soma_cpu_gemm_cut)(gemm_plan *p, const soma_gemm_params *params, size_t tasks, size_t threads) {
    const bool transposed = params->transpose_a;
    p->k_blocks = SOMA_MAX((size_t)1, soma_cpu_parts(p->k, GEMM_K_BLOCK));
    choose_tile(p, transposed, share_out(p, params, tasks, threads), threads);
    plan_blocks(p, transposed);
    p->direct_b = !params->transpose_b && stays(p);
    p->packed_b = p->block_columns * soma_cpu_parts(p->k, p->k_blocks);
    p->scratch = p->packed_b + (!p->pack_a ? 0 : transposed ? GEMM_PACK_TILES * GEMM_PACK_FLOATS : GEMM_PACK_FLOATS);
}
