/* SPDX-License-Identifier: MIT */
/* Copies blocks of the operands of a matrix product into the order in which the tiles read them. */
#ifndef SOMA_DEVICE_CPU_GEMM_PACK_H
#define SOMA_DEVICE_CPU_GEMM_PACK_H

#include "device/cpu/gemm_tile.h"

typedef float soma_quad __attribute__((vector_size(16), aligned(4), may_alias));

/*
 * One panel of b: `width` <= GEMM_COLUMNS columns as [k, GEMM_COLUMNS], filled up with zeros.
 * Stored b is [k, n]: a row of the panel is a piece of a row.
 */
static void gemm_pack_rows(const float *b, size_t stride, size_t k, size_t width, float *panel) {
    if (width == GEMM_COLUMNS) {
        for (size_t i = 0; i < k; i++, b += stride, panel += GEMM_COLUMNS)
            for (int j = 0; j < GEMM_VECTORS; j++) ((soma_vector *)panel)[j] = ((const soma_vector *)b)[j];
        return;
    }
    for (size_t i = 0; i < k; i++, b += stride, panel += GEMM_COLUMNS) {
        for (size_t j = 0; j < width; j++) panel[j] = b[j];
        for (size_t j = width; j < GEMM_COLUMNS; j++) panel[j] = 0.0f;
    }
}

/* Four rows of four numbers become four columns. */
static inline void gemm_transpose_quad(const float *from, size_t stride, float *to, size_t to_stride) {
    soma_quad r0 = *(const soma_quad *)from, r1 = *(const soma_quad *)(from + stride),
              r2 = *(const soma_quad *)(from + 2 * stride), r3 = *(const soma_quad *)(from + 3 * stride);
    soma_quad low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    soma_quad low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5), high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    *(soma_quad *)to = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    *(soma_quad *)(to + to_stride) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    *(soma_quad *)(to + 2 * to_stride) = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    *(soma_quad *)(to + 3 * to_stride) = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

/* Stored b is [n, k]: a row of it becomes a column of the panel. */
static void gemm_pack_columns(const float *b, size_t stride, size_t k, size_t width, float *panel) {
    size_t whole = width / 4 * 4, quads = k / 4 * 4;
    for (size_t i = 0; i < quads; i += 4)
        for (size_t j = 0; j < whole; j += 4)
            gemm_transpose_quad(b + j * stride + i, stride, panel + i * GEMM_COLUMNS + j, GEMM_COLUMNS);
    for (size_t i = 0; i < k; i++) {
        for (size_t j = i < quads ? whole : 0; j < width; j++) panel[i * GEMM_COLUMNS + j] = b[j * stride + i];
        for (size_t j = width; j < GEMM_COLUMNS; j++) panel[i * GEMM_COLUMNS + j] = 0.0f;
    }
}

#endif
