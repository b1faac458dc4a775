/* SPDX-License-Identifier: MIT */
/*
 * The innermost part of the matrix product: a tile of c, up to GEMM_ROWS x GEMM_COLUMNS, held in registers while k
 * runs. b comes as rows of one to three vectors; a's elements are repeated over a vector, one by one.
 */
#ifndef SOMA_DEVICE_CPU_GEMM_TILE_H
#define SOMA_DEVICE_CPU_GEMM_TILE_H

#include "device/cpu/rows.h"

/* Sums take rows * 2 registers, b two, and a at least one: compilers for ARM load several of a's elements ahead. */
#if SOMA_REGISTERS == 32 && SOMA_LANES == 16
#define GEMM_ROWS 12
#elif SOMA_REGISTERS == 32
#define GEMM_ROWS 8
#else
#define GEMM_ROWS 6
#endif
#define GEMM_VECTORS 2
#define GEMM_COLUMNS (GEMM_VECTORS * SOMA_LANES)

/*
 * A wide tile, of fewer rows and three vectors, for products of many columns: as many sums by 11 loads where the other
 * takes 14, which is up to a tenth quicker where a processor has no loads to spare beside its multipliers.
 */
#if GEMM_ROWS == 12
#define GEMM_WIDE_ROWS    8
#define GEMM_MOST_VECTORS 3
#define GEMM_WIDE_COLUMNS (GEMM_MOST_VECTORS * SOMA_LANES)
#else
#define GEMM_MOST_VECTORS GEMM_VECTORS
#endif

/* How a tile's product goes into c: c = alpha sum + beta c + bias, or its ReLU. */
typedef struct gemm_output {
    float *c;
    size_t stride;     /* of c's rows */
    size_t columns;    /* that there are in c: at most those of the tile */
    float alpha, beta; /* beta 0: c is not read */
    const float *bias; /* of these columns, or NULL */
    bool relu;         /* the larger of that and 0 */
} gemm_output;

/*
 * Element (i, k) of a lies at a[i + k * a_stride] (columns are contiguous) or, for the kernels by row, at a[i *
 * a_stride + k]. Row k of b lies at b[k * b_stride], all vectors of it readable.
 */
typedef void gemm_tile(size_t k, const float *a, size_t a_stride, const float *b, size_t b_stride,
                       const gemm_output *output);

/* `last`: lanes of the last vector that are in c. Whatever it is, an element comes about by the same arithmetic. */
static inline __attribute__((always_inline)) void gemm_store(soma_vector sum[GEMM_ROWS][GEMM_MOST_VECTORS],
                                                             const gemm_output *output, int rows, int vectors,
                                                             size_t last) {
    float alpha = output->alpha, beta = output->beta, *c = output->c;
    soma_vector rest[GEMM_MOST_VECTORS] = {{0}};
    if (output->bias)
        for (int j = 0; j < vectors; j++)
            rest[j] = soma_load_lanes(output->bias + j * SOMA_LANES, j + 1 < vectors ? SOMA_LANES : last);
    SOMA_UNROLL
    for (int i = 0; i < rows; i++, c += output->stride)
        for (int j = 0; j < vectors; j++) {
            size_t lanes = j + 1 < vectors ? SOMA_LANES : last;
            soma_vector value = rest[j];
            if (beta != 0.0f) value = soma_multiply_add(beta, soma_load_lanes(c + j * SOMA_LANES, lanes), value);
            value = soma_multiply_add(alpha, sum[i][j], value);
            if (output->relu) value = (soma_vector)((soma_mask)value & ~(value < 0.0f));
            soma_store_lanes(c + j * SOMA_LANES, value, lanes);
        }
}

/* Where c ends inside the tile: not worth a copy in every kernel. */
static __attribute__((noinline)) void gemm_store_part(soma_vector sum[GEMM_ROWS][GEMM_MOST_VECTORS],
                                                      const gemm_output *output, int rows, int vectors) {
    size_t last = output->columns - (size_t)(vectors - 1) * SOMA_LANES;
    if (vectors == 1) gemm_store(sum, output, rows, 1, last);
#if GEMM_MOST_VECTORS > 2
    else if (vectors == 3)
        gemm_store(sum, output, rows, 3, last);
#endif
    else
        gemm_store(sum, output, rows, 2, last);
}

/*
 * a by rows: three rows hang on one pointer, as its offsets 0, 1 and 2 strides, so that all pointers stay in registers.
 * The compiler would rather keep an offset for every row, and has too few registers for that: it must not see where the
 * pointers come from.
 */
#define GEMM_HIDE(pointer) __asm__("" : "+r"(pointer))

/* From this depth on, the tile of c is fetched into the cache while the sums are made: it comes from further away the
 * larger c is, as the weights that a product updates. */
#define GEMM_PREFETCH_DEPTH 64

/* One term of all sums. */
static inline __attribute__((always_inline)) void gemm_add_term(soma_vector sum[GEMM_ROWS][GEMM_MOST_VECTORS],
                                                                const float *const *group, size_t at, size_t a_stride,
                                                                const float *b, int rows, int vectors, bool by_row) {
    soma_vector row[GEMM_MOST_VECTORS];
    for (int j = 0; j < vectors; j++) row[j] = ((const soma_vector *)b)[j];
    SOMA_UNROLL
    for (int i = 0; i < rows; i++) {
        float x = by_row ? group[i / 3][at + (size_t)(i % 3) * a_stride] : group[0][at * a_stride + (size_t)i];
        for (int j = 0; j < vectors; j++) sum[i][j] += x * row[j];
    }
}

static inline __attribute__((always_inline)) void gemm_multiply(size_t k, const float *a, size_t a_stride,
                                                                const float *b, size_t b_stride,
                                                                const gemm_output *output, int rows, int vectors,
                                                                bool by_row) {
    soma_vector sum[GEMM_ROWS][GEMM_MOST_VECTORS];
    SOMA_UNROLL
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) sum[i][j] = (soma_vector){0};
    if (k >= GEMM_PREFETCH_DEPTH)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < vectors; j++)
                __builtin_prefetch(output->c + (size_t)i * output->stride + j * SOMA_LANES, 1);
    const float *group[(GEMM_ROWS + 2) / 3];
    for (int i = 0; i < rows; i += 3) {
        group[i / 3] = a + (by_row ? (size_t)i * a_stride : 0);
        if (by_row) GEMM_HIDE(group[i / 3]);
    }
    size_t at = 0;
    if (vectors > GEMM_VECTORS) /* two terms at a time, which is only felt here */
        for (; at + 2 <= k; at += 2, b += 2 * b_stride) {
            gemm_add_term(sum, group, at, a_stride, b, rows, vectors, by_row);
            gemm_add_term(sum, group, at + 1, a_stride, b + b_stride, rows, vectors, by_row);
        }
    for (; at < k; at++, b += b_stride) gemm_add_term(sum, group, at, a_stride, b, rows, vectors, by_row);
    if (output->columns == (size_t)vectors * SOMA_LANES)
        gemm_store(sum, output, rows, vectors, SOMA_LANES);
    else {
        soma_vector spilled[GEMM_ROWS][GEMM_MOST_VECTORS];
        SOMA_UNROLL
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < vectors; j++) spilled[i][j] = sum[i][j];
        gemm_store_part(spilled, output, rows, vectors);
    }
}

#define GEMM_TILE(rows, vectors)                                                                                       \
    static void gemm_tile_##rows##_##vectors(size_t k, const float *a, size_t a_stride, const float *b,                \
                                             size_t b_stride, const gemm_output *output) {                             \
        gemm_multiply(k, a, a_stride, b, b_stride, output, rows, vectors, false);                                      \
    }                                                                                                                  \
    static void gemm_tile_by_row_##rows##_##vectors(size_t k, const float *a, size_t a_stride, const float *b,         \
                                                    size_t b_stride, const gemm_output *output) {                      \
        gemm_multiply(k, a, a_stride, b, b_stride, output, rows, vectors, true);                                       \
    }
#define GEMM_TILES(rows) GEMM_TILE(rows, 1) GEMM_TILE(rows, 2)
GEMM_TILES(1)
GEMM_TILES(2)
GEMM_TILES(3)
GEMM_TILES(4)
GEMM_TILES(5)
GEMM_TILES(6)
#if GEMM_ROWS >= 8
GEMM_TILES(7)
GEMM_TILES(8)
#endif
#if GEMM_ROWS >= 12
GEMM_TILES(9)
GEMM_TILES(10)
GEMM_TILES(11)
GEMM_TILES(12)
#endif

#define GEMM_ENTRY(rows)                                                                                               \
    {                                                                                                                  \
        {gemm_tile_##rows##_1, gemm_tile_##rows##_2}, {                                                                \
            gemm_tile_by_row_##rows##_1, gemm_tile_by_row_##rows##_2                                                   \
        }                                                                                                              \
    }
/* [rows - 1][by row][vectors - 1] */
static gemm_tile *const gemm_tiles[GEMM_ROWS][2][GEMM_VECTORS] = {
    GEMM_ENTRY(1), GEMM_ENTRY(2),  GEMM_ENTRY(3),  GEMM_ENTRY(4),  GEMM_ENTRY(5), GEMM_ENTRY(6),
#if GEMM_ROWS >= 8
    GEMM_ENTRY(7), GEMM_ENTRY(8),
#endif
#if GEMM_ROWS >= 12
    GEMM_ENTRY(9), GEMM_ENTRY(10), GEMM_ENTRY(11), GEMM_ENTRY(12),
#endif
};

#ifdef GEMM_WIDE_ROWS
#define GEMM_WIDE_ENTRY(rows)                                                                                          \
    {                                                                                                                  \
        {gemm_tile_##rows##_1, gemm_tile_##rows##_2, gemm_tile_##rows##_3}, {                                          \
            gemm_tile_by_row_##rows##_1, gemm_tile_by_row_##rows##_2, gemm_tile_by_row_##rows##_3                      \
        }                                                                                                              \
    }
GEMM_TILE(1, 3)
GEMM_TILE(2, 3)
GEMM_TILE(3, 3)
GEMM_TILE(4, 3)
GEMM_TILE(5, 3)
GEMM_TILE(6, 3)
GEMM_TILE(7, 3)
GEMM_TILE(8, 3)
__attribute__((unused)) static gemm_tile *const gemm_wide_tiles[GEMM_WIDE_ROWS][2][GEMM_MOST_VECTORS] = {
    GEMM_WIDE_ENTRY(1), GEMM_WIDE_ENTRY(2), GEMM_WIDE_ENTRY(3), GEMM_WIDE_ENTRY(4),
    GEMM_WIDE_ENTRY(5), GEMM_WIDE_ENTRY(6), GEMM_WIDE_ENTRY(7), GEMM_WIDE_ENTRY(8),
};
#endif

#endif
