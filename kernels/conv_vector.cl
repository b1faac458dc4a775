/* SPDX-License-Identifier: MIT */
/*
 * Convolution and its gradients on processors, as matrix products whose left operand is gathered: element p of row r lies at left[r] + index[p],
 * so that no window is ever packed.
 *
 * Results are made band by band: a box of neighbours, all of one plane. What their windows take of the source is a box, too; it is copied into
 * local memory, with zeros where it lies outside. Then a result's number says where its window begins in the box, and an element's number how far
 * from there it lies: one table for all windows. Of all elements of a window a `part` is handled at a time: several of the kernel's elements with
 * all channels, or one with some channels. The box serves the window as a whole, or (`apart`) the one element of the part, where the whole would
 * leave room for few results.
 *
 * PANELS panels of the right operand, the weights or what comes back, are used with a band before the next.
 */
#include "conv.h"
#include "gemm_vector.cl"

typedef struct part {
    uint first_tap, taps, first_channel, channels;
} part;

static part part_at(uint first_tap, uint taps, uint all_taps, uint first_channel, uint channels, uint all_channels) {
    const part of = {first_tap, min(taps, all_taps - first_tap), first_channel, min(channels, all_channels - first_channel)};
    return of;
}

/* Bands as the host chooses them: results along each axis, at most, and whether their boxes are those of single elements. */
#define BAND_PARAMETERS uint band_images, uint band_lines, uint band_width, uint apart
#define BAND_SIZE {band_images, band_lines, band_width, apart}
typedef struct band_size {
    uint images, lines, width, apart;
} band_size;

typedef struct band {
    place first;
    uint images, lines, width;
} band;

static ulong pieces(ulong count, uint each) { return (count + each - 1) / each; }

static ulong band_count(band_size size, sight see, uint images) {
    return pieces(images, size.images) * see.d.count * pieces(see.h.count, size.lines) * pieces(see.w.count, size.width);
}

static band band_at(ulong number, band_size size, sight see, uint images) {
    const uint across = (uint)pieces(see.w.count, size.width), down = (uint)pieces(see.h.count, size.lines);
    band of;
    of.first.w = (int)(number % across * size.width);
    number /= across;
    of.first.h = (int)(number % down * size.lines);
    number /= down;
    of.first.d = (int)(number % see.d.count);
    of.first.image = number / see.d.count * size.images;
    of.images = (uint)min((ulong)size.images, images - of.first.image);
    of.lines = min(size.lines, (uint)(see.h.count - of.first.h));
    of.width = min(size.width, (uint)(see.w.count - of.first.w));
    return of;
}

/* Extents of the box of a full band. */
typedef struct box_shape {
    uint planes, lines, width;
} box_shape;

static uint reached(uint results, reach along, uint apart) {
    return (results - 1) * along.source_step + (apart ? 0 : (max(along.taps, 1) - 1) * along.tap_step) + 1;
}

static box_shape box_of(band_size size, sight see) {
    const box_shape of = {size.apart ? 1 : max(see.d.taps, 1), reached(size.lines, see.h, size.apart), reached(size.width, see.w, size.apart)};
    return of;
}

/* `room` elements may be read. Whole vectors are written, which may end behind the run: what comes there is written later. */
static void copy_run(local float *to, const global float *from, uint count, ulong room) {
    uint at = 0;
    for (; at < count && at + WIDTH <= room; at += WIDTH) STORE(local, to + at, LOAD(global, from + at));
    for (; at < count; at++) to[at] = from[at];
}

static void clear_run(local float *to, uint count) {
    for (uint at = 0; at < count; at += WIDTH) STORE(local, to + at, R(0.0));
}

/* `places` neighbours along the last axis, from the source's place w of this line. */
static void copy_line(local float *to, const global float *line, ulong room, int w, uint places, uint channels, int width, uint pitch) {
    const int end = max(min(width, w + (int)places), 0), begin = min(max(w, 0), end);
    const uint before = min((uint)(begin - w), places), inside = min((uint)(end - begin), places - before);
    clear_run(to, before * channels);
    to += before * channels;
    line += (ulong)begin * pitch;
    room -= (ulong)begin * pitch;
    if (channels == pitch) copy_run(to, line, inside * channels, room);
    else
        for (uint i = 0; i < inside; i++) copy_run(to + i * channels, line + (ulong)i * pitch, channels, room - (ulong)i * pitch);
    clear_run(to + inside * channels, (places - before - inside) * channels);
}

/* What a band takes for a part. `pitch`: the source's channels, of which `first` comes first. */
static void fill_box(local float *to, const global float *source, ulong first, uint pitch, ulong images, band at, band_size size, box_shape shape,
                     sight see, part of, conv_axis d, conv_axis h, conv_axis w) {
    if (of.taps == 0) return;
    const ulong plane = (ulong)h.source * w.source * pitch, all = images * d.source * plane;
    const uint tap = size.apart ? of.first_tap : 0;
    const int from_w = WINDOW_START(at.first, see, w) + (int)(tap % see.w.taps) * see.w.tap_step;
    const int from_h = WINDOW_START(at.first, see, h) + (int)(tap / see.w.taps % see.h.taps) * see.h.tap_step;
    const int from_d = WINDOW_START(at.first, see, d) + (int)(tap / see.w.taps / see.h.taps) * see.d.tap_step;
    const uint lines = reached(at.lines, see.h, size.apart), width = reached(at.width, see.w, size.apart);
    for (uint image = 0; image < at.images; image++)
        for (uint z = 0; z < shape.planes; z++)
            for (uint y = 0; y < lines; y++) {
                local float *line = to + ((image * shape.planes + z) * shape.lines + y) * shape.width * of.channels;
                const int p_d = from_d + (int)z * see.d.tap_step, p_h = from_h + (int)y;
                if (p_d < 0 || p_d >= d.source || p_h < 0 || p_h >= h.source) {
                    clear_run(line, width * of.channels);
                    continue;
                }
                const ulong skip = ((at.first.image + image) * d.source + p_d) * plane + (ulong)p_h * w.source * pitch + first + of.first_channel;
                copy_line(line, source + skip, all - skip, from_w, width, of.channels, w.source, pitch);
            }
}

/* How far from a window's beginning the part's element `tap` of the kernel lies in the box. */
static uint element_place(uint tap, part of, band_size size, box_shape shape, sight see) {
    if (size.apart) return 0;
    const uint number = of.first_tap + tap, m_w = number % see.w.taps, m_h = number / see.w.taps % see.h.taps, m_d = number / see.w.taps / see.h.taps;
    return ((m_d * shape.lines + m_h * see.h.tap_step) * shape.width + m_w * see.w.tap_step) * of.channels;
}

static void index_elements(local uint *index, part of, band_size size, box_shape shape, sight see) {
    for (uint tap = 0; tap < of.taps; tap++) {
        const uint first = element_place(tap, of, size, shape, see);
        for (uint c = 0; c < of.channels; c++) *index++ = first + c;
    }
}

/* Of the part's elements of the kernel those that meet the source for some result from `low` to `high` along axis h: those of other lines meet
 * padding alone. */
static uint2 met_taps(int low, int high, part of, sight see, conv_axis h) {
    if (see.d.taps > 1) return (uint2)(0, of.taps);
    const int lowest = see.h.source_first + low * see.h.source_step, highest = see.h.source_first + high * see.h.source_step;
    const int begin = highest < 0 ? (see.h.tap_step - 1 - highest) / see.h.tap_step : 0,
              end = lowest < h.source ? (h.source - 1 - lowest) / see.h.tap_step + 1 : 0;
    const uint first = (uint)(min(begin, see.h.taps) * see.w.taps), last = (uint)(min(end, see.h.taps) * see.w.taps);
    const uint from = max(first, of.first_tap) - of.first_tap;
    return (uint2)(from, max(min(last, of.first_tap + of.taps), of.first_tap + from) - of.first_tap);
}

/* A result of a band: its numbers there, where its window begins in the box, and where it lies among all results. */
typedef struct point {
    uint image, line, at, window;
    ulong to;
} point;

/* What the last two grow by from result to result, and besides where a line, and an image, begins. */
typedef struct point_steps {
    uint window, window_line, window_image;
    ulong to, to_line, to_image;
} point_steps;

static point_steps steps_of(band of, box_shape shape, sight see, uint channels, conv_axis d, conv_axis h, conv_axis w) {
    const uint line = see.h.source_step * shape.width * channels, image = shape.planes * shape.lines * shape.width * channels;
    const ulong to_line = (ulong)see.h.step * w.result, to_image = (ulong)d.result * h.result * w.result;
    point_steps by;
    by.window = see.w.source_step * channels;
    by.window_line = line - of.width * by.window;
    by.window_image = image - of.lines * line;
    by.to = see.w.step;
    by.to_line = to_line - of.width * by.to;
    by.to_image = to_image - of.lines * to_line;
    return by;
}

static point first_point(band of, sight see, conv_axis d, conv_axis h, conv_axis w) {
    const point first = {0, 0, 0, 0, result_number(of.first, see, d, h, w)};
    return first;
}

static point point_after(point p, band of, point_steps by) {
    p.window += by.window;
    p.to += by.to;
    if (++p.at < of.width) return p;
    p.at = 0;
    p.window += by.window_line;
    p.to += by.to_line;
    if (++p.line < of.lines) return p;
    p.line = 0;
    p.window += by.window_image;
    p.to += by.to_image;
    p.image++;
    return p;
}

#define TILE wide
#define TILE_ROWS WIDE_ROWS
#define TILE_VECTORS 2
#include "conv_vector.h"

#define TILE narrow
#define TILE_ROWS NARROW_ROWS
#define TILE_VECTORS 1
#include "conv_vector.h"
