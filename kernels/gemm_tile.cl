/* SPDX-License-Identifier: MIT */
/*
 * c = f(alpha op(a) op(b) + beta c + bias) on GPUs: a group of SIDE x SIDE work-items computes a tile of TILE x TILE elements, TILE = EACH SIDE,
 * each work-item EACH x EACH of them, SIDE apart so that neighbours touch neighbouring elements. Pieces of op(a) and op(b), DEPTH
 * deep, pass through local memory. Build options: TRANSPOSE_A, TRANSPOSE_B, FIXED_FUNCTION, SIDE, DEPTH, EACH.
 *
 * All loops over a work-item's elements are unrolled, since its sums are in registers only where no index of theirs is a variable; of
 * compilers that are not told some leave the last one a loop, and the sums in memory (tools/kernel-report).
 */
#include "apply.h"

#define TILE (EACH * SIDE)
/* One more than a tile, so that a column of the local arrays falls into different banks. */
#define PITCH (TILE + 1)

/* Where element [i, p] of op(a), and [p, j] of op(b), lies from the first one. */
#ifdef TRANSPOSE_A
#define LEFT(i, p) ((p)*m + (i))
#else
#define LEFT(i, p) ((i)*k + (p))
#endif
#ifdef TRANSPOSE_B
#define RIGHT(p, j) ((j)*k + (p))
#else
#define RIGHT(p, j) ((p)*n + (j))
#endif

KERNEL(SIDE, SIDE)
void gemm_tile(ulong m, ulong n, ulong k, uint function, uint has_bias, float alpha, float beta, float function_a,
               float function_b, const global float *a, const global float *b, const global float *bias,
               global float *c) {
    local float left[DEPTH * PITCH], right[DEPTH * PITCH];
    const uint x = get_local_id(0), y = get_local_id(1), item = y * SIDE + x;
    const ulong row = (ulong)get_group_id(1) * TILE, column = (ulong)get_group_id(0) * TILE;
    /* From here on numbers are those within the tile, which need no more than 32 bits. */
    const uint rows = min(m - row, (ulong)TILE), columns = min(n - column, (ulong)TILE);
    a += LEFT(row, 0);
    b += RIGHT(0, column);
    c += row * n + column;
    bias += has_bias ? column : 0;
    float sum[EACH][EACH];
#pragma unroll
    for (uint r = 0; r < EACH; r++)
#pragma unroll
        for (uint s = 0; s < EACH; s++) sum[r][s] = 0.0f;
    for (ulong p0 = 0; p0 < k; p0 += DEPTH) {
        const uint depth = min(k - p0, (ulong)DEPTH);
        for (uint e = item; e < DEPTH * TILE; e += SIDE * SIDE) {
            /* Neighbours read neighbouring elements, whichever way the matrix lies. */
#ifdef TRANSPOSE_A
            const uint i = e % TILE, p = e / TILE;
#else
            const uint i = e / DEPTH, p = e % DEPTH;
#endif
            left[p * PITCH + i] = i < rows && p < depth ? a[LEFT((ulong)i, (ulong)p)] : 0.0f;
        }
        for (uint e = item; e < DEPTH * TILE; e += SIDE * SIDE) {
#ifdef TRANSPOSE_B
            const uint j = e / DEPTH, p = e % DEPTH;
#else
            const uint j = e % TILE, p = e / TILE;
#endif
            right[p * PITCH + j] = j < columns && p < depth ? b[RIGHT((ulong)p, (ulong)j)] : 0.0f;
        }
        a += LEFT(0, (ulong)DEPTH);
        b += RIGHT((ulong)DEPTH, 0);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint p = 0; p < DEPTH; p++) {
            float from_left[EACH], from_right[EACH];
#pragma unroll
            for (uint r = 0; r < EACH; r++) from_left[r] = left[p * PITCH + y + r * SIDE];
#pragma unroll
            for (uint s = 0; s < EACH; s++) from_right[s] = right[p * PITCH + x + s * SIDE];
#pragma unroll
            for (uint r = 0; r < EACH; r++)
#pragma unroll
                for (uint s = 0; s < EACH; s++) sum[r][s] = MULTIPLY_ADD(from_left[r], from_right[s], sum[r][s]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (uint r = 0; r < EACH; r++)
#pragma unroll
        for (uint s = 0; s < EACH; s++) {
            const uint i = y + r * SIDE, j = x + s * SIDE;
            if (i >= rows || j >= columns) continue;
            const ulong at = i * n + j;
            float result = alpha * sum[r][s];
            if (beta != 0.0f) result += beta * c[at];
            if (has_bias) result += bias[j];
            c[at] = apply(FUNCTION, result, function_a, function_b);
        }
}
