/* SPDX-License-Identifier: MIT */
/* Copies blocks of the operands of a matrix product into the order in which the tiles read them. */
#ifndef SOMA_DEVICE_CPU_GEMM_PACK_H
#define SOMA_DEVICE_CPU_GEMM_PACK_H

#include "device/cpu/gemm/tile.h"
#include "device/cpu/transpose.h"

/* Some columns, fewer than a panel has, filled up with zeros; by whole vectors: to copy 10 floats by memcpy takes
 * longer. */
static inline __attribute__((always_inline)) void gemm_pack_part(const float *from, size_t stride, size_t k,
                                                                 size_t width, float *panel, int vectors) {
    const size_t whole = width / SOMA_LANES, rest = width % SOMA_LANES;
    for (; k > 0; k--, from += stride, panel += vectors * SOMA_LANES) {
        soma_vector *to = (soma_vector *)panel;
        if (whole)
            to[0] = *(const soma_vector *)from;
        else
            to[1] = (soma_vector){0};
        if (vectors > 2) {
            if (whole > 1)
                to[1] = ((const soma_vector *)from)[1];
            else
                to[2] = (soma_vector){0};
        }
        to[whole] = rest ? soma_load_lanes(from + whole * SOMA_LANES, rest) : (soma_vector){0};
    }
}

/*
 * A block of b, `width` columns, as panels of [k, GEMM_COLUMNS], the last filled up with zeros.
 * Stored b is [k, n]: rows of the block are pieces of rows. All panels grow together, so that b is read in long pieces;
 * the piece some rows on is asked for early, since the hardware does not foresee jumps from row to row.
 */
#define GEMM_ROWS_AHEAD 8
static inline __attribute__((always_inline)) void gemm_copy_vectors(float *to, const float *from, int vectors) {
    for (int j = 0; j < vectors; j++) ((soma_vector *)to)[j] = ((const soma_vector *)from)[j];
}

static inline __attribute__((always_inline)) void gemm_pack_rows_of(const float *b, size_t stride, size_t k,
                                                                    size_t width, float *packed, int vectors) {
    const size_t columns = (size_t)vectors * SOMA_LANES, panel = k * columns, whole = width / columns,
                 rest = width % columns;
    if (!whole) {
        if (rest) gemm_pack_part(b, stride, k, rest, packed, vectors);
        return;
    }
    for (size_t i = 0; i < k; i++, b += stride, packed += columns) {
        const float *from = b, *ahead = b + (i + GEMM_ROWS_AHEAD < k ? GEMM_ROWS_AHEAD * stride : 0);
        float *to = packed;
        for (size_t line = whole * columns; line < width; line += 16) __builtin_prefetch(ahead + line);
        for (size_t p = 0; p < whole; p++, from += columns, ahead += columns, to += panel) {
            for (size_t line = 0; line < columns; line += 16) __builtin_prefetch(ahead + line);
            gemm_copy_vectors(to, from, vectors);
        }
        if (vectors > 2 && rest == 2 * SOMA_LANES) /* as usual where columns are shared out by vectors */
            gemm_copy_vectors(to, from, 2);
        else if (rest)
            gemm_pack_part(from, stride, 1, rest, to, vectors);
    }
}

#ifdef GEMM_WIDE_ROWS
__attribute__((unused)) static void gemm_pack_wide_rows(const float *b, size_t stride, size_t k, size_t width,
                                                        float *packed) {
    gemm_pack_rows_of(b, stride, k, width, packed, GEMM_MOST_VECTORS);
}
#endif

__attribute__((unused)) static void gemm_pack_rows(const float *b, size_t stride, size_t k, size_t width,
                                                   float *packed) {
    gemm_pack_rows_of(b, stride, k, width, packed, GEMM_VECTORS);
}

/*
 * Stored b is [n, k]: a row of it becomes a column of the panel. A line of 16 numbers of each row is used up before the
 * next is touched: the rows may all fall into the same few sets of the cache. Columns of the panel that are not there
 * are filled with zeros.
 */
#define GEMM_LINE 16
#ifdef SOMA_TRANSPOSE_HEX
#define GEMM_LINES_AHEAD 4

/* A square of the panel: of so many rows of b, so many numbers. */
static inline __attribute__((always_inline)) void gemm_pack_square(const float *b, size_t stride, size_t rows,
                                                                   size_t numbers, float *panel, size_t columns) {
    soma_hex row[GEMM_LINE];
    SOMA_UNROLL
    for (size_t j = 0; j < GEMM_LINE; j++)
        row[j] = j < rows ? (soma_hex)soma_load_lanes(b + j * stride, numbers) : (soma_hex){0};
    soma_transpose_hex(row);
    SOMA_UNROLL
    for (size_t i = 0; i < GEMM_LINE; i++)
        if (i < numbers) *(soma_hex *)(panel + i * columns) = row[i];
}

__attribute__((unused)) static void gemm_pack_panel_of(const float *b, size_t stride, size_t k, size_t width,
                                                       float *panel, size_t columns) {
    for (size_t j = 0; j < columns; j += GEMM_LINE, b += GEMM_LINE * stride) {
        const size_t rows = j < width ? SOMA_MIN(width - j, (size_t)GEMM_LINE) : 0;
        size_t i = 0;
        for (; rows == GEMM_LINE && i + GEMM_LINE <= k; i += GEMM_LINE) {
            const size_t ahead = SOMA_MIN(i + GEMM_LINES_AHEAD * GEMM_LINE, k - 1);
            for (size_t row = 0; row < GEMM_LINE; row++) __builtin_prefetch(b + row * stride + ahead);
            gemm_pack_square(b + i, stride, GEMM_LINE, GEMM_LINE, panel + i * columns + j, columns);
        }
        for (; i < k; i += GEMM_LINE)
            gemm_pack_square(b + i, stride, rows, SOMA_MIN(k - i, (size_t)GEMM_LINE), panel + i * columns + j, columns);
    }
}
#else
#if defined(SOMA_TRANSPOSE_OCT)
#define GEMM_SQUARE    8
#define GEMM_TRANSPOSE soma_transpose_oct
#else
#define GEMM_SQUARE    4
#define GEMM_TRANSPOSE soma_transpose_quad
#endif
static inline __attribute__((always_inline)) void gemm_pack_panel_of(const float *b, size_t stride, size_t k,
                                                                     size_t width, float *panel, size_t columns) {
    const size_t whole = width / GEMM_SQUARE * GEMM_SQUARE, squares = k / GEMM_SQUARE * GEMM_SQUARE;
    for (size_t line = 0; line < squares; line += GEMM_LINE) {
        size_t end = SOMA_MIN(line + GEMM_LINE, squares);
        for (size_t j = 0; j < whole; j += GEMM_SQUARE) {
            for (size_t row = j; row < j + GEMM_SQUARE; row++)
                __builtin_prefetch(b + row * stride + SOMA_MIN(line + 4 * GEMM_LINE, k - 1));
            for (size_t i = line; i < end; i += GEMM_SQUARE)
                GEMM_TRANSPOSE(b + j * stride + i, stride, panel + i * columns + j, columns);
        }
    }
    for (size_t i = 0; i < k; i++) {
        for (size_t j = i < squares ? whole : 0; j < width; j++) panel[i * columns + j] = b[j * stride + i];
        for (size_t j = width; j < columns; j++) panel[i * columns + j] = 0.0f;
    }
}
#endif

__attribute__((unused)) static void gemm_pack_panel(const float *b, size_t stride, size_t k, size_t width,
                                                    float *panel) {
    gemm_pack_panel_of(b, stride, k, width, panel, GEMM_COLUMNS);
}

static inline __attribute__((always_inline)) void gemm_pack_columns_of(const float *b, size_t stride, size_t k,
                                                                       size_t width, float *packed, size_t columns) {
    for (size_t j = 0; j < width; j += columns, packed += k * columns)
        gemm_pack_panel_of(b + j * stride, stride, k, SOMA_MIN(columns, width - j), packed, columns);
}

__attribute__((unused)) static void gemm_pack_columns(const float *b, size_t stride, size_t k, size_t width,
                                                      float *packed) {
    gemm_pack_columns_of(b, stride, k, width, packed, GEMM_COLUMNS);
}

#ifdef GEMM_WIDE_ROWS
__attribute__((unused)) static void gemm_pack_wide_columns(const float *b, size_t stride, size_t k, size_t width,
                                                           float *packed) {
    gemm_pack_columns_of(b, stride, k, width, packed, GEMM_WIDE_COLUMNS);
}
#endif

#endif
