/* SPDX-License-Identifier: MIT */
/*
 * MATMUL on GPUs: a group of SIDE x SIDE work-items computes a tile of TILE x TILE elements, TILE = 4 SIDE, each work-item 4 x 4 of them, SIDE
 * apart. Build options: SIDE, DEPTH, and whether the rows of the operands lie together: LEFT_BY_ROW, RIGHT_BY_ROW.
 */
#include "matmul.h"

#define EACH 4
#define TILE (EACH * SIDE)
#define PITCH (TILE + 1)

KERNEL(SIDE, SIDE)
void matmul_tile(MATMUL_SIZES, ulong tiles, float scale, const global float *left, const global float *right, global float *result) {
    local float some_left[DEPTH * PITCH], some_right[DEPTH * PITCH];
    const uint x = get_local_id(0), y = get_local_id(1), item = y * SIDE + x;
    const ulong row = get_group_id(1) % tiles * TILE, column = (ulong)get_group_id(0) * TILE;
    const product of = matmul_product(get_group_id(1) / tiles, PASS_MATMUL);
    const uint rows = min(of.rows - row, (ulong)TILE), columns = min(of.columns - column, (ulong)TILE);
    const global float *const from_left = left + of.left.start + row * of.left.row,
                              *const from_right = right + of.right.start + column * of.right.step;
    float sum[EACH][EACH];
#pragma unroll
    for (uint r = 0; r < EACH; r++)
#pragma unroll
        for (uint s = 0; s < EACH; s++) sum[r][s] = 0.0f;
    for (ulong p0 = 0; p0 < of.depth; p0 += DEPTH) {
        const uint depth = min(of.depth - p0, (ulong)DEPTH);
        /* Neighbours read neighbouring elements, whichever way the numbers lie. */
        for (uint e = item; e < DEPTH * TILE; e += SIDE * SIDE) {
#if LEFT_BY_ROW
            const uint i = e / DEPTH, p = e % DEPTH;
#else
            const uint i = e % TILE, p = e / TILE;
#endif
            some_left[p * PITCH + i] = i < rows && p < depth ? from_left[i * of.left.row + (p0 + p) * of.left.step] : 0.0f;
        }
        for (uint e = item; e < DEPTH * TILE; e += SIDE * SIDE) {
#if RIGHT_BY_ROW
            const uint j = e % TILE, p = e / TILE;
#else
            const uint j = e / DEPTH, p = e % DEPTH;
#endif
            some_right[p * PITCH + j] = j < columns && p < depth ? from_right[(p0 + p) * of.right.row + j * of.right.step] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint p = 0; p < DEPTH; p++) {
            float a[EACH], b[EACH];
#pragma unroll
            for (uint r = 0; r < EACH; r++) a[r] = some_left[p * PITCH + y + r * SIDE];
#pragma unroll
            for (uint s = 0; s < EACH; s++) b[s] = some_right[p * PITCH + x + s * SIDE];
#pragma unroll
            for (uint r = 0; r < EACH; r++)
#pragma unroll
                for (uint s = 0; s < EACH; s++) sum[r][s] = MULTIPLY_ADD(a[r], b[s], sum[r][s]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    global float *const to = result + of.result.start + row * of.result.row + column;
#pragma unroll
    for (uint r = 0; r < EACH; r++)
#pragma unroll
        for (uint s = 0; s < EACH; s++) {
            const uint i = y + r * SIDE, j = x + s * SIDE;
            if (i < rows && j < columns) to[i * of.result.row + j] = scale * sum[r][s];
        }
}
