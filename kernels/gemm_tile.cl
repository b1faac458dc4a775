/* SPDX-License-Identifier: MIT */
/*
 * c = f(alpha op(a) op(b) + beta c + bias) on GPUs: a group of SIDE x SIDE work-items computes a tile of TILE x TILE elements, TILE = 4 SIDE,
 * each work-item 4 x 4 of them, SIDE apart so that neighbours touch neighbouring elements. Pieces of op(a) and op(b), DEPTH
 * deep, pass through local memory. Build options: TRANSPOSE_A, TRANSPOSE_B, FIXED_FUNCTION, SIDE, DEPTH.
 */
#include "apply.h"

#define EACH 4
#define TILE (EACH * SIDE)
/* One more than a tile, so that a column of the local arrays falls into different banks. */
#define PITCH (TILE + 1)

#ifdef TRANSPOSE_A
#define LEFT(i, p) a[(p)*m + (i)]
#else
#define LEFT(i, p) a[(i)*k + (p)]
#endif
#ifdef TRANSPOSE_B
#define RIGHT(p, j) b[(j)*k + (p)]
#else
#define RIGHT(p, j) b[(p)*n + (j)]
#endif

KERNEL(SIDE, SIDE)
void gemm_tile(ulong m, ulong n, ulong k, uint function, uint has_bias, float alpha, float beta, float function_a,
               float function_b, const global float *a, const global float *b, const global float *bias,
               global float *c) {
    local float left[DEPTH * PITCH], right[DEPTH * PITCH];
    const uint x = get_local_id(0), y = get_local_id(1), item = y * SIDE + x;
    const ulong row = (ulong)get_group_id(1) * TILE, column = (ulong)get_group_id(0) * TILE;
    float sum[EACH][EACH];
    for (uint r = 0; r < EACH; r++)
        for (uint s = 0; s < EACH; s++) sum[r][s] = 0.0f;
    for (ulong p0 = 0; p0 < k; p0 += DEPTH) {
        for (uint e = item; e < DEPTH * TILE; e += SIDE * SIDE) {
            /* Neighbours read neighbouring elements, whichever way the matrix lies. */
#ifdef TRANSPOSE_A
            const uint i = e % TILE, p = e / TILE;
#else
            const uint i = e / DEPTH, p = e % DEPTH;
#endif
            left[p * PITCH + i] = row + i < m && p0 + p < k ? LEFT(row + i, p0 + p) : 0.0f;
        }
        for (uint e = item; e < DEPTH * TILE; e += SIDE * SIDE) {
#ifdef TRANSPOSE_B
            const uint j = e / DEPTH, p = e % DEPTH;
#else
            const uint j = e % TILE, p = e / TILE;
#endif
            right[p * PITCH + j] = column + j < n && p0 + p < k ? RIGHT(p0 + p, column + j) : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint p = 0; p < DEPTH; p++) {
            float from_left[EACH], from_right[EACH];
            for (uint r = 0; r < EACH; r++) from_left[r] = left[p * PITCH + y + r * SIDE];
            for (uint s = 0; s < EACH; s++) from_right[s] = right[p * PITCH + x + s * SIDE];
            for (uint r = 0; r < EACH; r++)
                for (uint s = 0; s < EACH; s++) sum[r][s] = MULTIPLY_ADD(from_left[r], from_right[s], sum[r][s]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (uint r = 0; r < EACH; r++)
        for (uint s = 0; s < EACH; s++) {
            const ulong i = row + y + r * SIDE, j = column + x + s * SIDE;
            if (i >= m || j >= n) continue;
            float result = alpha * sum[r][s];
            if (beta != 0.0f) result += beta * c[i * n + j];
            if (has_bias) result += bias[j];
            c[i * n + j] = apply(FUNCTION, result, function_a, function_b);
        }
}
