/* SPDX-License-Identifier: MIT */
/*
 * GEMM. c is cut into a grid of tasks, each a range of row tiles and of columns. A task walks over blocks of b
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

/* Floats of a row tile of a, [GEMM_ROWS, K_BLOCK], fit half the L1 cache or a little more; a block of b takes a
 * quarter of the L2 cache. Where a is copied for each block of b, larger blocks save copies: they take half of it. */
#define K_BLOCK           512
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
#define PACK_A_ROWS     48                                   /* of all tiles that are copied together */
#define PACK_A_TILES    8                                    /* those are no more */
#define PACK_A_FLOATS   (GEMM_ROWS * (K_BLOCK + SOMA_LANES)) /* of one tile */
#define PACK_A_AHEAD    8

/* b stays where it is, if so few row tiles use it that packing would not pay, or if it is so small that it is in the L1
 * cache anyhow; or where it is small enough for a block, so that it is in the L2 cache, and a task has few rows. */
#define DIRECT_TILES  2
#define DIRECT_FLOATS 4096
#define DIRECT_ROWS   96

typedef struct gemm_plan {
    size_t m, n, k;
    size_t rows, columns;           /* of a tile */
    size_t row_tiles;               /* of c */
    size_t unit, units;             /* columns that are not shared by tasks, and how many of these there are */
    size_t column_tasks, row_tasks; /* the grid */
    size_t k_blocks, block_columns; /* of b */
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
    soma_range tiles, columns, k;
} gemm_block;

static bool is_wide(const gemm_plan *p) {
    return p->columns > GEMM_COLUMNS;
}

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
    if (is_wide(p)) {
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
    soma_range rows[PACK_A_TILES];
    for (size_t i = tiles.begin; i < tiles.end; i++) rows[i - tiles.begin] = rows_of(p, i);
    const float *a = soma_cpu_floats(&block->call->view[0]) + block->k.begin * p->m, *ahead = a + PACK_A_AHEAD * p->m;
    float *to = block->packed_a;
    for (size_t k = length(block->k); k > 0; k--, a += p->m, ahead += p->m, to += p->rows)
        for (size_t i = 0; i < length(tiles); i++) {
            const float *from = a + rows[i].begin;
            if (k > PACK_A_AHEAD) __builtin_prefetch(ahead + rows[i].begin);
            copy_column(to + i * PACK_A_FLOATS, from, length(rows[i]));
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
    const size_t together = PACK_A_ROWS / p->rows, at = (tile - block->tiles.begin) % together;
    *stride = transposed ? p->rows : K_BLOCK + SOMA_LANES;
    if (!transposed) {
        pack_rows(block, rows);
        return block->packed_a;
    }
    if (at == 0) pack_transposed(block, (soma_range){tile, SOMA_MIN(tile + together, block->tiles.end)});
    return block->packed_a + at * PACK_A_FLOATS;
}

/* The tiles of so many rows, by their vectors less one. */
static gemm_tile *const *tiles_of(const gemm_plan *p, size_t rows, bool by_row) {
#ifdef GEMM_WIDE_ROWS
    if (is_wide(p)) return gemm_wide_tiles[rows - 1][by_row];
#endif
    (void)p;
    return gemm_tiles[rows - 1][by_row];
}

static void multiply_tile(const gemm_block *block, size_t tile) {
    const gemm_plan *p = block->plan;
    const soma_range rows = rows_of(p, tile);
    const soma_gemm_params *params = &block->call->params.gemm;
    const float *b = soma_cpu_floats(&block->call->view[1]), *bias = soma_cpu_optional(&block->call->view[2]);
    float *c = soma_cpu_floats(&block->call->view[3]) + rows.begin * p->n;
    bool first = block->k.begin == 0, last = block->k.end == p->k;
    gemm_tile *const *tiles = tiles_of(p, length(rows), !params->transpose_a);
    size_t a_stride;
    const float *a = tile_of_a(block, tile, &a_stride), *packed = block->packed_b;
    for (size_t at = block->columns.begin; at < block->columns.end;
         at += p->columns, packed += length(block->k) * p->columns) {
        const soma_range columns = {at, SOMA_MIN(at + p->columns, block->columns.end)};
        /* After the first block, the sum goes on from what is in c. */
        gemm_output output = {c + columns.begin,
                              p->n,
                              length(columns),
                              params->alpha,
                              first ? params->beta : 1.0f,
                              last && bias ? bias + columns.begin : NULL,
                              last && p->relu};
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
    const soma_range units = soma_cpu_even_part(task % p->column_tasks, p->units, p->column_tasks);
    const size_t end = SOMA_MIN(units.end * p->unit, p->n);
    gemm_block block = {.call = call, .plan = p, .packed_b = scratch, .packed_a = scratch + p->packed_b};
    block.tiles = soma_cpu_even_part(task / p->column_tasks, p->row_tiles, p->row_tasks);
    for (size_t at = units.begin * p->unit; at < end; at += p->block_columns) {
        block.columns = (soma_range){at, SOMA_MIN(at + p->block_columns, end)};
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
    if (!is_wide(p)) return (double)columns;
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
    p->k_blocks = SOMA_MAX((size_t)1, soma_cpu_parts(p->k, K_BLOCK));
    choose_tile(p, params->transpose_a, soma_cpu_tasks(plan), plan->threads);
    plan_blocks(p, params->transpose_a);
    p->direct_b = !params->transpose_b && stays(p);
    p->packed_b = p->block_columns * soma_cpu_parts(p->k, p->k_blocks);
    p->scratch = p->packed_b + (!p->pack_a ? 0 : params->transpose_a ? PACK_A_TILES * PACK_A_FLOATS : PACK_A_FLOATS);
    plan->workspace = plan->threads * p->scratch * sizeof(float);
    soma_cpu_add_phase(plan, multiply_task, p->row_tasks * p->column_tasks);
    return SOMA_OK;
}
