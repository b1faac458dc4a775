/* SPDX-License-Identifier: MIT */
/* Functions as layers of their own: of one number, and softmax. */
#include "device/functions.h"
#include "nn/layers/layer.h"

soma_activation_options soma_activation_defaults(soma_function function) {
    const soma_function_row *row = soma_function_get(function);
    return (soma_activation_options){.a = row ? row->a : 0, .b = row ? row->b : 0};
}

soma_status soma_layer_add_function(soma_tensor *x, soma_function function, const soma_activation_options *options,
                                    soma_tensor **out) {
    if (function == SOMA_SOFTMAX) {
        soma_tensor_spec spec = {.op = SOMA_OP_SOFTMAX,
                                 .input_count = 1,
                                 .input = &x,
                                 .attributes = {.softmax = {.axis = soma_layer_axis(x, x->rank - 1)}}};
        return soma_graph_add(x->graph, &spec, out);
    }
    soma_activation_options chosen = options && options->set ? *options : soma_activation_defaults(function);
    return soma_graph_unary(x->graph, x, (soma_unary_params){function, chosen.a, chosen.b}, out);
}

soma_tensor *soma_activation(soma_tensor *x, soma_function function, const soma_activation_options *options) {
    const char *kind = soma_function_name(function);
    if (!x || !soma_layer_begin(soma_layer_network(x), kind ? kind : "activation", NULL)) return NULL;
    soma_tensor *out;
    soma_status status = soma_layer_add_function(x, function, options, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_softmax(soma_tensor *x, uint32_t axis) {
    if (!x) return NULL;
    return soma_layer_of_op("softmax", SOMA_OP_SOFTMAX, &x, 1,
                            (soma_attributes){.softmax = {false, soma_layer_axis(x, axis)}});
}

soma_tensor *soma_log_softmax(soma_tensor *x, uint32_t axis) {
    if (!x) return NULL;
    return soma_layer_of_op("log_softmax", SOMA_OP_SOFTMAX, &x, 1,
                            (soma_attributes){.softmax = {true, soma_layer_axis(x, axis)}});
}

/* A layer that is an activation by itself. */
soma_status soma_layer_build_activation(const soma_clause *clause, soma_tensor **x) {
    bool found;
    soma_function function = SOMA_IDENTITY;
    soma_activation_options options = {.set = false};
    char names[SOMA_NAME_LIST], layers[512];
    SOMA_TRY(soma_clause_function(clause, clause->words[0], &found, &function, &options));
    if (!found)
        return soma_clause_reject(clause, clause->words[0], "expected %s, or an activation (%s)",
                                  soma_layer_words(layers, sizeof layers), soma_name_list(SOMA_NAMES_FUNCTION, names));
    SOMA_TRY(soma_clause_expect_words(clause, 1, "ACTIVATION"));
    *x = soma_activation(*x, function, &options);
    return SOMA_OK;
}
