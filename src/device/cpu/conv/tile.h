/* SPDX-License-Identifier: MIT */
/*
 * The innermost part of convolution: a tile of sums, up to CONV_ROWS rows of one or two vectors, held in registers
 * while k runs. It is the product of matrices of which the left one is gathered: element (i, l) of it is
 * a[row[i] + index[l]].
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

/* Rows at most: of a tile of two vectors, as in a matrix product; of results of one vector, as many sums. With fewer
 * registers, no more than there are places of rows beside them. */
#define CONV_ROWS_OF_TWO GEMM_ROWS
#if defined(__AVX512F__)
#define CONV_ROWS_OF_ONE (2 * CONV_ROWS_OF_TWO)
#else
#define CONV_ROWS_OF_ONE 8
#endif
#define CONV_ROWS SOMA_MAX(CONV_ROWS_OF_ONE, CONV_ROWS_OF_TWO)

/* Sums of so many terms take longer than their results take to come from the next caches. */
#define CONV_FAR 64

/* Of more rows than that, their places are read from the table for each term: beside what else a loop needs there are
 * no registers for them, and compilers would keep them in vector registers, from which they come more slowly. */
#if defined(__AVX512F__)
#define CONV_PLACES           6
#define CONV_IN_MEMORY(table) __asm__("" : "+r"(table))
#else
#define CONV_PLACES           CONV_ROWS
#define CONV_IN_MEMORY(table) ((void)0)
#endif

/* Left to itself the compiler would add each row's place to the index first. */
#define CONV_HIDE(pointer) __asm__("" : "+r"(pointer))
/* And keep in vector registers what it read from memory for the next run. */
#define CONV_FORGET() __asm__ __volatile__("" : : : "memory")

#if defined(__clang__)
#define CONV_UNROLL SOMA_UNROLL
#else
#define CONV_UNROLL _Pragma("GCC unroll 32")
#endif

#ifndef CONV_SCALED
#define CONV_SCALED 0
#endif

/*
 * What tiles have in common: the terms of the sums, those of all runs, where row l of b lies at b[l * b_stride], all
 * vectors of it readable; and what becomes of them: out = alpha sum + beta added + bias, or the larger of that and 0.
 * alpha is 1 unless CONV_SCALED is where this file is included.
 */
typedef struct conv_work {
    conv_runs runs;
    const uint32_t *index;
    const float *a, *b;
    size_t b_stride;
    float *out;         /* of the tile's first column */
    const float *added; /* the same, of out itself or of what has its shape */
    size_t columns;     /* that there are: at most those of the tile */
    float alpha, beta;  /* beta 0: nothing is added */
    const float *bias;  /* of these columns, or NULL */
    bool relu;
    bool far; /* results come from further away than what they are made of: they are fetched while the sums are made */
    conv_ahead *ahead; /* a piece of it is fetched after each run; or NULL */
} conv_work;

/* Rows begin at a[row[i]] and out[to[i]]. */
typedef void conv_tile(const conv_work *work, const uint32_t *row, const uint32_t *to);

static inline __attribute__((always_inline)) void conv_prefetch(float *out, const uint32_t *to, int rows, int vectors) {
    CONV_UNROLL
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) __builtin_prefetch(out + to[i] + j * SOMA_LANES, 1);
}

static inline __attribute__((always_inline)) void conv_store(soma_vector sum[CONV_ROWS][GEMM_VECTORS],
                                                             const conv_work *work, const uint32_t *to, int rows,
                                                             int vectors, size_t last) {
    const float beta = work->beta, *added = work->added;
    const bool relu = work->relu;
    float *out = work->out;
    soma_vector rest[GEMM_VECTORS] = {{0}};
    if (work->bias)
        for (int j = 0; j < vectors; j++)
            rest[j] = soma_load_lanes(work->bias + j * SOMA_LANES, j + 1 < vectors ? SOMA_LANES : last);
    if (!CONV_SCALED && beta == 0.0f && !relu && last == SOMA_LANES) { /* as most are */
        CONV_UNROLL
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < vectors; j++) *(soma_vector *)(out + to[i] + j * SOMA_LANES) = sum[i][j] + rest[j];
        return;
    }
    CONV_UNROLL
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) {
            const size_t at = to[i] + (size_t)j * SOMA_LANES, lanes = j + 1 < vectors ? SOMA_LANES : last;
            soma_vector value = rest[j];
            if (CONV_SCALED)
                value = soma_multiply_add(work->alpha, sum[i][j], value);
            else
                value += sum[i][j];
            if (beta != 0.0f) value = soma_multiply_add(beta, soma_load_lanes(added + at, lanes), value);
            if (relu) value = soma_vector_max((soma_vector){0}, value); /* NaN stays */
            soma_store_lanes(out + at, value, lanes);
        }
}

/* Where the columns end inside the tile: not worth a copy in every kernel. */
static __attribute__((noinline)) void conv_store_part(soma_vector sum[CONV_ROWS][GEMM_VECTORS], const conv_work *work,
                                                      const uint32_t *to, int rows, int vectors) {
    size_t last = work->columns - (size_t)(vectors - 1) * SOMA_LANES;
    if (vectors == 1)
        conv_store(sum, work, to, rows, 1, last);
    else
        conv_store(sum, work, to, rows, 2, last);
}

/* `rows` and `vectors` are constants. */
static inline __attribute__((always_inline)) void conv_finish(soma_vector sum[CONV_ROWS][GEMM_VECTORS],
                                                              const conv_work *work, const uint32_t *to, int rows,
                                                              int vectors) {
    if (work->columns == (size_t)vectors * SOMA_LANES) {
        conv_store(sum, work, to, rows, vectors, SOMA_LANES);
        return;
    }
    soma_vector spilled[CONV_ROWS][GEMM_VECTORS];
    CONV_UNROLL
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) spilled[i][j] = sum[i][j];
    conv_store_part(spilled, work, to, rows, vectors);
}

/*
 * sum += x right. Instructions by name: left to themselves compilers let the sums of a few rows change registers in
 * each round, which takes a move for each.
 */
static inline __attribute__((always_inline)) void conv_add_term(soma_vector *sum, const float *x,
                                                                const soma_vector *right, int vectors) {
#if defined(__AVX512F__)
    if (vectors == 1) {
        __asm__("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(sum[0]) : "v"(right[0]), "m"(*x));
        return;
    }
    const soma_vector factor = soma_vector_of(*x);
    for (int j = 0; j < vectors; j++) __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum[j]) : "v"(right[j]), "v"(factor));
#else
    for (int j = 0; j < vectors; j++) sum[j] += *x * right[j];
#endif
}

/* `together`: rows are neighbours, as channels are. */
static inline __attribute__((always_inline)) void
conv_multiply(const conv_work *work, const uint32_t *row, const uint32_t *to, int rows, int vectors, bool together) {
    soma_vector sum[CONV_ROWS][GEMM_VECTORS];
    size_t place[CONV_PLACES];
    if (work->far) conv_prefetch(work->out, to, rows, vectors);
    CONV_UNROLL
    for (int i = 0; i < rows; i++) {
        if (i < CONV_PLACES) place[i] = row[i];
        for (int j = 0; j < vectors; j++) sum[i][j] = (soma_vector){0};
    }
    const conv_run *run = work->runs.run;
    for (size_t left = work->runs.count; left > 0; left--, run++) {
        const size_t step = work->b_stride;
        const float *a = work->a + (together ? row[0] : 0), *b = work->b + run->begin * step;
        const uint32_t *index = work->index + run->begin, *end = work->index + run->end;
        for (; index < end; index++, b += step) {
            const float *from = a + *index;
            const uint32_t *table = row;
            soma_vector right[GEMM_VECTORS];
            for (int j = 0; j < vectors; j++) right[j] = ((const soma_vector *)b)[j];
            CONV_HIDE(from);
            if (!together) CONV_IN_MEMORY(table);
            CONV_UNROLL
            for (int i = 0; i < rows; i++)
                conv_add_term(sum[i],
                              from + (together          ? (size_t)i
                                      : i < CONV_PLACES ? place[i]
                                                        : table[i]),
                              right, vectors);
        }
        if (work->ahead) conv_fetch(work->ahead);
        CONV_FORGET();
    }
    conv_finish(sum, work, to, rows, vectors);
}

/* All tiles that there are, as X(rows, vectors). */
#define CONV_TILES_OF_SIX(X)                                                                                           \
    X(1, 1) X(1, 2) X(2, 1) X(2, 2) X(3, 1) X(3, 2) X(4, 1) X(4, 2) X(5, 1) X(5, 2) X(6, 1) X(6, 2) X(7, 1) X(8, 1)
#define CONV_TILES_OF_EIGHT(X) X(7, 2) X(8, 2)
#define CONV_TILES_OF_TWELVE(X)                                                                                        \
    X(9, 1)                                                                                                            \
    X(9, 2)                                                                                                            \
    X(10, 1)                                                                                                           \
    X(10, 2)                                                                                                           \
    X(11, 1)                                                                                                           \
    X(11, 2)                                                                                                           \
    X(12, 1)                                                                                                           \
    X(12, 2) X(13, 1) X(14, 1) X(15, 1) X(16, 1) X(17, 1) X(18, 1) X(19, 1) X(20, 1) X(21, 1) X(22, 1) X(23, 1) X(24, 1)
#if CONV_ROWS_OF_TWO >= 12
#define CONV_TILES(X) CONV_TILES_OF_SIX(X) CONV_TILES_OF_EIGHT(X) CONV_TILES_OF_TWELVE(X)
#elif CONV_ROWS_OF_TWO >= 8
#define CONV_TILES(X) CONV_TILES_OF_SIX(X) CONV_TILES_OF_EIGHT(X)
#else
#define CONV_TILES(X) CONV_TILES_OF_SIX(X)
#endif

#define CONV_TILE(rows, vectors)                                                                                       \
    static void conv_tile_##rows##_##vectors(const conv_work *work, const uint32_t *row, const uint32_t *to) {         \
        conv_multiply(work, row, to, rows, vectors, false);                                                            \
    }
CONV_TILES(CONV_TILE)

#define CONV_ENTRY(rows, vectors) [(rows)-1][(vectors)-1] = conv_tile_##rows##_##vectors,
/* [rows - 1][vectors - 1] */
static conv_tile *const conv_tiles[CONV_ROWS][GEMM_VECTORS] = {CONV_TILES(CONV_ENTRY)};

#endif
