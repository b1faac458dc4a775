/* SPDX-License-Identifier: MIT */
/* A walk over two strided operands of one shape, as few long rows, cut into tasks. */
#ifndef SOMA_DEVICE_CPU_STRIDED_H
#define SOMA_DEVICE_CPU_STRIDED_H

#include "device/cpu/cpu.h"

typedef struct soma_strided {
    uint32_t rank; /* of the outer dimensions */
    size_t shape[SOMA_MAX_RANK], stride[2][SOMA_MAX_RANK];
    size_t rows;                     /* product of the outer dimensions */
    size_t length, row_stride[2];    /* the innermost dimension */
    size_t rows_per_task, row_parts; /* short rows share a task, a long one is cut: one of the two is 1 */
    size_t part;                     /* of a long row */
} soma_strided;

/* Merges dimensions that both operands run through without a gap, and drops those of 1. */
static inline void soma_strided_init(soma_strided *walk, uint32_t rank, const size_t *shape, const size_t *first,
                                     const size_t *second) {
    *walk = (soma_strided){.rows = 1};
    size_t size[SOMA_MAX_RANK + 1] = {1}, stride[2][SOMA_MAX_RANK + 1] = {{1}, {1}};
    uint32_t used = 0; /* size[used] is the dimension that may still grow */
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] == 1) continue;
        bool merge =
            size[used] == 1 || (stride[0][used] == first[i] * shape[i] && stride[1][used] == second[i] * shape[i]);
        if (!merge) used++;
        size[used] = merge ? size[used] * shape[i] : shape[i];
        stride[0][used] = first[i];
        stride[1][used] = second[i];
    }
    for (uint32_t i = 0; i < used; i++) {
        walk->shape[i] = size[i];
        for (int operand = 0; operand < 2; operand++) walk->stride[operand][i] = stride[operand][i];
        walk->rows *= size[i];
    }
    walk->rank = used;
    walk->length = size[used];
    for (int operand = 0; operand < 2; operand++) walk->row_stride[operand] = stride[operand][used];
    walk->rows_per_task = walk->length ? SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / walk->length) : 1;
    walk->part = SOMA_CPU_CHUNK;
    walk->row_parts = soma_cpu_parts(walk->length, walk->part);
}

/* Cuts a walk that would be one task into so many: of whole lines of the caches, or whole rows. */
static inline void soma_strided_share(soma_strided *walk, size_t tasks) {
    if (walk->rows > 1) {
        walk->rows_per_task = SOMA_MIN(walk->rows_per_task, soma_cpu_parts(walk->rows, tasks));
        return;
    }
    const size_t line = SOMA_CPU_ALIGNMENT / sizeof(float);
    walk->part = SOMA_MIN(walk->part, soma_round_up(soma_cpu_parts(walk->length, tasks), line));
    walk->row_parts = soma_cpu_parts(walk->length, walk->part);
}

static inline size_t soma_strided_tasks(const soma_strided *walk) {
    return soma_cpu_parts(walk->rows, walk->rows_per_task) * walk->row_parts;
}

/* The rows of a task, and the part of each row. */
static inline void soma_strided_task(const soma_strided *walk, size_t task, soma_range *rows, soma_range *part) {
    *rows = soma_cpu_part(task / walk->row_parts, walk->rows, walk->rows_per_task);
    *part = soma_cpu_part(task % walk->row_parts, walk->length, walk->part);
}

/* A row, and where it begins in elements of each operand. */
typedef struct soma_strided_place {
    size_t at[SOMA_MAX_RANK], offset[2];
} soma_strided_place;

static inline soma_strided_place soma_strided_start(const soma_strided *walk, size_t row) {
    soma_strided_place place = {.offset = {0}};
    for (uint32_t i = walk->rank; i-- > 0; row /= walk->shape[i]) {
        place.at[i] = row % walk->shape[i];
        for (int operand = 0; operand < 2; operand++) place.offset[operand] += place.at[i] * walk->stride[operand][i];
    }
    return place;
}

/* The row after it, without a division: rows may be as short as a picture has channels. */
static inline void soma_strided_next(const soma_strided *walk, soma_strided_place *place) {
    for (uint32_t i = walk->rank; i-- > 0;) {
        const bool within = ++place->at[i] < walk->shape[i];
        const size_t back = within ? 0 : walk->shape[i]; /* from behind the last to the first */
        for (int operand = 0; operand < 2; operand++)
            place->offset[operand] += walk->stride[operand][i] - back * walk->stride[operand][i];
        if (within) return;
        place->at[i] = 0;
    }
}

#endif
