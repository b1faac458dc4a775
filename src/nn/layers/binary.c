/* SPDX-License-Identifier: MIT */
/* Two tensors, element by element. */
#include "nn/layers/layer.h"

static soma_tensor *join(const char *kind, soma_tensor *x, soma_tensor *y, soma_binary op) {
    if (!x || !y || !soma_layer_same_network(x, y, kind) || !soma_layer_begin(soma_layer_network(x), kind, NULL))
        return NULL;
    soma_tensor *out = NULL;
    soma_status status = soma_graph_binary(x->graph, x, y, op, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_add(soma_tensor *x, soma_tensor *y) {
    return join("add", x, y, SOMA_BINARY_ADD);
}
soma_tensor *soma_subtract(soma_tensor *x, soma_tensor *y) {
    return join("subtract", x, y, SOMA_BINARY_SUBTRACT);
}
soma_tensor *soma_multiply(soma_tensor *x, soma_tensor *y) {
    return join("multiply", x, y, SOMA_BINARY_MULTIPLY);
}
soma_tensor *soma_divide(soma_tensor *x, soma_tensor *y) {
    return join("divide", x, y, SOMA_BINARY_DIVIDE);
}
soma_tensor *soma_maximum(soma_tensor *x, soma_tensor *y) {
    return join("maximum", x, y, SOMA_BINARY_MAXIMUM);
}
soma_tensor *soma_minimum(soma_tensor *x, soma_tensor *y) {
    return join("minimum", x, y, SOMA_BINARY_MINIMUM);
}
