/* SPDX-License-Identifier: MIT */
/* The kernels of conv_vector.cl for one shape of their tile: TILE, TILE_ROWS, TILE_VECTORS. Included once for each; undefines them. */
#define PANEL (TILE_VECTORS * WIDTH)
#define BLOCK (PANELS * PANEL)
#define NAMED(name) PASTE(PASTE(name, _), TILE)

#define MULTIPLY NAMED(multiply_gathered)
#define LEFT_SPACE local
#define GATHERED
#include "gemm_multiply.h"
#undef MULTIPLY
#undef LEFT_SPACE
#undef GATHERED

/* The part's weights for `columns` results from `column` on become panels, DEPTH rows apart. `all`: how many weights there are. */
ON_LOCAL_ARRAYS void NAMED(pack_weights)(local float *panels, const global float *weight, ulong all, uint group, uint groups, uint inner, uint columns,
                                uint column, uint count, uint back, sight see, part of, conv_axis h, conv_axis w) {
    const uint filters = groups * (back ? inner : columns);
    for (uint tap = 0; tap < of.taps; tap++, panels += of.channels * PANEL) {
        const uint number = of.first_tap + tap, m_h = number / see.w.taps;
        const ulong k = kernel_number(m_h / see.h.taps, m_h % see.h.taps, number % see.w.taps, see, h, w);
        for (uint at = 0; at < count; at += WIDTH) {
            local float *to = panels + at / PANEL * (DEPTH * PANEL) + at % PANEL;
            const uint there = min((uint)WIDTH, count - at);
            const ulong forth = (k * inner + of.first_channel) * filters + group * columns + column + at;
            if (back)
                pack_columns(to, PANEL, weight + (k * columns + column + at) * filters + group * inner + of.first_channel, filters, of.channels,
                             there);
            else
                pack_rows(to, PANEL, weight + forth, filters, of.channels, there, all - forth);
        }
    }
}

/* CONV and CONV_ADD, and with `back` CONV_DATA_GRAD. Dimension 0: groups and blocks of columns; 1: classes and blocks of bands. */
KERNEL(1, 1)
void NAMED(conv_vector)(ARGUMENTS(CONV_PARAMETERS, uint back, BAND_PARAMETERS, uint part_taps, uint part_channels, ulong bands_per_group,
                                  ulong band_blocks, uint function, uint has_bias, float function_a, float function_b,
                                  const global float *source, const global float *weight, const global float *bias, global float *result,
                                  uint has_addend, const global float *addend)) {
    LOCAL_ARRAY(panels, DEPTH * BLOCK, 0);
    LOCAL_ARRAY(box, BOX + WIDTH, DEPTH * BLOCK);
    LOCAL_ARRAY(sums, TILE_ROWS * PANEL, DEPTH * BLOCK + BOX + WIDTH);
    LOCAL_ARRAY_OF(uint, index, DEPTH, DEPTH * BLOCK + BOX + WIDTH + TILE_ROWS * PANEL);
    CONV_AXES
    const band_size size = BAND_SIZE;
    const uint blocks = (columns + BLOCK - 1) / BLOCK, group = GROUP_ID(0) / blocks, column = GROUP_ID(0) % blocks * BLOCK;
    const uint count = min((uint)BLOCK, columns - column), first_column = group * columns + column;
    const sight see = sight_of(back, GROUP_ID(1) / band_blocks, d, h, w);
    const ulong first_band = GROUP_ID(1) % band_blocks * bands_per_group,
                end_band = min(band_count(size, see, images), first_band + bands_per_group);
    if (first_band >= end_band) return;
    const box_shape shape = box_of(size, see);
    const uint taps = see.d.taps * see.h.taps * see.w.taps;
    const ulong all = (ulong)d.size * h.size * w.size * inner * groups * columns;
    for (uint tap = 0; tap < taps || tap == 0; tap += part_taps)
        for (uint channel = 0; channel < inner || channel == 0; channel += part_channels) {
            const part of = part_at(tap, part_taps, taps, channel, part_channels, inner);
            const epilogue how = {function,   1.0f, has_addend ? 1.0f : 0.0f, function_a, function_b, tap == 0 && channel == 0,
                                  tap + part_taps >= taps && channel + part_channels >= inner, has_bias};
            NAMED(pack_weights)(panels, weight, all, group, groups, inner, columns, column, count, back, see, of, h, w);
            index_elements(index, of, size, shape, see);
            for (ulong number = first_band; number < end_band; number++) {
                const band at = band_at(number, size, see, images);
                const uint points = at.images * at.lines * at.width;
                fill_box(box, source, group * inner, groups * inner, images, at, size, shape, see, of, d, h, w);
                const point_steps by = steps_of(at, shape, see, of.channels, d, h, w);
                point next = first_point(at, see, d, h, w);
                for (uint row = 0; row < points; row += TILE_ROWS) {
                    const uint rows = min((uint)TILE_ROWS, points - row);
                    const local float *left[TILE_ROWS];
                    ulong to[TILE_ROWS];
                    int low = at.first.h + (int)next.line, high = low;
#pragma unroll
                    for (uint r = 0; r < TILE_ROWS; r++) {
                        left[r] = box + next.window;
                        to[r] = next.to * groups * columns + first_column;
                        low = min(low, at.first.h + (int)next.line);
                        high = max(high, at.first.h + (int)next.line);
                        if (row + r + 1 < points) next = point_after(next, at, by);
                    }
                    const uint2 met = met_taps(low, high, of, see, h);
                    const uint first_element = met.x * of.channels, elements = (met.y - met.x) * of.channels;
                    /* Rows that follow each other in memory are stored as whole vectors, where the next one writes over what is too much. */
                    const bool in_one_piece = how.first && how.beta == 0.0f && groups * columns == count && to[rows - 1] - to[0] == (rows - 1) * (ulong)count;
                    for (uint start = 0; start < count; start += PANEL) {
                        const uint width = min((uint)PANEL, count - start);
                        const bool direct = is_direct(how) && !(how.first && has_addend) && rows == TILE_ROWS && width % WIDTH == 0;
                        NAMED(multiply_gathered)(width, sums, left, index + first_element, panels + start * DEPTH + first_element * PANEL, elements,
                                                 how, bias + first_column + start, direct ? result + start : 0, to);
                        if (direct) continue;
                        for (uint j = start; j < min(start + PANEL, count); j += WIDTH) {
                            const ulong there = min((uint)WIDTH, count - j);
                            const real added = bias_vector(bias + first_column + j, there, how);
                            for (uint r = 0; r < rows; r++) {
                                const real sum = LOAD(local, sums + r * PANEL + (j - start));
                                global float *out = result + to[r] + j;
                                const global float *before = how.first ? addend + to[r] + j : out;
                                const real value = finish_vector(sum, added, before, there, how);
                                if (in_one_piece && j == 0 && count <= WIDTH && (rows - r) * count >= WIDTH) STORE(global, out, value);
                                else store_part(value, out, there);
                            }
                        }
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
