/* SPDX-License-Identifier: MIT */
/*
 * The innermost loop of a matrix product on processors, for one shape of tile: TILE, TILE_ROWS, TILE_VECTORS (see gemm_vector.cl), whose left
 * operand lies in LEFT_SPACE. MULTIPLY is the function's name. Included once for each.
 */

/* sums = the product of TILE_ROWS rows, of which left[r] + p step is the element p, and a panel. */
ON_LOCAL_ARRAYS void MULTIPLY(local float *sums, const LEFT_SPACE float *const *left, ulong step, const local float *panel,
                     uint depth) {
    real sum[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++)
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; v++) sum[r][v] = R(0.0);
    ulong at = 0;
    for (uint p = 0; p < depth; p++, at += step) {
        real right[TILE_VECTORS];
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; v++) right[v] = LOAD(local, panel + (p * TILE_VECTORS + v) * WIDTH);
#pragma unroll
        for (uint r = 0; r < TILE_ROWS; r++) {
            const real factor = (real)(left[r][at]);
#pragma unroll
            for (uint v = 0; v < TILE_VECTORS; v++) sum[r][v] = MULTIPLY_ADD(factor, right[v], sum[r][v]);
        }
    }
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++)
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; v++) STORE(local, sums + (r * TILE_VECTORS + v) * WIDTH, sum[r][v]);
}
