/* SPDX-License-Identifier: MIT */
/* The tiles of tile.h for rows that are neighbours: one place is enough for all of them. */
#ifndef SOMA_DEVICE_CPU_CONV_TOGETHER_H
#define SOMA_DEVICE_CPU_CONV_TOGETHER_H

#include "device/cpu/conv/tile.h"

#define TOGETHER_TILE(rows, vectors)                                                                                   \
    static void together_tile_##rows##_##vectors(const conv_work *work, const uint32_t *row, const uint32_t *to) {     \
        conv_multiply(work, row, to, rows, vectors, true);                                                             \
    }
CONV_TILES(TOGETHER_TILE)

#define TOGETHER_ENTRY(rows, vectors) [(rows)-1][(vectors)-1] = together_tile_##rows##_##vectors,
/* [rows - 1][vectors - 1] */
static conv_tile *const together_tiles[CONV_ROWS][GEMM_VECTORS] = {CONV_TILES(TOGETHER_ENTRY)};

#endif
