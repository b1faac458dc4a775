/* SPDX-License-Identifier: MIT */
/*
 * Convolution and its gradients on GPUs, as matrix products whose left operand is read from the source as it is needed. A group of SIDE x SIDE
 * work-items computes a tile of TILE x TILE elements, each work-item 8 x 8 of them: two fours of rows by two fours of columns, half a tile apart,
 * so that local memory is read four elements at a time. DEPTH elements of the inner dimension pass through local memory at once.
 *
 *                rows               inner dimension    columns
 * CONV           results y          window             filters          with ADDEND CONV_ADD
 * BACK           results dx         window             channels
 * WEIGHT         window             results y          filters          of each share of the results for itself
 *
 * An element of the left operand belongs to a result and to an element of its window: both have a move, which they add to the place in
 * the source. Build options: BACK, WEIGHT, ADDEND, perhaps FIXED_FUNCTION, SIDE, DEPTH.
 */
#include "apply.h"
#include "conv.h"

#define ITEMS (SIDE * SIDE)
#define EACH 8
#define TILE (EACH * SIDE)
/* So that rows begin in different banks. */
#define PITCH (TILE + 4)
/* Rows of a tile that local memory has room for. */
#define HALF (TILE / 2)

/* Far enough outside the source that nothing can lead back. */
#define NOWHERE (-0x40000000)

/* What a result, and an element of its window, add to the place in the source: depth, height, width. */
static int4 move_of_result(place at, sight see, bool there) {
    return (int4)(there ? WINDOW_START(at, see, d) : NOWHERE, WINDOW_START(at, see, h), WINDOW_START(at, see, w), 0);
}

static int4 move_of_tap(int m_d, int m_h, int m_w, sight see, bool there) {
    return (int4)(there ? m_d * see.d.tap_step : NOWHERE, m_h * see.h.tap_step, m_w * see.w.tap_step, 0);
}

/* An element of a window. */
typedef struct tap {
    uint channel;
    int d, h, w;
} tap;

static tap tap_at(ulong number, uint channels, sight see) {
    tap at;
    const uint rest = (uint)(number / channels);
    at.channel = (uint)(number % channels);
    at.w = (int)(rest % (uint)see.w.taps);
    at.h = (int)(rest / (uint)see.w.taps % (uint)see.h.taps);
    at.d = (int)(rest / (uint)see.w.taps / (uint)see.h.taps);
    return at;
}

static float left_element(const global float *source, int4 at, conv_axis d, conv_axis h, conv_axis w, ulong pitch) {
    if ((uint)at.x >= (uint)d.source || (uint)at.y >= (uint)h.source || (uint)at.z >= (uint)w.source) return 0.0f;
    return source[(((ulong)at.x * h.source + at.y) * w.source + at.z) * pitch];
}

/* A work-item's sums: of each row two vectors, half a tile apart. No array, which some compiler might keep in memory. */
#define FOR_EACH_SUM(X)                                                                                                \
    X(0, top.x) X(1, top.y) X(2, top.z) X(3, top.w) X(4, bottom.x) X(5, bottom.y) X(6, bottom.z) X(7, bottom.w)

/* What becomes of the sums, and of which. */
typedef struct half_tile {
    ulong first_row, rows;
    uint column, columns, first_column; /* in the group; the group's first */
    uint function, has_bias;
    float alpha, beta, a, b;
} half_tile;

/* Half of the rows. They pass through local memory, so that neighbours write neighbouring elements, and the function is in one place. */
ON_LOCAL_ARRAYS void store_half(float4 near0, float4 far0, float4 near1, float4 far1, float4 near2, float4 far2, float4 near3, float4 far3, uint first, local float *sums, const local ulong *row_to, half_tile of, ulong filters,
                       const global float *bias, global float *result ADDEND_PARAMETER) {
    const uint x = get_local_id(0), y = get_local_id(1), function = of.function;
    local float *const to = sums + y * 4 * TILE + x * 4;
#define STORE_ROW(r) vstore4(near##r, 0, to + r * TILE), vstore4(far##r, 0, to + r * TILE + HALF)
    STORE_ROW(0), STORE_ROW(1), STORE_ROW(2), STORE_ROW(3);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint e = y * SIDE + x; e < HALF * TILE; e += ITEMS) {
        const uint i = first + e / TILE, j = of.column + e % TILE;
        if (of.first_row + i >= of.rows || j >= of.columns) continue;
#ifdef WEIGHT
        global float *out = result + (of.first_row + i) * filters + of.first_column + j;
        float value = of.alpha * sums[e];
        if (of.beta != 0.0f) value += of.beta * *out;
        *out = value;
#else
        const float value = of.has_bias ? sums[e] + bias[of.first_column + j] : sums[e];
        result[row_to[i] + j] = apply(FUNCTION, value PLUS_ADDEND(row_to[i] + j), of.a, of.b);
#endif
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

KERNEL(SIDE, SIDE)
void conv_tile(CONV_PARAMETERS, ulong tiles, ulong share, uint function, uint has_bias, float alpha, float beta, float function_a,
               float function_b, const global float *source, const global float *other, const global float *bias, global float *result ADDEND_PARAMETER) {
    local float4 left4[DEPTH * PITCH / 4 * 2];
    local float4 *const right4 = left4 + DEPTH * PITCH / 4;
    local float *const left = (local float *)left4, *const right = (local float *)right4;
    /* Of rows and of elements of the inner dimension: their moves, and what they add to offsets in the source, in the right operand, in the result. */
    local int4 row_move[TILE], inner_move[DEPTH];
    local ulong row_offset[TILE], row_to[TILE], inner_offset[DEPTH], inner_right[DEPTH];
    CONV_AXES
    const uint x = get_local_id(0), y = get_local_id(1), item = y * SIDE + x;
    const uint blocks = (columns + TILE - 1) / TILE, group = get_group_id(1) / blocks, column = get_group_id(1) % blocks * TILE;
    const ulong first_row = get_group_id(0) % tiles * TILE, piece = get_group_id(0) / tiles;
    const ulong pitch = (ulong)groups * inner, filters = (ulong)groups * (IS_BACK ? inner : columns),
                image_size = (ulong)d.source * h.source * w.source * pitch;
#ifdef WEIGHT
    const sight see = sight_of(0, 0, d, h, w);
#else
    const sight see = sight_of(IS_BACK, (uint)piece, d, h, w);
#endif
    const ulong window = (ulong)see.d.taps * see.h.taps * see.w.taps * inner;
    const ulong results = (ulong)images * see.d.count * see.h.count * see.w.count;
#ifdef WEIGHT
    const ulong rows = window, begin = piece * share, end = min(results, begin + share);
    place at = {0, 0, 0, 0};
    if (results) at = place_at(begin + item, see);
    for (uint i = item; i < TILE; i += ITEMS) {
        const ulong number = first_row + i;
        const tap of = tap_at(number, inner, see);
        row_move[i] = move_of_tap(of.d, of.h, of.w, see, number < rows);
        row_offset[i] = group * inner + of.channel;
    }
#define SET_INNER(p0)                                                                                                  \
    if (item < DEPTH) {                                                                                                \
        inner_move[item] = move_of_result(at, see, (p0) + item < end);                                                 \
        inner_offset[item] = at.image * image_size;                                                                    \
        inner_right[item] = ((p0) + item) * filters;                                                                   \
        for (at.w += DEPTH; at.w >= see.w.count; at.w -= see.w.count) {                                                \
            if (++at.h < see.h.count) continue;                                                                        \
            at.h = 0;                                                                                                  \
            if (++at.d < see.d.count) continue;                                                                        \
            at.d = 0;                                                                                                  \
            at.image++;                                                                                                \
        }                                                                                                              \
    }
    const global float *const from_right = other + group * columns + column;
    const ulong right_pitch = 1;
#else
    const ulong rows = results, begin = 0, end = window;
    tap of = {0, 0, 0, 0};
    if (window) of = tap_at(item, inner, see);
    for (uint i = item; i < TILE; i += ITEMS) {
        const ulong number = first_row + i;
        const place at = place_at(number, see);
        row_move[i] = move_of_result(at, see, number < rows);
        row_offset[i] = at.image * image_size + group * inner;
        row_to[i] = result_number(at, see, d, h, w) * groups * columns + group * columns;
    }
#ifdef BACK
    const global float *const from_right = other + column * filters + group * inner;
    const ulong right_pitch = filters;
#define RIGHT_OFFSET ((ulong)kernel_number(of.d, of.h, of.w, see, h, w) * columns * filters + of.channel)
#else
    const global float *const from_right = other + group * columns + column;
    const ulong right_pitch = 1;
#define RIGHT_OFFSET (((ulong)kernel_number(of.d, of.h, of.w, see, h, w) * inner + of.channel) * filters)
#endif
#define SET_INNER(p0)                                                                                                  \
    if (item < DEPTH) {                                                                                                \
        inner_move[item] = move_of_tap(of.d, of.h, of.w, see, (p0) + item < end);                                      \
        inner_offset[item] = of.channel;                                                                               \
        inner_right[item] = RIGHT_OFFSET;                                                                              \
        for (of.channel += DEPTH; of.channel >= inner; of.channel -= inner) {                                          \
            if (++of.w < see.w.taps) continue;                                                                         \
            of.w = 0;                                                                                                  \
            if (++of.h < see.h.taps) continue;                                                                         \
            of.h = 0;                                                                                                  \
            of.d++;                                                                                                    \
        }                                                                                                              \
    }
#endif
#define DECLARE(r, factor) float4 near##r = 0.0f, far##r = 0.0f;
    FOR_EACH_SUM(DECLARE)
    if (begin < end) SET_INNER(begin)
    barrier(CLK_LOCAL_MEM_FENCE);
    for (ulong p0 = begin; p0 < end; p0 += DEPTH) {
        /* Neighbours read neighbouring elements, of which channels and filters are. */
        for (uint e = item; e < DEPTH * TILE; e += ITEMS) {
#ifdef WEIGHT
            const uint i = e % TILE, p = e / TILE;
#else
            const uint i = e / DEPTH, p = e % DEPTH;
#endif
            left[p * PITCH + i] = left_element(source + row_offset[i] + inner_offset[p], row_move[i] + inner_move[p], d, h, w, pitch);
        }
        for (uint e = item; e < DEPTH * TILE; e += ITEMS) {
#ifdef BACK
            const uint j = e / DEPTH, p = e % DEPTH;
#else
            const uint j = e % TILE, p = e / TILE;
#endif
            right[p * PITCH + j] = p0 + p < end && column + j < columns ? from_right[inner_right[p] + j * right_pitch] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        if (p0 + DEPTH < end) SET_INNER(p0 + DEPTH)
        for (uint p = 0; p < DEPTH; p++) {
            const local float4 *const from_left = left4 + p * (PITCH / 4) + y, *const from_right = right4 + p * (PITCH / 4) + x;
            const float4 top = from_left[0], bottom = from_left[HALF / 4], near = from_right[0], far = from_right[HALF / 4];
#define MULTIPLY(r, factor)                                                                                            \
    near##r = MULTIPLY_ADD((float4)(factor), near, near##r), far##r = MULTIPLY_ADD((float4)(factor), far, far##r);
            FOR_EACH_SUM(MULTIPLY)
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const half_tile to = {first_row, rows, column, columns, group * columns, function, has_bias, alpha, beta, function_a, function_b};
#ifdef WEIGHT
    result += piece * rows * filters;
#endif
#define EITHER(name, first, second) part ? name##second : name##first
#define ROW(first, second) EITHER(near, first, second), EITHER(far, first, second)
    for (uint part = 0; part < 2; part++)
        store_half(ROW(0, 4), ROW(1, 5), ROW(2, 6), ROW(3, 7), part * HALF, left, row_to, to, filters, bias, result PASSED_ADDEND);
}
