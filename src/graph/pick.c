/* SPDX-License-Identifier: MIT */
/* Elements of a dimension in another order, as pieces of it that are joined. */
#include "graph/graph.h"

/* ------------------------------------------------------------------------------------------------- the way round */

/* The size of a level at which a dimension of so many, of no factors but 2, 3 and 5, is turned around. */
static size_t factor_of(size_t size) {
    return size % 4 == 0 ? 4 : size % 2 == 0 ? 2 : size % 3 == 0 ? 3 : 5;
}

/* Pieces that it is cut into, at all levels. */
static size_t pieces_of(size_t size) {
    size_t pieces = 0;
    for (size_t left = size; left > 1; left /= factor_of(left)) pieces += factor_of(left);
    return pieces;
}

/* The size from `least` on, of these factors alone, with the fewest pieces. */
static size_t divisible_size(size_t least) {
    size_t best = 0;
    for (size_t fives = 1; fives < 8 * least && fives <= SIZE_MAX / 32; fives *= 5)
        for (size_t size = fives; size < 8 * least && size <= SIZE_MAX / 32; size *= 3) {
            size_t twos = size;
            while (twos < least) twos *= 2;
            if (!best || pieces_of(twos) < pieces_of(best) || (pieces_of(twos) == pieces_of(best) && twos < best))
                best = twos;
        }
    return best;
}

/* The parts of dimension 1 of x [outer, parts, inner] the other way round. */
static soma_status turn_parts(soma_tensor *x, soma_tensor **out) {
    soma_tensor *part[5];
    const uint32_t axis = x->batched ? 2 : 1;
    const size_t count = x->shape[1];
    for (size_t i = 0; i < count; i++) {
        const soma_tensor_spec spec = {
            .op = SOMA_OP_SLICE, .input_count = 1, .input = &x, .attributes = {.slice = {axis, count - 1 - i, 1}}};
        SOMA_TRY(soma_graph_add(x->graph, &spec, &part[i]));
    }
    return soma_graph_join(part, count, axis, out);
}

/*
 * A dimension of 4 x 4 x ... numbers is turned around by turning around each of these: some 2 to 4 pieces for each
 * doubling of the size, where elements one by one would be as many as there are.
 */
static soma_status turn(soma_tensor *x, uint32_t dimension, soma_tensor **out) {
    soma_tensor like = *x, level = {.batched = x->batched, .rank = 3, .shape = {1, 1, 1}}, *whole = x;
    const size_t size = x->shape[dimension], padded = divisible_size(size);
    soma_tensor_spec pad = {.op = SOMA_OP_PAD, .input_count = 1, .input = &x};
    pad.attributes.pad.after[dimension] = padded - size;
    if (padded > size) SOMA_TRY(soma_graph_add(x->graph, &pad, &whole));
    size_t inner = 1;
    for (uint32_t i = 0; i < x->rank; i++)
        if (i < dimension)
            level.shape[0] *= x->shape[i];
        else if (i > dimension)
            inner *= x->shape[i];
    for (size_t left = padded; left > 1;) {
        level.shape[1] = factor_of(left);
        left /= level.shape[1];
        level.shape[2] = left * inner;
        SOMA_TRY(soma_graph_reshape(x->graph, whole, &level, &whole));
        SOMA_TRY(turn_parts(whole, &whole));
        level.shape[0] *= level.shape[1];
    }
    like.shape[dimension] = padded;
    SOMA_TRY(soma_graph_reshape(x->graph, whole, &like, &whole));
    const soma_tensor_spec slice = {.op = SOMA_OP_SLICE,
                                    .input_count = 1,
                                    .input = &whole,
                                    .attributes = {.slice = {dimension + (x->batched ? 1 : 0), padded - size, size}}};
    *out = whole;
    return padded > size ? soma_graph_add(x->graph, &slice, out) : SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- pieces */

/* So many elements of x that follow each other in their order, or against it. */
typedef struct run {
    size_t start, length;
    bool falls;
} run;

/* Whether turning so many around takes fewer pieces than as many as they are. */
static bool is_worth_turning(size_t length) {
    const size_t padded = divisible_size(length);
    return pieces_of(padded) + 2 < length;
}

static run next_run(size_t i, size_t count, soma_place_function *place_of, const void *context) {
    run found = {place_of(context, i), 1, false};
    size_t falling = 1;
    while (i + found.length < count && place_of(context, i + found.length) == found.start + found.length)
        found.length++;
    if (found.length > 1) return found;
    while (i + falling < count && falling <= found.start && place_of(context, i + falling) == found.start - falling)
        falling++;
    if (!is_worth_turning(falling)) return found;
    return (run){found.start - (falling - 1), falling, true};
}

/* *pieces: how many there are of x. */
static soma_status cut_pieces(soma_tensor *x, uint32_t dimension, size_t count, soma_place_function *place_of,
                              const void *context, soma_tensor **parts, size_t most, size_t *pieces) {
    const uint32_t axis = dimension + (x->batched ? 1 : 0);
    *pieces = 0;
    for (size_t i = 0; i < count;) {
        const run found = next_run(i, count, place_of, context);
        if (*pieces == most)
            return soma_error(SOMA_UNSUPPORTED, "dimension %u of %zu becomes one of %zu, of more than %zu pieces",
                              dimension, x->shape[dimension], count, most);
        const soma_tensor_spec spec = {.op = SOMA_OP_SLICE,
                                       .input_count = 1,
                                       .input = &x,
                                       .attributes = {.slice = {axis, found.start, found.length}}};
        soma_tensor **part = &parts[(*pieces)++];
        SOMA_TRY(soma_graph_add(x->graph, &spec, part));
        if (found.falls) SOMA_TRY(turn(*part, dimension, part));
        i += found.length;
    }
    return SOMA_OK;
}

soma_status soma_graph_pick(soma_tensor *x, uint32_t dimension, size_t count, soma_place_function *place_of,
                            const void *context, soma_tensor **out) {
    const size_t most = SOMA_MIN(count, (size_t)SOMA_MOST_PIECES);
    size_t pieces;
    soma_tensor **parts = soma_calloc(most, sizeof *parts);
    if (!parts) return soma_out_of_memory(most * sizeof *parts, "the pieces of a tensor");
    soma_status status = cut_pieces(x, dimension, count, place_of, context, parts, most, &pieces);
    if (status == SOMA_OK) status = soma_graph_join(parts, pieces, dimension + (x->batched ? 1 : 0), out);
    soma_free(parts);
    return status;
}
