/* SPDX-License-Identifier: MIT */
/* upsample: each position several times (nearest neighbour). */
#include "nn/layers/window.h"

#include <string.h>

/* Along one dimension: [before, size, after] -> [before, size, factor, after] -> [before, size factor, after]. */
static soma_status repeat(soma_tensor *x, uint32_t dimension, size_t factor, soma_tensor **out) {
    soma_tensor rows = {.batched = true, .rank = 3, .shape = {1, 1, 1}}, many, whole = *x;
    char text[SOMA_SHAPE_TEXT];
    if (!soma_multiply_size(whole.shape[dimension], factor, &whole.shape[dimension]))
        return soma_error(SOMA_INVALID_SHAPE, "%s times %zu has more elements than memory has bytes",
                          soma_tensor_shape_text(x, text), factor);
    for (uint32_t i = 0; i < x->rank; i++) rows.shape[i <= dimension ? 0 : 2] *= x->shape[i];
    many = rows;
    many.shape[1] = factor;
    *out = x;
    if (factor == 1) return SOMA_OK;
    SOMA_TRY(soma_graph_reshape(x->graph, x, &rows, out));
    SOMA_TRY(soma_graph_copy(x->graph, *out, &many, 1, out));
    return soma_graph_reshape(x->graph, *out, &whole, out);
}

static soma_status add_upsample(soma_tensor *x, uint32_t rank, const size_t *factors, soma_tensor **out) {
    char text[SOMA_SHAPE_TEXT];
    if (!factors) return soma_error(SOMA_INVALID_ARGUMENT, "the factors are NULL");
    if (!x->batched || rank < 1 || rank >= x->rank)
        return soma_error(SOMA_INVALID_SHAPE, "over %u dimensions it takes these and, last, channels, got %s", rank,
                          soma_tensor_shape_text(x, text));
    *out = x;
    for (uint32_t i = 0; i < rank; i++) {
        if (factors[i] == 0) return soma_error(SOMA_INVALID_ARGUMENT, "the factor of dimension %u is 0", i);
        SOMA_TRY(repeat(*out, x->rank - 1 - rank + i, factors[i], out));
    }
    if (*out != x) return SOMA_OK;
    return soma_graph_unary(x->graph, x, (soma_unary_params){.function = SOMA_IDENTITY}, out);
}

soma_tensor *soma_upsample(soma_tensor *x, uint32_t rank, const size_t *factors) {
    if (!x || !soma_layer_begin(soma_layer_network(x), "upsample", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = add_upsample(x, rank, factors, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* upsample SIZES [nearest] */
static soma_status upsample_of_text(const soma_clause *clause, soma_tensor **x) {
    size_t factors[3];
    uint32_t sizes, rank;
    if (clause->count == 3 && !soma_name_is_one_of("nearest", clause->words[2].start, clause->words[2].length))
        return soma_clause_reject(clause, clause->words[2], "expected nearest, the one way to upsample that there is");
    if (clause->count != 3) SOMA_TRY(soma_clause_expect_words(clause, 2, "upsample FACTOR"));
    SOMA_TRY(soma_clause_sizes(clause, clause->words[1], "the factor", 1, factors, &sizes));
    SOMA_TRY(soma_positions_of_text(clause, sizes, x, &rank));
    SOMA_TRY(soma_clause_sizes_of(clause, clause->words[1], "the factor", 1, rank, factors));
    *x = soma_upsample(*x, rank, factors);
    return SOMA_OK;
}

SOMA_LAYER(upsample) = {.build = upsample_of_text, .has_dimensions = true, .words = "upsampling"};
