/* SPDX-License-Identifier: MIT */
/* globalavgpool, globalmaxpool: one number for each channel, of all positions. */
#include "nn/layers/window.h"

static soma_status reduce_positions(soma_tensor *x, soma_reduction op, soma_tensor **out) {
    char text[SOMA_SHAPE_TEXT];
    if (x->batched && x->rank > 1) return soma_graph_reduce_axes(x->graph, x, op, 1, x->rank - 1, out);
    return soma_error(SOMA_INVALID_SHAPE, "it takes positions and, last, channels, as in [batch, 28, 28, 3], got %s",
                      soma_tensor_shape_text(x, text));
}

static soma_tensor *global_pool(const char *kind, soma_tensor *x, soma_reduction op) {
    if (!x || !soma_layer_begin(soma_layer_network(x), kind, NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = reduce_positions(x, op, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_global_average_pool(soma_tensor *x) {
    return global_pool("globalavgpool", x, SOMA_REDUCE_MEAN);
}

soma_tensor *soma_global_max_pool(soma_tensor *x) {
    return global_pool("globalmaxpool", x, SOMA_REDUCE_MAX);
}

static soma_status average_of_text(const soma_clause *clause, soma_tensor **x) {
    SOMA_TRY(soma_clause_expect_words(clause, 1, "globalavgpool"));
    uint32_t rank;
    SOMA_TRY(soma_positions_of_text(clause, 1, x, &rank));
    *x = soma_global_average_pool(*x);
    return SOMA_OK;
}

static soma_status max_of_text(const soma_clause *clause, soma_tensor **x) {
    SOMA_TRY(soma_clause_expect_words(clause, 1, "globalmaxpool"));
    uint32_t rank;
    SOMA_TRY(soma_positions_of_text(clause, 1, x, &rank));
    *x = soma_global_max_pool(*x);
    return SOMA_OK;
}

SOMA_LAYER(globalavgpool) = {.build = average_of_text,
                             .has_dimensions = true,
                             .words = "globalaveragepool globalaveragepooling globalavgpooling gap"};
SOMA_LAYER(globalmaxpool) = {.build = max_of_text, .has_dimensions = true, .words = "globalmaxpooling gmp"};
