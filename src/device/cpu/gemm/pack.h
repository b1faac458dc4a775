/* SPDX-License-Identifier: MIT */
/* Copies blocks of the operands of a matrix product into the order in which the tiles read them. */
#ifndef SOMA_DEVICE_CPU_GEMM_PACK_H
#define SOMA_DEVICE_CPU_GEMM_PACK_H

#include "device/cpu/gemm/tile.h"
#include "device/cpu/transpose.h"

/* Some columns, fewer than a panel has, filled up with zeros; by whole vectors: to copy 10 floats by memcpy takes
 * longer. */
static inline __attribute__((always_inline)) void gemm_pack_part(const float *from, size_t stride, size_t k,
                                                                 size_t width, float *panel) {
    const size_t whole = width / SOMA_LANES, rest = width % SOMA_LANES;
    for (; k > 0; k--, from += stride, panel += GEMM_COLUMNS) {
        soma_vector *to = (soma_vector *)panel;
        if (whole)
            to[0] = *(const soma_vector *)from;
        else
            to[1] = (soma_vector){0};
        to[whole] = rest ? soma_load_lanes(from + whole * SOMA_LANES, rest) : (soma_vector){0};
    }
}

/*
 * A block of b, `width` columns, as panels of [k, GEMM_COLUMNS], the last filled up with zeros.
 * Stored b is [k, n]: rows of the block are pieces of rows. All panels grow together, so that b is read in long pieces;
 * the piece some rows on is asked for early, since the hardware does not foresee jumps from row to row.
 */
#define GEMM_ROWS_AHEAD 8
__attribute__((unused)) static void gemm_pack_rows(const float *b, size_t stride, size_t k, size_t width,
                                                   float *packed) {
    size_t panel = k * GEMM_COLUMNS, whole = width / GEMM_COLUMNS, rest = width % GEMM_COLUMNS;
    if (!whole) {
        if (rest) gemm_pack_part(b, stride, k, rest, packed);
        return;
    }
    for (size_t i = 0; i < k; i++, b += stride, packed += GEMM_COLUMNS) {
        const float *from = b, *ahead = b + (i + GEMM_ROWS_AHEAD < k ? GEMM_ROWS_AHEAD * stride : 0);
        float *to = packed;
        for (size_t p = 0; p < whole; p++, from += GEMM_COLUMNS, ahead += GEMM_COLUMNS, to += panel) {
            for (size_t line = 0; line < GEMM_COLUMNS; line += 16) __builtin_prefetch(ahead + line);
            for (int j = 0; j < GEMM_VECTORS; j++) ((soma_vector *)to)[j] = ((const soma_vector *)from)[j];
        }
        if (rest) gemm_pack_part(from, stride, 1, rest, to);
    }
}

/*
 * Stored b is [n, k]: a row of it becomes a column of the panel. A line of 16 numbers of each row is used up before the
 * next is touched: the rows may all fall into the same few sets of the cache.
 */
#define GEMM_LINE 16
#if defined(SOMA_TRANSPOSE_OCT)
#define GEMM_SQUARE    8
#define GEMM_TRANSPOSE soma_transpose_oct
#else
#define GEMM_SQUARE    4
#define GEMM_TRANSPOSE soma_transpose_quad
#endif
__attribute__((unused)) static void gemm_pack_panel(const float *b, size_t stride, size_t k, size_t width,
                                                    float *panel) {
    size_t whole = width / GEMM_SQUARE * GEMM_SQUARE, squares = k / GEMM_SQUARE * GEMM_SQUARE;
    for (size_t line = 0; line < squares; line += GEMM_LINE) {
        size_t end = SOMA_MIN(line + GEMM_LINE, squares);
        for (size_t j = 0; j < whole; j += GEMM_SQUARE) {
            for (size_t row = j; row < j + GEMM_SQUARE; row++)
                __builtin_prefetch(b + row * stride + SOMA_MIN(line + 4 * GEMM_LINE, k - 1));
            for (size_t i = line; i < end; i += GEMM_SQUARE)
                GEMM_TRANSPOSE(b + j * stride + i, stride, panel + i * GEMM_COLUMNS + j, GEMM_COLUMNS);
        }
    }
    for (size_t i = 0; i < k; i++) {
        for (size_t j = i < squares ? whole : 0; j < width; j++) panel[i * GEMM_COLUMNS + j] = b[j * stride + i];
        for (size_t j = width; j < GEMM_COLUMNS; j++) panel[i * GEMM_COLUMNS + j] = 0.0f;
    }
}

__attribute__((unused)) static void gemm_pack_columns(const float *b, size_t stride, size_t k, size_t width,
                                                      float *packed) {
    for (size_t j = 0; j < width; j += GEMM_COLUMNS, packed += k * GEMM_COLUMNS)
        gemm_pack_panel(b + j * stride, stride, k, SOMA_MIN((size_t)GEMM_COLUMNS, width - j), packed);
}

#endif
