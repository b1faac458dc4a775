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
    for (ulong row##_end = min((ulong)(count), ((ulong)GROUP_ID(1) + 1) * (rows_per_group)),                       \
               row = (ulong)GROUP_ID(1) * (rows_per_group) + get_local_id(1);                                      \
         row < row##_end; row += ROWS)

/* The positions j in a row of `length` elements at which this lane handles `part` elements. */
#define FOR_EACH_IN_ROW(j, part, length)                                                                               \
    for (ulong j = get_local_id(0) * WIDTH, part; j < (length) && (part = min((ulong)WIDTH, (length)-j), 1);           \
         j += LANES * WIDTH)

/*
 * load_part and store_part for rows that are shorter than a vector, as those of most losses: halves are loaded and stored whole, or not at
 * all, down to single elements. It stays in registers, since what was written in pieces can't be read at once as a whole; but it is much
 * code, which slows matrix products down.
 */
#if WIDTH > 1 && !defined(SIMULATED)
static float2 load_part2(const global float *p, ulong part, float rest) { return (float2)(part & 1 ? *p : rest, rest); }

static void store_part2(float2 value, global float *p, ulong part) {
    if (part & 1) *p = value.lo;
}

#define DEFINE_PARTS(width, half_width)                                                                                \
    static PASTE(float, width) PASTE(load_part, width)(const global float *p, ulong part, float rest) {                \
        typedef PASTE(float, width) vector;                                                                            \
        if (part & half_width)                                                                                         \
            return (vector)(PASTE(vload, half_width)(0, p), PASTE(load_part, half_width)(p + half_width, part, rest)); \
        return (vector)(PASTE(load_part, half_width)(p, part, rest), (PASTE(float, half_width))(rest));                \
    }                                                                                                                  \
    static void PASTE(store_part, width)(PASTE(float, width) value, global float *p, ulong part) {                     \
        if (part & half_width) PASTE(vstore, half_width)(value.lo, 0, p);                                              \
        PASTE(store_part, half_width)(part & half_width ? value.hi : value.lo, p + (part & half_width), part);         \
    }
DEFINE_PARTS(4, 2)
DEFINE_PARTS(8, 4)
DEFINE_PARTS(16, 8)
#endif

static real load_row(const global float *p, ulong part, float rest) {
#if WIDTH > 1 && !defined(SIMULATED)
    if (part < WIDTH) return PASTE(load_part, WIDTH)(p, part, rest);
#endif
    return load_part(p, part, rest);
}

static void store_row(real value, global float *p, ulong part) {
#if WIDTH > 1 && !defined(SIMULATED)
    if (part < WIDTH) {
        PASTE(store_part, WIDTH)(value, p, part);
        return;
    }
#endif
    store_part(value, p, part);
}

/* The value where the element belongs to the row, else `rest`. */
static real keep_part_else(real value, ulong part, real rest) {
    return ELEMENT_NUMBERS < (integers)((int)min((ulong)WIDTH, part)) ? value : rest;
}

static real keep_part(real value, ulong part, float rest) { return keep_part_else(value, part, (real)(rest)); }

#define ADD(a, b) ((a) + (b))

/*
 * Combines the elements of a vector to one number, as a tree. With SIMULATED, for oclgrind, vectors are taken apart in memory: in
 * registers it loses track of what is initialised, or crashes.
 */
#if WIDTH == 1
#define FOLD(combine) return v
#elif defined(SIMULATED)
#define FOLD(combine)                                                                                                  \
    float element[WIDTH];                                                                                              \
    PASTE(vstore, WIDTH)(v, 0, element);                                                                               \
    for (uint half_way = WIDTH / 2; half_way > 0; half_way /= 2)                                                       \
        for (uint i = 0; i < half_way; i++) element[i] = combine(element[i], element[i + half_way]);                   \
    return element[0]
#else
#define FOLD2(combine, pair) combine((pair).lo, (pair).hi)
#define FOLD4(combine, four) FOLD2(combine, combine((four).lo, (four).hi))
#define FOLD8(combine, eight) FOLD4(combine, combine((eight).lo, (eight).hi))
#define FOLD16(combine, sixteen) FOLD8(combine, combine((sixteen).lo, (sixteen).hi))
#define FOLD(combine) return PASTE(FOLD, WIDTH)(combine, v)
#endif

static float fold_sum(real v) { FOLD(ADD); }

/* As fmax does, these pass over a NaN. */
static float fold_max(real v) { FOLD(fmax); }
static float fold_min(real v) { FOLD(fmin); }

/* Combines over a vector and over the lanes of a row: every lane gets the result. All work-items of the group take part. */
#if LANES == 1
#define SHARED(name)
#define ROW_SUM(value, name) fold_sum(value)
#define ROW_MAX(value, name) fold_max(value)
#define ROW_MIN(value, name) fold_min(value)
#define LANE_SUM(value, name) (value)
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
DEFINE_LANES(max, fmax)
DEFINE_LANES(min, fmin)
#define ROW_SUM(value, name) lanes_sum(fold_sum(value), name)
#define ROW_MAX(value, name) lanes_max(fold_max(value), name)
#define ROW_MIN(value, name) lanes_min(fold_min(value), name)
#define LANE_SUM(value, name) lanes_sum(value, name) /* of one number for each lane */
#endif

#endif
