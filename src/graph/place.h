/* SPDX-License-Identifier: MIT */
/* Offsets in one arena for blocks that live at different times. */
#ifndef SOMA_GRAPH_PLACE_H
#define SOMA_GRAPH_PLACE_H

#include "base/base.h"

typedef struct soma_block {
    size_t size;        /* bytes; 0: needs no memory */
    size_t first, last; /* positions of the calls that first and last touch it */
    size_t offset;      /* out */
} soma_block;

/* Blocks whose lifetimes overlap get disjoint ranges; *total is the size of the arena. Offsets are multiples of
 * alignment. */
soma_status soma_place_blocks(soma_block *blocks, size_t count, size_t alignment, size_t *total);

#endif
