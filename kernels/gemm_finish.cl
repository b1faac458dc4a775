/* SPDX-License-Identifier: MIT */
/* c = f(c + bias), after a matrix product that can do neither. Build option: FIXED_FUNCTION. */
#include "apply.h"
#include "rows.h"

KERNEL(LANES, ROWS)
void finish(ulong rows, ulong rows_per_group, ulong columns, uint function, uint has_bias, float function_a,
            float function_b, const global float *bias, global float *c) {
    FOR_EACH_ROW(row, rows, rows_per_group) {
        FOR_EACH_IN_ROW(j, part, columns) {
            real value = load_part(c + row * columns + j, part, 0.0f);
            if (has_bias) value += load_part(bias + j, part, 0.0f);
            store_part(apply(FUNCTION, value, (real)(function_a), (real)(function_b)), c + row * columns + j, part);
        }
    }
}
