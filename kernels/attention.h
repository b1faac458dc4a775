/* SPDX-License-Identifier: MIT */
/*
 * The products of attention and its gradient, each of all heads of all samples, for a block of the queries:
 *
 *             rows      inner dimension       columns
 * SCORES      queries   a head's numbers      keys               q k^T, and dy v^T
 * VALUES      queries   keys                  a head's numbers   weights v, and slopes k
 * BACK        keys      queries               a head's numbers   weights^T dy, and slopes^T q: added up over the blocks, and over the
 *                                                                heads that share keys, in turn
 *
 * Scores, weights and slopes are a buffer [share, heads, block, keys]: of `share` samples at a time. Round number `round` has the block
 * round % blocks of the samples from round / blocks share on.
 */
#ifndef SOMA_KERNELS_ATTENTION_H
#define SOMA_KERNELS_ATTENTION_H

#include "product.h"

#define SCORES 0
#define VALUES 1
#define BACK 2

/* What every kernel takes first; `width` is that of a head's numbers. */
#define ATTENTION_SIZES                                                                                                \
    ulong samples, ulong steps, ulong keys, ulong heads, ulong key_heads, ulong width, ulong share, ulong block, ulong blocks, ulong round, uint causal
#define PASS_SIZES samples, steps, keys, heads, key_heads, width, share, block, blocks, round

/* number: of a head of a sample of the round; going back of a head of keys, whose turn-th head of queries it is about. */
static product product_of(uint kind, ulong number, ulong turn, ulong samples, ulong steps, ulong keys, ulong heads, ulong key_heads,
                          ulong width, ulong share, ulong block, ulong blocks, ulong round) {
    const ulong group = heads / key_heads, place = number / (kind == BACK ? key_heads : heads), sample = (uint)round / (uint)blocks * share + place;
    const ulong head = kind == BACK ? number % key_heads * group + turn : number % heads, first = (uint)round % (uint)blocks * block;
    const ulong queries = first < steps && sample < samples ? min(block, steps - first) : 0;
    const ulong query_start = ((sample * steps + first) * heads + head) * width;
    const ulong key_start = (sample * keys * key_heads + head / group) * width;
    const ulong buffer_start = (place * heads + head) * block * keys;
    product of;
    of.first = first;
    of.rows = kind != BACK ? queries : sample < samples ? keys : 0;
    of.columns = kind == SCORES ? keys : width;
    of.depth = kind == SCORES ? width : kind == VALUES ? keys : queries;
    of.left.start = kind == SCORES ? query_start : buffer_start;
    of.left.row = kind == SCORES ? heads * width : kind == VALUES ? keys : 1;
    of.left.step = kind == BACK ? keys : 1;
    of.right.start = kind == BACK ? query_start : key_start;
    of.right.row = kind == SCORES ? 1 : kind == VALUES ? key_heads * width : heads * width;
    of.right.step = kind == SCORES ? key_heads * width : 1;
    of.result.start = kind == SCORES ? buffer_start : kind == VALUES ? query_start : key_start;
    of.result.row = kind == SCORES ? keys : kind == VALUES ? heads * width : key_heads * width;
    of.result.step = 1;
    return of;
}

/* The part of the inner dimension that counts for rows up to end_row, if keys behind a query do not: what is left out is 0. */
static ulong depth_begin(uint kind, product of, ulong first_row, uint causal) {
    return kind == BACK && causal && first_row > of.first ? min(first_row - of.first, of.depth) : 0;
}
static ulong depth_end(uint kind, product of, ulong end_row, uint causal) {
    return kind == VALUES && causal ? min(of.first + end_row, of.depth) : of.depth;
}

/* Whether no query before end_row sees keys from `column` on. Their scores are nobody's concern. */
static bool is_unseen(uint kind, product of, ulong end_row, ulong column, uint causal) {
    return kind == SCORES && causal && column >= of.first + end_row;
}

#endif
