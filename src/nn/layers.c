/* SPDX-License-Identifier: MIT */
/*
 * Layers: builders that add tensors to the forward graph. They hold no device code and no backward code. Each accepts
 * NULL, so that calls nest, and records the first error in the network.
 */
#include "nn/network.h"

#include <stdio.h>
#include <string.h>

static soma_network *owner(const soma_tensor *tensor) {
    return tensor->graph->owner;
}

/* Ends a builder: records an error, or closes the layer that it opened. */
static soma_tensor *finish(soma_network *network, soma_status status, soma_tensor *out) {
    if (status != SOMA_OK) return soma_network_fail(network, status);
    soma_network_end_layer(network, out);
    return out;
}

/* Puts the layer's name before an error's detail. */
static soma_status within_layer(soma_network *network, soma_status status) {
    if (status == SOMA_OK) return SOMA_OK;
    return soma_error_prefix(status, "layer %s: ", network->layers[network->layer_count - 1].name);
}

/* A layer of one op. */
static soma_tensor *one_op(const char *kind, soma_op op, soma_tensor *const *input, uint32_t count,
                           soma_attributes attributes) {
    soma_network *network = owner(input[0]);
    soma_tensor_spec spec = {.op = op, .input_count = count, .input = input, .attributes = attributes};
    soma_tensor *out = NULL;
    soma_status status = soma_network_begin_layer(network, kind, NULL);
    if (status == SOMA_OK) status = within_layer(network, soma_graph_add(&network->graph, &spec, &out));
    return finish(network, status, out);
}

/* ------------------------------------------------------------------------------------------------------------ input */

soma_tensor *soma_input(soma_network *network, const char *name, uint32_t rank, const size_t *shape) {
    if (!network || network->status != SOMA_OK) return NULL;
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .batched = true, .rank = rank};
    soma_tensor *out = NULL;
    soma_status status = soma_network_begin_layer(network, "input", name);
    if (status == SOMA_OK && (rank < 1 || rank > 4))
        status = soma_error(SOMA_INVALID_SHAPE, "%u dimensions per sample, 1 to 4 are possible", rank);
    if (status == SOMA_OK) {
        memcpy(spec.shape, shape, rank * sizeof *shape);
        status = soma_graph_add(&network->graph, &spec, &out);
    }
    if (status == SOMA_OK) status = soma_network_add_input(network, out);
    return finish(network, network->layer_count ? within_layer(network, status) : status, out);
}

/* ------------------------------------------------------------------------------------------------------- activations
 */

soma_activation_options soma_activation_defaults(soma_function function) {
    switch (function) {
    case SOMA_LINEAR:
    case SOMA_ELU:
        return (soma_activation_options){.a = 1};
    case SOMA_LEAKY_RELU:
        return (soma_activation_options){.a = 1, .b = 0.01f};
    case SOMA_HARD_SIGMOID:
        return (soma_activation_options){.a = 0.2f, .b = 0.5f};
    default:
        return (soma_activation_options){.a = 0};
    }
}

static soma_status add_softmax(soma_tensor *x, uint32_t axis, bool log, soma_tensor **out) {
    soma_tensor_spec spec = {
        .op = SOMA_OP_SOFTMAX, .input_count = 1, .input = &x, .attributes = {.softmax = {log, axis}}};
    return soma_graph_add(x->graph, &spec, out);
}

static soma_status add_function(soma_tensor *x, soma_function function, const soma_activation_options *options,
                                soma_tensor **out) {
    if (function == SOMA_SOFTMAX) return add_softmax(x, x->rank, false, out); /* the last: the batch is axis 0 */
    soma_activation_options chosen = options && options->set ? *options : soma_activation_defaults(function);
    return soma_graph_unary(x->graph, x, (soma_unary_params){function, chosen.a, chosen.b}, out);
}

soma_tensor *soma_activation(soma_tensor *x, soma_function function, const soma_activation_options *options) {
    if (!x) return NULL;
    const char *kind = soma_function_name(function);
    soma_tensor *out = NULL;
    soma_status status = soma_network_begin_layer(owner(x), kind ? kind : "activation", NULL);
    if (status == SOMA_OK) status = within_layer(owner(x), add_function(x, function, options, &out));
    return finish(owner(x), status, out);
}

soma_tensor *soma_softmax(soma_tensor *x, uint32_t axis) {
    return x ? one_op("softmax", SOMA_OP_SOFTMAX, &x, 1, (soma_attributes){.softmax = {false, axis + 1}}) : NULL;
}

soma_tensor *soma_log_softmax(soma_tensor *x, uint32_t axis) {
    return x ? one_op("log_softmax", SOMA_OP_SOFTMAX, &x, 1, (soma_attributes){.softmax = {true, axis + 1}}) : NULL;
}

/* ------------------------------------------------------------------------------------------------------------ dense */

/* W [in, units] or b [units] of the layer at hand. */
static soma_status add_weights(soma_network *network, const char *role, const soma_parameter *description,
                               uint32_t rank, const size_t *shape, soma_tensor **out) {
    char name[256];
    snprintf(name, sizeof name, "%s.%s", network->layers[network->layer_count - 1].name, role);
    return soma_network_add_parameter(network, description, rank, shape, name, out);
}

static soma_status build_dense(soma_tensor *x, size_t units, const soma_dense_options *options, soma_tensor **out) {
    soma_network *network = owner(x);
    char text[SOMA_SHAPE_TEXT];
    if (units == 0) return soma_error(SOMA_INVALID_ARGUMENT, "0 units, at least 1 is needed");
    if (!x->batched || x->rank != 1)
        return soma_error(SOMA_INVALID_SHAPE, "a dense layer takes one dimension per sample, got %s; flatten it first",
                          soma_tensor_shape_text(x, text));
    size_t shape[2] = {x->shape[0], units};
    soma_parameter weight = {.initializer = options->weight_initializer != SOMA_INIT_DEFAULT
                                                ? options->weight_initializer
                                                : soma_initializer_for(options->activation),
                             .scale = options->weight_scale,
                             .fan_in = shape[0],
                             .fan_out = units};
    soma_parameter offset = weight;
    offset.initializer = options->bias_initializer != SOMA_INIT_DEFAULT ? options->bias_initializer : SOMA_INIT_ZEROS;
    offset.scale = options->bias_scale;
    offset.is_bias = true;
    soma_tensor *w, *b = NULL;
    SOMA_TRY(add_weights(network, "weight", &weight, 2, shape, &w));
    if (!options->no_bias) SOMA_TRY(add_weights(network, "bias", &offset, 1, &units, &b));
    SOMA_TRY(soma_graph_gemm(&network->graph, x, w, b, false, false, out));
    if (options->activation == SOMA_IDENTITY) return SOMA_OK;
    return add_function(*out, options->activation, &options->function, out);
}

soma_tensor *soma_dense_with(soma_tensor *x, size_t units, const soma_dense_options *options) {
    static const soma_dense_options defaults;
    if (!x) return NULL;
    if (!options) options = &defaults;
    soma_tensor *out = NULL;
    soma_status status = soma_network_begin_layer(owner(x), "dense", options->name);
    if (status == SOMA_OK) status = within_layer(owner(x), build_dense(x, units, options, &out));
    return finish(owner(x), status, out);
}

soma_tensor *soma_dense(soma_tensor *x, size_t units, soma_function activation) {
    return soma_dense_with(x, units, &(soma_dense_options){.activation = activation});
}

/* ------------------------------------------------------------------------------------------------------ small layers
 */

soma_tensor *soma_dropout(soma_tensor *x, float rate) {
    if (!x) return NULL;
    soma_attributes attributes = {.dropout = {.rate = rate, .stream = owner(x)->dropout_count}};
    soma_tensor *out = one_op("dropout", SOMA_OP_DROPOUT, &x, 1, attributes);
    if (out) owner(x)->dropout_count++;
    return out;
}

static soma_tensor *reshape_layer(const char *kind, soma_tensor *x, uint32_t rank, const size_t *shape) {
    soma_network *network = owner(x);
    soma_tensor *out = NULL;
    soma_status status = soma_network_begin_layer(network, kind, NULL);
    if (status == SOMA_OK && (rank < 1 || rank > 4))
        status = soma_error(SOMA_INVALID_SHAPE, "%u dimensions per sample, 1 to 4 are possible", rank);
    soma_tensor like = {.batched = true, .rank = rank};
    if (status == SOMA_OK) {
        memcpy(like.shape, shape, rank * sizeof *shape);
        status = soma_graph_reshape(&network->graph, x, &like, &out);
    }
    return finish(network, within_layer(network, status), out);
}

soma_tensor *soma_flatten(soma_tensor *x) {
    if (!x) return NULL;
    size_t count = soma_tensor_count(x);
    return reshape_layer("flatten", x, 1, &count);
}

soma_tensor *soma_reshape(soma_tensor *x, uint32_t rank, const size_t *shape) {
    return x ? reshape_layer("reshape", x, rank, shape) : NULL;
}

soma_tensor *soma_reduce(soma_tensor *x, soma_reduction op, uint32_t axis) {
    if (!x) return NULL;
    if ((unsigned)op >= SOMA_REDUCTION_COUNT)
        return soma_network_fail(owner(x), soma_error(SOMA_INVALID_ARGUMENT, "%d is no reduction", (int)op));
    if (x->rank == 1)
        return soma_network_fail(owner(x),
                                 soma_error(SOMA_INVALID_SHAPE, "%s of a tensor with one dimension would leave none",
                                            soma_name(SOMA_NAMES_REDUCTION, (int)op)));
    return one_op(soma_name(SOMA_NAMES_REDUCTION, (int)op), SOMA_OP_REDUCE, &x, 1,
                  (soma_attributes){.reduce = {op, axis + 1}});
}

/* ------------------------------------------------------------------------------------------------------------ joins */

static bool same_network(soma_tensor *x, soma_tensor *y, const char *kind) {
    if (x->graph == y->graph) return true;
    soma_network_fail(owner(x),
                      soma_error(SOMA_INVALID_ARGUMENT, "%s: the tensors belong to different networks", kind));
    return false;
}

static soma_tensor *join(const char *kind, soma_tensor *x, soma_tensor *y, soma_binary op) {
    if (!x || !y || !same_network(x, y, kind)) return NULL;
    soma_network *network = owner(x);
    soma_tensor *out = NULL;
    soma_status status = soma_network_begin_layer(network, kind, NULL);
    if (status == SOMA_OK) status = within_layer(network, soma_graph_binary(&network->graph, x, y, op, &out));
    return finish(network, status, out);
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

soma_tensor *soma_concat(soma_tensor *const *tensors, size_t count, uint32_t axis) {
    for (size_t i = 0; i < count; i++)
        if (!tensors[i] || !same_network(tensors[0], tensors[i], "concat")) return NULL;
    if (count == 0) return NULL;
    return one_op("concat", SOMA_OP_CONCAT, tensors, (uint32_t)SOMA_MIN(count, UINT32_MAX),
                  (soma_attributes){.concat = {axis + 1}});
}

/* ------------------------------------------------------------------------------------------------------------ names */

soma_tensor *soma_named(soma_tensor *x, const char *name) {
    if (!x) return NULL;
    const soma_tensor *other = soma_network_tensor(owner(x), name);
    if (other && other != x)
        return soma_network_fail(
            owner(x), soma_error(SOMA_INVALID_ARGUMENT, "there is a tensor \"%s\" already; names must differ", name));
    char *copy = soma_strdup(name);
    if (!copy) return soma_network_fail(owner(x), soma_out_of_memory(strlen(name) + 1, "a name"));
    soma_free(x->name);
    x->name = copy;
    return x;
}

soma_tensor *soma_output(soma_tensor *x) {
    if (!x) return NULL;
    soma_status status = soma_network_add_output(owner(x), x);
    return status == SOMA_OK ? x : soma_network_fail(owner(x), status);
}
