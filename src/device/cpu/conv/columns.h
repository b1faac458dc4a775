/* SPDX-License-Identifier: MIT */
/* How the columns of a result are cut into units, each a panel of columns of one group, and which tiles make them. */
#ifndef SOMA_DEVICE_CPU_CONV_COLUMNS_H
#define SOMA_DEVICE_CPU_CONV_COLUMNS_H

#include "device/cpu/conv/depthwise.h"
#include "device/cpu/conv/geometry.h"

typedef struct conv_columns {
    bool depthwise; /* a unit is a panel of groups */
    size_t groups, each, all;
    size_t left;   /* channels of a group in the left factor */
    size_t panels; /* of a group */
    size_t units;
    size_t rows; /* of a tile, at most */
} conv_columns;

typedef struct conv_unit {
    soma_range columns; /* among those of all groups */
    size_t column;      /* the first, in its group */
    size_t group;
    size_t left; /* its first channel in the left factor */
} conv_unit;

/* `left` and `each` channels of a group go in and come out. */
static inline conv_columns conv_columns_of(size_t groups, size_t left, size_t each) {
    conv_columns columns = {
        .depthwise = groups > 1 && left == 1 && each == 1, .groups = groups, .each = each, .left = left};
    if (columns.depthwise) {
        columns.groups = 1;
        columns.each = groups;
    }
    columns.all = columns.groups * columns.each;
    columns.panels = soma_cpu_parts(columns.each, GEMM_COLUMNS);
    columns.units = columns.groups * columns.panels;
    columns.rows = columns.depthwise ? DEPTHWISE_ROWS : columns.each <= SOMA_LANES ? CONV_ROWS : CONV_ROWS_OF_TWO;
    return columns;
}

/* Results of so few columns fill no more than one of AVX2's vectors, which some processors are through with in half the
 * time of a vector of AVX-512, and none in more. Whoever has AVX-512 has AVX2. */
#define CONV_FEW_COLUMNS 8
static inline bool conv_prefers_avx2(const conv_columns *columns) {
    return SOMA_LANES > CONV_FEW_COLUMNS && columns->each <= CONV_FEW_COLUMNS;
}

static inline conv_unit conv_unit_of(const conv_columns *columns, size_t index) {
    size_t group =
        columns->groups > 1 ? index / columns->panels : 0; /* a division takes as long as a few tiles' rows */
    soma_range range = soma_cpu_part(index - group * columns->panels, columns->each, GEMM_COLUMNS);
    conv_unit unit = {.columns = {group * columns->each + range.begin, group * columns->each + range.end},
                      .column = range.begin,
                      .group = group,
                      .left = columns->depthwise ? range.begin : group * columns->left};
    return unit;
}

static inline size_t conv_vectors_of(const conv_unit *unit) {
    return soma_cpu_parts(unit->columns.end - unit->columns.begin, SOMA_LANES);
}

/* [vectors - 1] */
static inline conv_tile *const *conv_tiles_for(const conv_columns *columns, size_t rows) {
    return (columns->depthwise ? depthwise_tiles : conv_tiles)[rows - 1];
}

#endif
