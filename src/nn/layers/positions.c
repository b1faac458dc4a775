/* SPDX-License-Identifier: MIT */
/* positions: at which step something stands, added to what it is: a row for each step, learnt, or sines and cosines
 * (Vaswani et al. 2017, "Attention Is All You Need"). */
#include "nn/layers/layer.h"

#include <math.h>

#define USUAL_SCALE 0.02f   /* that of GPT-2 (Radford et al. 2019), a normal distribution */
#define LONGEST     10000.0 /* that of the paper: its wavelengths go up to 2 pi times as many steps */

static soma_status check_positions(const soma_tensor *x, const soma_positions_options *options) {
    char text[SOMA_SHAPE_TEXT];
    if (options->kind != SOMA_POSITIONS_LEARNT && options->kind != SOMA_POSITIONS_SINUSOIDAL)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no kind of positions number %d", (int)options->kind);
    SOMA_TRY(soma_layer_check_initializer("weight", options->initializer, options->scale));
    if (options->kind == SOMA_POSITIONS_SINUSOIDAL && options->initializer != SOMA_INIT_DEFAULT)
        return soma_error(SOMA_INVALID_ARGUMENT, "sines and cosines take no initializer");
    if (x->batched && x->rank == 2) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "it takes steps and features per sample, got %s",
                      soma_tensor_shape_text(x, text));
}

/* Features 2 i and 2 i + 1 of step p: sine and cosine of p / LONGEST^(2 i / width). */
static soma_status set_waves(soma_network *network, const soma_tensor *table) {
    const size_t steps = table->shape[0], width = table->shape[1];
    float *values = soma_calloc(steps * width, sizeof *values);
    if (!values) return soma_out_of_memory(steps * width * sizeof *values, "positions");
    for (size_t j = 0; j < width; j++) {
        const double rate = pow(LONGEST, -(double)(j - j % 2) / (double)width);
        for (size_t p = 0; p < steps; p++)
            values[p * width + j] = (float)(j % 2 ? cos((double)p * rate) : sin((double)p * rate));
    }
    soma_network_find_parameter(network, table)->values = values;
    return SOMA_OK;
}

static soma_status build_positions(soma_tensor *x, const soma_positions_options *options, soma_tensor **out) {
    const bool usual = options->initializer == SOMA_INIT_DEFAULT, waves = options->kind == SOMA_POSITIONS_SINUSOIDAL;
    SOMA_TRY(check_positions(x, options));
    /* It stands with the biases, which do not decay. */
    const soma_parameter description = {.initializer = usual ? SOMA_INIT_NORMAL : options->initializer,
                                        .scale = usual && options->scale == 0 ? USUAL_SCALE : options->scale,
                                        .fan_in = x->shape[0],
                                        .fan_out = x->shape[1],
                                        .is_bias = true,
                                        .is_frozen = waves};
    soma_tensor *table;
    SOMA_TRY(soma_layer_add_parameter(soma_layer_network(x), "weight", &description, 2, x->shape, &table));
    if (waves) SOMA_TRY(set_waves(soma_layer_network(x), table));
    SOMA_TRY(soma_graph_binary(x->graph, x, table, SOMA_BINARY_ADD, out));
    (*out)->is_sequence = true;
    return SOMA_OK;
}

soma_tensor *soma_positions(soma_tensor *x, const soma_positions_options *options) {
    static const soma_positions_options defaults;
    if (!options) options = &defaults;
    if (!x || !soma_layer_begin(soma_layer_network(x), "positions", options->name)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = SOMA_CHECK_RESERVED(options, "soma_positions_options");
    if (status == SOMA_OK) status = build_positions(x, options, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* --------------------------------------------------------------------------------------------------------- as text */

/* positions [sinusoidal | INITIALIZER] */
static soma_status positions_of_text(const soma_clause *clause, soma_tensor **x) {
    soma_positions_options options = {.name = NULL};
    char initializers[SOMA_NAME_LIST];
    bool found = true;
    if (clause->count > 2) return soma_clause_reject(clause, clause->words[2], "expected one word more at most");
    if (clause->count == 2 && soma_name_is_one_of("sinusoidal sines", clause->words[1].start, clause->words[1].length))
        options.kind = SOMA_POSITIONS_SINUSOIDAL;
    else if (clause->count == 2)
        SOMA_TRY(soma_clause_initializer(clause, clause->words[1], &found, &options.initializer, &options.scale));
    if (!found)
        return soma_clause_reject(clause, clause->words[1], "expected sinusoidal, or an initializer (%s)",
                                  soma_name_list(SOMA_NAMES_INITIALIZER, initializers));
    *x = soma_positions(*x, &options);
    return SOMA_OK;
}

SOMA_LAYER(positions) = {.build = positions_of_text};
