/* SPDX-License-Identifier: MIT */
/* The products of attention on processors, by the tiles of gemm_vector.cl: a work-item has some rows and a panel of columns of a head. */
#include "attention.h"
#include "gemm_vector.cl"

#define ATTENTION_PANEL (2 * WIDTH)

/* result = alpha left right, or that is added to it unless it is `fresh`. */
ON_LOCAL_ARRAYS void attention_product(local float *panel, local float *sums, uint kind, product of, ulong first_row, ulong end_row,
                                       ulong column, uint causal, float alpha, bool fresh, const global float *left,
                                       const global float *right, global float *result) {
    const ulong end_column = min(of.columns, column + ATTENTION_PANEL);
    const ulong begin = depth_begin(kind, of, first_row, causal), end = depth_end(kind, of, end_row, causal);
    if (is_unseen(kind, of, end_row, column, causal)) return;
    for (ulong p0 = begin; p0 < end || p0 == begin; p0 += DEPTH) {
        const uint depth = (uint)min((ulong)DEPTH, end - p0);
        for (uint v = 0; v < 2; v++) {
            const ulong at = column + v * WIDTH;
            const uint columns = at < end_column ? (uint)min((ulong)WIDTH, end_column - at) : 0;
            const global float *from = right + of.right.start + p0 * of.right.row + at * of.right.step;
            if (kind == SCORES) pack_columns(panel + v * WIDTH, ATTENTION_PANEL, from, of.right.step, depth, columns);
            else /* up to the head's last number */
                pack_rows(panel + v * WIDTH, ATTENTION_PANEL, from, of.right.row, depth, columns,
                          depth ? (of.depth - p0 - 1) * of.right.row + of.columns - at : 0);
        }
        for (ulong row = first_row; row < end_row; row += WIDE_ROWS) {
            const uint rows = (uint)min((ulong)WIDE_ROWS, end_row - row);
            const global float *from[WIDE_ROWS];
            if (is_unseen(kind, of, row + rows, column, causal)) continue;
            /* Where a tile has more rows than are left it repeats the last; the results are not stored. */
#pragma unroll
            for (uint r = 0; r < WIDE_ROWS; r++)
                from[r] = left + of.left.start + (row + min(r, rows - 1)) * of.left.row + p0 * of.left.step;
            multiply_wide(sums, from, of.left.step, panel, depth);
            for (uint r = 0; r < rows; r++)
                for (ulong j = column; j < end_column; j += WIDTH) {
                    global float *to = result + of.result.start + (row + r) * of.result.row + j;
                    const ulong part = min((ulong)WIDTH, end_column - j);
                    real value = alpha * LOAD(local, sums + r * ATTENTION_PANEL + (j - column));
                    if (!fresh || p0 != begin) value += load_part(to, part, 0.0f);
                    store_part(value, to, part);
                }
        }
    }
}

/* Groups of dimension 1: `parts` of the rows of each head. */
#define DEFINE_ATTENTION(name, kind)                                                                                   \
    KERNEL(1, 1)                                                                                                       \
    void name(ARGUMENTS(ATTENTION_SIZES, ulong rows_per_group, ulong parts, float alpha, const global float *left,     \
                        const global float *right, global float *result)) {                                           \
        LOCAL_ARRAY(panel, DEPTH * ATTENTION_PANEL, 0);                                                                \
        LOCAL_ARRAY(sums, WIDE_ROWS * ATTENTION_PANEL, DEPTH * ATTENTION_PANEL);                                       \
        const ulong number = GROUP_ID(1) / parts, first_row = GROUP_ID(1) % parts * rows_per_group;                    \
        const ulong turns = kind == BACK ? heads / key_heads : 1;                                                      \
        for (ulong turn = 0; turn < turns; turn++) {                                                                   \
            const product of = product_of(kind, number, turn, PASS_SIZES);                                             \
            const ulong end_row = min(of.rows, first_row + rows_per_group);                                            \
            if (first_row >= end_row) return;                                                                          \
            attention_product(panel, sums, kind, of, first_row, end_row, (ulong)GROUP_ID(0) * ATTENTION_PANEL, causal, \
                              alpha, kind != BACK || (of.first == 0 && turn == 0), left, right, result);                  \
        }                                                                                                              \
    }
DEFINE_ATTENTION(attention_scores, SCORES)
DEFINE_ATTENTION(attention_values, VALUES)
#ifdef TRAINING
DEFINE_ATTENTION(attention_back, BACK)
#endif /* TRAINING */
