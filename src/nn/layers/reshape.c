/* SPDX-License-Identifier: MIT */
/* flatten, reshape D1 ...: the same elements in another shape. */
#include "nn/layers/layer.h"

#include <string.h>

static soma_tensor *reshape_layer(const char *kind, soma_tensor *x, uint32_t rank, const size_t *shape) {
    if (!soma_layer_begin(soma_layer_network(x), kind, NULL)) return NULL;
    soma_tensor like = {.batched = x->batched, .rank = rank}, *out = NULL;
    soma_status status = soma_layer_check_rank(rank, shape);
    if (status == SOMA_OK) {
        memcpy(like.shape, shape, rank * sizeof *shape);
        status = soma_graph_reshape(x->graph, x, &like, &out);
    }
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_flatten(soma_tensor *x) {
    if (!x) return NULL;
    size_t count = soma_tensor_count(x);
    return reshape_layer("flatten", x, 1, &count);
}

soma_tensor *soma_reshape(soma_tensor *x, uint32_t rank, const size_t *shape) {
    return x ? reshape_layer("reshape", x, rank, shape) : NULL;
}

static soma_status flatten_of_text(const soma_clause *clause, soma_tensor **x) {
    SOMA_TRY(soma_clause_expect_words(clause, 1, "flatten"));
    *x = soma_flatten(*x);
    return SOMA_OK;
}

SOMA_LAYER(flatten) = {.build = flatten_of_text};

/* reshape D1 [D2 ...] */
static soma_status parse_reshape(const soma_clause *clause, uint32_t *rank, size_t *shape) {
    if (clause->count < 2 || clause->count > 5)
        return soma_clause_reject(clause, clause->words[0], "expected 1 to 4 dimensions, as in \"reshape 28 28\"");
    *rank = (uint32_t)clause->count - 1;
    for (uint32_t i = 0; i < *rank; i++)
        SOMA_TRY(soma_clause_size(clause, clause->words[i + 1], "a dimension", &shape[i]));
    return SOMA_OK;
}

static soma_status reshape_of_text(const soma_clause *clause, soma_tensor **x) {
    uint32_t rank = 0;
    size_t shape[4];
    SOMA_TRY(parse_reshape(clause, &rank, shape));
    *x = soma_reshape(*x, rank, shape);
    return SOMA_OK;
}

SOMA_LAYER(reshape) = {.build = reshape_of_text};
