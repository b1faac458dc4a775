/* SPDX-License-Identifier: MIT */
/*
 * Rows shared out among work-items. The build options say how many work-items share a row (LANES; 1 or the whole group) and how many
 * rows a group has at a time (ROWS; 1 unless LANES is 1), without them one has one: dimension 0 of a group are the lanes, dimension 1 the rows.
 * Sums run in a fixed order: along each lane, then over the elements of the vector, then over the lanes, both as trees.
 */
#ifndef SOMA_KERNELS_ROWS_H
#define SOMA_KERNELS_ROWS_H

#include "opencl.h"

#ifndef LANES
#define LANES 1
#define ROWS 1
#endif

#define FOR_EACH_ROW(row, count, rows_per_group)                                                                       \
    for (ulong row##_end = min((ulong)(count), ((ulong)get_group_id(1) + 1) * (rows_per_group)),                       \
               row = (ulong)get_group_id(1) * (rows_per_group) + get_local_id(1);                                      \
         row < row##_end; row += ROWS)

/* The positions j in a row of `length` elements at which this lane handles `part` elements. */
#define FOR_EACH_IN_ROW(j, part, length)                                                                               \
    for (ulong j = get_local_id(0) * WIDTH, part; j < (length) && (part = min((ulong)WIDTH, (length)-j), 1);           \
         j += LANES * WIDTH)

/* The value where the element belongs to the row, else `rest`. */
static real keep_part_else(real value, ulong part, real rest) {
    return element_numbers() < (integers)((int)min((ulong)WIDTH, part)) ? value : rest;
}

static real keep_part(real value, ulong part, float rest) { return keep_part_else(value, part, (real)(rest)); }

/* A NaN on either side comes out. */
#define ADD(a, b) ((a) + (b))
#define LARGER(a, b) ((a) > (b) || (a) != (a) ? (a) : (b))
#define SMALLER(a, b) ((a) < (b) || (a) != (a) ? (a) : (b))

/* Combines the elements of a vector to one number, as a tree. */
#if WIDTH == 1
#define DEFINE_FOLD(name, combine)                                                                                     \
    static float fold_##name(real v) { return v; }
#else
#define DEFINE_FOLD(name, combine)                                                                                     \
    static float fold_##name(real v) {                                                                                 \
        float element[WIDTH];                                                                                          \
        PASTE(vstore, WIDTH)(v, 0, element);                                                                           \
        for (uint half_way = WIDTH / 2; half_way > 0; half_way /= 2)                                                   \
            for (uint i = 0; i < half_way; i++) element[i] = combine(element[i], element[i + half_way]);               \
        return element[0];                                                                                             \
    }
#endif
DEFINE_FOLD(sum, ADD)
DEFINE_FOLD(max, LARGER)
DEFINE_FOLD(min, SMALLER)

/* Combines over a vector and over the lanes of a row: every lane gets the result. All work-items of the group take part. */
#if LANES == 1
#define SHARED(name)
#define ROW_SUM(value, name) fold_sum(value)
#define ROW_MAX(value, name) fold_max(value)
#define ROW_MIN(value, name) fold_min(value)
#else
#define SHARED(name) local float name[LANES]
#define DEFINE_LANES(name, combine)                                                                                    \
    static float lanes_##name(float value, local float *shared) {                                                      \
        const uint lane = get_local_id(0);                                                                             \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                  \
        shared[lane] = value;                                                                                          \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                                  \
        for (uint step = LANES / 2; step > 0; step /= 2) {                                                             \
            if (lane < step) shared[lane] = combine(shared[lane], shared[lane + step]);                                \
            barrier(CLK_LOCAL_MEM_FENCE);                                                                              \
        }                                                                                                              \
        return shared[0];                                                                                              \
    }
DEFINE_LANES(sum, ADD)
DEFINE_LANES(max, LARGER)
DEFINE_LANES(min, SMALLER)
#define ROW_SUM(value, name) lanes_sum(fold_sum(value), name)
#define ROW_MAX(value, name) lanes_max(fold_max(value), name)
#define ROW_MIN(value, name) lanes_min(fold_min(value), name)
#endif

#endif
