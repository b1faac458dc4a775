/* SPDX-License-Identifier: MIT */
/*
 * Reductions of x [outer, axis, inner] over its axis. The axis can be cut into pieces of `length`: then out is [outer, pieces, inner], to be
 * reduced again. The build option OPERATION names the operation.
 */
#include "rows.h"

#define START_SUM 0.0f
#define START_SUM_SQUARES 0.0f
#define START_MAX (-INFINITY)
#define START_MIN INFINITY
#define TAKE_SUM(x) (x)
#define TAKE_SUM_SQUARES(x) ((x) * (x))
#define TAKE_MAX(x) (x)
#define TAKE_MIN(x) (x)
#define COMBINE_SUM ADD
#define COMBINE_SUM_SQUARES ADD
#define COMBINE_MAX LARGER
#define COMBINE_MIN SMALLER
#define ROW_RESULT_SUM ROW_SUM
#define ROW_RESULT_SUM_SQUARES ROW_SUM
#define ROW_RESULT_MAX ROW_MAX
#define ROW_RESULT_MIN ROW_MIN

#define START PASTE(START_, OPERATION)
#define TAKE PASTE(TAKE_, OPERATION)
#define COMBINE PASTE(COMBINE_, OPERATION)
#define ROW_RESULT PASTE(ROW_RESULT_, OPERATION)

/* inner = 1; a row is one piece of one outer element. The result is divided by `divisor`. */
KERNEL(LANES, ROWS)
void reduce_rows(ulong rows, ulong rows_per_group, ulong axis, ulong pieces, ulong length, float divisor,
                 const global float *x, global float *out) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const ulong start = row % pieces * length, count = min(length, axis - start);
        const global float *values = x + row / pieces * axis + start;
        real total = (real)(START);
        FOR_EACH_IN_ROW(j, part, count) {
            const real value = load_part(values + j, part, 0.0f);
            total = COMBINE(total, keep_part(TAKE(value), part, START));
        }
        const float result = ROW_RESULT(total, shared);
        if (get_local_id(0) == 0) out[row] = result / divisor;
    }
}

/* Any inner: a work-item reduces WIDTH neighbouring columns of one piece of one outer element. */
KERNEL(GROUP, 1)
void reduce_columns(ulong inner, ulong axis, ulong pieces, ulong length, float divisor, const global float *x,
                    global float *out) {
    const ulong column = (ulong)get_global_id(0) * WIDTH, row = get_group_id(1);
    if (column >= inner) return;
    const ulong part = min((ulong)WIDTH, inner - column);
    const ulong start = row % pieces * length, end = min(axis, start + length);
    const global float *values = x + row / pieces * axis * inner + column;
    real total = (real)(START);
    for (ulong i = start; i < end; i++) {
        const real value = load_part(values + i * inner, part, 0.0f);
        total = COMBINE(total, TAKE(value));
    }
    store_part(total / divisor, out + row * inner + column, part);
}
