/* SPDX-License-Identifier: MIT */
/* The kernels of conv_vector.cl for one shape of their tile: TILE, TILE_ROWS, TILE_VECTORS. Included once for each; undefines them. */
#define PANEL (TILE_VECTORS * WIDTH)
#define BLOCK (PANELS * PANEL)
#define NAMED(name) PASTE(PASTE(name, _), TILE)

#define MULTIPLY NAMED(multiply_packed)
#define LEFT_SPACE local
#include "gemm_multiply.h"
#undef MULTIPLY
#undef LEFT_SPACE

/* The part's weights for `columns` results from `column` on become panels, DEPTH rows apart. */
ON_LOCAL_ARRAYS void NAMED(pack_weights)(local float *panels, const global float *weight, uint group, uint groups, uint inner, uint columns, uint column,
                                uint count, uint back, sight see, part of, conv_axis h, conv_axis w) {
    const uint filters = groups * (back ? inner : columns);
    for (uint tap = 0; tap < of.taps; tap++, panels += of.channels * PANEL) {
        const uint number = of.first_tap + tap, m_h = number / see.w.taps;
        const ulong k = kernel_number(m_h / see.h.taps, m_h % see.h.taps, number % see.w.taps, see, h, w);
        for (uint at = 0; at < count; at += WIDTH) {
            local float *to = panels + at / PANEL * (DEPTH * PANEL) + at % PANEL;
            const uint there = min((uint)WIDTH, count - at);
            if (back)
                pack_columns(to, PANEL, weight + (k * columns + column + at) * filters + group * inner + of.first_channel, filters, of.channels,
                             there);
            else
                pack_rows(to, PANEL, weight + (k * inner + of.first_channel) * filters + group * columns + column + at, filters, of.channels,
                          there);
        }
        /* The last panel's other vector. */
        for (uint at = (count + WIDTH - 1) / WIDTH * WIDTH; at % PANEL != 0; at += WIDTH)
            pack_rows(panels + at / PANEL * (DEPTH * PANEL) + at % PANEL, PANEL, weight, 0, of.channels, 0);
    }
}

/* CONV and CONV_ADD, and with `back` CONV_DATA_GRAD. Dimension 0: groups and blocks of columns; 1: classes and blocks of rows. */
KERNEL(1, 1)
void NAMED(conv_vector)(CONV_PARAMETERS, uint back, ulong rows_per_group, ulong row_blocks, uint function, uint has_bias, float function_a,
                        float function_b, const global float *source, const global float *weight, const global float *bias,
                        global float *result, uint has_addend, const global float *addend) {
    local float panels[DEPTH * BLOCK], windows[TILE_ROWS * PITCH], sums[TILE_ROWS * PANEL];
    CONV_AXES
    const uint blocks = (columns + BLOCK - 1) / BLOCK, group = get_group_id(0) / blocks, column = get_group_id(0) % blocks * BLOCK;
    const uint count = min((uint)BLOCK, columns - column);
    const sight see = sight_of(back, get_group_id(1) / row_blocks, d, h, w);
    const ulong all_rows = (ulong)images * see.d.count * see.h.count * see.w.count;
    const ulong first_row = get_group_id(1) % row_blocks * rows_per_group, end_row = min(all_rows, first_row + rows_per_group);
    if (first_row >= end_row) return;
    const uint taps = see.d.taps * see.h.taps * see.w.taps;
    const part size = divide_window(taps, inner, DEPTH);
    const place first = place_at(first_row, see);
    const local float *left[TILE_ROWS];
#pragma unroll
    for (uint r = 0; r < TILE_ROWS; r++) left[r] = windows + r * PITCH;
    for (uint tap = 0; tap < taps || tap == 0; tap += size.taps)
        for (uint channel = 0; channel < inner || channel == 0; channel += size.channels) {
            const part of = part_at(tap, size.taps, taps, channel, size.channels, inner);
            const epilogue how = {function,   1.0f, has_addend ? 1.0f : 0.0f, function_a, function_b, tap == 0 && channel == 0, tap + size.taps >= taps && channel + size.channels >= inner,
                                  has_bias};
            NAMED(pack_weights)(panels, weight, group, groups, inner, columns, column, count, back, see, of, h, w);
            place at = first;
            for (ulong row = first_row; row < end_row; row += TILE_ROWS) {
                const uint rows = (uint)min((ulong)TILE_ROWS, end_row - row);
                ulong to[TILE_ROWS];
                for (uint r = 0; r < TILE_ROWS; r++) {
                    pack_window(windows + r * PITCH, source, group * inner, groups * inner, images, at, see, of, d, h, w);
                    to[r] = result_number(at, see, d, h, w) * groups * columns + group * columns + column;
                    if (row + r + 1 < end_row) at = place_after(at, see);
                }
                for (uint start = 0; start < count; start += PANEL) {
                    NAMED(multiply_packed)(sums, left, 1, panels + start * DEPTH, of.taps * of.channels);
                    for (uint r = 0; r < rows; r++)
                        for (uint j = start; j < min(start + PANEL, count); j += WIDTH) {
                            const ulong there = min((uint)WIDTH, count - j);
                            const real sum = LOAD(local, sums + r * PANEL + (j - start));
                            global float *out = result + to[r] + j;
                            const global float *before = how.first ? addend + to[r] + j : out;
                            store_part(finish_vector(sum, bias + group * columns + column + j, before, there, how), out, there);
                        }
                }
            }
        }
}

#undef PANEL
#undef BLOCK
#undef NAMED
#undef TILE
#undef TILE_ROWS
#undef TILE_VECTORS
