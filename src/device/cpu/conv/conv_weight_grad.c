/* SPDX-License-Identifier: MIT */
/*
 * CONV_WEIGHT_GRAD as a product of matrices, of which the left one is gathered (tile.h): rows are taps and channels,
 * and the sum runs over the points of y. A task makes a block of dweight that fits the L2 cache, out of a piece of the
 * points, band by band (geometry.h); where there are several pieces, their sums are added up afterwards.
 *
 * Pieces and bands depend on shapes alone, and so do the results.
 */
#define CONV_SCALED 1
#include "device/cpu/conv/columns.h"
#include "device/cpu/conv/together.h"

/* Floats of a block of dweight. */
#define BLOCK_FLOATS (48 * 1024)
/* Points of a band. */
#define BAND_POINTS 1024
/* Pieces at most, which are summed apart and then added: floats of all their sums, and points for which another one is
 * worth that. */
#define MAX_PIECES   16
#define PIECE_FLOATS (1024 * 1024)
#define PIECE_POINTS 2048
/* Tiles of a block, at least, for which a band is gathered once. */
#define BLOCK_TILES 8
/* So many tasks are enough for the threads of any processor. */
#define ENOUGH_TASKS 32
/* Multiplications of a task, at least. */
#define TASK_WORK (1 << 20)
/* dy is read where it lies if its rows are so short that those of a panel share no set of the L1 cache. */
#define DIRECT_COLUMNS (2 * GEMM_COLUMNS)

typedef struct weight_plan {
    conv_pass pass;
    conv_columns columns; /* of dweight */
    size_t row_tiles;
    size_t of_tap;       /* tiles of a tap, of which some points are left out; 0: tiles go on from tap to tap */
    const conv_run *run; /* of all taps */
    const uint32_t *to;  /* where each row of dweight begins */
    size_t blocks, pieces;
    size_t scratch; /* floats of a thread: a box, and a band of dy in panels */
    size_t sums;    /* where the sums of the pieces begin in the workspace */
    uint32_t tables[];
} weight_plan;

static float *scratch_of(const soma_call *call, const weight_plan *p, uint32_t thread) {
    return (float *)soma_cpu_workspace(call) + thread * p->scratch;
}

/* What a thread works on. */
typedef struct block {
    const soma_call *call;
    const weight_plan *plan;
    const float *source; /* of the band */
    float *panels;       /* scratch memory for the band's dy */
    size_t from, points; /* of dy: the band's first, and how many */
    size_t images;
    soma_range tiles;
    conv_work work;   /* of a unit's tiles */
    float *to;        /* dweight, or the piece's sums */
    conv_ahead ahead; /* of the next band's x and dy */
} block;

/* The columns of a unit, for all points of the band: in place, or in panels. */
static void place_right(block *b, soma_range columns) {
    const weight_plan *p = b->plan;
    const soma_view *view = &b->call->view[1];
    size_t at = b->from * p->columns.all + columns.begin, width = columns.end - columns.begin;
    size_t read = soma_round_up(width, SOMA_LANES);
    const float *dy = soma_cpu_floats(view) + at;
    b->work.b = b->panels;
    b->work.b_stride = GEMM_COLUMNS;
    if (b->points == 0) return;
    /* Lanes past the columns may hold anything, but must not lie behind the last of dy. */
    if (p->columns.all <= DIRECT_COLUMNS && at + (b->points - 1) * p->columns.all + read <= soma_view_count(view)) {
        b->work.b = dy;
        b->work.b_stride = p->columns.all;
        return;
    }
    gemm_pack_rows(dy, p->columns.all, b->points, width, b->panels);
}

/* The rows of a tile, and the points that it sums over. */
static soma_range rows_of(const block *b, size_t tile, const conv_run *all, conv_runs *runs) {
    const weight_plan *p = b->plan;
    *runs = (conv_runs){1, all};
    if (!p->of_tap) return soma_cpu_even_part(tile, p->pass.k, p->row_tiles);
    size_t tap = tile / p->of_tap, first = tap * p->pass.from_channels;
    soma_range rows = soma_cpu_even_part(tile - tap * p->of_tap, p->pass.from_channels, p->of_tap);
    *runs = soma_cpu_conv_tap_runs(&p->pass, p->run, tap, b->images);
    return (soma_range){first + rows.begin, first + rows.end};
}

/* [vectors - 1]; of a tap's channels, which are neighbours, others. */
static conv_tile *const *tiles_for(const weight_plan *p, size_t rows) {
    return p->of_tap ? together_tiles[rows - 1] : conv_tiles_for(&p->columns, rows);
}

static void multiply_unit(block *b, size_t index) {
    const weight_plan *p = b->plan;
    const conv_unit unit = conv_unit_of(&p->columns, index);
    const size_t vectors = conv_vectors_of(&unit);
    const conv_run all = {0, (uint32_t)b->points};
    place_right(b, unit.columns);
    b->work.index = p->pass.pixel;
    b->work.a = b->source + unit.left;
    b->work.added = b->work.out = b->to + unit.columns.begin;
    b->work.columns = unit.columns.end - unit.columns.begin;
    b->work.ahead = &b->ahead;
    for (size_t tile = b->tiles.begin; tile < b->tiles.end; tile++) {
        const soma_range rows = rows_of(b, tile, &all, &b->work.runs);
        tiles_for(p, soma_range_length(rows))[vectors - 1](&b->work, p->pass.element + rows.begin, p->to + rows.begin);
        if (p->columns.depthwise) conv_fetch(&b->ahead); /* the other tiles do so after each run */
    }
}

/* As many as they have in the mean. */
static size_t runs_of_tile(const weight_plan *p, size_t images) {
    size_t taps = soma_cpu_conv_taps(&p->pass), runs = 0;
    if (!p->of_tap) return 1;
    for (size_t tap = 0; tap < taps; tap++) runs += soma_cpu_conv_tap_runs(&p->pass, p->run, tap, images).count;
    return SOMA_MAX(runs / taps, (size_t)1);
}

static void look_ahead(block *b, const conv_band *next) {
    const weight_plan *p = b->plan;
    soma_range x = soma_cpu_conv_span(&p->pass, next), dy = {next->to, next->to + next->points * p->columns.all};
    size_t pieces = (b->tiles.end - b->tiles.begin) * p->columns.units * runs_of_tile(p, next->count[0]);
    b->ahead = conv_ahead_joined(conv_ahead_of(soma_cpu_floats(&b->call->view[0]), x, pieces),
                                 conv_ahead_of(soma_cpu_floats(&b->call->view[1]), dy, pieces));
}

static void multiply_band(block *b, const conv_band *band, float *box) {
    const conv_pass *pass = &b->plan->pass;
    b->points = band->points;
    b->images = band->count[0];
    b->from = band->to / b->plan->columns.all;
    b->source = soma_cpu_conv_source(pass, band, soma_cpu_floats(&b->call->view[0]), box);
    for (size_t unit = 0; unit < b->plan->columns.units; unit++) multiply_unit(b, unit);
    b->work.beta = 1.0f;
}

static void multiply_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const weight_plan *p = plan->detail;
    const soma_conv_params *params = &call->params.conv;
    float *box = scratch_of(call, p, thread);
    size_t piece = task / p->blocks, index = task % p->blocks;
    block b = {.call = call,
               .plan = p,
               .panels = box + soma_round_up(soma_cpu_conv_box_size(&p->pass), SOMA_CPU_ALIGNMENT),
               .tiles = soma_cpu_even_part(index, p->row_tiles, p->blocks),
               .work = {.alpha = params->alpha, .beta = params->beta, .far = true},
               .to = soma_cpu_floats(&call->view[2])};
    if (p->pieces > 1) {
        b.to = (float *)soma_cpu_workspace(call) + p->sums + piece * p->pass.k * p->columns.all;
        b.work.alpha = 1.0f;
        b.work.beta = 0.0f;
    }
    soma_range bands = soma_cpu_even_part(piece, p->pass.band_count, p->pieces);
    /* Where there are several pieces for each thread, it goes on with the next one's bands. */
    size_t ahead = p->blocks == 1 && p->pieces > plan->threads ? p->pass.band_count : bands.end;
    for (size_t i = bands.begin; i < bands.end; i++) {
        conv_band band = soma_cpu_conv_band(&p->pass, i);
        b.ahead = (conv_ahead){0};
        if (i + 1 < ahead) {
            conv_band next = soma_cpu_conv_band(&p->pass, i + 1);
            look_ahead(&b, &next);
        }
        multiply_band(&b, &band, box);
    }
    if (bands.begin < bands.end) return;
    b.source = b.panels; /* no points: sums of nothing */
    for (size_t unit = 0; unit < p->columns.units; unit++) multiply_unit(&b, unit);
}

static void add_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const weight_plan *p = plan->detail;
    const soma_conv_params *params = &call->params.conv;
    size_t count = p->pass.k * p->columns.all;
    soma_range range = soma_cpu_part(task, count, SOMA_CPU_CHUNK);
    const float *sums = (const float *)soma_cpu_workspace(call) + p->sums;
    float *out = soma_cpu_floats(&call->view[2]), alpha = params->alpha, beta = params->beta;
    for (size_t i = range.begin; i < range.end; i += SOMA_LANES) {
        size_t lanes = SOMA_MIN(range.end - i, (size_t)SOMA_LANES);
        soma_vector sum = soma_load_lanes(sums + i, lanes), value = {0};
        for (size_t piece = 1; piece < p->pieces; piece++) sum += soma_load_lanes(sums + piece * count + i, lanes);
        if (beta != 0.0f) value = beta * soma_load_lanes(out + i, lanes);
        soma_store_lanes(out + i, value + alpha * sum, lanes);
    }
}

/* ---------------------------------------------------------------------------------------------------- the plan */

/* The largest that is no larger; at least 1. */
static size_t power_of_two(size_t number) {
    size_t power = 1;
    while (2 * power <= number) power *= 2;
    return power;
}

static void cut(weight_plan *p, double work, uint32_t threads) {
    size_t floats = p->pass.k * p->columns.all, bands = SOMA_MAX(p->pass.band_count, (size_t)1);
    if (p->of_tap) p->of_tap = soma_cpu_parts(p->pass.from_channels, p->columns.rows);
    p->row_tiles = p->of_tap ? p->of_tap * soma_cpu_conv_taps(&p->pass) : soma_cpu_parts(p->pass.k, p->columns.rows);
    size_t tasks = (size_t)SOMA_MIN(work / TASK_WORK + 1.0, (double)ENOUGH_TASKS);
    size_t pieces = (size_t)SOMA_MIN(work / (double)floats / PIECE_POINTS, (double)SOMA_MIN(tasks, (size_t)MAX_PIECES));
    p->pieces = power_of_two(SOMA_MIN(SOMA_MIN(pieces, PIECE_FLOATS / floats), bands));
    /* What a block has in it does not change a sum, so there may be as many as threads want. */
    size_t least = soma_cpu_parts(floats, BLOCK_FLOATS), most = p->row_tiles * p->columns.units / BLOCK_TILES;
    size_t wanted = SOMA_MIN(soma_cpu_parts(SOMA_MIN((size_t)threads, tasks), p->pieces), SOMA_MAX(most, (size_t)1));
    p->blocks = SOMA_MIN(soma_round_up(least, wanted), p->row_tiles);
}

static void share_out(weight_plan *p, soma_cpu_plan *plan) {
    double points = (double)p->pass.images, floats = (double)(p->pass.k * p->columns.all);
    for (int d = 0; d < 3; d++) points *= (double)p->pass.axis[d].count;
    cut(p, points * floats, plan->threads);
    p->scratch = soma_round_up(soma_cpu_conv_box_size(&p->pass), SOMA_CPU_ALIGNMENT) +
                 SOMA_MAX(p->pass.band_points, (size_t)1) * GEMM_COLUMNS;
    p->sums = plan->threads * p->scratch;
    plan->workspace = (p->sums + (p->pieces > 1 ? p->pieces * p->pass.k * p->columns.all : 0)) * sizeof(float);
    double columns = (double)p->columns.groups * (double)soma_round_up(p->columns.each, SOMA_LANES);
    plan->nanoseconds = 0.3 / SOMA_LANES * points * columns * (double)p->pass.k + 0.3 * (double)p->pieces * floats +
                        0.3 * points * (double)(p->pass.groups * p->pass.from_channels + p->columns.all);
    soma_cpu_add_phase(plan, multiply_task, p->blocks * p->pieces);
    if (p->pieces > 1) soma_cpu_add_phase(plan, add_task, soma_cpu_parts(p->pass.k * p->columns.all, SOMA_CPU_CHUNK));
}

static soma_status choose_bands_of(conv_pass *pass, bool depthwise, size_t points) {
    return depthwise ? soma_cpu_conv_choose_bands(pass, points) : soma_cpu_conv_choose_tapped_bands(pass, points);
}

/* How often a number can be halved. */
static int halvings(size_t number) {
    int count = 0;
    for (; number && number % 2 == 0; number /= 2) count++;
    return count;
}

/*
 * Bands of fewer images than there is room for, but more than half as many, where threads then get more equal shares
 * of them. However many threads there are, as the sums of pieces must not hang on that: most often it is a power of
 * two.
 */
static soma_status choose_bands(conv_pass *pass, bool depthwise) {
    SOMA_TRY(choose_bands_of(pass, depthwise, BAND_POINTS));
    const size_t most = pass->band[0], points = pass->band_points / SOMA_MAX(most, (size_t)1);
    size_t best = most;
    if (pass->band_count != pass->bands[0]) return SOMA_OK;
    for (size_t of_band = most; 2 * of_band > most; of_band--)
        if (halvings(soma_cpu_parts(pass->images, of_band)) > halvings(soma_cpu_parts(pass->images, best)))
            best = of_band;
    return best == most ? SOMA_OK : choose_bands_of(pass, depthwise, points * best);
}

#ifdef __AVX512F__
soma_cpu_planner soma_cpu_plan_conv_weight_grad_avx2;
#endif

SOMA_CPU_PLANNER(conv_weight_grad) {
    const soma_conv_params *params = &call->params.conv;
    const soma_view *dweight = &call->view[2];
    if (dweight->dtype != SOMA_F32 || soma_view_count(dweight) > UINT32_MAX) return SOMA_UNSUPPORTED;
    if (soma_view_count(dweight) == 0) return SOMA_OK;
    conv_columns columns = conv_columns_of(params->groups, dweight->shape[3], dweight->shape[4] / params->groups);
#ifdef __AVX512F__
    if (conv_prefers_avx2(&columns)) return soma_cpu_plan_conv_weight_grad_avx2(call, plan);
#endif
    conv_pass pass = soma_cpu_conv_forward(params, &call->view[0], dweight, &call->view[1]);
    soma_status status = choose_bands(&pass, columns.depthwise);
    if (status != SOMA_OK) return SOMA_UNSUPPORTED;
    size_t runs = columns.depthwise ? 0 : soma_cpu_conv_tap_runs_size(&pass);
    size_t size =
        sizeof(weight_plan) + (soma_cpu_conv_table_size(&pass) + pass.k) * sizeof(uint32_t) + runs * sizeof(conv_run);
    weight_plan *p = soma_calloc(1, size);
    if (!p) return soma_out_of_memory(size, "the plan of a convolution's gradient");
    plan->detail = p;
    uint32_t *to = soma_cpu_conv_fill_tables(&pass, p->tables);
    for (size_t row = 0; row < pass.k; row++) to[row] = (uint32_t)(row * columns.all);
    conv_run *run = (conv_run *)(void *)(to + pass.k);
    if (runs) soma_cpu_conv_fill_tap_runs(&pass, run);
    p->of_tap = runs ? 1 : 0;
    p->run = run;
    p->to = to;
    p->pass = pass;
    p->columns = columns;
    share_out(p, plan);
    return SOMA_OK;
}
