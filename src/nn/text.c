/* SPDX-License-Identifier: MIT */
/* Networks from text: "dense 128 relu; dropout 0.2; dense 10 softmax". The grammar is in docs/networks.md. */
#include "nn/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 8

/* A piece of the text. */
typedef struct word {
    const char *start;
    size_t length;
} word;

/* One layer's words, and where it stands, for messages. */
typedef struct layer_clause {
    word words[MAX_WORDS];
    size_t count, number;
} layer_clause;

static bool is(word text, const char *name) {
    return strlen(name) == text.length && memcmp(text.start, name, text.length) == 0;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#define REJECT(clause, at, format, ...)                                                                                \
    return soma_error(SOMA_INVALID_ARGUMENT, "layer %zu, \"%.*s\": " format, (clause)->number, (int)(at).length,       \
                      (at).start, __VA_ARGS__)

/* Splits at white space outside parentheses, up to ';' or the end; *text moves behind it. */
static soma_status next_clause(const char **text, layer_clause *out) {
    const char *c = *text;
    out->count = 0;
    while (*c && *c != ';') {
        if (is_space(*c)) {
            c++;
            continue;
        }
        word piece = {c, 0};
        for (int depth = 0; *c && (depth > 0 || (!is_space(*c) && *c != ';')); c++) depth += (*c == '(') - (*c == ')');
        piece.length = (size_t)(c - piece.start);
        if (out->count == MAX_WORDS) REJECT(out, piece, "more than %d words in one layer", MAX_WORDS);
        out->words[out->count++] = piece;
    }
    *text = *c ? c + 1 : c;
    return SOMA_OK;
}

/* A whole word as a number. */
static bool parse_number(word text, double *value) {
    char buffer[64], *end;
    if (text.length == 0 || text.length >= sizeof buffer || is_space(text.start[0])) return false;
    memcpy(buffer, text.start, text.length);
    buffer[text.length] = 0;
    *value = strtod(buffer, &end);
    return end == buffer + text.length && isfinite(*value);
}

static soma_status parse_size(const layer_clause *clause, word text, const char *what, size_t *value) {
    double number;
    if (!parse_number(text, &number) || number < 1 || number > 1e9 || number != floor(number))
        REJECT(clause, text, "%s must be a whole number from 1 to 1000000000", what);
    *value = (size_t)number;
    return SOMA_OK;
}

/* name or name(a) or name(a,b): cuts the arguments off. */
static soma_status split_arguments(const layer_clause *clause, word text, word *name, double *values, size_t *count) {
    const char *open = memchr(text.start, '(', text.length);
    *name = text;
    *count = 0;
    if (!open) return SOMA_OK;
    name->length = (size_t)(open - text.start);
    if (text.start[text.length - 1] != ')') REJECT(clause, text, "%s", "the parenthesis is not closed");
    const char *start = open + 1, *last = text.start + text.length - 1;
    while (start <= last) {
        const char *comma = memchr(start, ',', (size_t)(last - start)), *end = comma ? comma : last;
        word piece = {start, (size_t)(end - start)};
        while (piece.length && is_space(piece.start[0])) piece.start++, piece.length--;
        while (piece.length && is_space(piece.start[piece.length - 1])) piece.length--;
        if (*count == 2) REJECT(clause, text, "%s", "at most two parameters are possible");
        if (!parse_number(piece, &values[*count]))
            REJECT(clause, text, "parameter %zu, \"%.*s\", is not a number", *count + 1, (int)piece.length,
                   piece.start);
        ++*count;
        start = end + 1;
        if (!comma) break;
    }
    return SOMA_OK;
}

/* The functions' names as a list, for messages. */
static const char *function_names(char *text, size_t size) {
    size_t length = 0;
    for (int i = 0; i < SOMA_FUNCTION_COUNT + 1; i++) {
        const char *name = soma_function_name(i < SOMA_FUNCTION_COUNT ? (soma_function)i : SOMA_SOFTMAX);
        size_t more = strlen(name);
        if (length + more + 3 > size) break;
        if (length) {
            memcpy(text + length, ", ", 2);
            length += 2;
        }
        memcpy(text + length, name, more);
        length += more;
    }
    text[length] = 0;
    return text;
}

static size_t parameters_of(soma_function function) {
    switch (function) {
    case SOMA_LINEAR:
    case SOMA_ELU:
        return 1;
    case SOMA_LEAKY_RELU:
    case SOMA_HARD_SIGMOID:
        return 2;
    default:
        return 0;
    }
}

/* *found is false where the word names no function. */
static soma_status parse_function(const layer_clause *clause, word text, bool *found, soma_function *function,
                                  soma_activation_options *options) {
    word name;
    double values[2];
    size_t count;
    SOMA_TRY(split_arguments(clause, text, &name, values, &count));
    int value;
    *found = soma_value_of_name(SOMA_NAMES_FUNCTION, name.start, name.length, &value);
    if (*found) *function = (soma_function)value;
    if (!*found || count == 0) return SOMA_OK;
    if (count > parameters_of(*function))
        REJECT(clause, text, "%.*s takes %zu parameters, got %zu", (int)name.length, name.start,
               parameters_of(*function), count);
    *options = soma_activation_defaults(*function);
    options->set = true;
    options->a = (float)values[0];
    if (count > 1) options->b = (float)values[1];
    return SOMA_OK;
}

static soma_status parse_initializer(const layer_clause *clause, word text, bool *found, soma_dense_options *options) {
    word name;
    double values[2] = {0};
    size_t count;
    SOMA_TRY(split_arguments(clause, text, &name, values, &count));
    int initializer;
    *found = soma_value_of_name(SOMA_NAMES_INITIALIZER, name.start, name.length, &initializer);
    if (!*found) return SOMA_OK;
    options->weight_initializer = (soma_initializer)initializer;
    options->weight_scale = (float)values[0];
    return SOMA_OK;
}

/* dense UNITS [ACTIVATION] [nobias] [INITIALIZER] */
static soma_status parse_dense(const layer_clause *clause, size_t *units, soma_dense_options *options) {
    if (clause->count < 2) REJECT(clause, clause->words[0], "%s", "how many units? For example \"dense 128 relu\"");
    SOMA_TRY(parse_size(clause, clause->words[1], "the number of units", units));
    for (size_t i = 2; i < clause->count; i++) {
        bool found = is(clause->words[i], "nobias");
        char names[512];
        if (found) options->no_bias = true;
        if (!found)
            SOMA_TRY(parse_function(clause, clause->words[i], &found, &options->activation, &options->function));
        if (!found) SOMA_TRY(parse_initializer(clause, clause->words[i], &found, options));
        if (!found)
            REJECT(clause, clause->words[i],
                   "expected an activation (%s), nobias, or an initializer such as he_uniform",
                   function_names(names, sizeof names));
    }
    return SOMA_OK;
}

static soma_status expect_words(const layer_clause *clause, size_t count, const char *form) {
    if (clause->count == count) return SOMA_OK;
    REJECT(clause, clause->words[0], "%zu words, expected \"%s\"", clause->count, form);
}

/* reshape D1 [D2 ...] */
static soma_status parse_reshape(const layer_clause *clause, uint32_t *rank, size_t *shape) {
    if (clause->count < 2 || clause->count > 5)
        REJECT(clause, clause->words[0], "%s", "expected 1 to 4 dimensions, as in \"reshape 28 28\"");
    *rank = (uint32_t)clause->count - 1;
    for (uint32_t i = 0; i < *rank; i++) SOMA_TRY(parse_size(clause, clause->words[i + 1], "a dimension", &shape[i]));
    return SOMA_OK;
}

/* A layer that is an activation by itself. */
static soma_status build_activation(const layer_clause *clause, soma_tensor **x) {
    bool found;
    soma_function function = SOMA_IDENTITY;
    soma_activation_options options = {.set = false};
    char names[512];
    SOMA_TRY(parse_function(clause, clause->words[0], &found, &function, &options));
    if (!found)
        REJECT(clause, clause->words[0], "expected dense, dropout, flatten, reshape, or an activation (%s)",
               function_names(names, sizeof names));
    SOMA_TRY(expect_words(clause, 1, "ACTIVATION"));
    *x = soma_activation(*x, function, &options);
    return SOMA_OK;
}

static soma_status build_layer(const layer_clause *clause, soma_tensor **x) {
    word kind = clause->words[0];
    if (is(kind, "dense")) {
        size_t units = 0;
        soma_dense_options options = {.name = NULL};
        SOMA_TRY(parse_dense(clause, &units, &options));
        if ((*x)->rank > 1) *x = soma_flatten(*x); /* images straight into a dense layer */
        *x = soma_dense_with(*x, units, &options);
    } else if (is(kind, "dropout")) {
        double rate;
        SOMA_TRY(expect_words(clause, 2, "dropout RATE"));
        if (!parse_number(clause->words[1], &rate) || rate < 0 || rate >= 1)
            REJECT(clause, clause->words[1], "%s", "the dropout rate must be a number of at least 0 and less than 1");
        *x = soma_dropout(*x, (float)rate);
    } else if (is(kind, "flatten")) {
        SOMA_TRY(expect_words(clause, 1, "flatten"));
        *x = soma_flatten(*x);
    } else if (is(kind, "reshape")) {
        uint32_t rank = 0;
        size_t shape[4];
        SOMA_TRY(parse_reshape(clause, &rank, shape));
        *x = soma_reshape(*x, rank, shape);
    } else {
        return build_activation(clause, x);
    }
    return SOMA_OK;
}

static soma_status build_layers(const char *text, soma_tensor **x) {
    layer_clause clause = {.number = 0};
    while (*text && *x) {
        clause.number++;
        SOMA_TRY(next_clause(&text, &clause));
        if (clause.count == 0 && *text == 0 && clause.number > 1) break; /* a ';' at the end */
        if (clause.count == 0)
            return soma_error(SOMA_INVALID_ARGUMENT, "layer %zu is empty; layers are separated by one ';'",
                              clause.number);
        SOMA_TRY(build_layer(&clause, x));
    }
    if (clause.number == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "the network has no layers; for example \"dense 10 softmax\"");
    return SOMA_OK;
}

soma_tensor *soma_layers(soma_tensor *x, const char *text) {
    if (!x) return NULL;
    soma_network *network = x->graph->owner;
    soma_status status = build_layers(text ? text : "", &x);
    return status == SOMA_OK ? x : soma_network_fail(network, status);
}
