/* SPDX-License-Identifier: MIT */
/*
 * The kernel of gemm_vector.cl for one shape of its tile: TILE, TILE_ROWS, of which the last may have LAST_ROWS, TILE_VECTORS; and PACKED_LEFT, where
 * op(a) is packed too. Included once for each; undefines them.
 */
#define PANEL (TILE_VECTORS * WIDTH)
#define NAMED(name) PASTE(PASTE(name, _), TILE)

#ifdef PACKED_LEFT
#define BLOCK (PANELS * PANEL)
/* Tiles of rows that are packed together. A transposed op(a) has them side by side: they take whole lines of memory. */
#define LEFT_TILES (BOX >= 4 * TILE_ROWS * DEPTH ? 4 : BOX >= 2 * TILE_ROWS * DEPTH ? 2 : 1)
#define LEFT_ROWS  (LEFT_TILES * TILE_ROWS)
#define LEFT_SIZE  (LEFT_ROWS * DEPTH)

/*
 * So many `rows` of op(a), tile by tile, each as it lies: one row of DEPTH elements after the other, or where op(a) is transposed TILE_ROWS elements after
 * the other. The last row is repeated, up to LAST_ROWS. stride: of a's own rows.
 */
ON_LOCAL_ARRAYS void NAMED(pack_left)(local float *packed, const global float *a, ulong stride, uint transposed, uint depth, uint rows) {
    const uint all = (rows + LAST_ROWS - 1) / LAST_ROWS * LAST_ROWS;
    if (!transposed) {
        for (uint r = 0; r < all; r++, packed += DEPTH) {
            const global float *from = a + min(r, rows - 1) * stride;
            uint p = 0;
            for (; p + WIDTH <= depth; p += WIDTH) STORE(local, packed + p, LOAD(global, from + p));
            for (; p < depth; p++) packed[p] = from[p];
        }
        return;
    }
    for (uint p = 0; p < depth; p++, packed += TILE_ROWS, a += stride) {
        uint r = 0;
        const global float *ahead = a + min((uint)ROWS_AHEAD, depth - 1 - p) * stride;
        for (; r < rows; r += WIDTH) FETCH_AHEAD(ahead + r);
        for (r = 0; r + TILE_ROWS <= rows; r += TILE_ROWS) {
            const global float *from = a + r;
            local float *to = packed + r * DEPTH;
            float element[TILE_ROWS];
#pragma unroll
            for (uint i = 0; i < TILE_ROWS; i++) element[i] = from[i];
#pragma unroll
            for (uint i = 0; i < TILE_ROWS; i++) to[i] = element[i];
        }
        for (uint i = 0; r + i < all; i++) packed[r * DEPTH + i] = a[min(r + i, rows - 1)];
    }
}
#else
#define BLOCK      PANEL
#define LEFT_ROWS  TILE_ROWS

#define MULTIPLY NAMED(multiply)
#define LEFT_SPACE global
#include "gemm_multiply.h"
#undef MULTIPLY
#undef LEFT_SPACE
#endif

/* The columns of op(b) from `column` on become panels, DEPTH rows apart. `room` elements may be read. */
ON_LOCAL_ARRAYS void NAMED(pack_right)(local float *panels, const global float *b, ulong stride, uint transposed, uint depth, uint columns, ulong room) {
    const uint whole = columns / WIDTH * WIDTH;
    if (!transposed)
        for (uint p = 0; p < depth; p++)
            for (uint j = 0; j < whole; j += WIDTH) {
                FETCH_AHEAD(b + min(p + ROWS_AHEAD, depth - 1) * stride + j);
                STORE(local, panels + j / PANEL * (DEPTH * PANEL) + p * PANEL + j % PANEL, LOAD(global, b + p * stride + j));
            }
    for (uint j = transposed ? 0 : whole; j < columns; j += WIDTH) {
        local float *panel = panels + j / PANEL * (DEPTH * PANEL) + j % PANEL;
        const uint there = min((uint)WIDTH, columns - j);
        if (transposed) pack_columns(panel, PANEL, b + j * stride, stride, depth, there);
        else pack_rows(panel, PANEL, b + j, stride, depth, there, room - j);
    }
}

/* Dimension 0: so many panels `together`; 1: blocks of rows, and shares of the inner dimension, each of which makes a c of its own, one behind the
 * other. */
KERNEL(1, 1)
void NAMED(gemm_vector)(ARGUMENTS(ulong m, ulong n, ulong k, ulong together, ulong rows_per_group, ulong row_blocks, ulong share, uint transpose_a,
                        uint transpose_b, uint function, uint has_bias, float alpha, float beta, float function_a, float function_b,
                        const global float *a, const global float *b, const global float *bias, global float *c)) {
    LOCAL_ARRAY(panels, DEPTH * BLOCK, 0);
    LOCAL_ARRAY(sums, TILE_ROWS * PANEL, DEPTH * BLOCK);
#ifdef PACKED_LEFT
    LOCAL_ARRAY(packed, LEFT_SIZE, DEPTH * BLOCK + TILE_ROWS * PANEL);
#endif
    const ulong column = (ulong)GROUP_ID(0) * together * PANEL, end_column = min(n, column + together * PANEL);
    const ulong first_row = (ulong)GROUP_ID(1) % row_blocks * rows_per_group, end_row = min(m, first_row + rows_per_group);
    const ulong row_stride = transpose_a ? 1 : k, step = transpose_a ? m : 1;
    const ulong number = GROUP_ID(1) / row_blocks, first = number * share, end = min(k, first + share);
#ifdef PACKED_LEFT
    const bool in_place = SOMA_GEMM_IN_PLACE(n, k, PANEL, transpose_b);
#else
    const bool in_place = false;
#endif
    c += number * m * n;
    for (ulong p0 = first; p0 < end || p0 == first; p0 += DEPTH) {
        const uint depth = (uint)min((ulong)DEPTH, end - p0);
        if (!in_place)
            NAMED(pack_right)(panels, transpose_b ? b + column * k + p0 : b + p0 * n + column, transpose_b ? k : n, transpose_b, depth,
                              (uint)(end_column - column), k * n - p0 * n - column);
        const epilogue how = {function, alpha, beta, function_a, function_b, p0 == first, p0 + DEPTH >= end, has_bias};
        for (ulong block = first_row; block < end_row; block += LEFT_ROWS) {
            const ulong end_block = min(end_row, block + LEFT_ROWS);
#ifdef PACKED_LEFT
            NAMED(pack_left)(packed, a + p0 * step + block * row_stride, transpose_a ? m : k, transpose_a, depth, (uint)(end_block - block));
#endif
            for (ulong from = column; from < end_column; from += PANEL) {
                const uint width = (uint)min((ulong)PANEL, n - from);
                const bool whole = width % WIDTH == 0 && is_direct(how);
                for (ulong row = block, height; row < end_block; row += height) {
                    const bool last = end_row - row <= TILE_ROWS - LAST_ROWS;
                    height = last ? LAST_ROWS : TILE_ROWS;
                    const uint rows = (uint)min(height, end_row - row);
                    const bool direct = whole && rows == height;
                    global float *out = direct ? c + row * n + from : 0;
                    for (uint r = 0; r < rows; r++)
                        for (uint j = 0; j < width; j += WIDTH) FETCH_AHEAD(c + (row + r) * n + from + j);
#ifdef PACKED_LEFT
                    /* A last tile that is not the first of its rows stands within a packed one. */
                    const uint before = (uint)(row - block), tile = transpose_a ? before / TILE_ROWS * TILE_ROWS : before;
                    const local float *left = packed + tile * DEPTH + (before - tile);
                    const global float *right = b + p0 * n + from;
                    /* Each copy of the loop takes long to compile: of those of last tiles there is one for either order of op(a). */
#define BY_PANEL(row_step, step, whole_tile)                                                                            \
    do {                                                                                                               \
        if (in_place) PASTE(multiply_in_place, whole_tile)(width, sums, left, row_step, step, right, n, depth, how, bias + from, out, n); \
        else PASTE(multiply_packed, whole_tile)(width, sums, left, row_step, step, panels + (from - column) * DEPTH, depth, how, bias + from, out, n); \
    } while (0)
                    if (last) BY_PANEL(transpose_a ? 1 : DEPTH, transpose_a ? TILE_ROWS : 1, _last);
                    else if (transpose_a) BY_PANEL(1, TILE_ROWS, );
                    else BY_PANEL(DEPTH, 1, );
#undef BY_PANEL
#else
                    const global float *left[TILE_ROWS];
                    /* Where a tile has more rows than are left it repeats the last; the results are not stored. */
#pragma unroll
                    for (uint r = 0; r < TILE_ROWS; r++) left[r] = a + p0 * step + (row + min(r, rows - 1)) * row_stride;
                    NAMED(multiply)(width, sums, left, step, panels + (from - column) * DEPTH, depth, how, bias + from, out, n);
#endif
                    if (direct) continue;
                    for (ulong j = from; j < from + width; j += WIDTH) {
                        const ulong part = min((ulong)WIDTH, n - j);
                        const real added = bias_vector(bias + j, part, how);
                        for (uint r = 0; r < rows; r++) {
                            global float *to = c + (row + r) * n + j;
                            const real sum = LOAD(local, sums + r * PANEL + (j - from));
                            store_part(finish_vector(sum, added, to, part, how), to, part);
                        }
                    }
                }
            }
        }
    }
}
#ifdef PACKED_LEFT
#undef PACKED_LEFT
#undef LEFT_TILES
#undef LEFT_SIZE
#endif
#undef BLOCK
#undef LEFT_ROWS
#undef PANEL
#undef NAMED
#undef TILE
#undef TILE_ROWS
#undef LAST_ROWS
#undef TILE_VECTORS
