/* SPDX-License-Identifier: MIT */
/* transformer: a block of attention and two dense layers, each with a normalisation and added to what it is made of
 * (Vaswani et al. 2017; normalised first: Xiong et al. 2020). It is the layers that it consists of. */
#include "nn/layers/layer.h"

static soma_tensor *add_norm(soma_tensor *x, const soma_transformer_options *options) {
    return options->rms_norm ? soma_rmsnorm(x, NULL) : soma_layernorm(x, NULL);
}

static soma_tensor *add_dense(soma_tensor *x, size_t units, soma_function function,
                              const soma_transformer_options *options) {
    return soma_dense_with(x, units,
                           &(soma_dense_options){.activation = function, .no_bias = options->no_bias, .every_step = 1});
}

/* What is made of x, added to it. */
static soma_tensor *add_to(soma_tensor *x, soma_tensor *y, const soma_transformer_options *options) {
    if (options->dropout > 0) y = soma_dropout(y, options->dropout);
    y = y ? soma_add(x, y) : NULL;
    return options->post_norm ? add_norm(y, options) : y;
}

static soma_tensor *add_attention(soma_tensor *x, size_t heads, const soma_transformer_options *options) {
    return soma_attention(x, heads,
                          &(soma_attention_options){.key_heads = options->key_heads,
                                                    .causal = options->causal,
                                                    .rotary = options->rotary,
                                                    .no_bias = options->no_bias,
                                                    .mask = options->mask});
}

/* By default four times as many units as features; where there are three products instead of two, two thirds of that,
 * rounded up to a multiple of 8 (Shazeer 2020, "GLU Variants Improve Transformer"). */
static size_t hidden_of(size_t features, const soma_transformer_options *options) {
    if (options->hidden) return options->hidden;
    return options->swiglu ? (8 * features + 23) / 24 * 8 : 4 * features;
}

static soma_tensor *add_hidden(soma_tensor *x, const soma_transformer_options *options) {
    const soma_function function = options->function == SOMA_IDENTITY ? SOMA_GELU : options->function;
    if (!x) return NULL;
    const size_t features = x->shape[1], units = hidden_of(features, options);
    soma_tensor *hidden = add_dense(x, units, options->swiglu ? SOMA_SILU : function, options);
    if (options->swiglu) {
        soma_tensor *linear = add_dense(x, units, SOMA_IDENTITY, options);
        hidden = hidden && linear ? soma_multiply(hidden, linear) : NULL;
    }
    return add_dense(hidden, features, SOMA_IDENTITY, options);
}

static soma_status check(const soma_tensor *x, const soma_transformer_options *options) {
    char text[SOMA_SHAPE_TEXT];
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_transformer_options"));
    if (!x->batched || x->rank != 2)
        return soma_error(SOMA_INVALID_SHAPE, "it takes steps of features, [batch, steps, features], got %s",
                          soma_tensor_shape_text(x, text));
    if (x->shape[1] > SOMA_MOST_UNITS)
        return soma_error(SOMA_INVALID_SHAPE, "%zu features, at most %d are possible", x->shape[1], SOMA_MOST_UNITS);
    if (options->swiglu && options->function != SOMA_IDENTITY)
        return soma_error(SOMA_INVALID_ARGUMENT, "swiglu has a function of its own, silu, and %s is asked for",
                          soma_function_name(options->function));
    if (options->dropout >= 0 && options->dropout < 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "the dropout rate must be at least 0 and less than 1, got %g",
                      (double)options->dropout);
}

soma_tensor *soma_transformer(soma_tensor *x, size_t heads, const soma_transformer_options *options) {
    static const soma_transformer_options defaults;
    if (!options) options = &defaults;
    if (!x) return NULL;
    const soma_status status = check(x, options);
    if (status != SOMA_OK) {
        soma_error_prefix(status, "transformer: ");
        return soma_network_fail(soma_layer_network(x), status);
    }
    const bool first = !options->post_norm;
    x = add_to(x, add_attention(first ? add_norm(x, options) : x, heads, options), options);
    return add_to(x, add_hidden(first ? add_norm(x, options) : x, options), options);
}

/* --------------------------------------------------------------------------------------------------------- as text */

static bool is(soma_word text, const char *word) {
    return soma_name_is_one_of(word, text.start, text.length);
}

static soma_status parse_dropout(const soma_clause *clause, size_t *at, soma_transformer_options *options, bool *seen) {
    if (*seen) return soma_clause_reject(clause, clause->words[*at], "a second time");
    if (*at + 1 == clause->count)
        return soma_clause_reject(clause, clause->words[*at], "the rate, as in \"dropout 0.1\", is missing");
    *seen = true;
    const soma_word text = clause->words[++*at];
    if (soma_clause_float(clause, text, &options->dropout) && options->dropout >= 0 && options->dropout < 1)
        return SOMA_OK;
    return soma_clause_reject(clause, text, "the dropout rate must be a number of at least 0 and less than 1");
}

static soma_status parse_hidden(const soma_clause *clause, size_t *at, soma_transformer_options *options) {
    if (options->hidden) return soma_clause_reject(clause, clause->words[*at], "a second time");
    if (*at + 1 == clause->count)
        return soma_clause_reject(clause, clause->words[*at], "how many, as in \"hidden 512\", is missing");
    return soma_clause_size(clause, clause->words[++*at], "the number of hidden units", &options->hidden);
}

static soma_status parse_word(const soma_clause *clause, size_t *at, size_t *heads, soma_transformer_options *options,
                              bool *dropped) {
    const soma_word text = clause->words[*at];
    bool found;
    bool *flag = is(text, "causal")     ? &options->causal
                 : is(text, "rotary")   ? &options->rotary
                 : is(text, "postnorm") ? &options->post_norm
                 : is(text, "rmsnorm")  ? &options->rms_norm
                 : is(text, "swiglu")   ? &options->swiglu
                 : is(text, "nobias")   ? &options->no_bias
                                        : NULL;
    if (flag && *flag) return soma_clause_reject(clause, text, "a second time");
    if (flag) return *flag = true, SOMA_OK;
    if (is(text, "dropout")) return parse_dropout(clause, at, options, dropped);
    if (is(text, "hidden")) return parse_hidden(clause, at, options);
    SOMA_TRY(soma_clause_heads(clause, at, &found, heads, &options->key_heads));
    if (found) return SOMA_OK;
    if ((is(text, "relu") || is(text, "gelu") || is(text, "silu")) && options->function == SOMA_IDENTITY) {
        options->function = is(text, "relu") ? SOMA_RELU : is(text, "gelu") ? SOMA_GELU : SOMA_SILU;
        return SOMA_OK;
    }
    return soma_clause_reject(clause, text,
                              "expected heads, kvheads, hidden, causal, rotary, postnorm, rmsnorm, swiglu, relu, gelu, "
                              "silu, nobias or dropout");
}

/* transformer heads N [kvheads N] [hidden N] [causal] [rotary] [postnorm] [rmsnorm] [swiglu|relu|gelu|silu] [nobias]
 * [dropout RATE] */
static soma_status transformer_of_text(const soma_clause *clause, soma_tensor **x) {
    soma_transformer_options options = {.hidden = 0};
    size_t heads = 0;
    bool dropped = false;
    for (size_t i = 1; i < clause->count; i++) SOMA_TRY(parse_word(clause, &i, &heads, &options, &dropped));
    if (!heads)
        return soma_clause_reject(clause, clause->words[0], "how many heads? For example \"transformer heads 4\"");
    *x = soma_transformer(*x, heads, &options);
    return SOMA_OK;
}

SOMA_LAYER(transformer) = {.build = transformer_of_text};
