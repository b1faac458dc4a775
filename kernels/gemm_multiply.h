/* SPDX-License-Identifier: MIT */
/*
 * The innermost loop of a matrix product on processors, for one shape of tile: TILE, TILE_ROWS, TILE_VECTORS (see gemm_vector.cl), whose left
 * operand lies in LEFT_SPACE: element p of its row r at left[r] + p step, or with GATHERED at left[r] + index[p], or with PACKED at left + r row + p step. MULTIPLY is the function's name.
 * Of a panel with no more columns than a vector has only that is multiplied. With IN_PLACE the panel is a whole one of the right operand as it lies, whose
 * rows are right_pitch apart. Row r of the results lies r pitch behind `out`, or with GATHERED to[r]. Included once for each.
 */
#ifdef IN_PLACE
#define RIGHT const global float *panel, ulong right_pitch
#define RIGHT_GIVEN panel, right_pitch
#define RIGHT_VECTOR(p, v) LOAD(global, panel + (p)*right_pitch + (v)*WIDTH)
#else
#define RIGHT const local float *panel
#define RIGHT_GIVEN panel
#define RIGHT_VECTOR(p, v) LOAD(local, panel + ((p)*TILE_VECTORS + (v)) * WIDTH)
#endif
#ifdef GATHERED
#define LEFT const LEFT_SPACE float *const *left
#define PLACES const local uint *index
#define PLACES_GIVEN index
#define ELEMENT(r, p) left[r][index[p]]
#define OUT_PLACES const ulong *to
#define OUT_GIVEN to
#define OUT_PLACE(r) to[r]
#else
#ifdef PACKED
#define LEFT const LEFT_SPACE float *left
#define PLACES uint row, uint step
#define PLACES_GIVEN row, step
#define ELEMENT(r, p) left[(r)*row + (p)*step]
#else
#define LEFT const LEFT_SPACE float *const *left
#define PLACES ulong step
#define PLACES_GIVEN step
#define ELEMENT(r, p) left[r][(p)*step]
#endif
#define OUT_PLACES ulong pitch
#define OUT_GIVEN pitch
#define OUT_PLACE(r) ((r)*pitch)
#endif

#define OWN_VECTORS(v) _Pragma("unroll") for (uint v = 0; v < TILE_VECTORS; v++) if (v < vectors)
#define MULTIPLY_VECTORS PASTE(MULTIPLY, _vectors)
ON_LOCAL_ARRAYS void MULTIPLY_VECTORS(uint vectors, local float *sums, LEFT, PLACES, RIGHT,
                                      uint depth, epilogue how, const global float *bias, global float *out, OUT_PLACES) {
    real sum[TILE_ROWS][TILE_VECTORS];
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++) OWN_VECTORS(v) sum[r][v] = R(0.0);
    for (uint p = 0; p < depth; p++) {
        real right[TILE_VECTORS];
        OWN_VECTORS(v) right[v] = RIGHT_VECTOR(p, v);
#pragma unroll
        for (uint r = 0; r < TILE_ROWS; r++) {
            const real factor = (real)(ELEMENT(r, p));
            OWN_VECTORS(v) sum[r][v] = MULTIPLY_ADD(factor, right[v], sum[r][v]);
        }
    }
    if (out) {
        const bool is_relu = how.last && how.function == FUNCTION_RELU;
        real added[TILE_VECTORS];
        OWN_VECTORS(v) added[v] = bias_vector(bias + v * WIDTH, WIDTH, how);
#pragma unroll
        for (uint r = 0; r < TILE_ROWS; r++)
            OWN_VECTORS(v) {
                global float *place = out + OUT_PLACE(r) + v * WIDTH;
                const real value = unfinished_vector(sum[r][v], added[v], place, WIDTH, how);
                STORE(global, place, is_relu ? apply(FUNCTION_RELU, value, R(0.0), R(0.0)) : value);
            }
        return;
    }
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++) OWN_VECTORS(v) STORE(local, sums + (r * TILE_VECTORS + v) * WIDTH, sum[r][v]);
}

/* sums = the product of TILE_ROWS rows and a panel; or `out`, unless that is 0, becomes what `how` says (see is_direct()). */
ON_LOCAL_ARRAYS void MULTIPLY(uint columns, local float *sums, LEFT, PLACES, RIGHT, uint depth,
                              epilogue how, const global float *bias, global float *out, OUT_PLACES) {
#ifndef IN_PLACE
    if (TILE_VECTORS == 1 || columns <= WIDTH) MULTIPLY_VECTORS(1, sums, left, PLACES_GIVEN, RIGHT_GIVEN, depth, how, bias, out, OUT_GIVEN);
    else
#endif
        MULTIPLY_VECTORS(TILE_VECTORS, sums, left, PLACES_GIVEN, RIGHT_GIVEN, depth, how, bias, out, OUT_GIVEN);
}
#undef OWN_VECTORS
#undef MULTIPLY_VECTORS
#undef PLACES
#undef PLACES_GIVEN
#undef LEFT
#undef RIGHT
#undef RIGHT_GIVEN
#undef RIGHT_VECTOR
#undef ELEMENT
#undef OUT_PLACES
#undef OUT_GIVEN
#undef OUT_PLACE
