/* SPDX-License-Identifier: MIT */
/* Networks from text: "dense 128 relu; dropout 0.2; dense 10 softmax". The grammar is in docs/networks.md. */
#include "nn/layers/layer.h"

#include <string.h>

static bool is_layer(soma_word text) {
    int function;
    const char *open = memchr(text.start, '(', text.length);
    return soma_layer_of_word(text) || soma_value_of_name(SOMA_NAMES_FUNCTION, text.start,
                                                          open ? (size_t)(open - text.start) : text.length, &function);
}

/* "Conv2d(1, 32, 3)" or "nn.ReLU()": a layer that is known, as a call of another library. */
static bool is_call(soma_word text) {
    const char *open = memchr(text.start, '(', text.length);
    if (!open || soma_layer_of_word(text)) return false;
    soma_word name = {text.start, (size_t)(open - text.start)};
    for (const char *dot; (dot = memchr(name.start, '.', name.length));)
        name = (soma_word){dot + 1, (size_t)(open - dot - 1)};
    bool plain = name.start == text.start && open[1] != ')'; /* as "leaky_relu(0.1)" */
    return name.length && (soma_layer_of_word(name) || (!plain && is_layer(name)));
}

/* Splits at white space outside parentheses, up to ';' or the end; *text becomes what is behind it. */
static soma_status next_clause(soma_word *text, soma_clause *out) {
    const char *c = text->start, *end = text->start + text->length;
    out->count = 0;
    while (c < end && *c != ';') {
        if (soma_is_space(*c)) {
            c++;
            continue;
        }
        soma_word piece = {c, 0};
        for (int depth = 0; c < end && (depth > 0 || (!soma_is_space(*c) && *c != ';')); c++)
            depth += (*c == '(') - (*c == ')');
        piece.length = (size_t)(c - piece.start);
        if (out->count == SOMA_MAX_WORDS)
            return soma_clause_reject(out, piece, "more than %d words in one layer", SOMA_MAX_WORDS);
        out->words[out->count++] = piece;
    }
    if (c < end) c++;
    *text = (soma_word){c, (size_t)(end - c)};
    return SOMA_OK;
}

static void skip_space(soma_word *text) {
    while (text->length && soma_is_space(*text->start)) text->start++, text->length--;
}

/* "l2(X)" and "l1(X)", which any layer with weights takes: what they say, and where. */
typedef struct decay_words {
    soma_word at[2];
    soma_own_decay value[2];
} decay_words;

static const char *const decay_names[2] = {"l2", "l1"};

/* Whether the number in a word's parentheses is not 0, as its digits say, but nearer to that than to any float32. */
static bool is_too_small(soma_word word, float value) {
    const char *end = word.start + word.length;
    for (const char *c = memchr(word.start, '(', word.length); c && c < end && *c != 'e' && *c != 'E'; c++)
        if (*c >= '1' && *c <= '9') return value == 0;
    return false;
}

/* Takes them out of the clause. */
static soma_status take_decay(soma_clause *clause, decay_words *decay) {
    size_t kept = 1;
    for (size_t i = 1; i < clause->count; i++) {
        const soma_word word = clause->words[i];
        const char *open = memchr(word.start, '(', word.length);
        const soma_word name = {word.start, open ? (size_t)(open - word.start) : word.length};
        const bool is_l2 = soma_name_is_one_of(decay_names[0], name.start, name.length);
        if (!is_l2 && !soma_name_is_one_of(decay_names[1], name.start, name.length)) {
            clause->words[kept++] = word;
            continue;
        }
        const size_t which = is_l2 ? 0 : 1;
        float values[2];
        size_t count;
        soma_word cut;
        if (decay->value[which].is_given) return soma_clause_reject(clause, word, "is there twice");
        if (soma_clause_arguments(clause, word, &cut, values, &count) != SOMA_OK || count != 1 || values[0] < 0 ||
            is_too_small(word, values[0]))
            return soma_clause_reject(
                clause, word, "accepted: %s(X), X a number of at least 0 that float32 holds, as in \"%s(0.0001)\"",
                decay_names[which], decay_names[which]);
        decay->value[which].value = values[0] > 0 ? values[0] : 0; /* not -0 */
        decay->value[which].is_given = true;
        decay->at[which] = word;
    }
    clause->count = kept;
    return SOMA_OK;
}

/* To the weights that were made since; layers within the layer may have said it for theirs. */
static soma_status apply_decay(const soma_clause *clause, const decay_words *decay, soma_network *network,
                               size_t before) {
    for (size_t which = 0; which < 2; which++) {
        bool found = !decay->value[which].is_given;
        for (size_t i = before; i < network->parameter_count && decay->value[which].is_given; i++) {
            soma_parameter *parameter = &network->parameters[i];
            soma_own_decay *own = which == 0 ? &parameter->l2 : &parameter->l1;
            if (parameter->is_bias || parameter->is_running || !soma_parameter_is_trained(parameter)) continue;
            if (!own->is_given) *own = decay->value[which];
            found = true;
        }
        if (!found) return soma_clause_reject(clause, decay->at[which], "the layer has no weights that decay");
    }
    return SOMA_OK;
}

static soma_status build_layer(soma_clause *clause, soma_tensor **x) {
    decay_words decay = {.value = {{false, 0}}};
    soma_network *network = (*x)->graph->owner;
    const size_t before = network->parameter_count;
    SOMA_TRY(take_decay(clause, &decay));
    const soma_layer_row *row = soma_layer_of_word(clause->words[0]);
    SOMA_TRY((row ? row->build : soma_layer_build_activation)(clause, x));
    return *x ? apply_decay(clause, &decay, network, before) : SOMA_OK;
}

/* clause: what the layers of the text have in common. */
static soma_status build_layers(soma_word text, soma_clause *clause, soma_tensor **x) {
    for (skip_space(&text); *x && text.length; skip_space(&text)) { /* so a ';' at the end is good */
        clause->number++;
        SOMA_TRY(next_clause(&text, clause));
        if (clause->count == 0)
            return soma_clause_reject(clause, (soma_word){NULL, 0}, "is empty; layers are separated by one ';'");
        if (is_call(clause->words[0]))
            return soma_clause_reject(clause, clause->words[0],
                                      "layers are words and numbers with blanks between them, without parentheses and "
                                      "without the number of inputs, as in \"conv 32 3x3 relu; dense 10 softmax\"");
        SOMA_TRY(build_layer(clause, x));
    }
    return SOMA_OK;
}

soma_status soma_clause_network(const soma_clause *outer, const char *part, soma_word text, soma_tensor **x) {
    soma_clause clause = {.c_locale = outer->c_locale, .is_layer = is_layer, .outer = outer, .part = part};
    int depth = 0;
    for (const soma_clause *at = outer; at; at = at->outer) depth++;
    if (depth > SOMA_MOST_NESTED)
        return soma_clause_reject(outer, outer->words[0], "more than %d layers within each other", SOMA_MOST_NESTED);
    SOMA_TRY(build_layers(text, &clause, x));
    if (clause.number > 0 || !*x) return SOMA_OK;
    return soma_clause_reject(outer, outer->words[0], "the %s has no layers", part);
}

static soma_status build_network(const char *text, locale_t c_locale, soma_tensor **x) {
    soma_clause clause = {.c_locale = c_locale, .is_layer = is_layer};
    SOMA_TRY(build_layers((soma_word){text, strlen(text)}, &clause, x));
    if (clause.number > 0) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "the network has no layers; for example \"dense 10 softmax\"");
}

soma_tensor *soma_layers(soma_tensor *x, const char *text) {
    if (!x) return NULL;
    soma_network *network = x->graph->owner;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return soma_network_fail(network, soma_out_of_memory(0, "the C locale"));
    soma_status status = build_network(text ? text : "", c_locale, &x);
    freelocale(c_locale);
    return status == SOMA_OK ? x : soma_network_fail(network, status);
}
