/* SPDX-License-Identifier: MIT */
/*
 * Layers: builders that add tensors to the forward graph. They hold no device code and no backward code. Each accepts
 * NULL, so that calls nest, and records the first error in the network.
 */
#include "device/functions.h"
#include "nn/network.h"

#include <math.h>
#include <string.h>

static soma_network *owner(const soma_tensor *tensor) {
    return tensor->graph->owner;
}

/* Opens a layer; false where that fails, or something has failed before. */
static bool begin(soma_network *network, const char *kind, const char *name) {
    if (network->status != SOMA_OK) return false;
    soma_status status = soma_network_begin_layer(network, kind, name);
    if (status != SOMA_OK) soma_network_fail(network, status);
    return status == SOMA_OK;
}

/* Closes the layer that begin() opened; puts its name before an error's detail. */
static soma_tensor *finish(soma_network *network, soma_status status, soma_tensor *out) {
    if (status == SOMA_OK) status = soma_network_end_layer(network, out);
    if (status == SOMA_OK) return out;
    soma_error_prefix(status, "layer %s: ", network->layers[network->layer_count - 1].name);
    return soma_network_fail(network, status);
}

/* A layer of one op. */
static soma_tensor *one_op(const char *kind, soma_op op, soma_tensor *const *input, uint32_t count,
                           soma_attributes attributes) {
    soma_network *network = owner(input[0]);
    if (!begin(network, kind, NULL)) return NULL;
    soma_tensor_spec spec = {.op = op, .input_count = count, .input = input, .attributes = attributes};
    soma_tensor *out;
    soma_status status = soma_graph_add(&network->graph, &spec, &out);
    return finish(network, status, out);
}

/* A dimension of the sample as an axis of the tensor, which counts the batch. */
static uint32_t axis_of(const soma_tensor *x, uint32_t dimension) {
    return dimension + (x->batched && dimension < UINT32_MAX ? 1 : 0);
}

static soma_status check_rank(uint32_t rank, const size_t *shape) {
    if (rank < 1 || rank > 4)
        return soma_error(SOMA_INVALID_SHAPE, "%u dimensions per sample, 1 to 4 are possible", rank);
    return shape ? SOMA_OK : soma_error(SOMA_INVALID_ARGUMENT, "the shape is NULL");
}

/* ------------------------------------------------------------------------------------------------------------ input */

static soma_status add_input(soma_network *network, uint32_t rank, const size_t *shape, soma_tensor **out) {
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .batched = true, .rank = rank};
    SOMA_TRY(check_rank(rank, shape));
    memcpy(spec.shape, shape, rank * sizeof *shape);
    SOMA_TRY(soma_graph_add(&network->graph, &spec, out));
    return soma_network_add_input(network, *out);
}

soma_tensor *soma_input(soma_network *network, const char *name, uint32_t rank, const size_t *shape) {
    if (!network || !begin(network, "input", name)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = add_input(network, rank, shape, &out);
    return finish(network, status, out);
}

/* ------------------------------------------------------------------------------------------------------- activations
 */

soma_activation_options soma_activation_defaults(soma_function function) {
    const soma_function_row *row = soma_function_get(function);
    return (soma_activation_options){.a = row ? row->a : 0, .b = row ? row->b : 0};
}

static soma_status add_function(soma_tensor *x, soma_function function, const soma_activation_options *options,
                                soma_tensor **out) {
    if (function == SOMA_SOFTMAX) {
        soma_tensor_spec spec = {.op = SOMA_OP_SOFTMAX,
                                 .input_count = 1,
                                 .input = &x,
                                 .attributes = {.softmax = {.axis = axis_of(x, x->rank - 1)}}};
        return soma_graph_add(x->graph, &spec, out);
    }
    soma_activation_options chosen = options && options->set ? *options : soma_activation_defaults(function);
    return soma_graph_unary(x->graph, x, (soma_unary_params){function, chosen.a, chosen.b}, out);
}

soma_tensor *soma_activation(soma_tensor *x, soma_function function, const soma_activation_options *options) {
    const char *kind = soma_function_name(function);
    if (!x || !begin(owner(x), kind ? kind : "activation", NULL)) return NULL;
    soma_tensor *out;
    soma_status status = add_function(x, function, options, &out);
    return finish(owner(x), status, out);
}

soma_tensor *soma_softmax(soma_tensor *x, uint32_t axis) {
    if (!x) return NULL;
    return one_op("softmax", SOMA_OP_SOFTMAX, &x, 1, (soma_attributes){.softmax = {false, axis_of(x, axis)}});
}

soma_tensor *soma_log_softmax(soma_tensor *x, uint32_t axis) {
    if (!x) return NULL;
    return one_op("log_softmax", SOMA_OP_SOFTMAX, &x, 1, (soma_attributes){.softmax = {true, axis_of(x, axis)}});
}

/* ------------------------------------------------------------------------------------------------------------ dense */

/* A parameter of the layer at hand, W [in, units] or b [units]. */
static soma_status add_weights(soma_network *network, const char *role, const soma_parameter *description,
                               uint32_t rank, const size_t *shape, soma_tensor **out) {
    soma_text name = {.data = NULL};
    soma_text_append(&name, "%s.%s", network->layers[network->layer_count - 1].name, role);
    soma_status status = name.failed ? soma_out_of_memory(name.length, "a parameter's name")
                                     : soma_network_add_parameter(network, description, rank, shape, name.data, out);
    soma_free(name.data);
    return status;
}

static soma_status check_initializer(const char *role, soma_initializer initializer, float scale) {
    if ((unsigned)initializer >= SOMA_INIT_COUNT)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: there is no initializer number %d", role, (int)initializer);
    if (!isfinite(scale))
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: the initial scale is %g, it must be finite", role, (double)scale);
    return SOMA_OK;
}

static soma_status check_dense(const soma_tensor *x, size_t units, const soma_dense_options *options) {
    char text[SOMA_SHAPE_TEXT];
    if (units == 0) return soma_error(SOMA_INVALID_ARGUMENT, "0 units, at least 1 is needed");
    SOMA_TRY(check_initializer("weight", options->weight_initializer, options->weight_scale));
    SOMA_TRY(check_initializer("bias", options->bias_initializer, options->bias_scale));
    if (x->batched && x->rank == 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "a dense layer takes one dimension per sample, got %s; flatten it first",
                      soma_tensor_shape_text(x, text));
}

static soma_status build_dense(soma_tensor *x, size_t units, const soma_dense_options *options, soma_tensor **out) {
    soma_network *network = owner(x);
    SOMA_TRY(check_dense(x, units, options));
    size_t shape[2] = {x->shape[0], units};
    soma_parameter weight = {.initializer = options->weight_initializer,
                             .scale = options->weight_scale,
                             .fan_in = shape[0],
                             .fan_out = units};
    if (weight.initializer == SOMA_INIT_DEFAULT) weight.initializer = soma_initializer_for(options->activation);
    soma_parameter bias = {.initializer = options->bias_initializer,
                           .scale = options->bias_scale,
                           .fan_in = shape[0],
                           .fan_out = units,
                           .is_bias = true};
    if (bias.initializer == SOMA_INIT_DEFAULT) bias.initializer = SOMA_INIT_ZEROS;
    soma_tensor *w, *b = NULL;
    SOMA_TRY(add_weights(network, "weight", &weight, 2, shape, &w));
    if (!options->no_bias) SOMA_TRY(add_weights(network, "bias", &bias, 1, &units, &b));
    SOMA_TRY(soma_graph_gemm(&network->graph, x, w, b, false, false, out));
    if (options->activation == SOMA_IDENTITY) return SOMA_OK;
    return add_function(*out, options->activation, &options->function, out);
}

soma_tensor *soma_dense_with(soma_tensor *x, size_t units, const soma_dense_options *options) {
    static const soma_dense_options defaults;
    if (!options) options = &defaults;
    if (!x || !begin(owner(x), "dense", options->name)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = SOMA_CHECK_RESERVED(options, "soma_dense_options");
    if (status == SOMA_OK) status = build_dense(x, units, options, &out);
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
    if (!begin(owner(x), kind, NULL)) return NULL;
    soma_tensor like = {.batched = x->batched, .rank = rank}, *out = NULL;
    soma_status status = check_rank(rank, shape);
    if (status == SOMA_OK) {
        memcpy(like.shape, shape, rank * sizeof *shape);
        status = soma_graph_reshape(x->graph, x, &like, &out);
    }
    return finish(owner(x), status, out);
}

soma_tensor *soma_flatten(soma_tensor *x) {
    if (!x) return NULL;
    size_t count = soma_tensor_count(x);
    return reshape_layer("flatten", x, 1, &count);
}

soma_tensor *soma_reshape(soma_tensor *x, uint32_t rank, const size_t *shape) {
    return x ? reshape_layer("reshape", x, rank, shape) : NULL;
}

static soma_status reduce(soma_tensor *x, soma_reduction op, uint32_t axis, soma_tensor **out) {
    char text[SOMA_SHAPE_TEXT];
    if ((unsigned)op >= SOMA_REDUCTION_COUNT)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no reduction number %d", (int)op);
    if (x->rank == 1)
        return soma_error(SOMA_INVALID_SHAPE, "%s has one dimension per sample, none would be left",
                          soma_tensor_shape_text(x, text));
    return soma_graph_reduce(x->graph, x, op, axis_of(x, axis), out);
}

soma_tensor *soma_reduce(soma_tensor *x, soma_reduction op, uint32_t axis) {
    const char *kind = soma_name(SOMA_NAMES_REDUCTION, (int)op);
    if (!x || !begin(owner(x), kind ? kind : "reduce", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = reduce(x, op, axis, &out);
    return finish(owner(x), status, out);
}

/* ------------------------------------------------------------------------------------------------------------ joins */

static bool same_network(soma_tensor *x, soma_tensor *y, const char *kind) {
    if (x->graph == y->graph) return true;
    soma_network_fail(owner(x),
                      soma_error(SOMA_INVALID_ARGUMENT, "%s: the tensors belong to different networks", kind));
    return false;
}

static soma_tensor *join(const char *kind, soma_tensor *x, soma_tensor *y, soma_binary op) {
    if (!x || !y || !same_network(x, y, kind) || !begin(owner(x), kind, NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = soma_graph_binary(x->graph, x, y, op, &out);
    return finish(owner(x), status, out);
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
    if (!tensors || count == 0) return NULL;
    for (size_t i = 0; i < count; i++)
        if (!tensors[i] || !same_network(tensors[0], tensors[i], "concat")) return NULL;
    return one_op("concat", SOMA_OP_CONCAT, tensors, (uint32_t)SOMA_MIN(count, UINT32_MAX),
                  (soma_attributes){.concat = {axis_of(tensors[0], axis)}});
}

/* ------------------------------------------------------------------------------------------------------------ names */

soma_tensor *soma_named(soma_tensor *x, const char *name) {
    if (!x) return NULL;
    soma_status status = soma_check_name(name);
    if (status != SOMA_OK)
        return soma_network_fail(owner(x), soma_error_prefix(status, "renaming %s: ", soma_tensor_name(x)));
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
