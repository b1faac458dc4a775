/* SPDX-License-Identifier: MIT */
/*
 * The innermost part of convolution: a tile of sums, up to CONV_ROWS rows of one or two vectors, held in registers
 * while k runs. It is the product of matrices of which the left one is gathered: element (i, l) of it is
 * a[i][index[l]].
 *
 * Forward, rows are points, and the index tells where taps and channels lie from a point; for the weights' gradient
 * rows are taps and channels, and the index tells where the points lie: the same two tables, changed round.
 */
#ifndef SOMA_DEVICE_CPU_CONV_TILE_H
#define SOMA_DEVICE_CPU_CONV_TILE_H

#include "device/cpu/conv/ahead.h"
#include "device/cpu/conv/edges.h"
#include "device/cpu/gemm/pack.h"
#include "device/cpu/rows.h"

/* Rows at most: of a tile of two vectors, as in a matrix product; of results of one vector, enough sums to keep the
 * multipliers busy, and no more pointers than there are registers for. */
#define CONV_ROWS_OF_TWO GEMM_ROWS
#define CONV_ROWS_OF_ONE 8
#define CONV_ROWS        SOMA_MAX(CONV_ROWS_OF_ONE, CONV_ROWS_OF_TWO)

/* Sums of so many terms take longer than their results take to come from the next caches. */
#define CONV_FAR 64

/* Of more rows than that, the pointers are read from memory each time: beside what else a loop needs there are no
 * registers for them, and compilers would keep them in vector registers, from which they come more slowly. */
#if defined(__AVX512F__)
#define CONV_POINTERS 7
#define CONV_IN_MEMORY(from, i)                                                                                        \
    if ((i) >= CONV_POINTERS) __asm__("" : "+m"((from)[i]))
#else
#define CONV_IN_MEMORY(from, i) ((void)0)
#endif

/* out = alpha sum + beta added + bias; with `relu`, the larger of that and 0. */
typedef struct conv_output {
    float *row[CONV_ROWS];
    const float *added[CONV_ROWS]; /* out itself, or what has its shape */
    size_t column;                 /* from there: of the tile's first column */
    size_t columns;                /* that there are: at most those of the tile */
    float alpha, beta;             /* beta 0: nothing is added */
    const float *bias;             /* of these columns, or NULL */
    bool relu;
    bool far; /* results come from further away than what they are made of: they are fetched while the sums are made */
    conv_ahead *ahead; /* a piece of it is fetched after each run; or NULL */
} conv_output;

/* Sums over the terms l of all runs. Row l of b lies at b[l * b_stride], all vectors of it readable. */
typedef void conv_tile(conv_runs runs, const uint32_t *index, const float *const *a, const float *b, size_t b_stride,
                       const conv_output *output);

static inline __attribute__((always_inline)) void conv_prefetch(const conv_output *output, int rows, int vectors) {
    SOMA_UNROLL
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) __builtin_prefetch(output->row[i] + output->column + j * SOMA_LANES, 1);
}

static inline __attribute__((always_inline)) void
conv_store(soma_vector sum[CONV_ROWS][GEMM_VECTORS], const conv_output *output, int rows, int vectors, size_t last) {
    float alpha = output->alpha, beta = output->beta;
    soma_vector rest[GEMM_VECTORS] = {{0}};
    if (output->bias)
        for (int j = 0; j < vectors; j++)
            rest[j] = soma_load_lanes(output->bias + j * SOMA_LANES, j + 1 < vectors ? SOMA_LANES : last);
    SOMA_UNROLL
    for (int i = 0; i < rows; i++) {
        float *row = output->row[i] + output->column;
        soma_vector value[GEMM_VECTORS];
        for (int j = 0; j < vectors; j++) value[j] = rest[j];
        if (beta != 0.0f)
            for (int j = 0; j < vectors; j++)
                value[j] += beta * soma_load_lanes(output->added[i] + output->column + j * SOMA_LANES,
                                                   j + 1 < vectors ? SOMA_LANES : last);
        for (int j = 0; j < vectors; j++) value[j] += alpha * sum[i][j];
        if (output->relu)
            for (int j = 0; j < vectors; j++) value[j] = (soma_vector)((soma_mask)value[j] & ~(value[j] < 0.0f));
        for (int j = 0; j < vectors; j++)
            soma_store_lanes(row + j * SOMA_LANES, value[j], j + 1 < vectors ? SOMA_LANES : last);
    }
}

/* Where the columns end inside the tile: not worth a copy in every kernel. */
static __attribute__((noinline)) void conv_store_part(soma_vector sum[CONV_ROWS][GEMM_VECTORS],
                                                      const conv_output *output, int rows, int vectors) {
    size_t last = output->columns - (size_t)(vectors - 1) * SOMA_LANES;
    if (vectors == 1)
        conv_store(sum, output, rows, 1, last);
    else
        conv_store(sum, output, rows, 2, last);
}

/* `rows` and `vectors` are constants. */
static inline __attribute__((always_inline)) void conv_finish(soma_vector sum[CONV_ROWS][GEMM_VECTORS],
                                                              const conv_output *output, int rows, int vectors) {
    if (output->columns == (size_t)vectors * SOMA_LANES) {
        conv_store(sum, output, rows, vectors, SOMA_LANES);
        return;
    }
    soma_vector spilled[CONV_ROWS][GEMM_VECTORS];
    SOMA_UNROLL
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) spilled[i][j] = sum[i][j];
    conv_store_part(spilled, output, rows, vectors);
}

static inline __attribute__((always_inline)) void conv_multiply(conv_runs runs, const uint32_t *index,
                                                                const float *const *a, const float *b, size_t b_stride,
                                                                const conv_output *output, int rows, int vectors) {
    soma_vector sum[CONV_ROWS][GEMM_VECTORS];
    const float *from[CONV_ROWS];
    SOMA_UNROLL
    for (int i = 0; i < rows; i++) {
        from[i] = a[i];
        for (int j = 0; j < vectors; j++) sum[i][j] = (soma_vector){0};
    }
    if (output->far) conv_prefetch(output, rows, vectors);
    for (const conv_run *run = runs.run; run < runs.run + runs.count; run++) {
        const float *of_b = b + run->begin * b_stride;
        for (size_t l = run->begin; l < run->end; l++, of_b += b_stride) {
            size_t at = index[l];
            soma_vector row[GEMM_VECTORS];
            for (int j = 0; j < vectors; j++) row[j] = ((const soma_vector *)of_b)[j];
            SOMA_UNROLL
            for (int i = 0; i < rows; i++) {
                CONV_IN_MEMORY(from, i);
                float x = from[i][at];
                for (int j = 0; j < vectors; j++) sum[i][j] += x * row[j];
            }
        }
        if (output->ahead) conv_fetch(output->ahead);
    }
    conv_finish(sum, output, rows, vectors);
}

#define CONV_TILE(rows, vectors)                                                                                       \
    static void conv_tile_##rows##_##vectors(conv_runs runs, const uint32_t *index, const float *const *a,             \
                                             const float *b, size_t b_stride, const conv_output *output) {             \
        conv_multiply(runs, index, a, b, b_stride, output, rows, vectors);                                             \
    }
#define CONV_TILES(rows) CONV_TILE(rows, 1) CONV_TILE(rows, 2)
CONV_TILES(1)
CONV_TILES(2)
CONV_TILES(3)
CONV_TILES(4)
CONV_TILES(5)
CONV_TILES(6)
CONV_TILE(7, 1)
CONV_TILE(8, 1)
#if CONV_ROWS_OF_TWO >= 8
CONV_TILE(7, 2)
CONV_TILE(8, 2)
#endif
#if CONV_ROWS_OF_TWO >= 12
CONV_TILES(9)
CONV_TILES(10)
CONV_TILES(11)
CONV_TILES(12)
#endif

#define CONV_ENTRY(rows)                                                                                               \
    { conv_tile_##rows##_1, conv_tile_##rows##_2 }
/* [rows - 1][vectors - 1] */
static conv_tile *const conv_tiles[CONV_ROWS][GEMM_VECTORS] = {
    CONV_ENTRY(1), CONV_ENTRY(2),  CONV_ENTRY(3),  CONV_ENTRY(4),  CONV_ENTRY(5), CONV_ENTRY(6),
#if CONV_ROWS_OF_TWO >= 8
    CONV_ENTRY(7), CONV_ENTRY(8),
#else
    {conv_tile_7_1, NULL}, {conv_tile_8_1, NULL},
#endif
#if CONV_ROWS_OF_TWO >= 12
    CONV_ENTRY(9), CONV_ENTRY(10), CONV_ENTRY(11), CONV_ENTRY(12),
#endif
};

#endif
