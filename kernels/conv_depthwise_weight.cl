/* SPDX-License-Identifier: MIT */
/* The gradient with respect to the weights of conv_depthwise.cl. */
#include "conv.h"

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
