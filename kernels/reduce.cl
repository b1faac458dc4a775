/* SPDX-License-Identifier: MIT */
/*
 * Reductions of x [outer, axis, inner] over its axis. The axis can be cut into pieces of `length`: then out is [outer, pieces, inner], to be
 * reduced again. The operation is a number, REDUCE_SUM and the like; each has loops of its own. A mean is a sum with a divisor. The
 * build option FIXED_OPERATION makes the operation a constant.
 */
#include "rows.h"

static float start_of(uint operation) {
    return operation == REDUCE_MAX ? -INFINITY : operation == REDUCE_MIN ? INFINITY : 0.0f;
}

/* A NaN on either side comes out. */
#define LARGER(a, b) ((a) > (b) || (a) != (a) ? (a) : (b))
#define SMALLER(a, b) ((a) < (b) || (a) != (a) ? (a) : (b))

static real combine(uint operation, real total, real value) {
    switch (operation) {
    case REDUCE_MAX: return LARGER(total, value);
    case REDUCE_MIN: return SMALLER(total, value);
    case REDUCE_SUM_SQUARES: return MULTIPLY_ADD(value, value, total);
    default: return total + value;
    }
}

#ifdef FIXED_OPERATION
#define OPERATION FIXED_OPERATION
#else
#define OPERATION operation
#endif

/* Calls `loop` with the operation as a constant. */
#define FOR_OPERATION(operation, loop)                                                                                 \
    switch (operation) {                                                                                               \
    case REDUCE_MAX: loop(REDUCE_MAX); break;                                                                          \
    case REDUCE_MIN: loop(REDUCE_MIN); break;                                                                          \
    case REDUCE_SUM_SQUARES: loop(REDUCE_SUM_SQUARES); break;                                                          \
    default: loop(REDUCE_SUM);                                                                                         \
    }

static real reduce_lane(uint operation, const global float *values, ulong count) {
    const float start = start_of(operation);
    real total = (real)(start);
    FOR_EACH_IN_ROW(j, part, count) {
        const real value = load_part(values + j, part, 0.0f);
        total = keep_part_else(combine(operation, total, value), part, total);
    }
    return total;
}

/* What ROW_MAX and ROW_MIN pass over. */
static real only_nan(real v) { return v == v ? R(0.0) : v; }

/* inner = 1; a row is one piece of one outer element. The result is divided by `divisor`. */
KERNEL(LANES, ROWS)
void reduce_rows(ARGUMENTS(ulong rows, ulong rows_per_group, uint operation, ulong axis, ulong pieces, ulong length, float divisor,
                 const global float *x, global float *out)) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const ulong start = row % pieces * length, count = min(length, axis - start);
        const global float *values = x + row / pieces * axis + start;
        real total;
#define LOOP(constant) total = reduce_lane(constant, values, count)
        FOR_OPERATION(OPERATION, LOOP)
#undef LOOP
        float result;
        switch (OPERATION) {
        case REDUCE_MAX: result = ROW_MAX(total, shared) + ROW_SUM(only_nan(total), shared); break;
        case REDUCE_MIN: result = ROW_MIN(total, shared) + ROW_SUM(only_nan(total), shared); break;
        default: result = ROW_SUM(total, shared);
        }
        if (get_local_id(0) == 0) out[row] = result / divisor;
    }
}

static real reduce_column(uint operation, const global float *values, ulong count, ulong step, ulong part) {
    const float start = start_of(operation);
    real total = (real)(start);
    for (ulong i = 0; i < count; i++) total = combine(operation, total, load_part(values + i * step, part, 0.0f));
    return total;
}

/* Any inner: a work-item reduces WIDTH neighbouring columns of one piece of one outer element. */
KERNEL(GROUP, 1)
void reduce_columns(ARGUMENTS(ulong inner, uint operation, ulong axis, ulong pieces, ulong length, float divisor,
                    const global float *x, global float *out)) {
    const ulong column = (ulong)ITEM_ID * WIDTH, row = GROUP_ID(1);
    if (column >= inner) return;
    const ulong part = min((ulong)WIDTH, inner - column);
    const ulong start = row % pieces * length, count = min(axis, start + length) - start;
    const global float *values = x + (row / pieces * axis + start) * inner + column;
    real total;
#define LOOP(constant) total = reduce_column(constant, values, count, inner, part)
    FOR_OPERATION(OPERATION, LOOP)
#undef LOOP
    store_part(total / divisor, out + row * inner + column, part);
}
