/* SPDX-License-Identifier: MIT */
/* The kernel of gemm_vector.cl for one shape of its tile: TILE, TILE_ROWS, TILE_VECTORS. Included once for each; undefines them. */
#define PANEL (TILE_VECTORS * WIDTH)
#define NAMED(name) PASTE(PASTE(name, _), TILE)

#define MULTIPLY NAMED(multiply)
#define LEFT_SPACE global
#include "gemm_multiply.h"
#undef MULTIPLY
#undef LEFT_SPACE

/* Dimension 0: panels; 1: blocks of rows, and shares of the inner dimension, each of which makes a c of its own, one behind the other. */
KERNEL(1, 1)
void NAMED(gemm_vector)(ARGUMENTS(ulong m, ulong n, ulong k, ulong rows_per_group, ulong row_blocks, ulong share, uint transpose_a,
                        uint transpose_b, uint function, uint has_bias, float alpha, float beta, float function_a, float function_b,
                        const global float *a, const global float *b, const global float *bias, global float *c)) {
    LOCAL_ARRAY(panel, DEPTH * PANEL, 0);
    LOCAL_ARRAY(sums, TILE_ROWS * PANEL, DEPTH * PANEL);
    const ulong column = (ulong)GROUP_ID(0) * PANEL, end_column = min(n, column + PANEL);
    const ulong first_row = (ulong)GROUP_ID(1) % row_blocks * rows_per_group, end_row = min(m, first_row + rows_per_group);
    const ulong row_stride = transpose_a ? 1 : k, step = transpose_a ? m : 1;
    const ulong number = GROUP_ID(1) / row_blocks, first = number * share, end = min(k, first + share);
    c += number * m * n;
    for (ulong p0 = first; p0 < end || p0 == first; p0 += DEPTH) {
        const uint depth = (uint)min((ulong)DEPTH, end - p0);
        for (ulong at = column; at < end_column; at += WIDTH) {
            const uint v = (uint)(at - column) / WIDTH, columns = (uint)min((ulong)WIDTH, n - at);
            if (transpose_b) pack_columns(panel + v * WIDTH, PANEL, b + at * k + p0, k, depth, columns);
            else pack_rows(panel + v * WIDTH, PANEL, b + p0 * n + at, n, depth, columns, k * n - p0 * n - at);
        }
        const epilogue how = {function, alpha, beta, function_a, function_b, p0 == first, p0 + DEPTH >= end, has_bias};
        const uint width = (uint)(end_column - column);
        const bool whole = width % WIDTH == 0 && is_direct(how);
        for (ulong row = first_row; row < end_row; row += TILE_ROWS) {
            const uint rows = (uint)min((ulong)TILE_ROWS, end_row - row);
            const global float *left[TILE_ROWS];
            /* Where a tile has more rows than are left it repeats the last; the results are not stored. */
#pragma unroll
            for (uint r = 0; r < TILE_ROWS; r++) left[r] = a + p0 * step + (row + min(r, rows - 1)) * row_stride;
            const bool direct = whole && rows == TILE_ROWS;
            NAMED(multiply)(width, sums, left, step, panel, depth, how, bias + column, direct ? c + row * n + column : 0, n);
            if (direct) continue;
            for (ulong j = column; j < end_column; j += WIDTH) {
                const ulong part = min((ulong)WIDTH, n - j);
                const real added = bias_vector(bias + j, part, how);
                for (uint r = 0; r < rows; r++) {
                    global float *to = c + (row + r) * n + j;
                    const real sum = LOAD(local, sums + r * PANEL + (j - column));
                    store_part(finish_vector(sum, added, to, part, how), to, part);
                }
            }
        }
    }
}
#undef PANEL
#undef NAMED
#undef TILE
#undef TILE_ROWS
#undef TILE_VECTORS
