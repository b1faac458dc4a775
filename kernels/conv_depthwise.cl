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

/* CONV, and with `back` CONV_DATA_GRAD. Dimension 1: classes, and blocks of rows, each ACROSS results. */
KERNEL(LANES, ROWS)
void conv_depthwise(CONV_PARAMETERS, uint back, ulong rows_per_group, ulong row_blocks, uint function, uint has_bias, float function_a,
                    float function_b, const global float *source, const global float *weight, const global float *bias,
                    global float *result) {
    CONV_AXES
    sight see = sight_of(back, get_group_id(1) / row_blocks, d, h, w);
    const int results = see.w.count;
    sight blocks = see;
    blocks.w.count = (results + ACROSS - 1) / ACROSS;
    const ulong rows = (ulong)images * see.d.count * see.h.count * blocks.w.count;
    const ulong first_row = get_group_id(1) % row_blocks * rows_per_group, end_row = min(rows, first_row + rows_per_group);
    for (ulong row = first_row + get_local_id(1); row < end_row; row += ROWS) {
        place at = place_at(row, blocks);
        at.w *= ACROSS;
        global float *to = result + result_number(at, see, d, h, w) * groups;
        FOR_EACH_IN_ROW(j, part, groups) {
            real total[ACROSS];
#pragma unroll
            for (int i = 0; i < ACROSS; i++) total[i] = R(0.0);
            for (int m_d = 0; m_d < see.d.taps; m_d++) {
                const int from_d = WINDOW_START(at, see, d) + m_d * see.d.tap_step;
                if (from_d < 0 || from_d >= d.source) continue;
                for (int m_h = 0; m_h < see.h.taps; m_h++) {
                    const int from_h = WINDOW_START(at, see, h) + m_h * see.h.tap_step;
                    if (from_h < 0 || from_h >= h.source) continue;
                    const global float *line = source + ((at.image * d.source + from_d) * h.source + from_h) * w.source * groups + j;
                    for (int m_w = 0; m_w < see.w.taps; m_w++) {
                        const real factor = load_part(weight + (ulong)kernel_number(m_d, m_h, m_w, see, h, w) * groups + j, part, 0.0f);
                        add_products(total, line, groups, WINDOW_START(at, see, w) + m_w * see.w.tap_step, see.w.source_step, w.source,
                                     factor, part);
                    }
                }
            }
            const real more = has_bias ? load_part(bias + j, part, 0.0f) : R(0.0);
#pragma unroll
            for (int i = 0; i < ACROSS; i++)
                if (at.w + i < results)
                    store_part(apply(FUNCTION, total[i] + more, (real)(function_a), (real)(function_b)),
                               to + (ulong)i * see.w.step * groups + j, part);
        }
    }
}
