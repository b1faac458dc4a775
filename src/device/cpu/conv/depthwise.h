/* SPDX-License-Identifier: MIT */
/*
 * Tiles of depthwise convolution, in which every channel is a group by itself: like those of tile.h, but element (i, l)
 * of the left factor is a vector of channels, as b's elements and the sums are: a + row[i] + index[l] is where it
 * begins. There are so few terms that nothing is left out of them: they are one run, from the first.
 */
#ifndef SOMA_DEVICE_CPU_CONV_DEPTHWISE_H
#define SOMA_DEVICE_CPU_CONV_DEPTHWISE_H

#include "device/cpu/conv/tile.h"

#define DEPTHWISE_ROWS 6

/* `last`: lanes of the last vector. */
static inline __attribute__((always_inline)) void depthwise_sum(const conv_work *work, const uint32_t *place,
                                                                soma_vector sum[CONV_ROWS][GEMM_VECTORS], int rows,
                                                                int vectors, size_t last) {
    const float *from[DEPTHWISE_ROWS], *b = work->b;
    SOMA_UNROLL
    for (int i = 0; i < rows; i++) {
        from[i] = work->a + place[i];
        for (int j = 0; j < vectors; j++) sum[i][j] = (soma_vector){0};
    }
    size_t k = work->runs.count ? work->runs.run->end : 0;
    for (size_t l = 0; l < k; l++, b += work->b_stride) {
        size_t at = work->index[l];
        soma_vector row[GEMM_VECTORS];
        for (int j = 0; j < vectors; j++) row[j] = ((const soma_vector *)b)[j];
        SOMA_UNROLL
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < vectors; j++)
                sum[i][j] +=
                    soma_load_lanes(from[i] + at + j * SOMA_LANES, j + 1 < vectors ? SOMA_LANES : last) * row[j];
    }
}

#define DEPTHWISE_TILE(rows, vectors)                                                                                  \
    static void depthwise_tile_##rows##_##vectors(const conv_work *work, const uint32_t *row, const uint32_t *to) {    \
        soma_vector sum[CONV_ROWS][GEMM_VECTORS];                                                                      \
        size_t last = work->columns - (vectors - 1) * SOMA_LANES;                                                      \
        if (last == SOMA_LANES)                                                                                        \
            depthwise_sum(work, row, sum, rows, vectors, SOMA_LANES);                                                  \
        else                                                                                                           \
            depthwise_sum(work, row, sum, rows, vectors, last);                                                        \
        conv_finish(sum, work, to, rows, vectors);                                                                     \
    }
#define DEPTHWISE_TILES(rows) DEPTHWISE_TILE(rows, 1) DEPTHWISE_TILE(rows, 2)
DEPTHWISE_TILES(1)
DEPTHWISE_TILES(2)
DEPTHWISE_TILES(3)
DEPTHWISE_TILES(4)
DEPTHWISE_TILES(5)
DEPTHWISE_TILES(6)

#define DEPTHWISE_ENTRY(rows)                                                                                          \
    { depthwise_tile_##rows##_1, depthwise_tile_##rows##_2 }
/* [rows - 1][vectors - 1] */
static conv_tile *const depthwise_tiles[DEPTHWISE_ROWS][GEMM_VECTORS] = {
    DEPTHWISE_ENTRY(1), DEPTHWISE_ENTRY(2), DEPTHWISE_ENTRY(3),
    DEPTHWISE_ENTRY(4), DEPTHWISE_ENTRY(5), DEPTHWISE_ENTRY(6),
};

#endif
