/* SPDX-License-Identifier: MIT */
/* The kernel of conv_weight_vector.cl for one shape of its tile: TILE, TILE_ROWS, TILE_VECTORS. Included once for each; undefines them. */
#define PANEL (TILE_VECTORS * WIDTH)
#define BLOCK (PANELS * PANEL)
#define NAMED(name) PASTE(PASTE(name, _), TILE)

/*
 * to = alpha x dy + beta to, of each share of the results for itself. Dimension 0: groups and blocks of columns; 1: shares, and parts of the
 * window, whose first `part_taps` and `part_channels` say how large they are.
 */
KERNEL(1, 1)
void NAMED(conv_weight_vector)(CONV_PARAMETERS, ulong share, uint part_taps, uint part_channels, float alpha, float beta,
                               const global float *x, const global float *dy, global float *to) {
    local float windows[POSITIONS * WINDOW_PITCH], panels[POSITIONS * BLOCK], sums[TILE_ROWS * PANEL];
    CONV_AXES
    const uint blocks = (columns + BLOCK - 1) / BLOCK, group = get_group_id(0) / blocks, column = get_group_id(0) % blocks * BLOCK;
    const uint count = min((uint)BLOCK, columns - column), filters = groups * columns, first_filter = group * columns + column;
    const sight see = sight_of(0, 0, d, h, w);
    const uint taps = (uint)(d.size * h.size * w.size), channel_parts = (inner + part_channels - 1) / part_channels,
               parts = (taps + part_taps - 1) / part_taps * channel_parts;
    const uint number = get_group_id(1) % parts;
    const part of = part_at(number / channel_parts * part_taps, part_taps, taps, number % channel_parts * part_channels, part_channels, inner);
    const ulong all_rows = (ulong)images * d.result * h.result * w.result;
    const ulong piece = get_group_id(1) / parts, first_row = piece * share, end_row = min(all_rows, first_row + share);
    to += (piece * taps * inner + (ulong)of.first_tap * inner + of.first_channel) * filters + first_filter;
    place at = {0, 0, 0, 0};
    if (all_rows) at = place_at(first_row, see);
    for (ulong row = first_row; row < end_row || row == first_row; row += POSITIONS) {
        const uint depth = row < end_row ? (uint)min((ulong)POSITIONS, end_row - row) : 0;
        for (uint p = 0; p < depth; p++, at = place_after(at, see))
            pack_window(windows + p * WINDOW_PITCH, x, group * inner, groups * inner, images, at, see, of, d, h, w);
        for (uint j = 0; j < (count + PANEL - 1) / PANEL * PANEL; j += WIDTH)
            pack_rows(panels + j / PANEL * (POSITIONS * PANEL) + j % PANEL, PANEL, dy + row * filters + first_filter + j, filters, depth,
                      j < count ? min((uint)WIDTH, count - j) : 0);
        const epilogue how = {0, alpha, beta, 0.0f, 0.0f, row == first_row, 0, 0};
        for (uint start = 0; start < count; start += PANEL)
            for (uint first = 0; first < of.taps * of.channels; first += TILE_ROWS) {
                const uint rows = min((uint)TILE_ROWS, of.taps * of.channels - first);
                const local float *left[TILE_ROWS];
#pragma unroll
                for (uint r = 0; r < TILE_ROWS; r++) left[r] = windows + first + min(r, rows - 1);
                NAMED(multiply_packed)(sums, left, WINDOW_PITCH, panels + start * POSITIONS, depth);
                for (uint r = 0; r < rows; r++)
                    for (uint j = start; j < min(start + PANEL, count); j += WIDTH) {
                        const ulong there = min((uint)WIDTH, count - j);
                        const real sum = LOAD(local, sums + r * PANEL + (j - start));
                        global float *out = to + (ulong)(first + r) * filters + j;
                        store_part(finish_vector(sum, out, out, there, how), out, there);
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
