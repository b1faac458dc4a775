/* SPDX-License-Identifier: MIT */
/* See clause.h. */
#include "nn/clause.h"

#include "base/number.h"
#include "base/utf8.h"
#include "device/functions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool soma_is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The same part of the same number, one within the other. */
static bool same_step(const soma_clause *x, const soma_clause *y) {
    return x->number == y->number && x->part && y->part && strcmp(x->part, y->part) == 0;
}

const char *soma_clause_place(const soma_clause *clause, char *text) {
    const soma_clause *step[SOMA_MOST_NESTED + 2];
    size_t count = 0, length = 0, most = SOMA_CLAUSE_PLACE, same;
    for (; clause && count < SOMA_COUNT_OF(step); clause = clause->outer) step[count++] = clause;
    text[0] = '\0';
    for (; count > 0 && length < most; count -= same) {
        const soma_clause *at = step[count - 1];
        for (same = 1; same < count && same_step(at, step[count - 1 - same]);) same++;
        if (same == 2) same = 1;
        length += (size_t)snprintf(text + length, most - length, "%s%s%slayer %zu", length ? ", " : "",
                                   at->part ? at->part : "", at->part ? ", " : "", at->number);
        if (same > 1 && length < most) length += (size_t)snprintf(text + length, most - length, " (%zu times)", same);
    }
    return text;
}

/* Where what is wrong would be right as a layer of its own, the likeliest cause. */
static const char *missing_semicolon(const soma_clause *clause, soma_word at) {
    bool first = clause->count == 0 || at.start == clause->words[0].start;
    return !first && clause->is_layer && clause->is_layer(at) ? "; or is a ';' missing before it?" : "";
}

/* What a word is likely meant for that is no word here. */
static const char *likely_meant(soma_word at) {
    const char *equals = memchr(at.start, '=', at.length), *open = memchr(at.start, '(', at.length);
    if (soma_name_is_one_of("same valid", at.start, at.length)) return "; or is \"pad\" missing before it?";
    return equals && !open ? "; a blank is wanted in place of the '=', as in \"stride 2\"" : "";
}

/* Every message says which layer, and which piece of it. */
soma_status soma_clause_reject(const soma_clause *clause, soma_word at, const char *format, ...) {
    char message[1024], place[SOMA_CLAUSE_PLACE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    soma_clause_place(clause, place);
    if (!at.start) return soma_error(SOMA_INVALID_ARGUMENT, "%s %s", place, message);
    return soma_error(SOMA_INVALID_ARGUMENT, "%s, %s: %s%s%s", place, soma_quote(at.start, at.length).text, message,
                      missing_semicolon(clause, at), likely_meant(at));
}

soma_status soma_clause_prefix(const soma_clause *clause, soma_word at, soma_status status) {
    char place[SOMA_CLAUSE_PLACE];
    return soma_error_prefix(status, "%s, %s: ", soma_clause_place(clause, place),
                             soma_quote(at.start, at.length).text);
}

/* A whole word as a number that float32 can hold. */
bool soma_clause_float(const soma_clause *clause, soma_word text, float *value) {
    char buffer[64];
    if (text.length >= sizeof buffer) return false;
    memcpy(buffer, text.start, text.length);
    buffer[text.length] = 0;
    return soma_number_parse(buffer, clause->c_locale, value) && isfinite(*value);
}

bool soma_word_number(soma_word text, size_t least, size_t *value) {
    bool good = text.length > 0;
    *value = 0;
    for (size_t i = 0; good && i < text.length; i++) {
        good = text.start[i] >= '0' && text.start[i] <= '9' && *value <= SOMA_MOST_UNITS;
        *value = *value * 10 + (size_t)(text.start[i] - '0');
    }
    return good && *value >= least && *value <= SOMA_MOST_UNITS;
}

soma_status soma_clause_size(const soma_clause *clause, soma_word text, const char *what, size_t *value) {
    if (soma_word_number(text, 1, value)) return SOMA_OK;
    return soma_clause_reject(clause, text, "%s must be a whole number from 1 to %d", what, SOMA_MOST_UNITS);
}

static soma_word trimmed(soma_word text) {
    while (text.length && soma_is_space(text.start[0])) text.start++, text.length--;
    while (text.length && soma_is_space(text.start[text.length - 1])) text.length--;
    return text;
}

/* name or name(a) or name(a,b): cuts the arguments off. */
soma_status soma_clause_arguments(const soma_clause *clause, soma_word text, soma_word *name, float *values,
                                  size_t *count) {
    const char *open = memchr(text.start, '(', text.length);
    *name = text;
    *count = 0;
    if (!open) return SOMA_OK;
    name->length = (size_t)(open - text.start);
    const char *close = text.start + text.length - 1;
    if (*close != ')') return soma_clause_reject(clause, text, "it must end with the parenthesis");
    for (const char *start = open + 1, *end; start <= close; start = end + 1) {
        const char *comma = memchr(start, ',', (size_t)(close - start));
        end = comma ? comma : close;
        soma_word piece = trimmed((soma_word){start, (size_t)(end - start)});
        if (*count == 2) return soma_clause_reject(clause, text, "at most two parameters are possible");
        if (!soma_clause_float(clause, piece, &values[*count]))
            return soma_clause_reject(clause, text, "parameter %zu, %s, is not a number", *count + 1,
                                      soma_quote(piece.start, piece.length).text);
        ++*count;
    }
    return SOMA_OK;
}

soma_status soma_clause_expect_parameters(const soma_clause *clause, soma_word text, soma_word name, size_t count,
                                          size_t most) {
    if (count <= most) return SOMA_OK;
    return soma_clause_reject(clause, text, "%.*s takes %zu parameter%s, got %zu", (int)name.length, name.start, most,
                              most == 1 ? "" : "s", count);
}

soma_status soma_clause_expect_words(const soma_clause *clause, size_t count, const char *form) {
    if (clause->count == count) return SOMA_OK;
    if (clause->count > count && *missing_semicolon(clause, clause->words[count]))
        return soma_clause_reject(clause, clause->words[count], "expected \"%s\" and no more words", form);
    return soma_clause_reject(clause, clause->words[0], "%zu word%s, expected \"%s\"", clause->count,
                              clause->count == 1 ? "" : "s", form);
}

soma_status soma_clause_rate(const soma_clause *clause, const char *form, float *rate) {
    SOMA_TRY(soma_clause_expect_words(clause, 2, form));
    if (soma_clause_float(clause, clause->words[1], rate) && *rate >= 0 && *rate < 1) return SOMA_OK;
    return soma_clause_reject(clause, clause->words[1],
                              "the dropout rate must be a number of at least 0 and less than 1");
}

/* *found is false where the word names no function. */
soma_status soma_clause_function(const soma_clause *clause, soma_word text, bool *found, soma_function *function,
                                 soma_activation_options *options) {
    soma_word name;
    float values[2];
    size_t count;
    int value;
    SOMA_TRY(soma_clause_arguments(clause, text, &name, values, &count));
    *found = soma_value_of_name(SOMA_NAMES_FUNCTION, name.start, name.length, &value);
    if (!*found) return SOMA_OK;
    *function = (soma_function)value;
    const soma_function_row *row = soma_function_get(*function); /* softmax has none */
    SOMA_TRY(soma_clause_expect_parameters(clause, text, name, count, row ? row->parameters : 0));
    if (count == 0) return SOMA_OK;
    *options = (soma_activation_options){.set = true, .a = row->a, .b = row->b};
    options->a = values[0];
    if (count > 1) options->b = values[1];
    return SOMA_OK;
}

soma_status soma_clause_initializer(const soma_clause *clause, soma_word text, bool *found,
                                    soma_initializer *initializer, float *scale) {
    soma_word name;
    float values[2] = {0};
    size_t count;
    int value;
    SOMA_TRY(soma_clause_arguments(clause, text, &name, values, &count));
    *found = soma_value_of_name(SOMA_NAMES_INITIALIZER, name.start, name.length, &value);
    if (!*found) return SOMA_OK;
    bool scaled = value == SOMA_INIT_CONSTANT || value == SOMA_INIT_UNIFORM || value == SOMA_INIT_NORMAL;
    SOMA_TRY(soma_clause_expect_parameters(clause, text, name, count, scaled ? 1 : 0));
    *initializer = (soma_initializer)value;
    *scale = values[0];
    return SOMA_OK;
}
