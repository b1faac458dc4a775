/* SPDX-License-Identifier: MIT */
/* attention: multi-head attention (Vaswani et al. 2017, "Attention Is All You Need"), with grouped queries (Ainslie et
 * al. 2023): products that make queries, keys and values, one op for all heads, and a product behind. */
#include "nn/layers/layer.h"

#include <math.h>
#include <stdio.h>

/* A layer as it is being made. */
typedef struct attention_layer {
    soma_tensor *x, *context, *mask;
    const soma_attention_options *options;
    size_t heads, key_heads, width; /* width: features of a head */
} attention_layer;

/* Parameters are named ROLE_weight and ROLE_bias. */
static soma_status add_product(const attention_layer *layer, soma_tensor *x, const char *role, size_t units,
                               soma_tensor **out) {
    const soma_attention_options *options = layer->options;
    soma_network *network = soma_layer_network(x);
    const bool usual = options->weight_initializer == SOMA_INIT_DEFAULT;
    const size_t shape[2] = {x->shape[1], units};
    soma_parameter description = {.initializer = usual ? SOMA_INIT_GLOROT_UNIFORM : options->weight_initializer,
                                  .scale = options->weight_scale,
                                  .fan_in = shape[0],
                                  .fan_out = units};
    soma_tensor *weight, *bias = NULL;
    char name[32];
    snprintf(name, sizeof name, "%s_weight", role);
    SOMA_TRY(soma_layer_add_parameter(network, name, &description, 2, shape, &weight));
    description =
        (soma_parameter){.initializer = SOMA_INIT_ZEROS, .fan_in = shape[0], .fan_out = units, .is_bias = true};
    snprintf(name, sizeof name, "%s_bias", role);
    if (!options->no_bias) SOMA_TRY(soma_layer_add_parameter(network, name, &description, 1, &units, &bias));
    return soma_graph_gemm(x->graph, x, weight, bias, false, false, out);
}

static soma_status check_sequence(const soma_tensor *x, const char *what) {
    char text[SOMA_SHAPE_TEXT];
    if (x->batched && x->rank == 2) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "%s steps of features, [batch, steps, features], got %s", what,
                      soma_tensor_shape_text(x, text));
}

/* Fills in how many heads there are, and how wide. */
static soma_status check_heads(attention_layer *layer) {
    const soma_attention_options *options = layer->options;
    const size_t features = layer->x->shape[1];
    size_t all;
    layer->key_heads = options->key_heads ? options->key_heads : layer->heads;
    if (layer->heads < 1 || layer->heads > SOMA_MOST_UNITS)
        return soma_error(SOMA_INVALID_ARGUMENT, "%zu heads, 1 to %d are possible", layer->heads, SOMA_MOST_UNITS);
    if (layer->key_heads > layer->heads || layer->heads % layer->key_heads)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%zu heads of queries cannot share %zu heads of keys; a divisor of the heads is needed",
                          layer->heads, layer->key_heads);
    if (!options->head_width && features % layer->heads)
        return soma_error(SOMA_INVALID_SHAPE,
                          "%zu features do not divide into %zu heads; a multiple is needed, or the width of a head",
                          features, layer->heads);
    layer->width = options->head_width ? options->head_width : features / layer->heads;
    if (soma_multiply_size(layer->width, layer->heads, &all)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%zu heads of %zu features are more than fit into memory", layer->heads,
                      layer->width);
}

static soma_status check_layer(attention_layer *layer) {
    const soma_attention_options *options = layer->options;
    char text[SOMA_SHAPE_TEXT];
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_attention_options"));
    SOMA_TRY(soma_layer_check_initializer("weight", options->weight_initializer, options->weight_scale));
    SOMA_TRY(check_sequence(layer->x, "it takes"));
    SOMA_TRY(check_sequence(layer->context, "its context must be"));
    SOMA_TRY(check_heads(layer));
    if (options->rotary && layer->context != layer->x)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "rotary positions tell how far apart two steps of one sequence are, and it has a context");
    if (options->causal && layer->context != layer->x)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "it is causal and has a context, of whose steps none comes before another sequence's");
    if (!layer->mask ||
        (layer->mask->batched && layer->mask->rank == 1 && layer->mask->shape[0] == layer->context->shape[0]))
        return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "the mask must be [batch, %zu], got %s", layer->context->shape[0],
                      soma_tensor_shape_text(layer->mask, text));
}

static soma_status build(attention_layer *layer, soma_tensor **out) {
    soma_tensor *input[4] = {NULL, NULL, NULL, layer->mask}, *y;
    SOMA_TRY(check_layer(layer));
    const size_t width = layer->width;
    SOMA_TRY(add_product(layer, layer->x, "query", layer->heads * width, &input[0]));
    SOMA_TRY(add_product(layer, layer->context, "key", layer->key_heads * width, &input[1]));
    SOMA_TRY(add_product(layer, layer->context, "value", layer->key_heads * width, &input[2]));
    if (layer->options->rotary) {
        soma_rotary_tables tables;
        SOMA_TRY(soma_layer_add_rotary_tables(soma_layer_network(layer->x), layer->x->shape[0], width, &tables));
        for (int i = 0; i < 2; i++) SOMA_TRY(soma_layer_add_rotary(input[i], &tables, &input[i]));
    }
    const soma_attributes attributes = {.attention = {.params = {.heads = (uint32_t)layer->heads,
                                                                 .key_heads = (uint32_t)layer->key_heads,
                                                                 .causal = layer->options->causal,
                                                                 .scale = (float)(1.0 / sqrt((double)width))},
                                                      .masked = layer->mask != NULL}};
    const soma_tensor_spec spec = {
        .op = SOMA_OP_ATTENTION, .input_count = layer->mask ? 4 : 3, .input = input, .attributes = attributes};
    SOMA_TRY(soma_graph_add(layer->x->graph, &spec, &y));
    return add_product(layer, y, "output", layer->x->shape[1], out);
}

soma_tensor *soma_attention(soma_tensor *x, size_t heads, const soma_attention_options *options) {
    static const soma_attention_options defaults;
    if (!options) options = &defaults;
    if (!x || (options->context && !soma_layer_same_network(x, options->context, "attention")) ||
        (options->mask && !soma_layer_same_network(x, options->mask, "attention")) ||
        !soma_layer_begin(soma_layer_network(x), "attention", options->name))
        return NULL;
    attention_layer layer = {.x = x, .options = options, .heads = heads};
    soma_tensor *out = NULL;
    layer.context = options->context ? options->context : x;
    layer.mask = options->mask ? options->mask : layer.context->mask;
    soma_status status = build(&layer, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* --------------------------------------------------------------------------------------------------------- as text */

static bool is(soma_word text, const char *word) {
    return soma_name_is_one_of(word, text.start, text.length);
}

/* A word that a number follows: *value, once. */
static soma_status parse_number(const soma_clause *clause, size_t *at, const char *what, size_t *value) {
    if (*value) return soma_clause_reject(clause, clause->words[*at], "a second time");
    if (*at + 1 == clause->count) return soma_clause_reject(clause, clause->words[*at], "%s is missing", what);
    return soma_clause_size(clause, clause->words[++*at], what, value);
}

soma_status soma_clause_heads(const soma_clause *clause, size_t *at, bool *found, size_t *heads, size_t *key_heads) {
    const soma_word text = clause->words[*at];
    *found = true;
    if (is(text, "heads num_heads")) return parse_number(clause, at, "the number of heads", heads);
    if (is(text, "kvheads num_kv_heads"))
        return parse_number(clause, at, "the number of heads of keys and values", key_heads);
    *found = false;
    return SOMA_OK;
}

static soma_status parse_word(const soma_clause *clause, size_t *at, size_t *heads, soma_attention_options *options) {
    const soma_word text = clause->words[*at];
    char initializers[SOMA_NAME_LIST];
    bool found;
    bool *flag = is(text, "causal")   ? &options->causal
                 : is(text, "rotary") ? &options->rotary
                 : is(text, "nobias") ? &options->no_bias
                                      : NULL;
    if (flag && *flag) return soma_clause_reject(clause, text, "a second time");
    if (flag) return *flag = true, SOMA_OK;
    SOMA_TRY(soma_clause_heads(clause, at, &found, heads, &options->key_heads));
    if (found) return SOMA_OK;
    if (is(text, "width key_dim")) return parse_number(clause, at, "the width of a head", &options->head_width);
    const bool second = options->weight_initializer != SOMA_INIT_DEFAULT;
    SOMA_TRY(soma_clause_initializer(clause, text, &found, &options->weight_initializer, &options->weight_scale));
    if (found && second) return soma_clause_reject(clause, text, "a second initializer");
    if (found) return SOMA_OK;
    return soma_clause_reject(clause, text,
                              "expected heads, kvheads, width, causal, rotary, nobias or an initializer (%s)",
                              soma_name_list(SOMA_NAMES_INITIALIZER, initializers));
}

/* attention heads N [kvheads N] [width N] [causal] [rotary] [nobias] [INITIALIZER] */
static soma_status attention_of_text(const soma_clause *clause, soma_tensor **x) {
    soma_attention_options options = {.name = NULL};
    size_t heads = 0;
    for (size_t i = 1; i < clause->count; i++) SOMA_TRY(parse_word(clause, &i, &heads, &options));
    if (!heads)
        return soma_clause_reject(clause, clause->words[0], "how many heads? For example \"attention heads 4\"");
    *x = soma_attention(*x, heads, &options);
    return SOMA_OK;
}

SOMA_LAYER(attention) = {.build = attention_of_text, .words = "multiheadattention"};
