/* SPDX-License-Identifier: MIT */
/* What the next band reads comes from beyond the caches of a core, often from memory: it is fetched piece by piece
 * while the tiles of this band are made. */
#ifndef SOMA_DEVICE_CPU_CONV_AHEAD_H
#define SOMA_DEVICE_CPU_CONV_AHEAD_H

#include "device/cpu/cpu.h"

#define CONV_LINE_FLOATS 16

typedef struct conv_ahead {
    const float *at, *end;
    size_t each; /* floats of a piece */
} conv_ahead;

/* In so many pieces, or a few less. */
static inline conv_ahead conv_ahead_of(const float *from, soma_range span, size_t pieces) {
    return (conv_ahead){from + span.begin, from + span.end, soma_range_length(span) / pieces + CONV_LINE_FLOATS};
}

/* The next piece, if there is one. */
static inline void conv_fetch(conv_ahead *ahead) {
    if (ahead->at == ahead->end) return;
    const float *end = ahead->at + SOMA_MIN(ahead->each, (size_t)(ahead->end - ahead->at));
    for (; ahead->at < end; ahead->at += SOMA_MIN((size_t)CONV_LINE_FLOATS, (size_t)(end - ahead->at)))
        __builtin_prefetch(ahead->at, 0, 2);
}

#endif
