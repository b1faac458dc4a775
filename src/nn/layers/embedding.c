/* SPDX-License-Identifier: MIT */
/* embedding VOCABULARY WIDTH: for each whole number, a token's or a category's, a row of a table that is learnt. */
#include "nn/layers/layer.h"

#define USUAL_SCALE 1.0f /* that of PyTorch, a normal distribution */

static soma_status check_embedding(const soma_tensor *x, size_t vocabulary, size_t width,
                                   const soma_embedding_options *options) {
    char text[SOMA_SHAPE_TEXT];
    if (vocabulary == 0 || vocabulary > SOMA_MOST_IDS)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "a vocabulary of %zu; 1 to %d are possible, the whole numbers that float32 has", vocabulary,
                          SOMA_MOST_IDS);
    if (width == 0) return soma_error(SOMA_INVALID_ARGUMENT, "a width of 0, at least 1 is needed");
    SOMA_TRY(soma_layer_check_initializer("weight", options->initializer, options->scale));
    if (options->padded && options->padding >= vocabulary)
        return soma_error(SOMA_INVALID_ARGUMENT, "the padding is number %llu of a vocabulary of %zu, 0 to %zu",
                          (unsigned long long)options->padding, vocabulary, vocabulary - 1);
    if (x->batched && x->rank >= 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "it takes whole numbers, at least one dimension of them per sample, got %s",
                      soma_tensor_shape_text(x, text));
}

static soma_status build_embedding(soma_tensor *x, size_t vocabulary, size_t width,
                                   const soma_embedding_options *options, soma_tensor **out) {
    SOMA_TRY(check_embedding(x, vocabulary, width, options));
    const bool usual = options->initializer == SOMA_INIT_DEFAULT;
    const soma_parameter description = {.initializer = usual ? SOMA_INIT_NORMAL : options->initializer,
                                        .scale = usual && options->scale == 0 ? USUAL_SCALE : options->scale,
                                        .fan_in = vocabulary,
                                        .fan_out = width,
                                        .zero_row = options->padded ? (size_t)options->padding + 1 : 0};
    soma_tensor *table, *index;
    SOMA_TRY(soma_layer_add_parameter(soma_layer_network(x), "weight", &description, 2, (size_t[]){vocabulary, width},
                                      &table));
    soma_tensor_spec numbers = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &x};
    SOMA_TRY(soma_graph_add(x->graph, &numbers, &index));
    soma_tensor_spec rows = {
        .op = SOMA_OP_GATHER,
        .input_count = 2,
        .input = (soma_tensor *[]){table, index},
        .attributes = {.gather = {.padded = options->padded != 0, .padding = (size_t)options->padding}}};
    return soma_graph_add(x->graph, &rows, out);
}

soma_tensor *soma_embedding(soma_tensor *x, size_t vocabulary, size_t width, const soma_embedding_options *options) {
    static const soma_embedding_options defaults;
    if (!options) options = &defaults;
    if (!x || !soma_layer_begin(soma_layer_network(x), "embedding", options->name)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = SOMA_CHECK_RESERVED(options, "soma_embedding_options");
    if (status == SOMA_OK) status = build_embedding(x, vocabulary, width, options, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* --------------------------------------------------------------------------------------------------------- as text */

static soma_status parse_padding(const soma_clause *clause, size_t i, soma_embedding_options *options) {
    size_t padding;
    if (options->padded) return soma_clause_reject(clause, clause->words[i], "a second padding");
    if (i + 1 == clause->count || !soma_word_number(clause->words[i + 1], 0, &padding))
        return soma_clause_reject(clause, clause->words[i], "which number is padding? For example \"padding 0\"");
    options->padded = true;
    options->padding = padding;
    return SOMA_OK;
}

/* embedding VOCABULARY WIDTH [padding NUMBER] [INITIALIZER] */
static soma_status embedding_of_text(const soma_clause *clause, soma_tensor **x) {
    size_t vocabulary, width;
    soma_embedding_options options = {.name = NULL};
    char initializers[SOMA_NAME_LIST];
    bool found;
    if (clause->count < 3)
        return soma_clause_reject(clause, clause->words[0],
                                  "how many numbers there are, and how wide are their rows? For example \"embedding 96 "
                                  "64\"");
    SOMA_TRY(soma_clause_size(clause, clause->words[1], "the vocabulary", &vocabulary));
    SOMA_TRY(soma_clause_size(clause, clause->words[2], "the width", &width));
    for (size_t i = 3; i < clause->count; i++) {
        if (soma_name_is_one_of("padding", clause->words[i].start, clause->words[i].length)) {
            SOMA_TRY(parse_padding(clause, i++, &options));
            continue;
        }
        SOMA_TRY(soma_clause_initializer(clause, clause->words[i], &found, &options.initializer, &options.scale));
        if (!found)
            return soma_clause_reject(clause, clause->words[i], "expected padding, or an initializer (%s)",
                                      soma_name_list(SOMA_NAMES_INITIALIZER, initializers));
    }
    *x = soma_embedding(*x, vocabulary, width, &options);
    return SOMA_OK;
}

SOMA_LAYER(embedding) = {.build = embedding_of_text};
