/* SPDX-License-Identifier: MIT */
/* The kernel of conv_weight_vector.cl for one shape of its tile: TILE, TILE_ROWS, TILE_VECTORS. Included once for each; undefines them. */
#define PANEL (TILE_VECTORS * WIDTH)
#define BLOCK (PANELS * PANEL)
#define NAMED(name) PASTE(PASTE(name, _), TILE)

/* dy of a band, `count` filters from `first_filter` on, becomes panels, POSITIONS rows apart. `all`: how many elements dy has. */
ON_LOCAL_ARRAYS void NAMED(pack_band)(local float *panels, const global float *dy, ulong all, uint filters, uint first_filter, uint count, band at,
                             sight see, conv_axis d, conv_axis h, conv_axis w) {
    const ulong line_step = (ulong)see.h.step * w.result, image_step = (ulong)d.result * h.result * w.result;
    const ulong first = result_number(at.first, see, d, h, w);
    for (uint line = 0; line < at.images * at.lines; line++) {
        const ulong from = (first + line / at.lines * image_step + line % at.lines * line_step) * filters + first_filter;
        for (uint j = 0; j < count; j += WIDTH)
            pack_rows(panels + j / PANEL * (POSITIONS * PANEL) + j % PANEL, PANEL, dy + from + j, filters, at.width, min((uint)WIDTH, count - j),
                      all - from - j);
        panels += at.width * PANEL;
    }
}

/*
 * to = alpha x dy + beta to, of each share of the bands for itself. Dimension 0: groups and blocks of columns; 1: shares, and parts of the
 * window, whose first `part_taps` and `part_channels` say how large they are.
 */
KERNEL(1, 1)
void NAMED(conv_weight_vector)(CONV_PARAMETERS, BAND_PARAMETERS, uint part_taps, uint part_channels, ulong share, float alpha, float beta,
                               const global float *x, const global float *dy, global float *to) {
    local float box[BOX + WIDTH], panels[POSITIONS * BLOCK], sums[TILE_ROWS * PANEL];
    local uint windows[POSITIONS], element[WINDOW];
    CONV_AXES
    const band_size size = BAND_SIZE;
    const uint blocks = (columns + BLOCK - 1) / BLOCK, group = get_group_id(0) / blocks, column = get_group_id(0) % blocks * BLOCK;
    const uint count = min((uint)BLOCK, columns - column), filters = groups * columns, first_filter = group * columns + column;
    const sight see = sight_of(0, 0, d, h, w);
    const box_shape shape = box_of(size, see);
    const uint taps = (uint)(d.size * h.size * w.size), channel_parts = (inner + part_channels - 1) / part_channels,
               parts = (taps + part_taps - 1) / part_taps * channel_parts;
    const uint number = get_group_id(1) % parts;
    const part of = part_at(number / channel_parts * part_taps, part_taps, taps, number % channel_parts * part_channels, part_channels, inner);
    const ulong all = (ulong)images * d.result * h.result * w.result * filters;
    const ulong piece = get_group_id(1) / parts, first_band = piece * share, end_band = all ? min(band_count(size, see, images), first_band + share) : 0;
    to += (piece * taps * inner + (ulong)of.first_tap * inner + of.first_channel) * filters + first_filter;
    index_elements(element, of, size, shape, see);
    for (ulong next = first_band; next < end_band || next == first_band; next++) {
        uint depth = 0;
        if (next < end_band) {
            const band at = band_at(next, size, see, images);
            depth = at.images * at.lines * at.width;
            fill_box(box, x, group * inner, groups * inner, images, at, size, shape, see, of, d, h, w);
            NAMED(pack_band)(panels, dy, all, filters, first_filter, count, at, see, d, h, w);
            const point_steps by = steps_of(at, shape, see, of.channels, d, h, w);
            point p = first_point(at, see, d, h, w);
            for (uint i = 0; i < depth; i++, p = point_after(p, at, by)) windows[i] = p.window;
        }
        const epilogue how = {0, alpha, beta, 0.0f, 0.0f, next == first_band, 0, 0};
        for (uint start = 0; start < count; start += PANEL)
            for (uint first = 0; first < of.taps * of.channels; first += TILE_ROWS) {
                const uint rows = min((uint)TILE_ROWS, of.taps * of.channels - first);
                const local float *left[TILE_ROWS];
                ulong row_place[TILE_ROWS];
#pragma unroll
                for (uint r = 0; r < TILE_ROWS; r++) {
                    left[r] = box + element[first + min(r, rows - 1)];
                    row_place[r] = (ulong)(first + r) * filters;
                }
                const uint width = min((uint)PANEL, count - start);
                const bool direct = is_direct(how) && rows == TILE_ROWS && width % WIDTH == 0;
                NAMED(multiply_gathered)(width, sums, left, windows, panels + start * POSITIONS, depth, how, 0, direct ? to + start : 0, row_place);
                if (direct) continue;
                for (uint r = 0; r < rows; r++)
                    for (uint j = start; j < min(start + PANEL, count); j += WIDTH) {
                        const ulong there = min((uint)WIDTH, count - j);
                        const real sum = LOAD(local, sums + r * PANEL + (j - start));
                        global float *out = to + (ulong)(first + r) * filters + j;
                        store_part(finish_vector(sum, R(0.0), out, there, how), out, there);
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
