/* SPDX-License-Identifier: MIT */
/* See gradient_cases.h. */
#include "gradient_cases.h"
#include "kernels/recurrent_call.h"
#include "nn/network.h"

static soma_tensor *vector(soma_network *network, size_t size) {
    return soma_input(network, NULL, 1, &size);
}

/* What brings numbers to where a function is defined: IDENTITY where that is everywhere. */
static soma_function into_domain(int function) {
    if (function == SOMA_LOG || function == SOMA_SQRT) return SOMA_EXP;
    if (function == SOMA_ASIN || function == SOMA_ACOS || function == SOMA_ATANH) return SOMA_SOFTSIGN;
    return function == SOMA_ACOSH ? SOMA_COSH : SOMA_IDENTITY;
}

static soma_tensor *build_activation(soma_network *network, int function) {
    soma_tensor *x = soma_dense(vector(network, 4), 6, SOMA_IDENTITY);
    if (function == SOMA_ACOSH) x = soma_activation(x, SOMA_SIGMOID, NULL);
    if (into_domain(function) != SOMA_IDENTITY) x = soma_activation(x, into_domain(function), NULL);
    return soma_dense(soma_activation(x, (soma_function)function, NULL), 3, SOMA_IDENTITY);
}

static soma_tensor *build_fused(soma_network *network, int function) {
    soma_tensor *x = vector(network, 4);
    if (into_domain(function) != SOMA_IDENTITY) return soma_dense(x, 3, SOMA_IDENTITY);
    return soma_dense(soma_dense(x, 6, (soma_function)function), 3, SOMA_TANH);
}

static soma_tensor *build_leaky(soma_network *network, int variant) {
    static const float slopes[][2] = {{1, 0.01f}, {2, -0.5f}, {-0.5f, -2}};
    soma_activation_options options = {true, slopes[variant][0], slopes[variant][1]};
    soma_dense_options dense = {.activation = SOMA_LEAKY_RELU, .function = options, .no_bias = variant == 1};
    return soma_dense(soma_dense_with(vector(network, 4), 6, &dense), 3, SOMA_IDENTITY);
}

/* Of [3, 2]: every kind, whole or its end, there, back or both ways. */
static soma_tensor *build_recurrent(soma_network *network, int variant) {
    static const char *const layers[] = {"rnn 3",
                                         "rnn 3 relu reverse nobias",
                                         "lstm 3",
                                         "lstm 2 last",
                                         "lstm 2 bidirectional",
                                         "gru 3",
                                         "gru 2 reset before",
                                         "gru 2 bidirectional last",
                                         "gru 2 reset before reverse last"};
    size_t shape[2] = {3, 2};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 6, SOMA_IDENTITY), 2, shape);
    return soma_dense(soma_flatten(soma_layers(x, layers[variant])), 3, SOMA_IDENTITY);
}

/* Two sequences of a sample at a time, from states on, as imported models have them. */
static soma_tensor *build_recurrent_sequences(soma_network *network, int variant) {
    enum { SEQUENCES = 2, LENGTH = 3, UNITS = 2 };
    static const soma_recurrent_params params[] = {
        {.kind = SOMA_RECURRENT_RNN, .function = SOMA_TANH, .reverse = true},
        {.kind = SOMA_RECURRENT_LSTM, .function = SOMA_TANH},
        {.kind = SOMA_RECURRENT_GRU, .function = SOMA_TANH},
        {.kind = SOMA_RECURRENT_GRU, .function = SOMA_TANH, .reverse = true, .reset_before = true},
    };
    const bool lstm = params[variant].kind == SOMA_RECURRENT_LSTM;
    const size_t columns = soma_recurrent_gates(params[variant].kind) * UNITS;
    const size_t steps[3] = {SEQUENCES, LENGTH, columns}, states[2] = {SEQUENCES, UNITS};
    soma_tensor *given = vector(network, 4), *input[4], *y;
    /* Its weight has the shape of the recurrent one. */
    soma_tensor *step = soma_dense(soma_dense(given, UNITS, SOMA_TANH), columns, SOMA_IDENTITY);
    soma_tensor *all = soma_dense(given, SEQUENCES * LENGTH * columns, SOMA_IDENTITY);
    input[0] = soma_reshape(all, 3, steps);
    input[1] = soma_network_tensor(network, "dense_2.weight");
    input[2] = soma_reshape(soma_dense(given, SEQUENCES * UNITS, SOMA_TANH), 2, states);
    input[3] = lstm ? soma_reshape(soma_dense(given, SEQUENCES * UNITS, SOMA_IDENTITY), 2, states) : NULL;
    const soma_tensor_spec spec = {
        .op = SOMA_OP_RECURRENT,
        .input_count = lstm ? 4 : 3,
        .input = input,
        .attributes = {.recurrent = {.params = params[variant], .stated = true, .celled = lstm}}};
    if (!input[0] || !input[1] || !input[2] || soma_graph_add(&network->graph, &spec, &y) != SOMA_OK) return NULL;
    soma_tensor *const parts[] = {soma_flatten(y), step};
    return soma_dense(soma_concat(parts, 2, 0), 3, SOMA_IDENTITY);
}

/* With a first state and cell, and a mask that leaves the second of three steps out. */
static soma_tensor *build_recurrent_state(soma_network *network, int variant) {
    size_t shape[2] = {3, 2};
    soma_tensor *given = vector(network, 4), *x = soma_dense(given, 6, SOMA_IDENTITY), *ends[2], *y;
    soma_recurrent_options options = {.state = soma_dense(given, 3, SOMA_TANH), .reverse = variant == 1};
    static const float middle[3] = {1, -1, 1};
    if (variant == 0) options.cell = soma_dense(given, 3, SOMA_IDENTITY);
    if (variant == 2) options.reset_before = true;
    soma_tensor *mask = soma_dense_with(
        given, 3, &(soma_dense_options){.weight_initializer = SOMA_INIT_ZEROS, .bias_initializer = SOMA_INIT_ZEROS});
    if (!mask || soma_set_parameter(network, soma_network_parameter(network, soma_network_parameter_count(network) - 1),
                                    middle, 3) != SOMA_OK)
        return NULL;
    options.mask = soma_activation(mask, SOMA_STEP, NULL);
    options.final_state = &ends[0];
    x = soma_reshape(x, 2, shape);
    y = variant == 0 ? soma_lstm(x, 3, &options) : soma_gru(x, 3, &options);
    if (!y) return NULL;
    ends[1] = soma_flatten(y);
    return soma_dense(soma_concat(ends, 2, 0), 3, SOMA_IDENTITY);
}

/* Of [3, 4]: one head and several, shared keys, rotary positions, and blocks of every kind. */
static const char *const attention_texts[] = {"attention heads 1",
                                              "attention heads 2 causal nobias",
                                              "attention heads 4 kvheads 2 width 3",
                                              "attention heads 2 kvheads 1 rotary causal",
                                              "transformer heads 2",
                                              "transformer heads 1 hidden 3 causal postnorm relu",
                                              "transformer heads 2 kvheads 1 rmsnorm swiglu rotary nobias"};

static soma_tensor *build_attention(soma_network *network, int variant) {
    size_t shape[2] = {3, 4};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 12, SOMA_IDENTITY), 2, shape);
    return soma_dense(soma_flatten(soma_layers(x, attention_texts[variant])), 3, SOMA_IDENTITY);
}

/* Keys and values of another sequence [4, 3] than the queries [2, 4], with a mask that hides the second and the last,
 * all of them, or none. */
static soma_tensor *build_attention_context(soma_network *network, int variant) {
    static const float masks[][4] = {{1, -1, 1, -1}, {-1, -1, -1, -1}, {1, 1, 1, 1}};
    size_t shape[2] = {2, 4}, other[2] = {4, 3};
    soma_tensor *given = vector(network, 4);
    soma_tensor *x = soma_reshape(soma_dense(given, 8, SOMA_TANH), 2, shape);
    soma_tensor *context = soma_reshape(soma_dense(given, 12, SOMA_TANH), 2, other);
    soma_tensor *mask = soma_dense_with(
        given, 4, &(soma_dense_options){.weight_initializer = SOMA_INIT_ZEROS, .bias_initializer = SOMA_INIT_ZEROS});
    if (!mask || soma_set_parameter(network, soma_network_parameter(network, soma_network_parameter_count(network) - 1),
                                    masks[variant], 4) != SOMA_OK)
        return NULL;
    const soma_attention_options options = {.context = context, .mask = soma_activation(mask, SOMA_STEP, NULL)};
    return soma_dense(soma_flatten(soma_attention(x, 2, &options)), 3, SOMA_IDENTITY);
}

static soma_tensor *build_prelu(soma_network *network, int variant) {
    size_t shape[2] = {3, 2};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 6, SOMA_IDENTITY), 2, shape);
    return soma_dense(soma_flatten(soma_prelu(x, variant ? -0.5f : 0.25f)), 3, SOMA_IDENTITY);
}

/* Of a sequence [3, 2], and of [2, 3, 2]: with a function, with softmax, and without a bias. */
static soma_tensor *build_dense_steps(soma_network *network, int variant) {
    static const soma_function functions[] = {SOMA_TANH, SOMA_SOFTMAX, SOMA_IDENTITY};
    soma_dense_options options = {.activation = functions[variant % 3],
                                  .no_bias = variant % 3 == 2,
                                  .bias_initializer = SOMA_INIT_NORMAL,
                                  .every_step = 1};
    size_t shape[3] = {2, 3, 2}, count = variant < 3 ? 6 : 12;
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), count, SOMA_IDENTITY), variant < 3 ? 2 : 3,
                                  variant < 3 ? shape + 1 : shape);
    return soma_dense(soma_flatten(soma_dense_with(x, 5, &options)), 3, SOMA_IDENTITY);
}

/* Rows of a table of 6 by numbers in [0, 8) (ONNX counts those below 0 from the end) that are cut off to whole ones, so
 * that some are outside, and added to what has a gradient by them. A dense layer behind works on every step, or on all.
 */
static soma_tensor *build_embedding(soma_network *network, int variant) {
    static const char *const layers[] = {"embedding 6 3", "embedding 6 3; flatten; dense 5 tanh",
                                         "embedding 6 3; layernorm; dense 5 tanh; dropout 0; dense 2",
                                         "embedding 6 3; positions; positions sinusoidal; dense 2"};
    soma_tensor *x = vector(network, 4), *size = soma_activation(x, SOMA_ABS, NULL);
    soma_tensor *numbers = soma_activation(size, SOMA_LINEAR, &(soma_activation_options){true, 8, 0});
    soma_tensor *rows = soma_flatten(soma_layers(numbers, layers[variant]));
    return soma_add(soma_dense(rows, 3, SOMA_IDENTITY), soma_dense(x, 3, SOMA_TANH));
}

/* Rows of a table that each sample has for itself, by numbers of its own, so that both have gradients by all weights.
 */
static soma_tensor *build_own_rows(soma_network *network, int variant) {
    static const size_t shape[2] = {4, 3};
    soma_graph *graph = &network->graph;
    soma_tensor *x = vector(network, 4), *table = soma_reshape(soma_dense(x, 12, SOMA_TANH), 2, shape), *first,
                *numbers;
    soma_tensor *index, *rows;
    const soma_unary_params four = {.function = SOMA_LINEAR, .a = 4};
    soma_tensor_spec ordinal = {.op = SOMA_OP_ORDINAL, .input_count = 1, .input = &table};
    soma_tensor_spec whole = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &numbers};
    soma_tensor_spec gather = {.op = SOMA_OP_GATHER, .input_count = 2};
    (void)variant;
    numbers = soma_activation(x, SOMA_SIGMOID, NULL);
    if (!table || !numbers || soma_graph_unary(graph, numbers, four, &numbers) != SOMA_OK ||
        soma_graph_add(graph, &ordinal, &first) != SOMA_OK || soma_graph_unary(graph, first, four, &first) != SOMA_OK ||
        soma_graph_binary(graph, numbers, first, SOMA_BINARY_ADD, &numbers) != SOMA_OK ||
        soma_graph_add(graph, &whole, &index) != SOMA_OK)
        return NULL;
    gather.input = (soma_tensor *[]){table, index};
    if (soma_graph_add(graph, &gather, &rows) != SOMA_OK) return NULL;
    return soma_add(soma_dense(soma_flatten(rows), 3, SOMA_IDENTITY), soma_dense(x, 3, SOMA_TANH));
}

/* Rows added at places of a table of each sample, some of them at the same place, so that both have gradients. */
static soma_tensor *build_put(soma_network *network, int variant) {
    static const size_t table_shape[2] = {3, 2}, rows_shape[2] = {4, 2};
    soma_graph *graph = &network->graph;
    soma_tensor *x = vector(network, 4), *table = soma_reshape(soma_dense(x, 6, SOMA_TANH), 2, table_shape), *index,
                *rows = soma_reshape(soma_dense(x, 8, SOMA_TANH), 2, rows_shape), *y;
    soma_tensor *numbers = soma_activation(x, SOMA_SIGMOID, NULL);
    const soma_unary_params times = {.function = SOMA_LINEAR, .a = 2.6f};
    soma_tensor_spec whole = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &numbers};
    soma_tensor_spec put = {
        .op = SOMA_OP_PUT, .input_count = 3, .attributes = {.put = {.combines = true, .op = SOMA_BINARY_ADD}}};
    (void)variant;
    if (!table || !rows || !numbers || soma_graph_unary(graph, numbers, times, &numbers) != SOMA_OK ||
        soma_graph_add(graph, &whole, &index) != SOMA_OK)
        return NULL;
    put.input = (soma_tensor *[]){table, rows, index};
    if (soma_graph_add(graph, &put, &y) != SOMA_OK) return NULL;
    return soma_add(soma_dense(soma_flatten(y), 3, SOMA_IDENTITY), soma_dense(x, 3, SOMA_TANH));
}

/* Of [3, 4]; `variant` says which layer, and with what behind it. */
static soma_tensor *build_normalize(soma_network *network, int variant) {
    static const char *const layers[] = {"batchnorm",
                                         "batchnorm; relu",
                                         "batchnorm noscale; tanh",
                                         "batchnorm nooffset",
                                         "layernorm",
                                         "layernorm(0.1) noscale; gelu",
                                         "groupnorm 2",
                                         "groupnorm 1 nooffset",
                                         "instancenorm; relu",
                                         "rmsnorm",
                                         "rmsnorm(0.1) noscale"};
    size_t shape[2] = {3, 4};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 12, SOMA_IDENTITY), 2, shape);
    return soma_dense(soma_flatten(soma_layers(x, layers[variant])), 3, SOMA_IDENTITY);
}

/* Of one dimension, and of the input itself. */
static soma_tensor *build_normalize_vector(soma_network *network, int variant) {
    static const char *const layers[] = {"batchnorm; dense 6; batchnorm; relu", "layernorm; dense 6 tanh; rmsnorm",
                                         "groupnorm 2; dense 6; groupnorm 3"};
    return soma_dense(soma_layers(vector(network, 4), layers[variant]), 3, SOMA_IDENTITY);
}

/* By running figures that stay, weight and bias trained (0, 1) or not (2). */
static soma_tensor *build_frozen_normalize(soma_network *network, int variant) {
    static const char *const layers[] = {"dense 4; batchnorm; tanh", "reshape 2 2; batchnorm; relu; flatten",
                                         "dense 4; batchnorm; tanh"};
    static const char *const names[] = {"batchnorm_1.weight", "batchnorm_1.bias", "batchnorm_1.running_mean",
                                        "batchnorm_1.running_var"};
    static const char *const frozen[] = {"batchnorm_1.running_*", "batchnorm_1.running_*", "batchnorm_1"};
    soma_tensor *y = soma_dense(soma_layers(vector(network, 4), layers[variant]), 3, SOMA_IDENTITY);
    (void)soma_network_set_frozen(network, frozen[variant], true);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        soma_tensor *parameter = soma_network_tensor(network, names[i]);
        float values[4];
        for (size_t j = 0; j < soma_tensor_count(parameter); j++) values[j] = 0.5f + 0.75f * (float)((3 * i + j) % 5);
        (void)soma_set_parameter(network, parameter, values, soma_tensor_count(parameter));
    }
    return y;
}

static soma_tensor *build_softmax(soma_network *network, int variant) {
    size_t shape[3] = {2, 3, 2};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 12, SOMA_IDENTITY), 3, shape);
    x = variant < 3 ? soma_softmax(x, (uint32_t)variant) : soma_log_softmax(x, (uint32_t)variant - 3);
    return soma_dense(soma_flatten(x), 3, SOMA_IDENTITY);
}

static soma_tensor *build_reduce(soma_network *network, int variant) {
    size_t shape[3] = {2, 3, 2};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 12, SOMA_IDENTITY), 3, shape);
    x = soma_reduce(x, (soma_reduction)(variant / 3), (uint32_t)(variant % 3));
    return soma_dense(soma_flatten(x), 3, SOMA_IDENTITY);
}

/* Several axes at once; what is left is one dimension, or none. */
static soma_tensor *build_reduce_axes(soma_network *network, int variant) {
    static const struct { uint32_t axis, count; } ranges[] = {{1, 2}, {2, 2}, {1, 3}};
    size_t shape[3] = {2, 3, 2};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 12, SOMA_IDENTITY), 3, shape), *y;
    if (soma_graph_reduce_axes(&network->graph, x, (soma_reduction)(variant / 3), ranges[variant % 3].axis,
                               ranges[variant % 3].count, &y) != SOMA_OK)
        return NULL;
    return soma_dense(soma_flatten(y), 3, SOMA_IDENTITY);
}

typedef soma_tensor *join_function(soma_tensor *x, soma_tensor *y);

static soma_tensor *build_join(soma_network *network, int variant) {
    static join_function *const joins[] = {soma_add,    soma_subtract, soma_multiply,
                                           soma_divide, soma_maximum,  soma_minimum};
    size_t full[2] = {3, 2}, row[2] = {1, 2}, column[2] = {3, 1};
    soma_tensor *x = vector(network, 4);
    soma_tensor *a = soma_reshape(soma_dense(x, 6, SOMA_TANH), 2, full), *b;
    switch (variant % 4) {
    case 0:
        b = soma_reshape(soma_dense(x, 6, SOMA_EXP), 2, full);
        break;
    case 1:
        b = soma_reshape(soma_dense(x, 2, SOMA_EXP), 2, row);
        break;
    case 2:
        b = soma_reshape(soma_dense(x, 3, SOMA_EXP), 2, column);
        break;
    default:
        b = soma_dense(x, 2, SOMA_EXP);
        break; /* one dimension less */
    }
    bool swapped = (variant / 4) % 2;
    join_function *join = joins[variant / 8];
    if (join == soma_divide && swapped) a = soma_activation(a, SOMA_EXP, NULL); /* away from a pole */
    return soma_dense(soma_flatten(swapped ? join(b, a) : join(a, b)), 3, SOMA_IDENTITY);
}

static soma_tensor *build_branches(soma_network *network, int variant) {
    soma_tensor *x = vector(network, 4), *y = vector(network, 3);
    soma_tensor *left = soma_dense(x, 5, SOMA_TANH), *right = soma_dense(y, 5, SOMA_SIGMOID);
    soma_tensor *parts[3] = {soma_add(left, right), soma_multiply(left, right), soma_dense(left, 2, SOMA_SOFTPLUS)};
    soma_tensor *z = soma_concat(parts, 3, 0);
    if (variant == 1) z = soma_add(soma_dense(z, 12, SOMA_TANH), z); /* a residual connection */
    return soma_dense(z, 3, SOMA_IDENTITY);
}

static soma_tensor *build_concat_axis(soma_network *network, int axis) {
    size_t shape[3] = {2, 3, 2};
    soma_tensor *x = vector(network, 4), *parts[2];
    for (int i = 0; i < 2; i++) parts[i] = soma_reshape(soma_dense(x, 12, SOMA_TANH), 3, shape);
    return soma_dense(soma_flatten(soma_concat(parts, 2, (uint32_t)axis)), 3, SOMA_IDENTITY);
}

/* Weights that are used as numbers, too: they are the same for every sample, so that their gradient is a sum. */
static soma_tensor *build_weights(soma_network *network, int variant) {
    soma_tensor *h = soma_dense(vector(network, 4), 6, SOMA_TANH), *z;
    soma_tensor *w = soma_network_tensor(network, "dense_1.weight"), *b = soma_network_tensor(network, "dense_1.bias");
    size_t matrix[2] = {6, 4};
    switch (variant) {
    case 0:
        z = soma_multiply(h, soma_activation(b, SOMA_EXP, NULL));
        break;
    case 1:
        z = soma_add(h, soma_reduce(w, SOMA_REDUCE_SUM_SQUARES, 0));
        break;
    case 2:
        z = soma_divide(soma_reduce(soma_softmax(w, 0), SOMA_REDUCE_MEAN, 0), soma_activation(h, SOMA_EXP, NULL));
        break;
    case 3:
        z = soma_subtract(h, soma_reduce(soma_reshape(w, 2, matrix), SOMA_REDUCE_MEAN, 1));
        break;
    default: { /* another product with the same weights, transposed */
        soma_tensor *product;
        if (soma_graph_gemm(&network->graph, h, w, NULL, false, true, &product) != SOMA_OK) return NULL;
        z = soma_activation(product, SOMA_SIGMOID, NULL);
    }
    }
    return soma_dense(z, 3, SOMA_IDENTITY);
}

/* Samples of several rows: transposed, and multiplied by a matrix, as it is or transposed. */
static soma_tensor *build_rows(soma_network *network, soma_tensor *x, int variant) {
    static const uint32_t orders[][3] = {{2, 1, 0}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}};
    const uint32_t *order = orders[variant];
    soma_graph *graph = &network->graph;
    soma_tensor *w, *b, *y, box = {.batched = true, .rank = 3, .shape = {3, 1, 2}};
    size_t columns = box.shape[order[2]], shape[2] = {variant & 1 ? 4 : columns, variant & 1 ? columns : 4};
    uint32_t axis[4] = {0, order[0] + 1, order[1] + 1, order[2] + 1};
    soma_parameter description = {.initializer = SOMA_INIT_NORMAL, .scale = 0.5f, .fan_in = 1, .fan_out = 1};
    if (soma_network_add_parameter(network, &description, 2, shape, "w", &w) != SOMA_OK ||
        soma_network_add_parameter(network, &description, 1, &(size_t){4}, "b", &b) != SOMA_OK ||
        soma_graph_reshape(graph, x, &box, &y) != SOMA_OK || soma_graph_transpose(graph, y, axis, &y) != SOMA_OK ||
        soma_graph_gemm(graph, y, w, variant < 2 ? b : NULL, false, variant & 1, &y) != SOMA_OK)
        return NULL;
    return soma_dense(soma_flatten(soma_activation(y, SOMA_TANH, NULL)), 3, SOMA_IDENTITY);
}

/* (4.5 + a) mod (2 + b / 10) for a from 0 to 1 and b from -1 to 1, where the quotient is 2 and a bit all over. */
static soma_status build_remainder(soma_tensor *a, soma_tensor *b, soma_tensor **out) {
    soma_graph *graph = a->graph;
    soma_tensor *add[2];
    for (int i = 0; i < 2; i++) {
        soma_tensor_spec spec = {.op = SOMA_OP_FILL, .dtype = SOMA_F32, .rank = 1, .shape = {1}};
        spec.attributes.fill.value = i ? 2 : 4.5f;
        if (soma_graph_add(graph, &spec, &add[i]) != SOMA_OK) return SOMA_OUT_OF_MEMORY;
    }
    if (soma_graph_copy(graph, b, b, 0.1f, &b) != SOMA_OK ||
        soma_graph_binary(graph, a, add[0], SOMA_BINARY_ADD, &a) != SOMA_OK ||
        soma_graph_binary(graph, b, add[1], SOMA_BINARY_ADD, &b) != SOMA_OK)
        return SOMA_OUT_OF_MEMORY;
    return soma_graph_binary(graph, a, b, SOMA_BINARY_REMAINDER, out);
}

/* What no builder makes, but a file may hold. */
static soma_tensor *build_other_ops(soma_network *network, int variant) {
    static const struct { size_t start, length; } slices[] = {{0, 2}, {1, 3}, {4, 2}, {0, 6}};
    soma_graph *graph = &network->graph;
    soma_tensor *x = vector(network, 4), *a = soma_dense(x, 6, SOMA_SIGMOID), *b = soma_dense(x, 6, SOMA_TANH), *out;
    soma_status status;
    if (variant < 4) {
        soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &a};
        spec.attributes.slice.axis = 1;
        spec.attributes.slice.start = slices[variant].start;
        spec.attributes.slice.length = slices[variant].length;
        status = soma_graph_add(graph, &spec, &out);
    } else if (variant == 4)
        status = soma_graph_copy(graph, a, a, -2.5f, &out);
    else if (variant == 12) { /* repeated, and scaled */
        soma_tensor box = {.batched = true, .rank = 2, .shape = {2, 6}};
        status = soma_graph_copy(graph, a, &box, -2.5f, &out);
        if (status == SOMA_OK) out = soma_flatten(out);
    } else if (variant >= 8 && variant < 12)
        return build_rows(network, a, variant - 8);
    else {
        static const soma_binary ops[] = {SOMA_BINARY_POWER, SOMA_BINARY_GREATER, SOMA_BINARY_GREATER_EQUAL};
        if (variant == 13)
            status = build_remainder(a, b, &out);
        else
            status = soma_graph_binary(
                graph, a, b, variant > 13 ? (variant == 14 ? SOMA_BINARY_KEEP : SOMA_BINARY_EQUAL) : ops[variant - 5],
                &out);
    }
    return status == SOMA_OK ? soma_dense(out, 3, SOMA_IDENTITY) : NULL;
}

/* Products of several matrices: both of samples, one for each of two heads or for all, one a parameter. */
static soma_tensor *build_matrices(soma_network *network, int variant) {
    static const struct {
        size_t a[3], b[3];
    } shapes[] = {{{2, 2, 3}, {2, 3, 2}}, {{1, 4, 3}, {2, 3, 2}}, {{2, 2, 3}, {1, 3, 4}}};
    const size_t *left = shapes[variant % 3].a, *right = shapes[variant % 3].b;
    soma_graph *graph = &network->graph;
    soma_tensor *x = vector(network, 4), *a = soma_reshape(soma_dense(x, 12, SOMA_TANH), 3, left), *b, *y;
    if (variant < 3)
        b = soma_reshape(soma_dense(x, 12, SOMA_TANH), 3, right);
    else {
        const size_t shape[4] = {1, right[0], right[1], right[2]};
        b = soma_reshape(soma_network_tensor(network, "dense_1.bias"), 4, shape);
    }
    if (!b || soma_graph_matmul(graph, a, b, &y) != SOMA_OK) return NULL;
    return soma_dense(soma_flatten(y), 3, SOMA_IDENTITY);
}

/* Networks over positions, from a sample [4, 3, 2] of a dense layer, so that inputs have gradients through them. */
static const char *const position_texts[] = {
    "conv 3 3x3",
    "conv 3 3x2 stride 2 pad 1",
    "conv 4 2x2 stride 3x2 dilation 2 groups 2 pad 2,1,0,3 nobias",
    "conv 3 3x3 pad same tanh",
    "conv 3 2x2 stride 2",
    "conv 3 1x1 sigmoid",
    "conv 3 1x1 stride 2",
    "conv 3 4x3 nobias",
    "depthwise 3x3 multiplier 2 stride 2 pad same",
    "separable 3 3x3 pad same tanh",
    "convtranspose 3 3x3 stride 2",
    "convtranspose 4 2x3 stride 3x2 dilation 2 groups 2 pad 1,2,0,1 output_padding 2x1 tanh",
    "convtranspose 3 2x2 stride 3 pad same nobias",
    "convtranspose 3 1x1",
    "convtranspose 2 2x2 dilation 3 output_padding 2x1 pad 1",
    "reshape 6 4; conv 3 3 stride 2; convtranspose 2 3",
    "reshape 2 3 2 2; conv 3 2x3x1 stride 1x2x1 pad 0x1x0",
    "globalavgpool",
    "globalmaxpool",
    "maxpool 2",
    "maxpool 3x2 stride 1 pad 1",
    "maxpool 2 stride 1x2 dilation 2x1 pad 1,0,1,1 ceil",
    "avgpool 2 ceil",
    "avgpool 3 stride 2x1 pad 1",
    "avgpool 3x2 stride 2 pad 1 ceil countpad",
    "reshape 2 3 2 2; avgpool 1x2x2 stride 1 pad same",
    "reshape 6 4; maxpool 3 stride 2",
    "adaptiveavgpool 2x1",
    "adaptiveavgpool 3x2",
    "upsample 2x3",
    "upsample 3x2 bilinear",
    "zeropad 1,2,0,1",
    "crop 1,2,0,1",
    "reflectpad 1,2,0,1",
    "edgepad 1,2,0,1",
    "spatialdropout 0.5",
    "residual(conv 3 3x3 pad same nobias; relu; conv 3 3x3 pad same | conv 3 1x1 nobias); relu",
};

static soma_tensor *build_positions(soma_network *network, int variant) {
    size_t shape[3] = {4, 3, 2};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 24, SOMA_TANH), 3, shape);
    return soma_dense(soma_flatten(soma_layers(x, position_texts[variant])), 3, SOMA_IDENTITY);
}

static soma_tensor *build_image_convolution(soma_network *network, int variant) {
    size_t shape[3] = {3, 4, 2};
    soma_tensor *x = soma_input(network, "image", 3, shape);
    return soma_layers(x, variant ? "convtranspose 3 3x3 stride 2 pad 1 relu; dense 3"
                                  : "conv 4 3x3 pad 1 stride 2 relu; conv 3 2x2 tanh; dense 3");
}

/* The output is the input itself. */
static soma_tensor *build_nothing(soma_network *network, int variant) {
    (void)variant;
    return vector(network, 4);
}

static soma_tensor *build_dropout(soma_network *network, int variant) {
    soma_tensor *x = soma_dense(vector(network, 4), 16, SOMA_TANH);
    return soma_dense(soma_dropout(x, variant ? 0.5f : 0), 3, SOMA_IDENTITY);
}

static soma_tensor *build_image(soma_network *network, int variant) {
    size_t shape[4] = {2, 1, 3, 2};
    (void)variant;
    return soma_dense(soma_flatten(soma_input(network, "image", 4, shape)), 3, SOMA_IDENTITY);
}

static soma_tensor *build_softmax_output(soma_network *network, int variant) {
    (void)variant;
    return soma_dense(soma_dense(vector(network, 4), 5, SOMA_TANH), 3, SOMA_SOFTMAX);
}

/* Probabilities that are not the output of a softmax layer, so that the loss works on them as they are. */
static soma_tensor *build_probabilities(soma_network *network, int variant) {
    soma_tensor *x = soma_dense(vector(network, 4), 3, SOMA_SIGMOID);
    return soma_activation(x, variant ? SOMA_LINEAR : SOMA_IDENTITY, &(soma_activation_options){true, 0.9f, 0});
}

static soma_tensor *build_sigmoid_output(soma_network *network, int variant) {
    (void)variant;
    return soma_dense(soma_dense(vector(network, 4), 5, SOMA_TANH), 2, SOMA_SIGMOID);
}

/* Classes of each of two steps: by softmax, or as logits. */
static soma_tensor *build_steps(soma_network *network, int variant) {
    size_t shape[2] = {2, 3};
    soma_tensor *x = soma_reshape(soma_dense(soma_dense(vector(network, 4), 5, SOMA_TANH), 6, SOMA_IDENTITY), 2, shape);
    return variant ? x : soma_activation(x, SOMA_SOFTMAX, NULL);
}

static soma_tensor *build_plain(soma_network *network, int variant) {
    (void)variant;
    return soma_dense(soma_dense(vector(network, 4), 5, SOMA_TANH), 3, SOMA_IDENTITY);
}

static const float class_weights[3] = {0.5f, 2, 1.25f}, label_weights[4] = {1, 3, 0.25f, 0.5f};

#define LOSS(kind)                                                                                                     \
    {                                                                                                                  \
        .loss = { kind }                                                                                               \
    }
const gradient_case gradient_cases[] = {
    {"activation", build_activation, SOMA_FUNCTION_COUNT, {.loss = {0}}, false, false},
    {"dense with activation", build_fused, SOMA_FUNCTION_COUNT, {.loss = {0}}, false, false},
    {"dense with activation, no fusion", build_fused, SOMA_FUNCTION_COUNT, {.no_fusion = true}, false, false},
    {"leaky relu", build_leaky, 3, {.loss = {0}}, false, false},
    {"dense of every step", build_dense_steps, 6, {.loss = {0}}, false, false},
    {"dense of every step, no fusion", build_dense_steps, 6, {.no_fusion = true}, false, false},
    {"embedding", build_embedding, 4, {.loss = {0}}, false, false},
    {"rows of its own", build_own_rows, 1, {.loss = {0}}, false, false},
    {"added at places", build_put, 1, {.loss = {0}}, false, false},
    {"recurrent", build_recurrent, 9, {.loss = {0}}, false, false},
    {"recurrent, from a state", build_recurrent_state, 3, {.loss = {0}}, false, false},
    {"recurrent, several sequences", build_recurrent_sequences, 4, {.loss = {0}}, false, false},
    {"attention", build_attention, SOMA_COUNT_OF(attention_texts), {.loss = {0}}, false, false},
    {"attention to a context", build_attention_context, 3, {.loss = {0}}, false, false},
    {"matrices", build_matrices, 6, {.loss = {0}}, false, false},
    {"matrices, no fusion", build_matrices, 6, {.no_fusion = true}, false, false},
    {"prelu", build_prelu, 2, {.loss = {0}}, false, false},
    {"normalize", build_normalize, 11, {.loss = {0}}, false, false},
    {"normalize, no fusion", build_normalize, 11, {.no_fusion = true}, false, false},
    {"normalize, one dimension", build_normalize_vector, 3, {.loss = {0}}, false, false},
    {"normalize, frozen", build_frozen_normalize, 3, {.loss = {0}}, false, false},
    {"softmax", build_softmax, 6, {.loss = {0}}, false, false},
    {"reduce", build_reduce, 3 * SOMA_REDUCTION_COUNT, {.loss = {0}}, false, false},
    {"reduce, several axes", build_reduce_axes, 3 * SOMA_REDUCTION_COUNT, {.loss = {0}}, false, false},
    {"join", build_join, 48, {.loss = {0}}, false, false},
    {"branches", build_branches, 2, {.loss = {0}}, false, false},
    {"concat", build_concat_axis, 3, {.loss = {0}}, false, false},
    {"weights as numbers", build_weights, 5, {.loss = {0}}, false, false},
    {"other ops", build_other_ops, 16, {.loss = {0}}, false, false},
    {"positions", build_positions, SOMA_COUNT_OF(position_texts), {.loss = {0}}, false, false},
    {"positions, no fusion", build_positions, SOMA_COUNT_OF(position_texts), {.no_fusion = true}, false, false},
    {"convolution of an image", build_image_convolution, 2, {.loss = {0}}, false, false},
    {"no layer", build_nothing, 1, {.loss = {0}}, false, true},
    {"dropout", build_dropout, 2, {.loss = {0}}, false, false},
    {"image", build_image, 1, {.loss = {0}}, false, false},
    {"categorical, classes", build_softmax_output, 1, {.loss = {0}}, true, false},
    {"categorical, rows", build_softmax_output, 1, {.loss = {0}}, false, false},
    {"categorical, classes of steps", build_steps, 1, {.loss = {0}}, true, false},
    {"categorical, classes of steps, weighted",
     build_steps,
     2,
     {.loss = {SOMA_CATEGORICAL_CROSSENTROPY_LOGITS}, .class_weight = class_weights, .class_weight_count = 3},
     true,
     true},
    {"labels of steps", build_steps, 2, LOSS(SOMA_CTC), true, true},
    {"categorical, classes of steps, no fusion", build_steps, 1, {.no_fusion = true}, true, false},
    {"categorical, rows of steps", build_steps, 1, {.loss = {0}}, false, false},
    {"focal, classes of steps", build_steps, 1, LOSS(SOMA_FOCAL), true, true},
    {"categorical, weighted",
     build_softmax_output,
     1,
     {.class_weight = class_weights, .class_weight_count = 3},
     true,
     true},
    {"categorical, rows, weighted",
     build_softmax_output,
     1,
     {.class_weight = class_weights, .class_weight_count = 3},
     false,
     true},
    {"categorical from logits", build_plain, 1, LOSS(SOMA_CATEGORICAL_CROSSENTROPY_LOGITS), true, false},
    {"categorical from probabilities", build_probabilities, 2, LOSS(SOMA_CATEGORICAL_CROSSENTROPY), true, true},
    {"categorical from probabilities, rows", build_probabilities, 2, LOSS(SOMA_CATEGORICAL_CROSSENTROPY), false, false},
    {"binary", build_sigmoid_output, 1, {.loss = {0}}, false, false},
    {"binary, weighted",
     build_sigmoid_output,
     1,
     {.class_weight = class_weights, .class_weight_count = 2},
     false,
     true},
    {"binary, weighted label by label",
     build_sigmoid_output,
     1,
     {.class_weight = label_weights, .class_weight_count = SOMA_COUNT_OF(label_weights)},
     false,
     true},
    {"binary from logits", build_plain, 1, LOSS(SOMA_BINARY_CROSSENTROPY_LOGITS), false, false},
    {"binary from probabilities", build_probabilities, 2, LOSS(SOMA_BINARY_CROSSENTROPY), false, false},
    {"mean squared error", build_plain, 1, LOSS(SOMA_MEAN_SQUARED_ERROR), false, true},
    {"mean absolute error", build_plain, 1, LOSS(SOMA_MEAN_ABSOLUTE_ERROR), false, false},
    {"quantile", build_plain, 1, {.loss = {SOMA_QUANTILE}, .quantiles = {0.8f}}, false, true},
    {"several quantiles", build_plain, 1, {.loss = {SOMA_QUANTILE}, .quantiles = {0.1f, 0.5f, 0.9f}}, false, true},
    {"focal, classes", build_softmax_output, 1, LOSS(SOMA_FOCAL), true, false},
    {"focal, rows, weighted",
     build_softmax_output,
     1,
     {.loss = {SOMA_FOCAL}, .focal_gamma = 0.5f, .class_weight = class_weights, .class_weight_count = 3},
     false,
     true},
    {"focal from logits, smoothed",
     build_plain,
     1,
     {.loss = {SOMA_CATEGORICAL_FOCAL_LOGITS}, .label_smoothing = 0.1f},
     true,
     false},
    {"categorical, smoothed",
     build_softmax_output,
     1,
     {.label_smoothing = 0.2f, .class_weight = class_weights, .class_weight_count = 3},
     true,
     true},
    {"binary focal",
     build_sigmoid_output,
     1,
     {.loss = {SOMA_FOCAL}, .focal_gamma = 1.5f, .focal_alpha = 0.25f},
     false,
     true},
    {"binary focal from logits, weighted",
     build_plain,
     1,
     {.loss = {SOMA_BINARY_FOCAL_LOGITS}, .class_weight = class_weights, .class_weight_count = 2},
     false,
     false},
    {"binary, smoothed", build_sigmoid_output, 1, {.label_smoothing = 0.3f}, false, false},
    {"huber", build_plain, 1, {.loss = {SOMA_HUBER}, .huber_delta = 0.5f}, false, false},
};

const size_t gradient_case_count = SOMA_COUNT_OF(gradient_cases);
