/* SPDX-License-Identifier: MIT */
/*
 * c = f(alpha op(a) op(b) + beta c + bias) on processors: one work-item computes a block of c, tile by tile, with the results of a tile of
 * TILE_ROWS x PANEL elements (PANEL = TILE_VECTORS * WIDTH) in registers.
 *
 * A block is some panels of PANEL columns wide. For DEPTH elements of the inner dimension at a time its columns of op(b) are packed into local memory, panel
 * by panel, so that the inner loop reads them in order. Then all its rows are computed with them, some tiles' at a time: those of op(a) are packed, too, and
 * used for one panel after the other. A panel alone would not pay for that, and matrices of one vector's columns have no more: there elements of op(a) are
 * read where they lie. The host gives DEPTH, PANELS, and WIDE_ROWS and NARROW_ROWS, the rows of the tiles that do not pack op(a), two vectors wide
 * and one.
 */
#include "apply.h"
#include "columns.h"
#include "gemm_few.h"

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

/*
 * WIDTH columns of op(b), `depth` elements each, become the vectors packed, packed + pitch, ... In columns that there are not stands anything. `room`
 * elements may be read.
 */
static void pack_rows(local float *packed, uint pitch, const global float *b, ulong stride, uint depth, uint columns, ulong room) {
    uint p = 0;
    /* Also where that reads on into the next row. */
    for (; p < depth && p * stride + WIDTH <= room; p++) STORE(local, packed + p * pitch, LOAD(global, b + p * stride));
    for (; p < depth; p++)
        for (uint j = 0; j < WIDTH; j++) packed[p * pitch + j] = j < columns ? b[p * stride + j] : 0.0f;
}

/* The same where the columns of op(b) are rows of b. */
static void pack_columns(local float *packed, uint pitch, const global float *b, ulong stride, uint depth, uint columns) {
    const uint whole = columns == WIDTH ? depth / WIDTH * WIDTH : 0;
    for (uint p = 0; p < whole; p += WIDTH) {
        real block[WIDTH];
#pragma unroll
        for (uint j = 0; j < WIDTH; j++) block[j] = LOAD(global, b + j * stride + p);
        transpose(block);
#pragma unroll
        for (uint i = 0; i < WIDTH; i++) STORE(local, packed + (p + i) * pitch, block[i]);
    }
    for (uint j = 0; j < WIDTH; j++)
        for (uint p = whole; p < depth; p++) packed[p * pitch + j] = j < columns ? b[j * stride + p] : 0.0f;
}

/* What becomes of the sums: added to what is there from before, and in the end the bias and the function. */
typedef struct epilogue {
    uint function;
    float alpha, beta, a, b; /* a, b: the function's parameters */
    bool first, last, has_bias;
} epilogue;

/* Whether whole tiles are stored from the registers: what little becomes of them is done there. */
static bool is_direct(epilogue how) { return !how.last || how.function == FUNCTION_IDENTITY || how.function == FUNCTION_RELU; }

/* The bias of these columns, which is asked for once for all rows of a tile. */
static real bias_vector(const global float *bias, ulong part, epilogue how) {
    return how.last && how.has_bias ? load_part(bias, part, 0.0f) : R(0.0);
}

/* What the function is of; without a bias that is 0. */
static real unfinished_vector(real sum, real bias, const global float *c, ulong part, epilogue how) {
    real result = how.alpha * sum;
    const float kept = how.first ? how.beta : 1.0f;
    if (kept != 0.0f) result += kept * load_part(c, part, 0.0f);
    return result + bias;
}

static real finish_vector(real sum, real bias, const global float *c, ulong part, epilogue how) {
    const real result = unfinished_vector(sum, bias, c, part, how);
    return how.last ? apply_usual(how.function, result, (real)(how.a), (real)(how.b)) : result;
}

#define TILE_VECTORS 2
#define LEFT_SPACE global
#define MULTIPLY multiply_wide
#define TILE_ROWS WIDE_ROWS
#include "gemm_multiply.h"
#undef LEFT_SPACE
#undef MULTIPLY
#undef TILE_ROWS

#define LEFT_SPACE local
#define PACKED
#define MULTIPLY multiply_packed
#define TILE_ROWS SOMA_GEMM_ROWS(WIDTH)
#include "gemm_multiply.h"
#undef MULTIPLY
#define MULTIPLY multiply_in_place
#define IN_PLACE
#include "gemm_multiply.h"
#undef IN_PLACE
#undef MULTIPLY
#undef TILE_ROWS
#define TILE_ROWS SOMA_GEMM_LAST_ROWS(WIDTH)
#define MULTIPLY multiply_packed_last
#include "gemm_multiply.h"
#undef MULTIPLY
#define MULTIPLY multiply_in_place_last
#define IN_PLACE
#include "gemm_multiply.h"
#undef IN_PLACE
#undef MULTIPLY
#undef TILE_ROWS
#undef PACKED
#undef LEFT_SPACE
#undef TILE_VECTORS

/* Rows of a matrix that are asked for before they are packed: each begins in another page. */
#define ROWS_AHEAD 8

#define TILE wide
#define TILE_ROWS SOMA_GEMM_ROWS(WIDTH)
#define LAST_ROWS SOMA_GEMM_LAST_ROWS(WIDTH)
#define TILE_VECTORS 2
#define PACKED_LEFT
#include "gemm_vector.h"

#define TILE narrow
#define TILE_ROWS NARROW_ROWS
#define LAST_ROWS NARROW_ROWS
#define TILE_VECTORS 1
#include "gemm_vector.h"

#define ROWS_TOGETHER SOMA_GEMM_TOGETHER(WIDTH)
#define FOR_ROWS(r, together) _Pragma("unroll") for (uint r = 0; r < ROWS_TOGETHER; r++) if (r < (together))

/* So many rows `together`, and columns of op(b) that lie together: they are read where they lie, for to pack them would take longer than all
 * the rest. Where fewer `rows` are left the last stands for those that are not there. `room` elements of b may be read. */
static __attribute__((always_inline)) void few_rows(uint together, uint rows, uint vectors, ulong part, ulong n, ulong k, ulong row_stride, ulong step,
                                                    epilogue how, ulong room, const global float *a, const global float *b,
                                                    const global float *bias, global float *c) {
    const global float *left[ROWS_TOGETHER];
    FOR_ROWS(r, together) left[r] = a + min(r, rows - 1) * row_stride;
    ulong p = 0;
    do {
        const ulong end = min(k, p + SOMA_GEMM_FEW_TERMS);
        real sum[ROWS_TOGETHER][VECTORS];
        FOR_ROWS(r, together) {
            FOR_VECTORS(v, vectors) sum[r][v] = R(0.0);
        }
        how.first = p == 0;
        how.last = end == k;
        for (; p < end; p++, b += n) {
            real right[VECTORS];
            /* Also where that reads on into the next row. */
            const bool whole = part == WIDTH || p * n + WIDTH <= room;
            FOR_VECTORS(v, vectors) right[v] = whole ? LOAD(global, b + v * WIDTH) : load_part(b + v * WIDTH, part, 0.0f);
            FOR_ROWS(r, together) {
                const real factor = (real)(left[r][p * step]);
                FOR_VECTORS(v, vectors) sum[r][v] = MULTIPLY_ADD(factor, right[v], sum[r][v]);
            }
        }
        FOR_ROWS(r, together) {
            if (r < rows) {
                FOR_VECTORS(v, vectors) {
                    global float *to = c + r * n + v * WIDTH;
                    store_part(finish_vector(sum[r][v], bias_vector(bias + v * WIDTH, part, how), to, part, how), to, part);
                }
            }
        }
    } while (p < k);
}

/* The arguments of gemm_vector.h's kernels, of which some are not needed. Dimension 0: pieces of the columns; 1: blocks of rows. */
KERNEL(1, 1)
void gemm_vector_few(ARGUMENTS(ulong m, ulong n, ulong k, ulong together, ulong rows_per_group, ulong row_blocks, ulong share, uint transpose_a, uint transpose_b,
                               uint function, uint has_bias, float alpha, float beta, float function_a, float function_b, const global float *a,
                               const global float *b, const global float *bias, global float *c)) {
    const ulong column = (ulong)GROUP_ID(0) * VECTORS * WIDTH, row_stride = transpose_a ? 1 : k, step = transpose_a ? m : 1;
    if (column >= n) return;
    const ulong part = COLUMN_PART(n, column);
    const ulong first_row = (ulong)GROUP_ID(1) * rows_per_group, end_row = min(m, first_row + rows_per_group);
    const epilogue how = {function, alpha, beta, function_a, function_b, true, true, has_bias};
    for (ulong row = first_row; row < end_row; row += ROWS_TOGETHER) {
        const uint rows = (uint)min((ulong)ROWS_TOGETHER, end_row - row);
#define SOME_ROWS(together, vectors, part)                                                                                                         \
    few_rows(together, rows, vectors, part, n, k, row_stride, step, how, k * n - column - at, a + row * row_stride, b + column + at, bias + column + at, \
             c + row * n + column + at)
#define ONE_ROW(vectors, part)  SOME_ROWS(1, vectors, part)
#define MORE_ROWS(vectors, part) SOME_ROWS(ROWS_TOGETHER, vectors, part)
        if (rows == 1) {
            BY_VECTORS(at, part, ONE_ROW);
        } else {
            BY_VECTORS(at, part, MORE_ROWS);
        }
    }
}
