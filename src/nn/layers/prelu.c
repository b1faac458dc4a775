/* SPDX-License-Identifier: MIT */
/* prelu: as relu, with a slope for x < 0 that is learnt (He et al. 2015, "Delving Deep into Rectifiers"). */
#include "nn/layers/layer.h"

#define USUAL_SLOPE 0.25f /* that of the paper, and of PyTorch */

/* max(0, x) - slope max(0, -x), a slope for each element of the last dimension. */
static soma_status build(soma_tensor *x, float slope, soma_tensor **out) {
    soma_network *network = soma_layer_network(x);
    soma_graph *graph = x->graph;
    char text[SOMA_SHAPE_TEXT];
    if (!x->batched || x->rank < 1)
        return soma_error(SOMA_INVALID_SHAPE, "it takes at least one dimension per sample, got %s",
                          soma_tensor_shape_text(x, text));
    SOMA_TRY(soma_layer_check_initializer("slope", SOMA_INIT_CONSTANT, slope));
    size_t width = x->shape[x->rank - 1];
    /* It stands with the biases, which do not decay: a slope that shrinks to 0 would make a relu of it. */
    soma_parameter description = {
        .initializer = SOMA_INIT_CONSTANT, .scale = slope, .fan_in = width, .fan_out = width, .is_bias = true};
    soma_tensor *slopes, *right, *left;
    SOMA_TRY(soma_layer_add_parameter(network, "slope", &description, 1, &width, &slopes));
    SOMA_TRY(soma_graph_unary(graph, x, (soma_unary_params){.function = SOMA_RELU}, &right));
    SOMA_TRY(soma_graph_unary(graph, x, (soma_unary_params){.function = SOMA_LINEAR, .a = -1}, &left));
    SOMA_TRY(soma_graph_unary(graph, left, (soma_unary_params){.function = SOMA_RELU}, &left));
    SOMA_TRY(soma_graph_binary(graph, left, slopes, SOMA_BINARY_MULTIPLY, &left));
    return soma_graph_binary(graph, right, left, SOMA_BINARY_SUBTRACT, out);
}

soma_tensor *soma_prelu(soma_tensor *x, float slope) {
    if (!x || !soma_layer_begin(soma_layer_network(x), "prelu", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = build(x, slope, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* prelu or prelu(SLOPE) */
static soma_status prelu_of_text(const soma_clause *clause, soma_tensor **x) {
    soma_word name;
    float values[2] = {USUAL_SLOPE};
    size_t count;
    SOMA_TRY(soma_clause_expect_words(clause, 1, "prelu"));
    SOMA_TRY(soma_clause_arguments(clause, clause->words[0], &name, values, &count));
    SOMA_TRY(soma_clause_expect_parameters(clause, clause->words[0], name, count, 1));
    *x = soma_prelu(*x, values[0]);
    return SOMA_OK;
}

SOMA_LAYER(prelu) = {.build = prelu_of_text, .takes_arguments = true};
