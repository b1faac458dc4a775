/* SPDX-License-Identifier: MIT */
/*
 * c = f(alpha op(a) op(b) + beta c + bias) on processors: one work-item per piece of c, with the results of a tile of
 * TILE_ROWS x (TILE_VECTORS * WIDTH) elements in registers.
 *
 * A work-item owns PANEL = TILE_VECTORS * WIDTH columns of c and some rows. For DEPTH elements of the inner dimension at a time it packs its
 * columns of op(b) into local memory, so that the inner loop reads them in order, and then runs down its rows. Build options:
 * TRANSPOSE_A, TRANSPOSE_B, BIAS, FUNCTION.
 */
#include "apply.h"

#define PANEL (TILE_VECTORS * WIDTH)

/* The `depth` x PANEL piece of op(b) that starts at row p0 and column `column`; 0 in columns past the last. */
static void pack_panel(local float *panel, const global float *b, ulong n, ulong k, ulong p0, ulong depth, ulong column) {
    const uint columns = (uint)min((ulong)PANEL, n - column);
#ifdef TRANSPOSE_B
    for (uint j = 0; j < PANEL; j++) {
        const global float *from = b + (column + j) * k + p0;
        if (j < columns)
            for (uint p = 0; p < depth; p++) panel[p * PANEL + j] = from[p];
        else
            for (uint p = 0; p < depth; p++) panel[p * PANEL + j] = 0.0f;
    }
#else
    if (columns == PANEL) {
        for (uint p = 0; p < depth; p++) {
            const global float *from = b + (p0 + p) * n + column;
            for (uint v = 0; v < TILE_VECTORS; v++)
                PASTE(vstore, WIDTH)(PASTE(vload, WIDTH)(v, from), p * TILE_VECTORS + v, panel);
        }
        return;
    }
    for (uint p = 0; p < depth; p++)
        for (uint j = 0; j < PANEL; j++) panel[p * PANEL + j] = j < columns ? b[(p0 + p) * n + column + j] : 0.0f;
#endif
}

KERNEL(1, 1)
void gemm_vector(ulong m, ulong n, ulong k, ulong rows_per_group, float alpha, float beta, float function_a,
                 float function_b, const global float *a, const global float *b,
#ifdef BIAS
                 const global float *bias,
#endif
                 global float *c) {
    local float panel[DEPTH * PANEL];
    const ulong column = (ulong)get_group_id(0) * PANEL;
    const ulong first_row = (ulong)get_group_id(1) * rows_per_group, end_row = min(m, first_row + rows_per_group);
#ifdef TRANSPOSE_A
    const ulong row_stride = 1, step = m;
#else
    const ulong row_stride = k, step = 1;
#endif
    for (ulong p0 = 0; p0 < k || p0 == 0; p0 += DEPTH) {
        const ulong depth = min((ulong)DEPTH, k - p0);
        const bool last = p0 + DEPTH >= k;
        pack_panel(panel, b, n, k, p0, depth, column);
        for (ulong row = first_row; row < end_row; row += TILE_ROWS) {
            const uint rows = (uint)min((ulong)TILE_ROWS, end_row - row);
            /* Rows past the last repeat it: their results are not stored. */
            const global float *from[TILE_ROWS];
#pragma unroll
            for (uint r = 0; r < TILE_ROWS; r++) from[r] = a + p0 * step + (row + min(r, rows - 1)) * row_stride;
            real sum[TILE_ROWS][TILE_VECTORS];
#pragma unroll
            for (uint r = 0; r < TILE_ROWS; r++)
#pragma unroll
                for (uint v = 0; v < TILE_VECTORS; v++) sum[r][v] = R(0.0);
            for (ulong p = 0; p < depth; p++) {
                real right[TILE_VECTORS];
#pragma unroll
                for (uint v = 0; v < TILE_VECTORS; v++) right[v] = PASTE(vload, WIDTH)(p * TILE_VECTORS + v, panel);
#pragma unroll
                for (uint r = 0; r < TILE_ROWS; r++) {
                    const real left = (real)(from[r][p * step]);
#pragma unroll
                    for (uint v = 0; v < TILE_VECTORS; v++) sum[r][v] = MULTIPLY_ADD(left, right[v], sum[r][v]);
                }
            }
#pragma unroll
            for (uint r = 0; r < TILE_ROWS; r++) {
#pragma unroll
                for (uint v = 0; v < TILE_VECTORS; v++) {
                    const ulong at = column + v * WIDTH;
                    if (r < rows && at < n) {
                        const ulong part = min((ulong)WIDTH, n - at);
                        global float *to = c + (row + r) * n + at;
                        real result = alpha * sum[r][v];
                        if (p0 > 0) result += load_part(to, part, 0.0f);
                        else if (beta != 0.0f) result += beta * load_part(to, part, 0.0f);
                        if (last) {
#ifdef BIAS
                            result += load_part(bias + at, part, 0.0f);
#endif
                            result = apply(result, (real)(function_a), (real)(function_b));
                        }
                        store_part(result, to, part);
                    }
                }
            }
        }
    }
}
