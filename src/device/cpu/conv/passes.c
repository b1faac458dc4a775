/* SPDX-License-Identifier: MIT */
/*
 * The tasks of CONV, CONV_ADD and CONV_DATA_GRAD, which are products of matrices that are gathered (tile.h), pass by
 * pass (geometry.h): first the weights are packed into panels, once for all, unless the plan has it otherwise
 * (passes_plan.c); then each task makes a range of bands, in a range of the panels.
 *
 * An element of the result is summed along k in the same order by every kernel, whatever the cut: where a sum is
 * interrupted depends on k alone. Therefore the cut may follow the number of threads, and the result still does not.
 */
#include "device/cpu/conv/passes.h"

/* Results of one of several passes lie apart, where no processor foresees them: they are fetched for short sums, too.
 */
#define IS_FAR(pass, count) ((pass)->k >= CONV_FAR || (count) > 1)

/* ----------------------------------------------------------------------------------------------------- packing */

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

void SOMA_FOR_ISA(soma_cpu_conv_pack)(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const passes_plan *p = plan->detail;
    soma_range items = soma_cpu_part(task, p->items, p->items_of_task);
    const pass_plan *pass = p->pass;
    for (size_t item = items.begin; item < items.end; item++) {
        while (item >= pass->first_item + soma_cpu_conv_items(p, &pass->pass)) pass++;
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
    const size_t together = soma_cpu_conv_units_together(own);
    for (size_t part = 0; part < own->k_blocks; part++) {
        b->k = soma_cpu_even_part(part, own->pass.k, own->k_blocks);
        for (size_t unit = units.begin; unit < units.end; unit += together) {
            b->units = (soma_range){unit, SOMA_MIN(unit + together, units.end)};
            for (size_t i = b->units.begin; b->plan->packs_units && i < b->units.end; i++)
                pack(b->call, b->plan, &own->pass, i, b->k, (float *)(uintptr_t)weights_of(b, i));
            multiply_units(b);
        }
    }
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
        b.to = soma_cpu_floats(soma_cpu_conv_result(call)) + band.to;
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

void SOMA_FOR_ISA(soma_cpu_conv_pass)(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const passes_plan *p = plan->detail;
    const pass_plan *own = p->pass;
    while (task >= own->first_task + own->band_tasks * own->unit_tasks) own++;
    make_part(call, plan, own, task - own->first_task, thread);
}

/* The same part of each pass. */
void SOMA_FOR_ISA(soma_cpu_conv_parts)(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const passes_plan *p = plan->detail;
    for (size_t i = 0; i < p->count; i++) make_part(call, plan, &p->pass[i], task, thread);
}
