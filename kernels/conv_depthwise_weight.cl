/* SPDX-License-Identifier: MIT */
/* The gradient with respect to the weights of conv_depthwise.cl. */
#include "conv.h"

#if WIDTH > 1
/* Elements of the kernel along the last axis that are made together, so that dy is loaded once for them. */
#define TOGETHER 4

/* One's place in the source is number i's of dy `stride` i + more: where that is inside. */
typedef struct inside {
    int begin, end;
} inside;

static inside inside_of(int more, conv_axis w) {
    const inside of = {more < 0 ? (-more - 1) / w.stride + 1 : 0, more < w.source ? min(w.result, (w.source - 1 - more) / w.stride + 1) : 0};
    return of;
}

/* The products of `count` elements of the kernel with dy from `begin` to `end` of a line. */
static __attribute__((always_inline)) void add_taps(real *total, int count, const global float *x, const global float *dy, int begin, int end,
                                                    int more, conv_axis w, ulong groups, ulong part) {
    const global float *from = x + ((long)begin * w.stride + more) * (long)groups, *right = dy + (ulong)begin * groups;
    const ulong step = (ulong)w.stride * groups, tap_step = (ulong)w.dilation * groups;
    for (int i = begin; i < end; i++, from += step, right += groups) {
        const real slope = load_part(right, part, 0.0f);
#pragma unroll
        for (int t = 0; t < TOGETHER; t++)
            if (t < count) total[t] = MULTIPLY_ADD(load_part(from + t * tap_step, part, 0.0f), slope, total[t]);
    }
}

/* The lines of a share with `count` elements of the kernel, of which the first lies `more` places from the result. */
static __attribute__((always_inline)) void add_lines(real *total, int count, const global float *x, const global float *dy, ulong first_line,
                                                     ulong end_line, int more_d, int more_h, int more, conv_axis d, conv_axis h, conv_axis w,
                                                     ulong groups, ulong part) {
    const inside first = inside_of(more, w), last = inside_of(more + (count - 1) * w.dilation, w);
    const int begin = first.begin, end = max(last.end, begin); /* where all of them are inside */
    for (ulong line = first_line; line < end_line; line++) {
        const int from_h = (int)(line % h.result) * h.stride + more_h, from_d = (int)(line / h.result % d.result) * d.stride + more_d;
        if (from_d < 0 || from_d >= d.source || from_h < 0 || from_h >= h.source) continue;
        const ulong image = line / h.result / d.result;
        const global float *from = x + (((image * d.source + from_d) * h.source + from_h) * w.source) * groups, *right = dy + line * w.result * groups;
        add_taps(total, count, from, right, begin, end, more, w, groups, part);
#pragma unroll
        for (int t = 0; t < TOGETHER; t++) {
            if (t >= count) continue;
            const int own = more + t * w.dilation;
            const inside of = inside_of(own, w);
            add_taps(total + t, 1, from, right, of.begin, min(of.end, begin), own, w, groups, part);
            add_taps(total + t, 1, from, right, max(of.begin, end), of.end, own, w, groups, part);
        }
    }
}

/*
 * to = alpha x dy + beta to, of each share of the lines of dy (a line: the last axis) for itself. Dimension 0: channels; 1: shares, and lines of the
 * kernel.
 */
KERNEL(GROUP, 1)
void conv_depthwise_weight(CONV_PARAMETERS, ulong share, float alpha, float beta, const global float *x, const global float *dy,
                           global float *to) {
    CONV_AXES
    const ulong channel = (ulong)ITEM_ID * WIDTH;
    if (channel >= groups) return;
    const ulong part = min((ulong)WIDTH, groups - channel);
    const uint kernel_lines = (uint)(d.size * h.size), kernel_line = get_group_id(1) % kernel_lines;
    const ulong piece = get_group_id(1) / kernel_lines, first_line = piece * share, end_line = min((ulong)images * d.result * h.result, first_line + share);
    const int more_d = (int)(kernel_line / (uint)h.size) * d.dilation - d.before, more_h = (int)(kernel_line % (uint)h.size) * h.dilation - h.before;
    to += (piece * kernel_lines + kernel_line) * w.size * groups + channel;
    for (int first = 0; first < w.size; first += TOGETHER) {
        const int count = min(TOGETHER, w.size - first), more = first * w.dilation - w.before;
        real total[TOGETHER];
#pragma unroll
        for (int t = 0; t < TOGETHER; t++) total[t] = R(0.0);
        if (count == 3 && part == WIDTH)
            add_lines(total, 3, x + channel, dy + channel, first_line, end_line, more_d, more_h, more, d, h, w, groups, WIDTH);
        else add_lines(total, count, x + channel, dy + channel, first_line, end_line, more_d, more_h, more, d, h, w, groups, part);
#pragma unroll
        for (int t = 0; t < TOGETHER; t++) {
            if (t >= count) continue;
            global float *own = to + (ulong)(first + t) * groups;
            real sum = alpha * total[t];
            if (beta != 0.0f) sum += beta * load_part(own, part, 0.0f);
            store_part(sum, own, part);
        }
    }
}
#else
/*
 * to = alpha x dy + beta to, of each share of the lines of dy (a line: the last axis) for itself. Dimension 0: channels; 1: shares, and elements of
 * the kernel.
 */
KERNEL(GROUP, 1)
void conv_depthwise_weight(CONV_PARAMETERS, ulong share, float alpha, float beta, const global float *x, const global float *dy,
                           global float *to) {
    CONV_AXES
    const ulong channel = (ulong)ITEM_ID * WIDTH;
    if (channel >= groups) return;
    const ulong part = min((ulong)WIDTH, groups - channel);
    const uint taps = (uint)(d.size * h.size * w.size), tap = get_group_id(1) % taps;
    const ulong piece = get_group_id(1) / taps, end_line = min((ulong)images * d.result * h.result, (piece + 1) * share);
    const int more_d = (int)(tap / (uint)(h.size * w.size)) * d.dilation - d.before, more_h = (int)(tap / (uint)w.size % (uint)h.size) * h.dilation - h.before,
              more_w = (int)(tap % (uint)w.size) * w.dilation - w.before;
    /* The results whose element of the source is inside. */
    const int begin = more_w < 0 ? (-more_w - 1) / w.stride + 1 : 0, end = more_w < w.source ? min(w.result, (w.source - 1 - more_w) / w.stride + 1) : 0;
    real total = R(0.0);
    for (ulong line = piece * share; line < end_line; line++) {
        const int from_h = (int)(line % h.result) * h.stride + more_h, from_d = (int)(line / h.result % d.result) * d.stride + more_d;
        if (from_d < 0 || from_d >= d.source || from_h < 0 || from_h >= h.source) continue;
        const ulong image = line / h.result / d.result;
        const global float *from = x + (((image * d.source + from_d) * h.source + from_h) * w.source + begin * w.stride + more_w) * groups + channel;
        const global float *right = dy + (line * w.result + begin) * groups + channel;
        for (int i = begin; i < end; i++, from += (ulong)w.stride * groups, right += groups)
            total = MULTIPLY_ADD(load_part(from, part, 0.0f), load_part(right, part, 0.0f), total);
    }
    to += (piece * taps + tap) * groups + channel;
    total *= alpha;
    if (beta != 0.0f) total += beta * load_part(to, part, 0.0f);
    store_part(total, to, part);
}
#endif
