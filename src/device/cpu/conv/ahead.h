/* SPDX-License-Identifier: MIT */
/* What the next band reads comes from beyond the caches of a core, often from memory: it is fetched piece by piece
 * while the tiles of this band are made. Piece by piece, since a core waits where too many fetches are under way. */
#ifndef SOMA_DEVICE_CPU_CONV_AHEAD_H
#define SOMA_DEVICE_CPU_CONV_AHEAD_H

#include "device/cpu/cpu.h"

#define CONV_LINE_FLOATS 16

typedef struct conv_ahead {
    const float *at;
    size_t lines;
    const float *then; /* what follows */
    size_t then_lines;
    size_t each; /* lines of a piece */
} conv_ahead;

/* In so many pieces, or a few less. */
static inline conv_ahead conv_ahead_of(const float *from, soma_range span, size_t pieces) {
    size_t lines = soma_cpu_parts(soma_range_length(span), CONV_LINE_FLOATS);
    return (conv_ahead){.at = from + span.begin, .lines = lines, .each = lines / SOMA_MAX(pieces, (size_t)1) + 1};
}

/* What two of them would fetch, one after the other, in as many pieces. */
static inline conv_ahead conv_ahead_joined(conv_ahead first, conv_ahead second) {
    first.then = second.at;
    first.then_lines = second.lines;
    first.each += second.each;
    return first;
}

/* The next piece, if there is one. */
static inline void conv_fetch(conv_ahead *ahead) {
    if (ahead->lines == 0) {
        if (ahead->then_lines == 0) return;
        ahead->at = ahead->then;
        ahead->lines = ahead->then_lines;
        ahead->then_lines = 0;
    }
    const float *at = ahead->at;
    size_t count = SOMA_MIN(ahead->each, ahead->lines);
    for (size_t i = 0; i < count; i++) __builtin_prefetch(at + i * CONV_LINE_FLOATS, 0, 2);
    ahead->at = at + count * CONV_LINE_FLOATS;
    ahead->lines -= count;
}

#endif
