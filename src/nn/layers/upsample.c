/* SPDX-License-Identifier: MIT */
/* upsample: each position several times, or what lies between positions. */
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
    SOMA_TRY(soma_graph_reshape(x->graph, x, &rows, out));
    SOMA_TRY(soma_graph_copy(x->graph, *out, &many, 1, out));
    return soma_graph_reshape(x->graph, *out, &whole, out);
}

static size_t edge_place(const void *context, size_t i) {
    const size_t *size = context;
    return SOMA_MIN(i > 0 ? i - 1 : 0, *size - 1);
}

/*
 * Positions between: with a factor f, number r of those that position i becomes lies at i + (r + 1/2) / f - 1/2,
 * between that position and a neighbour; beyond the edge is the edge again.
 */
static soma_status between(soma_tensor *x, uint32_t dimension, size_t number, size_t factor, soma_tensor *wide,
                           soma_tensor **out) {
    double place = ((double)number + 0.5) / (double)factor - 0.5, share = place < 0 ? place + 1 : place;
    soma_attributes attributes = {.slice = {dimension + 1, place < 0 ? 0 : 1, x->shape[dimension]}};
    soma_tensor *parts[2];
    for (int i = 0; i < 2; i++) { /* the position in front, and the one behind */
        soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &wide, .attributes = attributes};
        SOMA_TRY(soma_graph_add(x->graph, &spec, &parts[i]));
        SOMA_TRY(soma_graph_copy(x->graph, parts[i], parts[i], (float)(i ? share : 1 - share), &parts[i]));
        attributes.slice.start++;
    }
    return soma_graph_binary(x->graph, parts[0], parts[1], SOMA_BINARY_ADD, out);
}

/* Along one dimension: the results [before, size, 1, after] for each number, joined to [before, size, factor, after].
 */
static soma_status interpolate(soma_tensor *x, uint32_t dimension, size_t factor, soma_tensor **out) {
    soma_tensor *wide, *parts[SOMA_MAX_INPUTS], rows = {.batched = true, .rank = 3, .shape = {1, 1, 1}}, whole = *x;
    if (factor > SOMA_MAX_INPUTS)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "the factor of dimension %u is %zu; between positions at most %d are "
                          "possible",
                          dimension, factor, SOMA_MAX_INPUTS);
    whole.shape[dimension] *= factor;
    for (uint32_t i = 0; i < x->rank; i++) rows.shape[i <= dimension ? 0 : 2] *= x->shape[i];
    SOMA_TRY(soma_graph_pick(x, dimension, x->shape[dimension] + 2, edge_place, &x->shape[dimension], &wide));
    for (size_t i = 0; i < factor; i++) {
        SOMA_TRY(between(x, dimension, i, factor, wide, &parts[i]));
        SOMA_TRY(soma_graph_reshape(x->graph, parts[i], &rows, &parts[i]));
    }
    soma_tensor_spec spec = {.op = SOMA_OP_CONCAT, .input_count = (uint32_t)factor, .input = parts};
    spec.attributes.concat.axis = 2;
    SOMA_TRY(soma_graph_add(x->graph, &spec, out));
    return soma_graph_reshape(x->graph, *out, &whole, out);
}

static soma_status add_upsample(soma_tensor *x, uint32_t rank, const size_t *factors, soma_interpolation how,
                                soma_tensor **out) {
    char text[SOMA_SHAPE_TEXT];
    if ((unsigned)how > SOMA_INTERPOLATE_LINEAR)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no interpolation number %d", (int)how);
    if (!factors) return soma_error(SOMA_INVALID_ARGUMENT, "the factors are NULL");
    if (!x->batched || rank < 1 || rank >= x->rank)
        return soma_error(SOMA_INVALID_SHAPE, "over %u dimensions it takes these and, last, channels, got %s", rank,
                          soma_tensor_shape_text(x, text));
    *out = x;
    for (uint32_t i = 0; i < rank; i++) {
        if (factors[i] == 0) return soma_error(SOMA_INVALID_ARGUMENT, "the factor of dimension %u is 0", i);
        if (factors[i] == 1) continue;
        SOMA_TRY(
            (how == SOMA_INTERPOLATE_NEAREST ? repeat : interpolate)(*out, x->rank - 1 - rank + i, factors[i], out));
    }
    if (*out != x) return SOMA_OK;
    return soma_graph_unary(x->graph, x, (soma_unary_params){.function = SOMA_IDENTITY}, out);
}

soma_tensor *soma_upsample(soma_tensor *x, uint32_t rank, const size_t *factors, soma_interpolation how) {
    if (!x || !soma_layer_begin(soma_layer_network(x), "upsample", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = add_upsample(x, rank, factors, how, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* nearest, or bilinear by whatever name. */
static soma_status parse_interpolation(const soma_clause *clause, soma_interpolation *how) {
    soma_word text = clause->words[2];
    *how = SOMA_INTERPOLATE_NEAREST;
    if (soma_name_is_one_of("nearest", text.start, text.length)) return SOMA_OK;
    *how = SOMA_INTERPOLATE_LINEAR;
    if (soma_name_is_one_of("bilinear linear trilinear", text.start, text.length)) return SOMA_OK;
    return soma_clause_reject(clause, text, "expected nearest or bilinear");
}

/* upsample SIZES [nearest|bilinear] */
static soma_status upsample_of_text(const soma_clause *clause, soma_tensor **x) {
    size_t factors[3];
    uint32_t sizes, rank;
    soma_interpolation how = SOMA_INTERPOLATE_NEAREST;
    if (clause->count == 3)
        SOMA_TRY(parse_interpolation(clause, &how));
    else
        SOMA_TRY(soma_clause_expect_words(clause, 2, "upsample FACTOR"));
    SOMA_TRY(soma_clause_sizes(clause, clause->words[1], "the factor", 1, factors, &sizes));
    SOMA_TRY(soma_positions_of_text(clause, sizes, x, &rank));
    SOMA_TRY(soma_clause_sizes_of(clause, clause->words[1], "the factor", 1, rank, factors));
    *x = soma_upsample(*x, rank, factors, how);
    return SOMA_OK;
}

SOMA_LAYER(upsample) = {.build = upsample_of_text, .has_dimensions = true, .words = "upsampling"};
