/* SPDX-License-Identifier: MIT */
/* spatialdropout RATE: in training some channels are 0, each as a whole (Tompson et al. 2015, "Efficient Object
 * Localization Using Convolutional Networks"). */
#include "nn/layers/window.h"

/* x times dropout of ones, of which there is one for each channel of a sample. */
static soma_status drop_channels(soma_tensor *x, float rate, soma_tensor **out) {
    soma_graph *graph = x->graph;
    char text[SOMA_SHAPE_TEXT];
    if (!x->batched || x->rank < 2)
        return soma_error(SOMA_INVALID_SHAPE,
                          "it takes positions and, last, channels, as in [batch, 28, 28, 3], got %s",
                          soma_tensor_shape_text(x, text));
    soma_tensor_spec spec = {.op = SOMA_OP_FILL, .attributes = {.fill = {1, false}}, .batched = true, .rank = x->rank};
    for (uint32_t i = 0; i < x->rank; i++) spec.shape[i] = i + 1 < x->rank ? 1 : x->shape[i];
    soma_tensor *ones, *mask;
    SOMA_TRY(soma_graph_add(graph, &spec, &ones));
    spec =
        (soma_tensor_spec){.op = SOMA_OP_DROPOUT,
                           .input_count = 1,
                           .input = &ones,
                           .attributes = {.dropout = {.rate = rate, .stream = soma_layer_network(x)->dropout_count}}};
    SOMA_TRY(soma_graph_add(graph, &spec, &mask));
    return soma_graph_binary(graph, x, mask, SOMA_BINARY_MULTIPLY, out);
}

soma_tensor *soma_spatial_dropout(soma_tensor *x, float rate) {
    if (!x || !soma_layer_begin(soma_layer_network(x), "spatialdropout", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = drop_channels(x, rate, &out);
    if (status == SOMA_OK) soma_layer_network(x)->dropout_count++;
    return soma_layer_finish(soma_layer_network(x), status, out);
}

static soma_status spatialdropout_of_text(const soma_clause *clause, soma_tensor **x) {
    uint32_t rank;
    float rate;
    SOMA_TRY(soma_clause_rate(clause, "spatialdropout RATE", &rate));
    SOMA_TRY(soma_positions_of_text(clause, 0, x, &rank));
    *x = soma_spatial_dropout(*x, rate);
    return SOMA_OK;
}

SOMA_LAYER(spatialdropout) = {.build = spatialdropout_of_text, .has_dimensions = true};
