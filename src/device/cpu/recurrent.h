/* SPDX-License-Identifier: MIT */
/*
 * What RECURRENT and its gradient share: how a step is cut into tasks. A task owns some samples and some panels of
 * GEMM_COLUMNS units: it makes their products with all of the step before, and what becomes of them. So a
 * step is a phase, or two where the reset gate comes first, and the phases are repeated step by step. Weights are
 * packed once, in a phase of their own, unless they are used too seldom for that.
 */
#ifndef SOMA_DEVICE_CPU_RECURRENT_H
#define SOMA_DEVICE_CPU_RECURRENT_H

#include "device/cpu/gemm/pack.h"
#include "kernels/recurrent.h"
#include "kernels/recurrent_call.h"

/* Samples of a task at most. */
#define RECURRENT_SAMPLES 48
/* Of a unit's step beside the products: five functions, and the numbers' way through memory. */
#define RECURRENT_UNIT_NANOSECONDS 4.0
/* So many samples before its turn, what a step reads and writes of a sample is fetched: late enough for all of them, at
 * the same place of sequences that are perhaps a power of two apart, to be in the caches together. */
#define RECURRENT_AHEAD 6
/* Floats of a line of the caches. */
#define RECURRENT_LINE (64 / sizeof(float))

typedef struct recurrent_plan {
    soma_recurrent_params params;
    soma_recurrent_size size;
    size_t gates, columns;       /* of x: gates units */
    size_t panels;               /* of units */
    size_t direct;               /* the first of them, whose weights are read where they lie */
    size_t panel_tasks, part;    /* tasks across the units; samples of a task */
    size_t tasks;                /* of a step */
    size_t first, second, third; /* where these pieces begin in the workspace, in floats */
} recurrent_plan;

/* What a task of a step works on. */
typedef struct recurrent_task {
    const recurrent_plan *plan;
    size_t round, step;
    soma_range samples, panels;
} recurrent_task;

static inline size_t recurrent_row(const recurrent_plan *p, size_t sample, size_t step) {
    return sample * p->size.steps + step;
}

static inline soma_range recurrent_units(const recurrent_plan *p, size_t panel) {
    return soma_cpu_part(panel, p->size.units, GEMM_COLUMNS);
}

static inline recurrent_task recurrent_task_of(const recurrent_plan *p, size_t task) {
    recurrent_task t = {.plan = p, .round = task / p->tasks};
    t.step = soma_recurrent_step(&p->params, p->size.steps, t.round);
    task %= p->tasks;
    t.samples = soma_cpu_part(task / p->panel_tasks, p->size.samples, p->part);
    t.panels = soma_cpu_even_part(task % p->panel_tasks, p->panels, p->panel_tasks);
    return t;
}

static inline bool recurrent_rests(const float *mask, const recurrent_plan *p, size_t sample, size_t step) {
    return mask && mask[recurrent_row(p, sample, step)] == 0.0f;
}

/* The rows of a matrix that products read row beside row: a power of two apart, they would all lie in the same few
 * lines of the caches. */
static inline size_t recurrent_pitch(size_t columns) {
    return soma_round_up(columns, RECURRENT_LINE) + RECURRENT_LINE;
}

/*
 * The same step of the next sample lies far off, where no processor guesses it.
 */
static inline void recurrent_fetch(const float *from, size_t count) {
    for (size_t j = 0; j < count; j += RECURRENT_LINE) __builtin_prefetch(from + j);
}
static inline void recurrent_fetch_to_write(const float *to, size_t count) {
    for (size_t j = 0; j < count; j += RECURRENT_LINE) __builtin_prefetch(to + j, 1);
}

/* Of whole panels, which most are, the compiler makes a few vectors of it, where it would call memcpy(). */
static inline void recurrent_copy(float *to, const float *from, size_t count) {
    if (count == GEMM_COLUMNS)
        memcpy(to, from, GEMM_COLUMNS * sizeof *to);
    else
        memcpy(to, from, count * sizeof *to);
}

/* sums [rows, GEMM_COLUMNS] = a times a panel of weights, k deep, its rows `pitch` apart, and a row of GEMM_COLUMNS, or
 * NULL. */
static inline void recurrent_multiply_panel(const float *a, size_t stride, size_t rows, size_t k, const float *panel,
                                            size_t pitch, const float *bias, float *sums) {
    const gemm_output output = {sums, GEMM_COLUMNS, GEMM_COLUMNS, 1.0f, 0.0f, bias, false};
    gemm_tiles[rows - 1][1][GEMM_VECTORS - 1](k, a, stride, panel, pitch, &output);
}

/* The same of packed weights. */
static inline void recurrent_multiply(const float *a, size_t stride, size_t rows, size_t k, const float *panel,
                                      const float *bias, float *sums) {
    recurrent_multiply_panel(a, stride, rows, k, panel, GEMM_COLUMNS, bias, sums);
}

/*
 * Into how many tasks a step of so many nanoseconds should be cut. Of a short one each thread gets one, so that all are
 * done at the same time and each finds the weights of its panels in its own cache, step after step; of a long one
 * several, which others can take over.
 */
static inline size_t recurrent_tasks_wanted(double step, size_t threads) {
    const size_t worthwhile = (size_t)(step / SOMA_CPU_TASK_NANOSECONDS) + 1;
    const bool is_long = step > SOMA_CPU_LONG_TASK_NANOSECONDS * (double)threads;
    return SOMA_MIN(worthwhile, is_long ? threads * SOMA_CPU_TASKS_PER_THREAD : threads);
}

/* The plan, without phases and workspace; NULL when out of memory. */
static inline recurrent_plan *recurrent_plan_of(const soma_call *call, soma_recurrent_size size, soma_cpu_plan *plan) {
    recurrent_plan *p = soma_malloc(sizeof *p);
    if (!p) return NULL;
    plan->detail = p;
    *p = (recurrent_plan){.params = call->params.recurrent, .size = size};
    p->gates = soma_recurrent_gates(p->params.kind);
    p->columns = p->gates * size.units;
    p->panels = soma_cpu_parts(size.units, GEMM_COLUMNS);
    const double step =
        (double)(size.samples * size.units) * (RECURRENT_UNIT_NANOSECONDS + 0.3 / SOMA_LANES * (double)p->columns);
    plan->nanoseconds = step * (double)size.steps;
    const size_t wanted = recurrent_tasks_wanted(step, plan->threads);
    p->panel_tasks = SOMA_MAX(SOMA_MIN(p->panels, wanted), (size_t)1);
    const size_t parts = soma_cpu_parts(wanted, p->panel_tasks);
    p->part = soma_round_up(SOMA_MAX(soma_cpu_parts(size.samples, parts), (size_t)1), GEMM_ROWS);
    p->part = SOMA_MIN(p->part, (size_t)RECURRENT_SAMPLES);
    p->tasks = p->panel_tasks * soma_cpu_parts(size.samples, p->part);
    return p;
}

/* The workspace begins with the packed weights, so many floats; then come three pieces of others. */
static inline void recurrent_plan_workspace(recurrent_plan *p, soma_cpu_plan *plan, size_t packed, size_t first,
                                            size_t second, size_t third) {
    const size_t line = SOMA_CPU_ALIGNMENT / sizeof(float);
    p->first = soma_round_up(packed, line);
    p->second = p->first + soma_round_up(first, line);
    p->third = p->second + soma_round_up(second, line);
    plan->workspace = (p->third + third) * sizeof(float);
}

#endif
