/* SPDX-License-Identifier: MIT */
/* Products of pieces of matrices that lie anywhere, by the tiles of GEMM: what is made of many of them uses these. */
#ifndef SOMA_DEVICE_CPU_GEMM_PRODUCT_H
#define SOMA_DEVICE_CPU_GEMM_PRODUCT_H

#include "device/cpu/gemm/pack.h"

/* Rows in memory, `stride` floats apart; where columns are meant, so are they. */
typedef struct gemm_matrix {
    float *at;
    size_t stride;
} gemm_matrix;

/* Panels of GEMM_COLUMNS columns: their rows are `stride` floats apart, they themselves `step`. */
typedef struct gemm_panels {
    const float *at;
    size_t stride, step;
} gemm_panels;

/* Floats of so many columns packed as panels, each `depth` deep. */
static inline size_t gemm_packed(size_t depth, size_t columns) {
    return depth * soma_round_up(columns, GEMM_COLUMNS);
}

/*
 * c [m, n] = alpha a b + beta c, of k terms. a by rows, or, transposed, a column is a row of what is in memory. Of
 * panels that are no copies all columns must be there.
 */
static inline void gemm_multiply_panels(gemm_matrix c, size_t m, size_t n, size_t k, gemm_matrix a, bool by_row,
                                        gemm_panels b, float alpha, float beta) {
    for (size_t i = 0; i < m; i += GEMM_ROWS) {
        const size_t rows = SOMA_MIN(m - i, (size_t)GEMM_ROWS);
        const float *left = a.at + (by_row ? i * a.stride : i), *right = b.at;
        for (size_t j = 0; j < n; j += GEMM_COLUMNS, right += b.step) {
            const size_t columns = SOMA_MIN(n - j, (size_t)GEMM_COLUMNS);
            const gemm_output output = {c.at + i * c.stride + j, c.stride, columns, alpha, beta, NULL, false};
            gemm_tiles[rows - 1][by_row][(columns - 1) / SOMA_LANES](k, left, a.stride, right, b.stride, &output);
        }
    }
}

/* The same with b packed as panels `depth` deep, of which the first k rows count. */
static inline void gemm_multiply_packed(gemm_matrix c, size_t m, size_t n, size_t k, gemm_matrix a, bool by_row,
                                        const float *packed, size_t depth, float alpha, float beta) {
    gemm_multiply_panels(c, m, n, k, a, by_row, (gemm_panels){packed, GEMM_COLUMNS, depth * GEMM_COLUMNS}, alpha, beta);
}

#endif
