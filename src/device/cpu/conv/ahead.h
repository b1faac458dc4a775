/* SPDX-License-Identifier: MIT */
/* What the next band reads comes from beyond the caches of a core, often from memory: it is fetched piece by piece
 * while the tiles of this band are made. Piece by piece, since a core waits where too many fetches are under way. */
#ifndef SOMA_DEVICE_CPU_CONV_AHEAD_H
#define SOMA_DEVICE_CPU_CONV_AHEAD_H

#include "device/cpu/cpu.h"

#define CONV_LINE_FLOATS 16

typedef struct conv_ahead {
    const float *at, *end;
    const float *then, *then_end; /* what follows */
    size_t each;                  /* floats of a piece */
} conv_ahead;

/* In so many pieces, or a few less. */
static inline conv_ahead conv_ahead_of(const float *from, soma_range span, size_t pieces) {
    size_t each = soma_range_length(span) / SOMA_MAX(pieces, (size_t)1) + CONV_LINE_FLOATS;
    return (conv_ahead){.at = from + span.begin, .end = from + span.end, .each = each};
}

/* What two of them would fetch, one after the other, in as many pieces. */
static inline conv_ahead conv_ahead_joined(conv_ahead first, conv_ahead second) {
    first.then = second.at;
    first.then_end = second.end;
    first.each += second.each;
    return first;
}

/* The next piece, if there is one. */
static inline void conv_fetch(conv_ahead *ahead) {
    if (ahead->at == ahead->end) {
        if (ahead->then == ahead->then_end) return;
        ahead->at = ahead->then;
        ahead->end = ahead->then = ahead->then_end;
    }
    const float *end = ahead->at + SOMA_MIN(ahead->each, (size_t)(ahead->end - ahead->at));
    for (; ahead->at < end; ahead->at += SOMA_MIN((size_t)CONV_LINE_FLOATS, (size_t)(end - ahead->at)))
        __builtin_prefetch(ahead->at, 0, 2);
}

#endif
