/* SPDX-License-Identifier: MIT */
/* c = f(c + bias), after a matrix product that can do neither. Build options: BIAS, FUNCTION. */
#include "apply.h"
#include "rows.h"

KERNEL(LANES, ROWS)
void finish(ulong rows, ulong rows_per_group, ulong columns, float function_a, float function_b,
#ifdef BIAS
            const global float *bias,
#endif
            global float *c) {
    FOR_EACH_ROW(row, rows, rows_per_group) {
        FOR_EACH_IN_ROW(j, part, columns) {
            real value = load_part(c + row * columns + j, part, 0.0f);
#ifdef BIAS
            value += load_part(bias + j, part, 0.0f);
#endif
            store_part(apply(value, (real)(function_a), (real)(function_b)), c + row * columns + j, part);
        }
    }
}
