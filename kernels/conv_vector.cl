/* SPDX-License-Identifier: MIT */
/*
 * Convolution and its gradients on processors, as matrix products whose left operand is read from the source while it is packed.
 *
 * A row of it is a window: the source's elements that one result takes. Of all elements of a window a `part` is handled at a time: several of the
 * kernel's elements with all channels, or one with some channels. Where windows take neighbours of the source's last axis and all of its
 * channels, these are one run. Packed rows are PITCH apart, since whole vectors are written, which may end behind a row.
 *
 * PANELS panels of the right operand, the weights or what comes back, are used with a packed tile before it is given up.
 */
#include "conv.h"
#include "gemm_vector.cl"

#define PITCH (DEPTH + WIDTH)

typedef struct part {
    uint first_tap, taps, first_channel, channels;
} part;

static part part_at(uint first_tap, uint taps, uint all_taps, uint first_channel, uint channels, uint all_channels) {
    const part of = {first_tap, min(taps, all_taps - first_tap), first_channel, min(channels, all_channels - first_channel)};
    return of;
}

/* How many channels, and elements of the kernel, a part of at most `depth` elements has, so that parts are of like sizes. */
static part divide_window(uint taps, uint channels, uint depth) {
    const uint channel_parts = max((channels + depth - 1) / depth, 1u), most = max((channels + channel_parts - 1) / channel_parts, 1u);
    const uint tap_parts = channel_parts > 1 ? max(taps, 1u) : max((taps + depth / most - 1) / (depth / most), 1u);
    const part size = {0, max((taps + tap_parts - 1) / tap_parts, 1u), 0, most};
    return size;
}

/* `room` elements may be read. */
static void copy_run(local float *to, const global float *from, uint count, ulong room) {
    uint at = 0;
    if (count + WIDTH <= room) {
        for (; at < count; at += WIDTH) STORE(local, to + at, LOAD(global, from + at));
        return;
    }
    for (; at < count; at++) to[at] = from[at];
}

static void clear_run(local float *to, uint count) {
    for (uint at = 0; at < count; at += WIDTH) STORE(local, to + at, R(0.0));
}

/* Neighbours along the last axis: `taps` windows' elements, from the source's element w of this line. */
static void copy_line(local float *to, const global float *line, ulong room, int w, uint taps, part of, reach along, int width,
                      uint pitch) {
    if (along.tap_step == 1 && of.channels == pitch) {
        const int end = min(width, w + (int)taps), begin = min(max(w, 0), max(end, 0));
        const uint before = min((uint)(begin - w), taps), inside = (uint)max(end - begin, 0);
        clear_run(to, before * pitch);
        if (inside) copy_run(to + before * pitch, line + (ulong)begin * pitch, inside * pitch, room - (ulong)begin * pitch);
        clear_run(to + (before + inside) * pitch, (taps - before - inside) * pitch);
        return;
    }
    for (uint tap = 0; tap < taps; tap++, w += along.tap_step, to += of.channels) {
        const ulong skip = (ulong)w * pitch;
        if (w < 0 || w >= width) clear_run(to, of.channels);
        else copy_run(to, line + skip, of.channels, room - skip);
    }
}

/* A part of a window into local memory, zeros where it is outside the source. `pitch`: the source's channels, of which `first` comes first. */
static void pack_window(local float *to, const global float *source, ulong first, uint pitch, ulong images, place at, sight see, part of,
                        conv_axis d, conv_axis h, conv_axis w) {
    if (of.taps == 0) return;
    const ulong size = (ulong)d.source * h.source * w.source * pitch, start = at.image * size + first + of.first_channel;
    uint m_w = of.first_tap % see.w.taps, m_h = of.first_tap / see.w.taps % see.h.taps, m_d = of.first_tap / see.w.taps / see.h.taps;
    for (uint left = of.taps; left > 0;) {
        const uint taps = min(left, see.w.taps - m_w);
        const int from_d = WINDOW_START(at, see, d) + (int)m_d * see.d.tap_step, from_h = WINDOW_START(at, see, h) + (int)m_h * see.h.tap_step;
        if (from_d < 0 || from_d >= d.source || from_h < 0 || from_h >= h.source) {
            clear_run(to, taps * of.channels);
        } else {
            const ulong line = start + ((ulong)from_d * h.source + from_h) * w.source * pitch;
            copy_line(to, source + line, images * size - line, WINDOW_START(at, see, w) + (int)m_w * see.w.tap_step, taps, of, see.w,
                      w.source, pitch);
        }
        to += taps * of.channels;
        left -= taps;
        m_w = 0;
        if (++m_h == (uint)see.h.taps) m_h = 0, m_d++;
    }
}

#define TILE wide
#define TILE_ROWS WIDE_ROWS
#define TILE_VECTORS 2
#include "conv_vector.h"

#define TILE narrow
#define TILE_ROWS NARROW_ROWS
#define TILE_VECTORS 1
#include "conv_vector.h"
