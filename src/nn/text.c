/* SPDX-License-Identifier: MIT */
/* Networks from text: "dense 128 relu; dropout 0.2; dense 10 softmax". The grammar is in docs/networks.md. */
#include "base/number.h"
#include "base/utf8.h"
#include "device/functions.h"
#include "nn/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_WORDS  8
#define MOST_UNITS 1000000000

/* A piece of the text. */
typedef struct word {
    const char *start;
    size_t length;
} word;

/* One layer's words, and where it stands, for messages. */
typedef struct layer_clause {
    word words[MAX_WORDS];
    size_t count, number;
    locale_t c_locale; /* numbers have a point, whatever the program's locale says */
} layer_clause;

static bool is(word text, const char *name) {
    return strlen(name) == text.length && memcmp(text.start, name, text.length) == 0;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Every message says which layer, and which piece of it. */
static soma_status __attribute__((format(printf, 3, 4)))
reject(const layer_clause *clause, word at, const char *format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return soma_error(SOMA_INVALID_ARGUMENT, "layer %zu, %s: %s", clause->number, soma_quote(at.start, at.length).text,
                      message);
}

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
        if (out->count == MAX_WORDS) return reject(out, piece, "more than %d words in one layer", MAX_WORDS);
        out->words[out->count++] = piece;
    }
    *text = *c ? c + 1 : c;
    return SOMA_OK;
}

/* A whole word as a number that float32 can hold. */
static bool parse_float(const layer_clause *clause, word text, float *value) {
    char buffer[64];
    if (text.length >= sizeof buffer) return false;
    memcpy(buffer, text.start, text.length);
    buffer[text.length] = 0;
    return soma_number_parse(buffer, clause->c_locale, value) && isfinite(*value);
}

static soma_status parse_size(const layer_clause *clause, word text, const char *what, size_t *value) {
    bool good = text.length > 0;
    *value = 0;
    for (size_t i = 0; good && i < text.length; i++) {
        good = text.start[i] >= '0' && text.start[i] <= '9' && *value <= MOST_UNITS;
        *value = *value * 10 + (size_t)(text.start[i] - '0');
    }
    if (good && *value >= 1 && *value <= MOST_UNITS) return SOMA_OK;
    return reject(clause, text, "%s must be a whole number from 1 to %d", what, MOST_UNITS);
}

static word trimmed(word text) {
    while (text.length && is_space(text.start[0])) text.start++, text.length--;
    while (text.length && is_space(text.start[text.length - 1])) text.length--;
    return text;
}

/* name or name(a) or name(a,b): cuts the arguments off. */
static soma_status split_arguments(const layer_clause *clause, word text, word *name, float *values, size_t *count) {
    const char *open = memchr(text.start, '(', text.length);
    *name = text;
    *count = 0;
    if (!open) return SOMA_OK;
    name->length = (size_t)(open - text.start);
    const char *close = text.start + text.length - 1;
    if (*close != ')') return reject(clause, text, "it must end with the parenthesis");
    for (const char *start = open + 1, *end; start <= close; start = end + 1) {
        const char *comma = memchr(start, ',', (size_t)(close - start));
        end = comma ? comma : close;
        word piece = trimmed((word){start, (size_t)(end - start)});
        if (*count == 2) return reject(clause, text, "at most two parameters are possible");
        if (!parse_float(clause, piece, &values[*count]))
            return reject(clause, text, "parameter %zu, %s, is not a number", *count + 1,
                          soma_quote(piece.start, piece.length).text);
        ++*count;
    }
    return SOMA_OK;
}

static soma_status expect_parameters(const layer_clause *clause, word text, word name, size_t count, size_t most) {
    if (count <= most) return SOMA_OK;
    return reject(clause, text, "%.*s takes %zu parameter%s, got %zu", (int)name.length, name.start, most,
                  most == 1 ? "" : "s", count);
}

/* *found is false where the word names no function. */
static soma_status parse_function(const layer_clause *clause, word text, bool *found, soma_function *function,
                                  soma_activation_options *options) {
    word name;
    float values[2];
    size_t count;
    int value;
    SOMA_TRY(split_arguments(clause, text, &name, values, &count));
    *found = soma_value_of_name(SOMA_NAMES_FUNCTION, name.start, name.length, &value);
    if (!*found) return SOMA_OK;
    *function = (soma_function)value;
    const soma_function_row *row = soma_function_get(*function); /* softmax has none */
    SOMA_TRY(expect_parameters(clause, text, name, count, row ? row->parameters : 0));
    if (count == 0) return SOMA_OK;
    *options = soma_activation_defaults(*function);
    options->set = true;
    options->a = values[0];
    if (count > 1) options->b = values[1];
    return SOMA_OK;
}

static soma_status parse_initializer(const layer_clause *clause, word text, bool *found, soma_dense_options *options) {
    word name;
    float values[2] = {0};
    size_t count;
    int value;
    SOMA_TRY(split_arguments(clause, text, &name, values, &count));
    *found = soma_value_of_name(SOMA_NAMES_INITIALIZER, name.start, name.length, &value);
    if (!*found) return SOMA_OK;
    bool scaled = value == SOMA_INIT_CONSTANT || value == SOMA_INIT_UNIFORM || value == SOMA_INIT_NORMAL;
    SOMA_TRY(expect_parameters(clause, text, name, count, scaled ? 1 : 0));
    options->weight_initializer = (soma_initializer)value;
    options->weight_scale = values[0];
    return SOMA_OK;
}

/* What may follow the number of units, each once. */
enum { WORD_NOBIAS = 1, WORD_ACTIVATION = 2, WORD_INITIALIZER = 4 };

static soma_status parse_dense_word(const layer_clause *clause, word text, soma_dense_options *options,
                                    unsigned *kind) {
    char functions[SOMA_NAME_LIST], initializers[SOMA_NAME_LIST];
    bool found;
    *kind = WORD_NOBIAS;
    if (is(text, "nobias")) return options->no_bias = true, SOMA_OK;
    *kind = WORD_ACTIVATION;
    SOMA_TRY(parse_function(clause, text, &found, &options->activation, &options->function));
    if (found) return SOMA_OK;
    *kind = WORD_INITIALIZER;
    SOMA_TRY(parse_initializer(clause, text, &found, options));
    if (found) return SOMA_OK;
    return reject(clause, text, "expected an activation (%s), nobias, or an initializer (%s)",
                  soma_name_list(SOMA_NAMES_FUNCTION, functions), soma_name_list(SOMA_NAMES_INITIALIZER, initializers));
}

/* dense UNITS [ACTIVATION] [nobias] [INITIALIZER] */
static soma_status parse_dense(const layer_clause *clause, size_t *units, soma_dense_options *options) {
    unsigned seen = 0, kind;
    if (clause->count < 2) return reject(clause, clause->words[0], "how many units? For example \"dense 128 relu\"");
    SOMA_TRY(parse_size(clause, clause->words[1], "the number of units", units));
    for (size_t i = 2; i < clause->count; i++) {
        SOMA_TRY(parse_dense_word(clause, clause->words[i], options, &kind));
        if (seen & kind)
            return reject(clause, clause->words[i], "a second %s",
                          kind == WORD_NOBIAS ? "nobias" : (kind == WORD_ACTIVATION ? "activation" : "initializer"));
        seen |= kind;
    }
    return SOMA_OK;
}

static soma_status expect_words(const layer_clause *clause, size_t count, const char *form) {
    if (clause->count == count) return SOMA_OK;
    return reject(clause, clause->words[0], "%zu word%s, expected \"%s\"", clause->count, clause->count == 1 ? "" : "s",
                  form);
}

/* reshape D1 [D2 ...] */
static soma_status parse_reshape(const layer_clause *clause, uint32_t *rank, size_t *shape) {
    if (clause->count < 2 || clause->count > 5)
        return reject(clause, clause->words[0], "expected 1 to 4 dimensions, as in \"reshape 28 28\"");
    *rank = (uint32_t)clause->count - 1;
    for (uint32_t i = 0; i < *rank; i++) SOMA_TRY(parse_size(clause, clause->words[i + 1], "a dimension", &shape[i]));
    return SOMA_OK;
}

/* A layer that is an activation by itself. */
static soma_status build_activation(const layer_clause *clause, soma_tensor **x) {
    bool found;
    soma_function function = SOMA_IDENTITY;
    soma_activation_options options = {.set = false};
    char names[SOMA_NAME_LIST];
    SOMA_TRY(parse_function(clause, clause->words[0], &found, &function, &options));
    if (!found)
        return reject(clause, clause->words[0], "expected dense, dropout, flatten, reshape, or an activation (%s)",
                      soma_name_list(SOMA_NAMES_FUNCTION, names));
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
        float rate;
        SOMA_TRY(expect_words(clause, 2, "dropout RATE"));
        if (!parse_float(clause, clause->words[1], &rate) || rate < 0 || rate >= 1)
            return reject(clause, clause->words[1], "the dropout rate must be a number of at least 0 and less than 1");
        *x = soma_dropout(*x, rate);
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

static const char *skip_space(const char *text) {
    while (is_space(*text)) text++;
    return text;
}

static soma_status build_layers(const char *text, locale_t c_locale, soma_tensor **x) {
    layer_clause clause = {.c_locale = c_locale};
    while (*x && *(text = skip_space(text))) { /* so a ';' at the end is good */
        clause.number++;
        SOMA_TRY(next_clause(&text, &clause));
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
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) return soma_network_fail(network, soma_out_of_memory(0, "the C locale"));
    soma_status status = build_layers(text ? text : "", c_locale, &x);
    freelocale(c_locale);
    return status == SOMA_OK ? x : soma_network_fail(network, status);
}
