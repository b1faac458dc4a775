/* SPDX-License-Identifier: MIT */
/* dropout RATE: in training some elements are 0. */
#include "nn/layers/layer.h"

soma_tensor *soma_dropout(soma_tensor *x, float rate) {
    if (!x) return NULL;
    soma_attributes attributes = {.dropout = {.rate = rate, .stream = soma_layer_network(x)->dropout_count}};
    soma_tensor *out = soma_layer_of_op("dropout", SOMA_OP_DROPOUT, &x, 1, attributes);
    if (out) soma_layer_network(x)->dropout_count++;
    return out;
}

static soma_status dropout_of_text(const soma_clause *clause, soma_tensor **x) {
    float rate;
    SOMA_TRY(soma_clause_rate(clause, "dropout RATE", &rate));
    *x = soma_dropout(*x, rate);
    return SOMA_OK;
}

SOMA_LAYER(dropout) = {.build = dropout_of_text};
