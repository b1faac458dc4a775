/* SPDX-License-Identifier: MIT */
/*
 * c = f(alpha op(a) op(b) + beta c + bias) on processors: one work-item computes a block of c, tile by tile, with the results of a tile of
 * TILE_ROWS x PANEL elements (PANEL = TILE_VECTORS * WIDTH) in registers.
 *
 * A block is PANEL columns wide. For DEPTH elements of the inner dimension at a time its columns of op(b) are packed into local memory, so that
 * the inner loop reads them in order, and then all its rows are computed with them. Elements of op(a) are read where they lie: packing those too
 * was measured, also for transposed a, and did not pay. Build options: TRANSPOSE_A, TRANSPOSE_B, BIAS, FUNCTION.
 */
#include "apply.h"

#define PANEL (TILE_VECTORS * WIDTH)

#define LOAD PASTE(vload, WIDTH)
#define STORE PASTE(vstore, WIDTH)

#ifdef TRANSPOSE_B
/* The elements of two vectors in turns: a0 b0 a1 b1 ... */
static void interleave(real a, real b, real *first, real *second) {
    first->even = a.lo, first->odd = b.lo;
    second->even = a.hi, second->odd = b.hi;
}

/* Transposes WIDTH vectors: interleaving each with the one half a block away, as often as WIDTH can be halved, does that. */
static void transpose(real *block) {
    real next[WIDTH];
#pragma unroll
    for (uint done = 1; done < WIDTH; done *= 2) {
#pragma unroll
        for (uint i = 0; i < WIDTH / 2; i++) interleave(block[i], block[i + WIDTH / 2], &next[2 * i], &next[2 * i + 1]);
#pragma unroll
        for (uint i = 0; i < WIDTH; i++) block[i] = next[i];
    }
}

/* Columns of op(b) are rows of b: WIDTH of them, from `column` on, become elements of the panel's vectors number v. */
static void pack_transposed(local float *panel, const global float *b, ulong k, uint depth, uint columns, uint v) {
    const uint whole = columns == WIDTH ? depth / WIDTH * WIDTH : 0;
    for (uint p = 0; p < whole; p += WIDTH) {
        real block[WIDTH];
#pragma unroll
        for (uint j = 0; j < WIDTH; j++) block[j] = LOAD(0, b + j * k + p);
        transpose(block);
#pragma unroll
        for (uint i = 0; i < WIDTH; i++) STORE(block[i], (p + i) * TILE_VECTORS + v, panel);
    }
    for (uint j = 0; j < WIDTH; j++)
        for (uint p = whole; p < depth; p++)
            panel[(p * TILE_VECTORS + v) * WIDTH + j] = j < columns ? b[j * k + p] : 0.0f;
}
#endif

/* The `depth` x PANEL piece of op(b) that starts at row p0 and column `column`; 0 in columns past the last. */
static void pack_panel(local float *panel, const global float *b, ulong n, ulong k, ulong p0, uint depth, ulong column) {
    for (uint v = 0; v < TILE_VECTORS; v++, column += WIDTH) {
        const uint columns = column < n ? (uint)min((ulong)WIDTH, n - column) : 0;
#ifdef TRANSPOSE_B
        pack_transposed(panel, b + column * k + p0, k, depth, columns, v);
#else
        const global float *from = b + p0 * n + column;
        if (columns == WIDTH)
            for (uint p = 0; p < depth; p++) STORE(LOAD(0, from + p * n), p * TILE_VECTORS + v, panel);
        else
            for (uint p = 0; p < depth; p++)
                for (uint j = 0; j < WIDTH; j++)
                    panel[(p * TILE_VECTORS + v) * WIDTH + j] = j < columns ? from[p * n + j] : 0.0f;
#endif
    }
}

/* sum = the product of TILE_ROWS rows, of which left[r] + p step is the element p, and a panel. */
static void multiply_tile(real (*sum)[TILE_VECTORS], const global float *const *left, ulong step,
                          const local float *panel, uint depth) {
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++)
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; v++) sum[r][v] = R(0.0);
    for (uint p = 0; p < depth; p++) {
        real right[TILE_VECTORS];
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; v++) right[v] = LOAD(p * TILE_VECTORS + v, panel);
#pragma unroll
        for (uint r = 0; r < TILE_ROWS; r++) {
            const real factor = (real)(left[r][p * step]);
#pragma unroll
            for (uint v = 0; v < TILE_VECTORS; v++) sum[r][v] = MULTIPLY_ADD(factor, right[v], sum[r][v]);
        }
    }
}

/* What becomes of a vector of sums: added to what is there from before, and in the end the bias and the function. */
typedef struct finish {
    float alpha, beta, function_a, function_b;
    bool first, last;
} finish;

static real finish_vector(real sum, const global float *bias, const global float *c, ulong part, finish how) {
    real result = how.alpha * sum;
    if (!how.first) result += load_part(c, part, 0.0f);
    else if (how.beta != 0.0f) result += how.beta * load_part(c, part, 0.0f);
    if (!how.last) return result;
#ifdef BIAS
    result += load_part(bias, part, 0.0f);
#endif
    return apply(result, (real)(how.function_a), (real)(how.function_b));
}

/* Rows that a tile has beyond the matrix are computed but not stored. */
static void store_tile(real (*sum)[TILE_VECTORS], const global float *bias, global float *c, ulong n, ulong row, uint rows,
                       ulong column, finish how) {
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++)
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; v++) {
            const ulong at = column + v * WIDTH;
            if (r < rows && at < n) {
                global float *to = c + (row + r) * n + at;
                const ulong part = min((ulong)WIDTH, n - at);
                store_part(finish_vector(sum[r][v], bias + at, to, part, how), to, part);
            }
        }
}

KERNEL(1, 1)
void gemm_vector(ulong m, ulong n, ulong k, ulong rows_per_group, float alpha, float beta, float function_a,
                 float function_b, const global float *a, const global float *b,
#ifdef BIAS
                 const global float *bias,
#endif
                 global float *c) {
#ifndef BIAS
    const global float *bias = c;
#endif
    local float panel[DEPTH * PANEL];
    const ulong column = (ulong)get_group_id(0) * PANEL;
    const ulong first_row = (ulong)get_group_id(1) * rows_per_group, end_row = min(m, first_row + rows_per_group);
#ifdef TRANSPOSE_A
    const ulong row_stride = 1, step = m;
#else
    const ulong row_stride = k, step = 1;
#endif
    for (ulong p0 = 0; p0 < k || p0 == 0; p0 += DEPTH) {
        const uint depth = (uint)min((ulong)DEPTH, k - p0);
        const finish how = {alpha, beta, function_a, function_b, p0 == 0, p0 + DEPTH >= k};
        pack_panel(panel, b, n, k, p0, depth, column);
        for (ulong row = first_row; row < end_row; row += TILE_ROWS) {
            const uint rows = (uint)min((ulong)TILE_ROWS, end_row - row);
            const global float *left[TILE_ROWS];
            /* Where a tile has more rows than are left it repeats the last. */
#pragma unroll
            for (uint r = 0; r < TILE_ROWS; r++) left[r] = a + p0 * step + (row + min(r, rows - 1)) * row_stride;
            real sum[TILE_ROWS][TILE_VECTORS];
            multiply_tile(sum, left, step, panel, depth);
            store_tile(sum, bias, c, n, row, rows, column, how);
        }
    }
}
