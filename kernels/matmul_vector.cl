/* SPDX-License-Identifier: MIT */
/* MATMUL on processors: a work-item has some rows and a panel of columns of a product. */
#include "attention_product.h"
#include "matmul.h"

/* Groups of dimension 1: `parts` of the rows of each product. */
KERNEL(1, 1)
void matmul_vector(ARGUMENTS(MATMUL_SIZES, ulong rows_per_group, ulong parts, uint by_row, float scale, const global float *left,
                             const global float *right, global float *result)) {
    LOCAL_ARRAY(panel, DEPTH * ATTENTION_PANEL, 0);
    LOCAL_ARRAY(sums, WIDE_ROWS * ATTENTION_PANEL, DEPTH * ATTENTION_PANEL);
    const ulong first_row = GROUP_ID(1) % parts * rows_per_group;
    const product of = matmul_product(GROUP_ID(1) / parts, PASS_MATMUL);
    const ulong end_row = min(of.rows, first_row + rows_per_group);
    if (first_row >= end_row) return;
    attention_product(panel, sums, by_row ? VALUES : SCORES, of, first_row, end_row, (ulong)GROUP_ID(0) * ATTENTION_PANEL, 0, scale, true,
                      left, right, result);
}
