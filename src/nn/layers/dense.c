/* SPDX-License-Identifier: MIT */
/* dense UNITS: y = f(x W + b), where x is one row, or with every_step the last dimension of each step. */
#include "nn/layers/layer.h"

#include <string.h>

static soma_status check_dense(const soma_tensor *x, size_t units, const soma_dense_options *options) {
    char text[SOMA_SHAPE_TEXT];
    if (units == 0) return soma_error(SOMA_INVALID_ARGUMENT, "0 units, at least 1 is needed");
    SOMA_TRY(soma_layer_check_initializer("weight", options->weight_initializer, options->weight_scale));
    SOMA_TRY(soma_layer_check_initializer("bias", options->bias_initializer, options->bias_scale));
    if (options->every_step > 1)
        return soma_error(SOMA_INVALID_ARGUMENT, "every_step is %llu; 0 and 1 are possible",
                          (unsigned long long)options->every_step);
    if (x->batched && (options->every_step ? x->rank >= 1 : x->rank == 1)) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE,
                      options->every_step
                          ? "a dense layer of every step takes at least one dimension per sample, got %s"
                          : "a dense layer takes one dimension per sample, got %s; flatten it first, or set every_step",
                      soma_tensor_shape_text(x, text));
}

static soma_status build_dense(soma_tensor *x, size_t units, const soma_dense_options *options, soma_tensor **out) {
    soma_network *network = soma_layer_network(x);
    SOMA_TRY(check_dense(x, units, options));
    size_t shape[2] = {x->shape[x->rank - 1], units};
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
    SOMA_TRY(soma_layer_add_parameter(network, "weight", &weight, 2, shape, &w));
    if (!options->no_bias) SOMA_TRY(soma_layer_add_parameter(network, "bias", &bias, 1, &units, &b));
    SOMA_TRY(soma_graph_gemm(&network->graph, x, w, b, false, false, out));
    if (options->activation == SOMA_IDENTITY) return SOMA_OK;
    return soma_layer_add_function(*out, options->activation, &options->function, out);
}

soma_tensor *soma_dense_with(soma_tensor *x, size_t units, const soma_dense_options *options) {
    static const soma_dense_options defaults;
    if (!options) options = &defaults;
    if (!x || !soma_layer_begin(soma_layer_network(x), "dense", options->name)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = SOMA_CHECK_RESERVED(options, "soma_dense_options");
    if (status == SOMA_OK) status = build_dense(x, units, options, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_dense(soma_tensor *x, size_t units, soma_function activation) {
    return soma_dense_with(x, units, &(soma_dense_options){.activation = activation});
}

/* --------------------------------------------------------------------------------------------------------- as text */

/* What may follow the number of units, each once. */
enum { WORD_NOBIAS = 1, WORD_ACTIVATION = 2, WORD_INITIALIZER = 4, WORD_EVERY_STEP = 8 };

static const char *name_of(unsigned kind) {
    if (kind == WORD_NOBIAS) return "nobias";
    if (kind == WORD_EVERY_STEP) return "everystep";
    return kind == WORD_ACTIVATION ? "activation" : "initializer";
}

static soma_status parse_dense_word(const soma_clause *clause, soma_word text, soma_dense_options *options,
                                    unsigned *kind) {
    char functions[SOMA_NAME_LIST], initializers[SOMA_NAME_LIST];
    bool found;
    *kind = WORD_NOBIAS;
    if (soma_name_is_one_of("nobias", text.start, text.length)) return options->no_bias = true, SOMA_OK;
    *kind = WORD_EVERY_STEP;
    if (soma_name_is_one_of("everystep", text.start, text.length)) return options->every_step = 1, SOMA_OK;
    *kind = WORD_ACTIVATION;
    SOMA_TRY(soma_clause_function(clause, text, &found, &options->activation, &options->function));
    if (found) return SOMA_OK;
    *kind = WORD_INITIALIZER;
    SOMA_TRY(soma_clause_initializer(clause, text, &found, &options->weight_initializer, &options->weight_scale));
    if (found) return SOMA_OK;
    return soma_clause_reject(clause, text, "expected an activation (%s), nobias, everystep, or an initializer (%s)",
                              soma_name_list(SOMA_NAMES_FUNCTION, functions),
                              soma_name_list(SOMA_NAMES_INITIALIZER, initializers));
}

/* dense UNITS [ACTIVATION] [nobias] [everystep] [INITIALIZER] */
static soma_status parse_dense(const soma_clause *clause, size_t *units, soma_dense_options *options) {
    unsigned seen = 0, kind;
    if (clause->count < 2)
        return soma_clause_reject(clause, clause->words[0], "how many units? For example \"dense 128 relu\"");
    SOMA_TRY(soma_clause_size(clause, clause->words[1], "the number of units", units));
    for (size_t i = 2; i < clause->count; i++) {
        SOMA_TRY(parse_dense_word(clause, clause->words[i], options, &kind));
        if (seen & kind) return soma_clause_reject(clause, clause->words[i], "a second %s", name_of(kind));
        seen |= kind;
    }
    return SOMA_OK;
}

static soma_status dense_of_text(const soma_clause *clause, soma_tensor **x) {
    size_t units = 0;
    soma_dense_options options = {.name = NULL};
    SOMA_TRY(parse_dense(clause, &units, &options));
    if ((*x)->is_sequence)
        options.every_step = 1;
    else if ((*x)->rank > 1 && !options.every_step)
        *x = soma_flatten(*x); /* images straight into a dense layer */
    *x = soma_dense_with(*x, units, &options);
    return SOMA_OK;
}

SOMA_LAYER(dense) = {.build = dense_of_text};
