/* SPDX-License-Identifier: MIT */
/*
 * Convolution where each channel has a filter of its own, and no more than one, with its gradients, in both styles: neighbouring channels in the
 * elements of a vector, or in neighbouring work-items. It is memory that takes the time: so a work-item handles ACROSS neighbours along the last
 * axis together, which take the same weights, and to which much of the source is common.
 */
#include "apply.h"
#include "conv.h"
#include "rows.h"

#define ACROSS 4

/* CONV and CONV_ADD, and with BACK, on processors with `back`, CONV_DATA_GRAD. Dimension 1: classes, on processors so many together, and blocks of rows,
 * each ACROSS results. */
#if WIDTH == 1
/* Of elements and places: where there are less than 2^32, the host says uint, which takes half the registers and a short division. */
#ifndef OFFSET
#define OFFSET ulong
#endif
typedef OFFSET offset;

/*
 * The place in the source, perhaps outside, that the result at p takes with the kernel's element k; false if it takes none. Made anew for each
 * element: what a `reach` of conv.h keeps for three axes takes more registers than there are.
 */
static bool takes(conv_axis a, int p, int k, int *from) {
    const int at = p + a.before - k * a.dilation;
    *from = IS_BACK ? at / a.stride : p * a.stride + k * a.dilation - a.before;
    return !IS_BACK || at % a.stride == 0;
}

static uint results_of(conv_axis a, uint class) { return (uint)(IS_BACK ? (a.result - 1 - (int)class) / a.stride + 1 : a.result); }

#define SOURCE_STEP(a) (IS_BACK ? 1 : (a).stride)
#define RESULT_STEP(a) (IS_BACK ? (a).stride : 1)
/* In the order of the source, by one loop for the same reason: tap (m_d, m_h, m_w) is the kernel's element KERNEL_ELEMENT of each. */
#define FOR_EACH_TAP(tap, taps, h, w)                                                                                                        \
    for (int tap = 0, m_d = 0, m_h = 0, m_w = 0; tap < (taps);                                                                               \
         tap++, m_w + 1 < (w).size ? m_w++ : (m_w = 0, m_h + 1 < (h).size ? m_h++ : (m_h = 0, m_d++)))
#define KERNEL_ELEMENT(m, size) (IS_BACK ? (size)-1 - (m) : (m))

KERNEL(LANES, ROWS)
void conv_depthwise(CONV_PARAMETERS, ulong rows_per_group, ulong row_blocks, uint function, uint has_bias, float function_a, float function_b,
                    const global float *source, const global float *weight, const global float *bias, global float *result ADDEND_PARAMETER) {
    CONV_AXES
    const uint class = (uint)(get_group_id(1) / row_blocks), classes_w = class_count(w, IS_BACK), classes_h = class_count(h, IS_BACK);
    const uint class_d = class / classes_w / classes_h, class_h = class / classes_w % classes_h, class_w = class % classes_w;
    const uint count_d = results_of(d, class_d), count_h = results_of(h, class_h), blocks = (results_of(w, class_w) + ACROSS - 1) / ACROSS;
    const int taps = d.size * h.size * w.size;
    const offset rows = (offset)images * count_d * count_h * blocks, first_row = (offset)(get_group_id(1) % row_blocks * rows_per_group),
                 end_row = (offset)min((ulong)rows, first_row + rows_per_group);
    for (offset row = first_row + get_local_id(1); row < end_row; row += ROWS) {
        const int at_w = (int)(class_w + (uint)(row % blocks) * ACROSS * RESULT_STEP(w)),
                  at_h = (int)(class_h + (uint)(row / blocks % count_h) * RESULT_STEP(h)),
                  at_d = (int)(class_d + (uint)(row / blocks / count_h % count_d) * RESULT_STEP(d));
        const offset image = row / blocks / count_h / count_d;
        for (uint j = get_local_id(0); j < groups; j += LANES) {
            float total[ACROSS];
#pragma unroll
            for (int i = 0; i < ACROSS; i++) total[i] = 0.0f;
            FOR_EACH_TAP(tap, taps, h, w) {
                int from_d, from_h, from_w;
                if (!takes(d, at_d, KERNEL_ELEMENT(m_d, d.size), &from_d) || from_d < 0 || from_d >= d.source) continue;
                if (!takes(h, at_h, KERNEL_ELEMENT(m_h, h.size), &from_h) || from_h < 0 || from_h >= h.source) continue;
                if (!takes(w, at_w, KERNEL_ELEMENT(m_w, w.size), &from_w)) continue;
                const offset line = ((image * d.source + from_d) * h.source + from_h) * w.source;
                const float factor = weight[(offset)KERNEL_ELEMENT(tap, taps) * groups + j];
#pragma unroll
                for (int i = 0; i < ACROSS; i++, from_w += SOURCE_STEP(w))
                    if (from_w >= 0 && from_w < w.source) total[i] = MULTIPLY_ADD(source[(line + from_w) * groups + j], factor, total[i]);
            }
            const float more = has_bias ? bias[j] : 0.0f;
            const offset line = ((image * d.result + at_d) * h.result + at_h) * w.result;
#pragma unroll
            for (int i = 0, at = at_w; i < ACROSS; i++, at += RESULT_STEP(w))
                if (at < w.result)
                    result[(line + at) * groups + j] =
                        apply(FUNCTION, total[i] + more PLUS_ADDEND((line + at) * groups + j), function_a, function_b);
        }
    }
}
#else
/* The products of one element of the kernel; from + i step is what neighbour number i takes, `line` where 0 is. */
static void add_products(real *total, const global float *line, ulong pitch, int from, int step, int width, real factor, ulong part) {
    if (from >= 0 && from + (ACROSS - 1) * step < width) {
#pragma unroll
        for (int i = 0; i < ACROSS; i++) total[i] = MULTIPLY_ADD(load_part(line + (ulong)(from + i * step) * pitch, part, 0.0f), factor, total[i]);
        return;
    }
#pragma unroll
    for (int i = 0; i < ACROSS; i++) {
        const int at = from + i * step;
        if (at >= 0 && at < width) total[i] = MULTIPLY_ADD(load_part(line + (ulong)at * pitch, part, 0.0f), factor, total[i]);
    }
}

/* Those of three elements that follow each other, for neighbours that do: each of the source serves up to three of them. */
static void add_three(real *total, const global float *from, ulong pitch, const real *factor, ulong part) {
#pragma unroll
    for (int i = 0; i < ACROSS + 2; i++) {
        const real element = load_part(from + (ulong)i * pitch, part, 0.0f);
#pragma unroll
        for (int m = 0; m < 3; m++)
            if (i >= m && i - m < ACROSS) total[i - m] = MULTIPLY_ADD(element, factor[m], total[i - m]);
    }
}

/* total = the products of ACROSS results from `at` on, `part` channels from j on. */
static __attribute__((always_inline)) void multiply(real *total, place at, ulong j, ulong part, sight see, conv_axis d, conv_axis h, conv_axis w,
                                                    ulong groups, const global float *source, const global float *weight) {
    const int first_w = WINDOW_START(at, see, w);
    const bool slides = see.w.taps == 3 && see.w.source_step == 1 && see.w.tap_step == 1 && first_w >= 0 && first_w + ACROSS + 2 <= w.source;
    const long step = (long)see.w.kernel_step * (long)groups;
#pragma unroll
    for (int i = 0; i < ACROSS; i++) total[i] = R(0.0);
    for (int m_d = 0; m_d < see.d.taps; m_d++) {
        const int from_d = WINDOW_START(at, see, d) + m_d * see.d.tap_step;
        if (from_d < 0 || from_d >= d.source) continue;
        for (int m_h = 0; m_h < see.h.taps; m_h++) {
            const int from_h = WINDOW_START(at, see, h) + m_h * see.h.tap_step;
            if (from_h < 0 || from_h >= h.source) continue;
            const global float *line = source + ((at.image * d.source + from_d) * h.source + from_h) * w.source * groups + j;
            const global float *factors = weight + (ulong)kernel_number(m_d, m_h, 0, see, h, w) * groups + j;
            if (slides) {
                real factor[3];
#pragma unroll
                for (int m = 0; m < 3; m++) factor[m] = load_part(factors + m * step, part, 0.0f);
                add_three(total, line + (ulong)first_w * groups, groups, factor, part);
                continue;
            }
            for (int m_w = 0; m_w < see.w.taps; m_w++)
                add_products(total, line, groups, first_w + m_w * see.w.tap_step, see.w.source_step, w.source,
                             load_part(factors + m_w * step, part, 0.0f), part);
        }
    }
}

/* What becomes of the sums besides bias and addend. */
typedef struct finishing {
    uint function, has_bias, has_addend;
    float a, b;
} finishing;

/* Block number `block` of the rows of one class. */
static __attribute__((always_inline)) void depthwise_class(sight see, uint images, ulong groups, conv_axis d, conv_axis h, conv_axis w,
                                                           ulong block, ulong rows_per_group, finishing how, const global float *source,
                                                           const global float *weight, const global float *bias, const global float *addend,
                                                           global float *result) {
    sight blocks = see;
    blocks.w.count = (see.w.count + ACROSS - 1) / ACROSS;
    const ulong rows = (ulong)images * see.d.count * see.h.count * blocks.w.count;
    const ulong first_row = block * rows_per_group, end_row = min(rows, first_row + rows_per_group);
    if (first_row >= end_row) return;
    const ulong step = (ulong)see.w.step * groups;
    const bool usual = !how.has_addend && (how.function == FUNCTION_IDENTITY || how.function == FUNCTION_RELU);
    /* Where the rows are is counted on: to divide for each would take longer than a row of few channels. */
    place counter = place_at(first_row, blocks);
    for (ulong row = first_row; row < end_row; row++) {
        place at = counter;
        at.w *= ACROSS;
        const ulong to = result_number(at, see, d, h, w) * groups;
        FOR_EACH_IN_ROW(j, part, groups) {
            real total[ACROSS];
            /* For whole vectors without a look at their length at each. */
            if (part == WIDTH) multiply(total, at, j, WIDTH, see, d, h, w, groups, source, weight);
            else multiply(total, at, j, part, see, d, h, w, groups, source, weight);
            const real more = how.has_bias ? load_part(bias + j, part, 0.0f) : R(0.0);
            const int there = min(ACROSS, see.w.count - at.w);
            /* With an index that is no constant the sums are kept in memory. */
            if (usual && part == WIDTH && there == ACROSS) {
#pragma unroll
                for (int i = 0; i < ACROSS; i++) {
                    const real value = total[i] + more;
                    STORE(global, result + to + i * step + j,
                          how.function == FUNCTION_RELU ? apply(FUNCTION_RELU, value, (real)(how.a), (real)(how.b)) : value);
                }
                continue;
            }
            real sum[ACROSS];
#pragma unroll
            for (int i = 0; i < ACROSS; i++) sum[i] = total[i];
            for (int i = 0; i < there; i++) {
                const ulong place = to + i * step + j;
                real value = sum[i] + more;
                if (how.has_addend) value += load_part(addend + place, part, 0.0f);
                store_part(apply_usual(how.function, value, (real)(how.a), (real)(how.b)), result + place, part);
            }
        }
        if (++counter.w < blocks.w.count) continue;
        counter.w = 0;
        if (++counter.h < blocks.h.count) continue;
        counter.h = 0;
        if (++counter.d < blocks.d.count) continue;
        counter.d = 0;
        counter.image++;
    }
}

/* A group goes through its rows class by class, `together` of them, so that the results that lie between those of a class are near when their turn comes. */
KERNEL(LANES, ROWS)
void conv_depthwise(CONV_PARAMETERS, uint back, uint together, ulong rows_per_group, ulong row_blocks, uint function, uint has_bias,
                    float function_a, float function_b, const global float *source, const global float *weight, const global float *bias,
                    global float *result, uint has_addend, const global float *addend) {
    CONV_AXES
    const finishing how = {function, has_bias, has_addend, function_a, function_b};
    const uint classes = class_count(d, back) * class_count(h, back) * class_count(w, back);
    const ulong block = get_group_id(1) % row_blocks;
    const uint first = (uint)(get_group_id(1) / row_blocks) * together;
    for (uint class = first; class < classes && class - first < together; class++)
        depthwise_class(sight_of(back, class, d, h, w), images, groups, d, h, w, block, rows_per_group, how, source, weight, bias, addend, result);
}
#endif
