/* SPDX-License-Identifier: MIT */
/*
 * What RECURRENT and its gradient share: how a step is cut into tasks. A task owns some samples and some panels of
 * GEMM_COLUMNS units: it makes their products with all of the step before, and what becomes of them. So a
 * step is a phase, or two where the reset gate comes first, and the phases are repeated step by step. Where there are
 * samples enough, a task has all units of its samples, and does all steps of them: nobody waits for anybody, and what a
 * step leaves stays in the caches of the core that reads it. Weights are packed once, unless they are used too seldom
 * for that: by the task that multiplies by them, or, where tasks have all of them, once by each thread for itself. What
 * several cores read, none of them can write without waiting for all others.
 */
#ifndef SOMA_DEVICE_CPU_RECURRENT_H
#define SOMA_DEVICE_CPU_RECURRENT_H

#include "device/cpu/gemm/pack.h"
#include "device/cpu/vectors.h"
#include "kernels/recurrent_call.h"

/* Cells by whole vectors. */
#define real soma_vector
#undef TANH
#define TANH      soma_vector_tanh
#define SOMA_GATE soma_vector_sigmoid
#include "kernels/recurrent.h"
#undef real

/* Samples of a task of a step at most. */
#define RECURRENT_SAMPLES 48
/* So many samples make a task that does all steps of them worth its reading of all weights. */
#define RECURRENT_SAMPLES_APART 16
/* Of a unit's step beside the products: five functions, and the numbers' way through memory. */
#define RECURRENT_UNIT_NANOSECONDS 4.0
/* Of a weight in a step of few samples: all of them are read, out of a cache that is not the nearest. */
#define RECURRENT_WEIGHT_NANOSECONDS 0.04
/* Of a step that several threads share: they wait for each other, and hand over what they made. */
#define RECURRENT_BARRIER_NANOSECONDS 3000.0
/* So many bytes of weights at most are packed in all by threads that do so for themselves. */
#define RECURRENT_WEIGHTS_APART ((size_t)16 << 20)
/* Panels whose units are done together, so that a sample's numbers are read and written in long pieces. */
#define RECURRENT_PANELS 4
#define RECURRENT_RUN    (RECURRENT_PANELS * GEMM_COLUMNS)
/* Floats of a line of the caches. */
#define RECURRENT_LINE (64 / sizeof(float))

typedef struct recurrent_plan {
    soma_recurrent_params params;
    soma_recurrent_size size;
    size_t gates, columns;       /* of x: gates units */
    size_t panels;               /* of units */
    size_t direct;               /* the first of them, whose weights are read where they lie */
    bool apart;                  /* a task does all steps of its samples */
    size_t panel_tasks, part;    /* tasks across the units; samples of a task */
    size_t tasks;                /* of a step */
    size_t copy;                 /* floats from a thread's packed weights to the next one's */
    size_t first, second, third; /* where these pieces begin in the workspace, in floats */
} recurrent_plan;

/* The function of a row, whose units are done by whole vectors and what is left of one: `lanes` units from j on. */
#define RECURRENT_ROW(name)                                                                                            \
    static void name(const row *r) {                                                                                   \
        size_t j = 0;                                                                                                  \
        for (; j + SOMA_LANES <= r->count; j += SOMA_LANES) name##_units(r, j, SOMA_LANES);                            \
        if (j < r->count) name##_units(r, j, r->count - j);                                                            \
    }
#define RECURRENT_UNITS static inline __attribute__((always_inline)) void

/* What a task of a step works on. */
typedef struct recurrent_task {
    const recurrent_plan *plan;
    const float *packed; /* weights */
    size_t round, step;
    soma_range samples, panels;
} recurrent_task;

static inline size_t recurrent_row(const recurrent_plan *p, size_t sample, size_t step) {
    return sample * p->size.steps + step;
}

/* The units of some panels. */
static inline soma_range recurrent_units(const recurrent_plan *p, soma_range panels) {
    return (soma_range){panels.begin * GEMM_COLUMNS, SOMA_MIN(panels.end * GEMM_COLUMNS, p->size.units)};
}

/* The panels of the task-th of those that share the units. */
static inline soma_range recurrent_panels(const recurrent_plan *p, size_t task) {
    return soma_cpu_even_part(task, p->panels, p->panel_tasks);
}

/* A thread's packed weights; they begin with a line that tells whether they are there. */
static inline float *recurrent_packed(const soma_call *call, const recurrent_plan *p, uint32_t thread) {
    return (float *)soma_cpu_workspace(call) + (p->apart ? thread * p->copy : 0) + RECURRENT_LINE;
}
static inline float *recurrent_is_packed(float *packed) {
    return packed - RECURRENT_LINE;
}

static inline recurrent_task recurrent_task_of(const soma_call *call, const recurrent_plan *p, size_t task,
                                               uint32_t thread) {
    recurrent_task t = {.plan = p, .packed = recurrent_packed(call, p, thread), .round = task / p->tasks};
    t.step = soma_recurrent_step(&p->params, p->size.steps, t.round);
    task %= p->tasks;
    t.samples = soma_cpu_part(task / p->panel_tasks, p->size.samples, p->part);
    t.panels = recurrent_panels(p, task % p->panel_tasks);
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

/* sums [rows, GEMM_COLUMNS], RECURRENT_RUN apart, = a times a panel of weights, k deep, its rows `pitch` apart, and a
 * row of GEMM_COLUMNS, or NULL. */
static inline void recurrent_multiply(const float *a, size_t stride, size_t rows, size_t k, const float *panel,
                                      size_t pitch, const float *bias, float *sums) {
    const gemm_output output = {sums, RECURRENT_RUN, GEMM_COLUMNS, 1.0f, 0.0f, bias, false};
    gemm_tiles[rows - 1][1][GEMM_VECTORS - 1](k, a, stride, panel, pitch, &output);
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

/* What one thread needs for a step of some samples. */
static inline double recurrent_step_nanoseconds(const recurrent_plan *p, size_t samples) {
    const double products = SOMA_MAX(RECURRENT_WEIGHT_NANOSECONDS, 0.3 / SOMA_LANES * (double)samples);
    return (double)(samples * p->size.units) * RECURRENT_UNIT_NANOSECONDS +
           (double)(p->size.units * p->columns) * products;
}

/* Steps that threads share: cut across the units, and by samples where that does not suffice. */
static inline void recurrent_cut_steps(recurrent_plan *p, double step, size_t threads) {
    const size_t wanted = recurrent_tasks_wanted(step, threads);
    p->panel_tasks = SOMA_MAX(SOMA_MIN(p->panels, wanted), (size_t)1);
    const size_t parts = soma_cpu_parts(wanted, p->panel_tasks);
    p->part = soma_round_up(SOMA_MAX(soma_cpu_parts(p->size.samples, parts), (size_t)1), GEMM_ROWS);
    p->part = SOMA_MIN(p->part, (size_t)RECURRENT_SAMPLES);
}

/* Whether each thread should do all steps of its share of the samples. */
static inline bool recurrent_is_apart(const recurrent_plan *p, double step, size_t threads) {
    const size_t bytes = p->size.units * p->columns * sizeof(float);
    if (!soma_fast_paths() || bytes > RECURRENT_WEIGHTS_APART / threads) return false;
    return recurrent_step_nanoseconds(p, soma_cpu_parts(p->size.samples, threads)) <=
           step / (double)threads + RECURRENT_BARRIER_NANOSECONDS;
}

static inline void recurrent_cut_samples(recurrent_plan *p, size_t threads) {
    const size_t share = soma_cpu_parts(p->size.samples, threads),
                 several = SOMA_MIN(share / RECURRENT_SAMPLES_APART, (size_t)SOMA_CPU_TASKS_PER_THREAD);
    p->apart = true;
    p->panel_tasks = 1;
    p->part = soma_cpu_parts(p->size.samples, threads * SOMA_MAX(several, (size_t)1));
}

/* The plan, without phases and workspace; NULL when out of memory. */
static inline recurrent_plan *recurrent_plan_of(const soma_call *call, soma_recurrent_size size, soma_cpu_plan *plan) {
    recurrent_plan *p = soma_malloc(sizeof *p);
    if (!p) return NULL;
    plan->detail = p;
    *p = (recurrent_plan){.params = call->params.recurrent, .size = size};
    if (size.samples == 0) return p;
    p->gates = soma_recurrent_gates(p->params.kind);
    p->columns = p->gates * size.units;
    p->panels = soma_cpu_parts(size.units, GEMM_COLUMNS);
    const double step = recurrent_step_nanoseconds(p, size.samples);
    plan->nanoseconds = step * (double)size.steps;
    if (recurrent_is_apart(p, step, plan->threads))
        recurrent_cut_samples(p, plan->threads);
    else
        recurrent_cut_steps(p, step, plan->threads);
    p->tasks = p->panel_tasks * soma_cpu_parts(size.samples, p->part);
    return p;
}

/* Before all steps: nothing is packed. */
static inline void recurrent_begin_task(const soma_call *call, const soma_cpu_plan *plan, size_t task,
                                        uint32_t thread) {
    (void)task, (void)thread;
    for (uint32_t i = 0; i < plan->threads; i++) *recurrent_is_packed(recurrent_packed(call, plan->detail, i)) = 0.0f;
}

/* The weights of some panels. */
typedef void recurrent_pack(const soma_call *call, const recurrent_plan *p, soma_range panels, float *packed);

/* A thread's own, by the first of its tasks. */
static inline void recurrent_pack_once(const soma_call *call, const recurrent_task *t, uint32_t thread,
                                       recurrent_pack *pack) {
    float *packed = recurrent_packed(call, t->plan, thread);
    if (*recurrent_is_packed(packed) != 0.0f) return;
    pack(call, t->plan, t->panels, packed);
    *recurrent_is_packed(packed) = 1.0f;
}

/* The steps' tasks: `pack` before them, and each step's, of two phases perhaps; or `all` steps of a task's samples. */
typedef struct recurrent_tasks {
    soma_cpu_task *pack, *first, *second, *all;
} recurrent_tasks;

static inline void recurrent_add_steps(const recurrent_plan *p, soma_cpu_plan *plan, size_t rounds,
                                       const recurrent_tasks *tasks) {
    if (p->apart) {
        soma_cpu_add_phase(plan, recurrent_begin_task, 1);
        soma_cpu_add_phase(plan, tasks->all, p->tasks);
        return;
    }
    soma_cpu_add_phase(plan, tasks->pack, p->panel_tasks);
    soma_cpu_add_phase(plan, tasks->first, p->tasks);
    if (tasks->second) soma_cpu_add_phase(plan, tasks->second, p->tasks);
    soma_cpu_repeat_phases(plan, tasks->second ? 2 : 1, rounds);
}

/* Of some samples the index-th block that tiles take, of nearly equal ones. */
static inline size_t recurrent_blocks(soma_range samples) {
    return soma_cpu_parts(soma_range_length(samples), GEMM_ROWS);
}
static inline soma_range recurrent_block(soma_range samples, size_t index) {
    const soma_range own = soma_cpu_even_part(index, soma_range_length(samples), recurrent_blocks(samples));
    return (soma_range){samples.begin + own.begin, samples.begin + own.end};
}

/* The workspace begins with the packed weights, so many floats, of each thread; then come three pieces of others. */
static inline void recurrent_plan_workspace(recurrent_plan *p, soma_cpu_plan *plan, size_t packed, size_t first,
                                            size_t second, size_t third) {
    const size_t line = SOMA_CPU_ALIGNMENT / sizeof(float);
    p->copy = RECURRENT_LINE + soma_round_up(packed, line);
    p->first = p->copy * (p->apart ? plan->threads : 1);
    p->second = p->first + soma_round_up(first, line);
    p->third = p->second + soma_round_up(second, line);
    plan->workspace = (p->third + third) * sizeof(float);
}

#endif
