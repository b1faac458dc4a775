/* SPDX-License-Identifier: MIT */
/*
 * How CONV, CONV_ADD and CONV_DATA_GRAD are cut into passes, bands and tasks (passes.c). Weights are packed once for
 * all; where there is one band alone, each panel is packed right before its only use, as are the few weights of
 * depthwise convolution where each task has one band; few columns need no packing at all.
 */
#include "device/cpu/conv/passes.h"

/* The sums of a tile are interrupted after at most so many terms: what they are made of should stay in the L1 cache, in
 * which the windows of neighbours overlap. */
#define K_BLOCK 1024
/* Points of a band, at most, and at least where there are more. */
#define BAND_POINTS  CONV_BAND_POINTS
#define LEAST_POINTS 48
/* Weights of whole vectors, in the order in which they are needed, in rows so short that those of a panel share no set
 * of the L1 cache, are not packed. */
#define DIRECT_COLUMNS (2 * GEMM_COLUMNS)
/* More passes than that are left to others. */
#define MAX_PASSES 4096

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
    conv_pass pass =
        call->primitive == SOMA_PRIMITIVE_CONV_DATA_GRAD
            ? soma_cpu_conv_residue(params, &call->view[0], &call->view[1], soma_cpu_conv_result(call), index)
            : soma_cpu_conv_forward(params, &call->view[0], &call->view[1], soma_cpu_conv_result(call));
    soma_cpu_conv_trim(&pass);
    return pass;
}

/* So many tasks that each pass has its share of those that all are worth. */
static size_t wanted_tasks(const soma_cpu_plan *plan, const conv_columns *columns, const conv_pass *pass) {
    double share = nanoseconds_of(columns, pass) / plan->nanoseconds;
    return SOMA_MAX((size_t)(share * (double)soma_cpu_tasks(plan) + 0.999), (size_t)1);
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
        p->items += soma_cpu_conv_items(p, &own->pass);
        floats += p->columns.units * own->pass.k * GEMM_COLUMNS;
    }
    if (p->direct) return;
    plan->nanoseconds += 0.2 * (double)floats;
    if (p->packs_units) return;
    size_t of_item = p->items ? floats / p->items : 1;
    p->items_of_task = PACK_TASK / SOMA_MAX(of_item, (size_t)1) + 1;
    p->packed = plan->threads * p->scratch;
    plan->workspace += floats * sizeof(float);
    soma_cpu_add_phase(plan, SOMA_FOR_ISA(soma_cpu_conv_pack), soma_cpu_parts(p->items, p->items_of_task));
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
        weights = SOMA_MAX(weights, SOMA_MIN(soma_cpu_conv_units_together(own), p->columns.units) *
                                        soma_cpu_conv_block_terms(own) * GEMM_COLUMNS);
    }
    p->order = p->box + (p->packs_units ? weights : 0);
    p->scratch = p->order + soma_round_up(2 * points, SOMA_CPU_ALIGNMENT);
    plan->workspace = plan->threads * p->scratch * sizeof(float);
    place_weights(p, plan);
    soma_cpu_add_phase(plan, through ? SOMA_FOR_ISA(soma_cpu_conv_parts) : SOMA_FOR_ISA(soma_cpu_conv_pass),
                       through ? parts : tasks);
}

SOMA_CPU_PLANNER(conv_passes) {
    const soma_conv_params *params = &call->params.conv;
    const soma_view *from = &call->view[0], *weight = &call->view[1], *to = soma_cpu_conv_result(call);
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
