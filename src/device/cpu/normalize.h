/* SPDX-License-Identifier: MIT */
/*
 * How NORMALIZE and its gradient are cut into tasks. x [outer, inner, groups, c] is seen in one of two ways: where
 * inner is 1, as rows of c numbers, each with figures of its own (layers); else, for each outer, as inner rows of
 * columns, `groups` times c of them, whose figures are taken column by column and then joined over blocks of rows and
 * over c.
 */
#ifndef SOMA_DEVICE_CPU_NORMALIZE_H
#define SOMA_DEVICE_CPU_NORMALIZE_H

#include "device/cpu/rows.h"

/* Columns that a task takes at a time. */
#define STRIP 64
/* More parts than this only make more sums to be joined. */
#define MOST_PARTS 64

typedef struct normalize_plan {
    size_t outer, inner, groups, c, columns;
    size_t shared;                /* outers in a task, so that it has enough to do */
    size_t block, blocks, strips; /* of rows of one outer; of columns */
    size_t rows, part, parts;     /* as rows of c: how many, and how many in each task */
} normalize_plan;

/* What a task of the columns takes. */
typedef struct normalize_task {
    soma_range outer, row, column;
    size_t block;
} normalize_task;

static inline normalize_task task_of(const normalize_plan *p, size_t task) {
    size_t block = task / p->strips % p->blocks;
    return (normalize_task){.outer = soma_cpu_part(task / p->strips / p->blocks, p->outer, p->shared),
                            .row = soma_cpu_part(block, p->inner, p->block),
                            .column = soma_cpu_part(task % p->strips, p->columns, STRIP),
                            .block = block};
}

static inline size_t column_tasks(const normalize_plan *p) {
    return soma_cpu_parts(p->outer, p->shared) * p->blocks * p->strips;
}

/*
 * The phase that applies the figures: a task takes a block of a strip; where these are chunks of x, chunk by chunk (the
 * bits: see cpu.h). The one before, which takes the sums, is not done so: a function's gradient and the sums of its
 * result chunk by chunk, five tensors at a time, were no quicker.
 */
static inline void add_apply_phase(soma_cpu_plan *plan, const normalize_plan *p, soma_cpu_task *run, uint32_t chunked,
                                   uint32_t read) {
    if (p->outer == 1 && p->strips == 1 && p->block * p->columns == SOMA_CPU_CHUNK)
        soma_cpu_add_chunks(plan, run, p->inner * p->columns, chunked, read);
    else
        soma_cpu_add_phase(plan, run, column_tasks(p));
}

/* Groups that a task joins: of about as many columns as a strip has. */
static inline size_t joined_groups(const normalize_plan *p) {
    return SOMA_MAX((size_t)1, STRIP / SOMA_MAX((size_t)1, p->c));
}

static inline bool is_rows(const normalize_plan *p) {
    return p->inner == 1 && p->c > 1;
}

/* The plan of x; NULL where memory is short. */
static inline normalize_plan *normalize_plan_of(const soma_view *x) {
    normalize_plan *p = soma_malloc(sizeof *p);
    if (!p) return NULL;
    *p = (normalize_plan){.outer = x->shape[0], .inner = x->shape[1], .groups = x->shape[2], .c = x->shape[3]};
    p->columns = p->groups * p->c;
    p->strips = soma_cpu_parts(p->columns, STRIP);
    p->block = SOMA_CPU_CHUNK / SOMA_MAX((size_t)1, SOMA_MIN(p->columns, (size_t)STRIP));
    p->blocks = SOMA_MAX((size_t)1, soma_cpu_parts(p->inner, p->block)); /* no rows have figures too */
    p->shared = SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / SOMA_MAX((size_t)1, p->inner * p->columns));
    p->rows = p->outer * p->groups;
    p->part =
        SOMA_MAX(SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / SOMA_MAX((size_t)1, p->c)), soma_cpu_parts(p->rows, MOST_PARTS));
    p->parts = soma_cpu_parts(p->rows, p->part);
    return p;
}

/* The figure of each column's group, of those [groups] of one outer; of none 0. */
static inline void spread(const float *figure, const normalize_plan *p, soma_range column, float *out) {
    for (size_t j = column.begin; j < column.end; j++) out[j - column.begin] = figure ? figure[j / p->c] : 0.0f;
}

#endif
