/* SPDX-License-Identifier: MIT */
/*
 * The innermost loop of a matrix product on processors, for one shape of tile: TILE, TILE_ROWS, TILE_VECTORS (see gemm_vector.cl), whose left
 * operand lies in LEFT_SPACE: element p of its row r at left[r] + p step, or with GATHERED at left[r] + index[p]. MULTIPLY is the function's name.
 * Included once for each.
 */
#ifdef GATHERED
#define PLACES const local uint *index
#define PLACE(p) index[p]
#else
#define PLACES ulong step
#define PLACE(p) ((p)*step)
#endif

/* sums = the product of TILE_ROWS rows and a panel. */
ON_LOCAL_ARRAYS void MULTIPLY(local float *sums, const LEFT_SPACE float *const *left, PLACES, const local float *panel, uint depth) {
    real sum[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++)
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; v++) sum[r][v] = R(0.0);
    for (uint p = 0; p < depth; p++) {
        const ulong at = PLACE(p);
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
#undef PLACES
#undef PLACE
