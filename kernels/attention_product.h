/* SPDX-License-Identifier: MIT */
/* A part of one product on processors, by the tiles of gemm_vector.cl: of attention, or, as SCORES and VALUES without anything causal, of any. */
#ifndef SOMA_KERNELS_ATTENTION_PRODUCT_H
#define SOMA_KERNELS_ATTENTION_PRODUCT_H

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
        for (ulong at = column; at < end_column; at += WIDTH) {
            const uint v = (uint)(at - column) / WIDTH, columns = (uint)min((ulong)WIDTH, end_column - at);
            const global float *from = right + of.right.start + p0 * of.right.row + at * of.right.step;
            if (kind == SCORES) pack_columns(panel + v * WIDTH, ATTENTION_PANEL, from, of.right.step, depth, columns);
            else /* up to the head's last number */
                pack_rows(panel + v * WIDTH, ATTENTION_PANEL, from, of.right.row, depth, columns,
                          depth ? (of.depth - p0 - 1) * of.right.row + of.columns - at : 0);
        }
        const epilogue how = {FUNCTION_IDENTITY, alpha, 0.0f, 0.0f, 0.0f, fresh && p0 == begin, false, false};
        for (ulong row = first_row; row < end_row; row += WIDE_ROWS) {
            const uint rows = (uint)min((ulong)WIDE_ROWS, end_row - row);
            const global float *from[WIDE_ROWS];
            if (is_unseen(kind, of, row + rows, column, causal)) continue;
            /* Where a tile has more rows than are left it repeats the last; the results are not stored. */
#pragma unroll
            for (uint r = 0; r < WIDE_ROWS; r++)
                from[r] = left + of.left.start + (row + min(r, rows - 1)) * of.left.row + p0 * of.left.step;
            const uint width = (uint)(end_column - column);
            global float *out = result + of.result.start + row * of.result.row + column;
            const bool direct = width % WIDTH == 0 && rows == WIDE_ROWS;
            multiply_wide(width, sums, from, of.left.step, panel, depth, how, 0, direct ? out : 0, of.result.row);
            if (direct) continue;
            for (uint r = 0; r < rows; r++)
                for (uint j = 0; j < width; j += WIDTH) {
                    global float *to = out + r * of.result.row + j;
                    const ulong part = min((uint)WIDTH, width - j);
                    store_part(unfinished_vector(LOAD(local, sums + r * ATTENTION_PANEL + j), R(0.0), to, part, how), to, part);
                }
        }
    }
}

#endif
