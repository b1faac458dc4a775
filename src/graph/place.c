/* SPDX-License-Identifier: MIT */
/*
 * The memory planner: largest block first, each at the lowest offset that is free during its life. This is
 * greedy-by-size offset assignment (Pisarchyk & Lee 2020, "Efficient Memory Management for Deep Neural Net Inference");
 * for the graphs at hand it is at or near the lower bound, the largest sum of blocks that live at one time.
 */
#include "graph/place.h"

#include <stdlib.h>
#include <string.h>

/* The order in which blocks are placed: by size, and by first use where sizes are equal, so that plans are
 * reproducible. */
static int larger_first(const void *x, const void *y) {
    const soma_block *a = *(soma_block *const *)x, *b = *(soma_block *const *)y;
    if (a->size != b->size) return a->size < b->size ? 1 : -1;
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* The lowest gap among the placed blocks, in the order of their offsets, that live at the same time. */
static size_t lowest_gap(const soma_block *block, soma_block *const *placed, size_t count) {
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        if (placed[i]->last < block->first || block->last < placed[i]->first) continue;
        if (placed[i]->offset >= offset + block->size) break;
        offset = SOMA_MAX(offset, placed[i]->offset + placed[i]->size);
    }
    return offset;
}

/* Behind those whose offsets are no larger. */
static void insert(soma_block *block, soma_block **placed, size_t count) {
    size_t from = 0, to = count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (placed[middle]->offset <= block->offset)
            from = middle + 1;
        else
            to = middle;
    }
    memmove(placed + from + 1, placed + from, (count - from) * sizeof *placed);
    placed[from] = block;
}

/* Rounds the sizes up. What all of them need together must be a size_t: then no offset can exceed one. */
static soma_status round_sizes(soma_block *blocks, size_t count, size_t alignment) {
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        bool fits = blocks[i].size <= SIZE_MAX - alignment;
        if (fits) blocks[i].size = soma_round_up(blocks[i].size, alignment);
        if (!fits || !soma_add_size(sum, blocks[i].size, &sum))
            return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the activations need more bytes than any memory has");
    }
    return SOMA_OK;
}

soma_status soma_place_blocks(soma_block *blocks, size_t count, size_t alignment, size_t *total) {
    *total = 0;
    SOMA_TRY(round_sizes(blocks, count, alignment));
    /* The order in which they are placed, and those that are, by offset. */
    soma_block **order = soma_calloc(2 * count, sizeof *order);
    if (!order) return soma_out_of_memory(2 * count * sizeof *order, "the memory plan");
    for (size_t i = 0; i < count; i++) order[i] = &blocks[i];
    qsort(order, count, sizeof *order, larger_first);
    for (size_t i = 0; i < count && order[i]->size > 0; i++) {
        order[i]->offset = lowest_gap(order[i], order + count, i);
        insert(order[i], order + count, i);
        *total = SOMA_MAX(*total, order[i]->offset + order[i]->size);
    }
    soma_free(order);
    return SOMA_OK;
}
