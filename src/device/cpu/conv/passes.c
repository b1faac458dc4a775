/* SPDX-License-Identifier: MIT */
/*
 * CONV, CONV_ADD and CONV_DATA_GRAD as products of matrices that are gathered (tile.h), pass by pass (geometry.h).
 * First the weights are packed into panels, once for all; then each task makes a range of bands, in a range of the
 * panels. Where there is one band alone, each panel is packed right before its only use, as are the few weights of
 * depthwise convolution where each task has one band; few columns need no packing at all.
 *
 * An element of the result is summed along k in the same order by every kernel, whatever the cut: where a sum is
 * interrupted depends on k alone. Therefore the cut may follow the number of threads, and the result still does not.
 */
#include "device/cpu/conv/passes.h"

/* The sums of a tile are interrupted after at most so many terms: what they are made of should stay in the L1 cache, in
 * which the windows of neighbours overlap. */
#define K_BLOCK 1024
/* Floats of packed weights that are used for all tiles of a band in turn: they fit the L2 cache beside the band. */
#define BLOCK_FLOATS (64 * 1024)
/* Points of a band, at most, and at least where there are more. */
#define BAND_POINTS  CONV_BAND_POINTS
#define LEAST_POINTS 48
/* Weights of whole vectors, in the order in which they are needed, in rows so short that those of a panel share no set
 * of the L1 cache, are not packed. */
#define DIRECT_COLUMNS (2 * GEMM_COLUMNS)
/* Results of one of several passes lie apart, where no processor foresees them: they are fetched for short sums, too.
 */
#define IS_FAR(pass, count) ((pass)->k >= CONV_FAR || (count) > 1)
/* More passes than that are left to others. */
#define MAX_PASSES 4096

/* ----------------------------------------------------------------------------------------------------- packing */

static size_t items_of(const passes_plan *p, const conv_pass *pass) {
    return soma_cpu_conv_taps(pass) * p->columns.units;
}

/* Terms k of a unit, as [k, GEMM_COLUMNS]. */
static void pack(const soma_call *call, const passes_plan *p, const conv_pass *pass, size_t index, soma_range k,
                 float *to) {
    conv_unit unit = conv_unit_of(&p->columns, index);
    size_t width = unit.columns.end - unit.columns.begin, channels = pass->from_channels;
    size_t stride = call->view[1].shape[4], tap_floats = call->view[1].shape[3] * stride, count;
    for (size_t at = k.begin; at < k.end; at += count, to += count * GEMM_COLUMNS) {
        size_t first = at % channels;
        count = SOMA_MIN(channels - first, k.end - at);
        const float *weight =
            soma_cpu_floats(&call->view[1]) + soma_cpu_conv_tap(pass, p->kernel, at / channels) * tap_floats;
        if (p->transposed && !p->columns.depthwise)
            gemm_pack_panel(weight + unit.column * stride + unit.group * channels + first, stride, count, width, to);
        else
            gemm_pack_rows(weight + first * stride + unit.columns.begin, stride, count, width, to);
    }
}

static void pack_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const passes_plan *p = plan->detail;
    soma_range items = soma_cpu_part(task, p->items, p->items_of_task);
    const pass_plan *pass = p->pass;
    for (size_t item = items.begin; item < items.end; item++) {
        while (item >= pass->first_item + items_of(p, &pass->pass)) pass++;
        size_t taps = soma_cpu_conv_taps(&pass->pass), channels = pass->pass.from_channels;
        size_t unit = (item - pass->first_item) / taps, tap = (item - pass->first_item) % taps;
        soma_range k = {tap * channels, (tap + 1) * channels};
        float *to = (float *)soma_cpu_workspace(call) + p->packed + pass->weights;
        pack(call, p, &pass->pass, unit, k, to + (unit * pass->pass.k + k.begin) * GEMM_COLUMNS);
    }
}

/* --------------------------------------------------------------------------------------------------- the passes */

/* What a thread works on. */
typedef struct block {
    const soma_call *call;
    const passes_plan *plan;
    const pass_plan *pass;
    const float *source; /* of the band */
    float *to;
    size_t points;
    const float *addend; /* where `to` is in it, or NULL */
    soma_range units, k;
    float *own_weights; /* scratch memory for those of the block */
    uint32_t *room;     /* the same for its order */
    conv_order order;   /* of the band's points */
    conv_ahead ahead;   /* of what the next band reads */
} block;

static const float *weights_of(const block *b, size_t unit) {
    const pass_plan *own = b->pass;
    if (b->plan->direct)
        return soma_cpu_floats(&b->call->view[1]) + b->k.begin * b->plan->columns.all +
               conv_unit_of(&b->plan->columns, unit).columns.begin;
    if (b->plan->packs_units) return b->own_weights + (unit - b->units.begin) * (b->k.end - b->k.begin) * GEMM_COLUMNS;
    return (const float *)soma_cpu_workspace(b->call) + b->plan->packed + own->weights +
           (unit * own->pass.k + b->k.begin) * GEMM_COLUMNS;
}

/* f of what the block's units have made of the band's points, while it is in the cache. */
static void apply_function(const block *b) {
    const passes_plan *p = b->plan;
    const soma_conv_params *params = &b->call->params.conv;
    const uint32_t *to = b->order.to;
    const size_t begin = conv_unit_of(&p->columns, b->units.begin).columns.begin,
                 end = conv_unit_of(&p->columns, b->units.end - 1).columns.end, row = p->columns.all;
    for (size_t i = 0, together; i < b->points; i += together) {
        for (together = 1;
             i + together < b->points && end - begin == row && to[i + together] == to[i] + together * row;)
            together++; /* in one piece */
        float *at = b->to + to[i] + begin;
        p->function(at, at, together * (end - begin), params->a, params->b);
    }
}

/* Units of which all is told before their tiles are made, in turns. */
#define UNITS 8
typedef struct unit_work {
    size_t count;
    conv_work work[UNITS];
    size_t vectors[UNITS];
} unit_work;

/* The units from `unit` on, with the terms of a class. */
static void prepare_units(const block *b, size_t unit, conv_runs runs, unit_work *all) {
    const conv_pass *pass = &b->pass->pass;
    const passes_plan *p = b->plan;
    const float *bias = soma_cpu_optional(&b->call->view[2]);
    const bool first = b->k.begin == 0, last = b->k.end == pass->k;
    const float *added = first ? b->addend : b->to; /* later blocks add to what the first has made */
    all->count = SOMA_MIN(b->units.end - unit, (size_t)UNITS);
    for (size_t i = 0; i < all->count; i++) {
        const conv_unit of = conv_unit_of(&p->columns, unit + i);
        all->vectors[i] = conv_vectors_of(&of);
        all->work[i] = (conv_work){.runs = runs,
                                   .index = pass->element + b->k.begin,
                                   .a = b->source + of.left,
                                   .b = weights_of(b, unit + i),
                                   .b_stride = p->direct ? p->columns.all : GEMM_COLUMNS,
                                   .out = b->to + of.columns.begin,
                                   .added = added ? added + of.columns.begin : NULL,
                                   .columns = of.columns.end - of.columns.begin,
                                   .beta = added ? 1.0f : 0.0f,
                                   .bias = last && bias ? bias + of.columns.begin : NULL,
                                   .relu = last && p->relu,
                                   .far = IS_FAR(pass, p->count)};
    }
}

/* Units of a block, for so many terms of the sums. */
static size_t units_together(size_t k) {
    return SOMA_MAX(BLOCK_FLOATS / GEMM_COLUMNS / SOMA_MAX(k, (size_t)1), (size_t)1);
}

/* So many points of a class, from `first` on. */
static void multiply_class(block *b, const unit_work *all, size_t first, size_t points) {
    const passes_plan *p = b->plan;
    const size_t tiles = soma_cpu_parts(points, p->columns.rows);
    for (size_t tile = 0, end = first; tile < tiles; tile++, first = end) {
        end = first + soma_range_length(soma_cpu_even_part(tile, points, tiles));
        conv_tile *const *tile_of = conv_tiles_for(&p->columns, end - first);
        for (size_t i = 0; i < all->count; i++)
            tile_of[all->vectors[i] - 1](&all->work[i], b->order.pixel + first, b->order.to + first);
        conv_fetch(&b->ahead);
    }
}

/* The points of all classes. */
static void multiply_units(block *b) {
    const pass_plan *own = b->pass;
    conv_run run[CONV_RUNS];
    unit_work all;
    for (size_t c = 0; c < own->class_count; c++) {
        const size_t first = c ? b->order.end[c - 1] : 0, points = b->order.end[c] - first;
        const conv_runs runs = soma_cpu_conv_class_runs(&own->pass, &own->classes[c], b->k, run);
        for (size_t unit = b->units.begin; unit < b->units.end && points; unit += UNITS) {
            prepare_units(b, unit, runs, &all);
            multiply_class(b, &all, first, points);
        }
    }
    if (b->plan->function && b->k.end == own->pass.k) apply_function(b);
}

static void multiply_band(block *b, soma_range units) {
    const pass_plan *own = b->pass;
    for (size_t part = 0; part < own->k_blocks; part++) {
        b->k = soma_cpu_even_part(part, own->pass.k, own->k_blocks);
        size_t together = units_together(b->k.end - b->k.begin);
        for (size_t unit = units.begin; unit < units.end; unit += together) {
            b->units = (soma_range){unit, SOMA_MIN(unit + together, units.end)};
            for (size_t i = b->units.begin; b->plan->packs_units && i < b->units.end; i++)
                pack(b->call, b->plan, &own->pass, i, b->k, (float *)(uintptr_t)weights_of(b, i));
            multiply_units(b);
        }
    }
}

/* The last view. */
static const soma_view *result_of(const soma_call *call) {
    return &call->view[call->view_count - 1];
}

static void make_part(const soma_call *call, const soma_cpu_plan *plan, const pass_plan *own, size_t task,
                      uint32_t thread) {
    const passes_plan *p = plan->detail;
    float *box = (float *)soma_cpu_workspace(call) + thread * p->scratch;
    soma_range bands = soma_cpu_even_part(task / own->unit_tasks, own->pass.band_count, own->band_tasks),
               units = soma_cpu_even_part(task % own->unit_tasks, p->columns.units, own->unit_tasks);
    /* Where there are several tasks for each thread, it goes on with the next one's bands. */
    size_t ahead = own->unit_tasks == 1 && own->band_tasks > plan->threads ? own->pass.band_count : bands.end;
    conv_band before = {0};
    block b = {.call = call, .plan = p, .pass = own, .own_weights = box + p->box, .room = (uint32_t *)box + p->order};
    for (size_t i = bands.begin; i < bands.end; i++) {
        conv_band band = soma_cpu_conv_band(&own->pass, i);
        b.source = soma_cpu_conv_source(&own->pass, &band, soma_cpu_floats(&call->view[0]), box);
        b.to = soma_cpu_floats(result_of(call)) + band.to;
        b.points = band.points;
        if (call->primitive == SOMA_PRIMITIVE_CONV_ADD) b.addend = soma_cpu_floats(&call->view[3]) + band.to;
        if (i == bands.begin || !soma_cpu_conv_alike(&before, &band))
            soma_cpu_conv_sort(&own->pass, &band, own->class_count, own->classes, b.room, &b.order);
        before = band;
        b.ahead = (conv_ahead){0};
        if (i + 1 < ahead && own->pass.k >= CONV_FAR) {
            conv_band next = soma_cpu_conv_band(&own->pass, i + 1);
            b.ahead = conv_ahead_of(soma_cpu_floats(&call->view[0]), soma_cpu_conv_span(&own->pass, &next),
                                    band.points / p->columns.rows + 1);
        }
        multiply_band(&b, units);
    }
}

static void pass_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const passes_plan *p = plan->detail;
    const pass_plan *own = p->pass;
    while (task >= own->first_task + own->band_tasks * own->unit_tasks) own++;
    make_part(call, plan, own, task - own->first_task, thread);
}

/* The same part of each pass. */
static void parts_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const passes_plan *p = plan->detail;
    for (size_t i = 0; i < p->count; i++) make_part(call, plan, &p->pass[i], task, thread);
}

/* ---------------------------------------------------------------------------------------------------- the plan */

/* Floats of packed weights for which another task is worth its start. */
#define PACK_TASK 8192

static double points_of(const conv_pass *pass) {
    double points = (double)pass->images;
    for (int d = 0; d < 3; d++) points *= (double)pass->axis[d].count;
    return points;
}

/* Multiplications take most of it: whole vectors of columns. Then each place is copied, and each result stored. */
static double nanoseconds_of(const conv_columns *c, const conv_pass *pass) {
    double columns = (double)c->groups * (double)soma_round_up(c->each, SOMA_LANES);
    return points_of(pass) * (0.3 / SOMA_LANES * columns * (double)pass->k + 0.5 * columns +
                              0.3 * (double)(pass->groups * pass->from_channels));
}

static conv_pass make_pass(const soma_call *call, size_t index) {
    const soma_conv_params *params = &call->params.conv;
    conv_pass pass = call->primitive == SOMA_PRIMITIVE_CONV_DATA_GRAD
                         ? soma_cpu_conv_residue(params, &call->view[0], &call->view[1], result_of(call), index)
                         : soma_cpu_conv_forward(params, &call->view[0], &call->view[1], result_of(call));
    soma_cpu_conv_trim(&pass);
    return pass;
}

/* So many tasks that each pass has its share of those that all are worth. */
static size_t wanted_tasks(const soma_cpu_plan *plan, const conv_columns *columns, const conv_pass *pass) {
    double share = nanoseconds_of(columns, pass) / plan->nanoseconds;
    return (size_t)(share * (double)soma_cpu_tasks(plan) + 0.999);
}

/*
 * Whether tasks are made of bands before they are made of units: then what a thread makes of some lines of an image is
 * what it reads of them in the next call, and little goes from core to core. Units instead share out the weights, which
 * is better where these are more than the results, or where each thread would have to pack all of them.
 */
static bool bands_come_first(const soma_call *call, const conv_columns *columns, const conv_pass *pass) {
    if (columns->depthwise) return true;
    return call->primitive != SOMA_PRIMITIVE_CONV_DATA_GRAD && columns->groups == 1 && columns->all <= DIRECT_COLUMNS &&
           (double)pass->k < points_of(pass);
}

/* A pass with bands small enough that there are tasks for all threads, where there are too few units for that. */
static soma_status make_banded(const soma_call *call, const soma_cpu_plan *plan, const conv_columns *columns,
                               size_t index, size_t passes, conv_pass *pass) {
    *pass = make_pass(call, index);
    size_t others = bands_come_first(call, columns, pass) ? 1 : columns->units;
    double wanted = (double)soma_cpu_parts(wanted_tasks(plan, columns, pass), others);
    /* Tasks go through all passes if each has a band for each of them. */
    if (passes > 1) wanted = SOMA_MAX(wanted, SOMA_MIN((double)soma_cpu_tasks(plan), (double)pass->images));
    double points = SOMA_MAX(points_of(pass) / wanted + 1.0, (double)LEAST_POINTS);
    size_t most = (size_t)SOMA_MIN(points, (double)BAND_POINTS);
    return soma_cpu_conv_choose_even_bands(pass, most, columns->units, soma_cpu_tasks(plan), plan->threads);
}

/* All passes with their bands, and the tables of all; in one piece of memory, which is freed with the plan. */
static soma_status make_passes(const soma_call *call, soma_cpu_plan *plan, const conv_columns *columns, size_t count) {
    size_t entries = 0, head = sizeof(passes_plan) + count * sizeof(pass_plan);
    conv_pass pass;
    for (size_t i = 0; i < count; i++) {
        pass = make_pass(call, i);
        plan->nanoseconds += nanoseconds_of(columns, &pass);
    }
    for (size_t i = 0; i < count; i++) {
        if (make_banded(call, plan, columns, i, count, &pass) != SOMA_OK) return SOMA_UNSUPPORTED;
        entries += soma_cpu_conv_table_size(&pass);
    }
    passes_plan *p = soma_calloc(1, head + entries * sizeof(uint32_t));
    if (!p) return soma_out_of_memory(head + entries * sizeof(uint32_t), "the plan of a convolution");
    uint32_t *tables = (uint32_t *)(void *)((unsigned char *)p + head);
    plan->detail = p;
    p->count = count;
    p->columns = *columns;
    for (size_t i = 0; i < count; i++) {
        (void)make_banded(call, plan, columns, i, count, &p->pass[i].pass);
        tables = soma_cpu_conv_fill_tables(&p->pass[i].pass, tables);
        p->pass[i].class_count = soma_cpu_conv_classes(&p->pass[i].pass, p->pass[i].classes);
    }
    return SOMA_OK;
}

/* Where the weights of all passes are packed. */
static void place_weights(passes_plan *p, soma_cpu_plan *plan) {
    size_t floats = 0;
    for (size_t i = 0; i < p->count; i++) {
        pass_plan *own = &p->pass[i];
        own->first_item = p->items;
        own->weights = floats;
        p->items += items_of(p, &own->pass);
        floats += p->columns.units * own->pass.k * GEMM_COLUMNS;
    }
    if (p->direct) return;
    plan->nanoseconds += 0.2 * (double)floats;
    if (p->packs_units) return;
    size_t of_item = p->items ? floats / p->items : 1;
    p->items_of_task = PACK_TASK / SOMA_MAX(of_item, (size_t)1) + 1;
    p->packed = plan->threads * p->scratch;
    plan->workspace += floats * sizeof(float);
    soma_cpu_add_phase(plan, pack_task, soma_cpu_parts(p->items, p->items_of_task));
}

static bool can_be_direct(const passes_plan *p) {
    const conv_pass *pass = &p->pass[0].pass;
    if (p->transposed || p->columns.depthwise || p->columns.groups > 1 || p->columns.all > DIRECT_COLUMNS ||
        p->columns.all % SOMA_LANES != 0)
        return false;
    for (size_t i = 0; i < soma_cpu_conv_taps(pass); i++)
        if (soma_cpu_conv_tap(pass, p->kernel, i) != i) return false;
    return true;
}

/*
 * Whether a task makes a part of each of several passes: passes differ in their terms, so that tasks of single ones are
 * no equal shares, and what they write lies between each other's.
 */
static bool goes_through_passes(const passes_plan *p, size_t tasks) {
    bool all = p->count > 1;
    for (size_t i = 0; i < p->count; i++) all = all && p->pass[i].pass.band_count >= tasks;
    return all;
}

/* As many tasks as are wanted, or fewer, but at least half of them, where these have as many bands each and threads as
 * many tasks. */
static size_t equal_tasks(size_t bands, size_t wanted, size_t threads) {
    for (size_t tasks = wanted / threads * threads; tasks && 2 * tasks >= wanted; tasks -= threads)
        if (bands % tasks == 0) return tasks;
    return wanted;
}

static void share_out(passes_plan *p, soma_cpu_plan *plan) {
    size_t tasks = 0, weights = 0, points = 0, parts = soma_cpu_tasks(plan);
    const bool through = goes_through_passes(p, parts);
    p->direct = can_be_direct(p);
    p->packs_units = !p->direct;
    for (size_t i = 0; i < p->count; i++) {
        pass_plan *own = &p->pass[i];
        const conv_pass *pass = &own->pass;
        size_t wanted = through ? parts : wanted_tasks(plan, &p->columns, pass);
        own->k_blocks = SOMA_MAX(soma_cpu_parts(pass->k, K_BLOCK), (size_t)1);
        own->band_tasks = SOMA_MIN(wanted, pass->band_count);
        if (!through) own->band_tasks = equal_tasks(pass->band_count, own->band_tasks, plan->threads);
        own->unit_tasks = SOMA_MIN(soma_cpu_parts(wanted, own->band_tasks), p->columns.units);
        own->first_task = tasks;
        tasks += own->band_tasks * own->unit_tasks;
        p->packs_units =
            p->packs_units && (pass->band_count == 1 || (p->columns.depthwise && pass->band_count == own->band_tasks));
        p->box = SOMA_MAX(p->box, soma_round_up(soma_cpu_conv_box_size(pass), SOMA_CPU_ALIGNMENT));
        points = SOMA_MAX(points, pass->band_points);
        size_t k = soma_cpu_parts(pass->k, own->k_blocks);
        weights = SOMA_MAX(weights, SOMA_MIN(units_together(k), p->columns.units) * k * GEMM_COLUMNS);
    }
    p->order = p->box + (p->packs_units ? weights : 0);
    p->scratch = p->order + soma_round_up(2 * points, SOMA_CPU_ALIGNMENT);
    plan->workspace = plan->threads * p->scratch * sizeof(float);
    place_weights(p, plan);
    soma_cpu_add_phase(plan, through ? parts_task : pass_task, through ? parts : tasks);
}

SOMA_CPU_PLANNER(conv_passes) {
    const soma_conv_params *params = &call->params.conv;
    const soma_view *from = &call->view[0], *weight = &call->view[1], *to = result_of(call);
    if ((unsigned)params->function >= SOMA_FUNCTION_COUNT || to->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    bool transposed = call->primitive == SOMA_PRIMITIVE_CONV_DATA_GRAD;
    if (soma_view_count(to) == 0) return SOMA_OK;
    size_t count = transposed ? soma_cpu_conv_residues(params, to) : 1;
    if (count > MAX_PASSES) return SOMA_UNSUPPORTED;
    conv_columns columns =
        conv_columns_of(params->groups, from->shape[4] / params->groups, to->shape[4] / params->groups);
#ifdef __AVX512F__
    if (conv_prefers_avx2(&columns)) return soma_cpu_plan_conv_passes_avx2(call, plan);
#endif
    SOMA_TRY(make_passes(call, plan, &columns, count));
    passes_plan *p = plan->detail;
    p->transposed = transposed;
    p->relu = params->function == SOMA_RELU;
    if (!p->relu && params->function != SOMA_IDENTITY)
        p->function = SOMA_FOR_ISA(soma_cpu_get_function)(params->function);
    for (int d = 0; d < 3; d++) p->kernel[d] = weight->shape[d];
    share_out(p, plan);
    return SOMA_OK;
}
