/* SPDX-License-Identifier: MIT */
/* See layout.h. */
#include "io/onnx/layout.h"

#include <string.h>

/* Two ways of cutting the same elements, cut into pieces that both keep. */
enum { MOST_PIECES = 16 };
typedef struct cuts {
    uint32_t count;
    size_t size[MOST_PIECES];
    uint32_t of_a[MOST_PIECES], of_b[MOST_PIECES]; /* the dimension that it is a piece of */
} cuts;

static void turn_around(cuts *pieces) {
    for (uint32_t i = 0, j = pieces->count; i + 1 < j; i++) {
        j--;
        size_t size = pieces->size[i];
        uint32_t a = pieces->of_a[i], b = pieces->of_b[i];
        pieces->size[i] = pieces->size[j], pieces->of_a[i] = pieces->of_a[j], pieces->of_b[i] = pieces->of_b[j];
        pieces->size[j] = size, pieces->of_a[j] = a, pieces->of_b[j] = b;
    }
}

/* From the last to the first; dimensions of 1 have no pieces. False where one's dimension ends within the other's. */
static bool cut(uint32_t rank_a, const size_t *a, uint32_t rank_b, const size_t *b, cuts *pieces) {
    size_t left_a = 1, left_b = 1;
    pieces->count = 0;
    for (;;) {
        while (left_a == 1 && rank_a > 0) left_a = a[--rank_a];
        while (left_b == 1 && rank_b > 0) left_b = b[--rank_b];
        if (left_a == 1 || left_b == 1) break;
        size_t size = SOMA_MIN(left_a, left_b);
        if (size == 0 || left_a % size || left_b % size || pieces->count == MOST_PIECES) return false;
        pieces->size[pieces->count] = size;
        pieces->of_a[pieces->count] = rank_a;
        pieces->of_b[pieces->count++] = rank_b;
        left_a /= size;
        left_b /= size;
    }
    turn_around(pieces);
    return left_a == left_b;
}

/* The pieces in the order of a layout's dimensions (of[] says which), or as they are where it has none. */
static void arrange(const soma_onnx_layout *layout, const cuts *pieces, const uint32_t *of, uint32_t *sequence) {
    uint32_t count = 0;
    for (uint32_t i = 0; layout->rank == 0 && i < pieces->count; i++) sequence[count++] = i;
    for (uint32_t place = 0; place < layout->rank; place++)
        for (uint32_t i = 0; i < pieces->count; i++)
            if (of[i] == layout->order[place]) sequence[count++] = i;
}

/* A layout without dimensions has all elements in one. */
static uint32_t rank_of(const soma_onnx_layout *layout) {
    return layout->rank ? layout->rank : 1;
}

static const size_t *dimensions_of(const soma_onnx_layout *layout, const size_t *count) {
    return layout->rank ? layout->dim : count;
}

static size_t product(uint32_t rank, const size_t *dim) {
    size_t count = 1;
    for (uint32_t i = 0; i < rank; i++) count *= dim[i];
    return count;
}

/* ------------------------------------------------------------------------------------------------------- making one */

bool soma_onnx_layout_make(uint32_t rank, const size_t *dim, const uint32_t *order, soma_onnx_layout *layout) {
    uint32_t sequence[MOST_PIECES], place[MOST_PIECES], count = 0, joined[MOST_PIECES];
    size_t size[MOST_PIECES] = {0};
    *layout = (soma_onnx_layout){.rank = 0};
    if (rank > MOST_PIECES) return false;
    for (uint32_t i = 0; i < rank; i++)
        if (dim[order[i]] != 1) sequence[count++] = order[i];
    for (uint32_t i = 0; i < count; i++) place[sequence[i]] = i;
    /* In ONNX's order: each joins the one before it if it stands behind that in the tensor, too. */
    uint32_t made = 0, last = UINT32_MAX;
    for (uint32_t i = 0; i < rank; i++) {
        if (dim[i] == 1) continue;
        bool joins = last != UINT32_MAX && place[i] == place[last] + 1;
        if (!joins) size[made++] = 1;
        size[made - 1] *= dim[i];
        joined[i] = made - 1;
        last = i;
    }
    if (made <= 1) return true;
    if (made > SOMA_ONNX_MAX_LAYOUT) return false;
    layout->rank = (uint8_t)made;
    memcpy(layout->dim, size, made * sizeof *size);
    for (uint32_t i = 0, at = 0; i < count; i++)
        if (i == 0 || joined[sequence[i]] != joined[sequence[i - 1]])
            layout->order[at++] = (uint8_t)joined[sequence[i]];
    return true;
}

bool soma_onnx_layout_same(const soma_onnx_layout *a, const soma_onnx_layout *b) {
    return a->rank == b->rank && memcmp(a->order, b->order, a->rank * sizeof *a->order) == 0 &&
           memcmp(a->dim, b->dim, a->rank * sizeof *a->dim) == 0;
}

/* -------------------------------------------------------------------------------------------------------- reading one
 */

/* Dimensions of 1 stand behind the one that they stand behind in ONNX's order. */
static void add_ones(uint32_t rank, const size_t *dim, const uint32_t *large, uint32_t count, uint32_t *order) {
    uint32_t at = 0, first = 0;
    for (; first < rank && dim[first] == 1; first++) order[at++] = first;
    for (uint32_t i = 0; i < count; i++) {
        order[at++] = large[i];
        for (uint32_t j = large[i] + 1; j < rank && dim[j] == 1; j++) order[at++] = j;
    }
}

bool soma_onnx_layout_order(const soma_onnx_layout *layout, uint32_t rank, const size_t *dim, uint32_t *order) {
    size_t total = product(rank, dim);
    uint32_t sequence[MOST_PIECES], large[MOST_PIECES], count = 0;
    cuts pieces;
    if (!cut(rank_of(layout), dimensions_of(layout, &total), rank, dim, &pieces)) return false;
    arrange(layout, &pieces, pieces.of_a, sequence);
    for (uint32_t i = 0; i < pieces.count; i++) {
        uint32_t here = pieces.of_b[sequence[i]];
        bool goes_on = i > 0 && pieces.of_b[sequence[i - 1]] == here;
        bool begins = sequence[i] == 0 || pieces.of_b[sequence[i] - 1] != here;
        if (goes_on != !begins || (goes_on && sequence[i] != sequence[i - 1] + 1)) return false;
        if (begins) large[count++] = here;
    }
    add_ones(rank, dim, large, count, order);
    return true;
}

bool soma_onnx_layout_transpose(const soma_onnx_layout *layout, uint32_t rank, const size_t *dim, const uint32_t *order,
                                soma_onnx_layout *out) {
    size_t total = product(rank, dim), size[MOST_PIECES];
    uint32_t sequence[MOST_PIECES], turned[MOST_PIECES], now[MOST_PIECES], count = 0;
    cuts pieces;
    if (!cut(rank_of(layout), dimensions_of(layout, &total), rank, dim, &pieces)) return false;
    arrange(layout, &pieces, pieces.of_a, sequence);
    for (uint32_t i = 0; i < rank; i++)
        for (uint32_t j = 0; j < pieces.count; j++)
            if (pieces.of_b[j] == order[i]) {
                size[count] = pieces.size[j];
                now[j] = count++;
            }
    for (uint32_t i = 0; i < count; i++) turned[i] = now[sequence[i]];
    return soma_onnx_layout_make(count, size, turned, out);
}

/* --------------------------------------------------------------------------------------------------------- turning */

bool soma_onnx_layout_turn(const soma_onnx_layout *from, const soma_onnx_layout *to, size_t count,
                           soma_onnx_turn *turn) {
    uint32_t before[MOST_PIECES], after[MOST_PIECES], place[MOST_PIECES], group[MOST_PIECES];
    cuts pieces;
    *turn = (soma_onnx_turn){.rank = 0};
    if (!cut(rank_of(from), dimensions_of(from, &count), rank_of(to), dimensions_of(to, &count), &pieces)) return false;
    arrange(from, &pieces, pieces.of_a, before);
    arrange(to, &pieces, pieces.of_b, after);
    for (uint32_t i = 0; i < pieces.count; i++) place[after[i]] = i;
    for (uint32_t i = 0; i < pieces.count; i++) { /* what stays together is one dimension */
        bool joins = i > 0 && place[before[i]] == place[before[i - 1]] + 1;
        if (!joins && turn->rank == SOMA_COUNT_OF(turn->dim)) return false;
        if (!joins) turn->dim[turn->rank++] = 1;
        turn->dim[turn->rank - 1] *= pieces.size[before[i]];
        group[before[i]] = turn->rank - 1;
    }
    for (uint32_t i = 0, at = 0; i < pieces.count; i++)
        if (i == 0 || group[after[i]] != group[after[i - 1]]) turn->axis[at++] = group[after[i]];
    return true;
}
