/* SPDX-License-Identifier: MIT */
/*
 * The innermost loop of a matrix product on processors, for one shape of tile: TILE, TILE_ROWS, TILE_VECTORS (see gemm_vector.cl), whose left
 * operand lies in LEFT_SPACE: element p of its row r at left[r] + p step, or with GATHERED at left[r] + index[p]. MULTIPLY is the function's name.
 * Row r of the results lies r pitch behind `out`, or with GATHERED to[r]. Included once for each.
 */
#ifdef GATHERED
#define PLACES const local uint *index
#define PLACE(p) index[p]
#define OUT_PLACES const ulong *to
#define OUT_PLACE(r) to[r]
#else
#define PLACES ulong step
#define PLACE(p) ((p)*step)
#define OUT_PLACES ulong pitch
#define OUT_PLACE(r) ((r)*pitch)
#endif

/* sums = the product of TILE_ROWS rows and a panel; or, where nothing else is to become of it, `out` unless it is 0, to which it may be added. */
ON_LOCAL_ARRAYS void MULTIPLY(local float *sums, const LEFT_SPACE float *const *left, PLACES, const local float *panel, uint depth,
                              global float *out, bool add, OUT_PLACES) {
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
    if (out) {
#pragma unroll
        for (uint r = 0; r < TILE_ROWS; r++)
#pragma unroll
            for (uint v = 0; v < TILE_VECTORS; v++) {
                global float *place = out + OUT_PLACE(r) + v * WIDTH;
                STORE(global, place, add ? sum[r][v] + LOAD(global, place) : sum[r][v]);
            }
        return;
    }
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++)
#pragma unroll
        for (uint v = 0; v < TILE_VECTORS; v++) STORE(local, sums + (r * TILE_VECTORS + v) * WIDTH, sum[r][v]);
}
#undef PLACES
#undef PLACE
#undef OUT_PLACES
#undef OUT_PLACE
