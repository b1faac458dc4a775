/* SPDX-License-Identifier: MIT */
/* The layers that a text may name: the rows of all families. */
#include "nn/layers/layer.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    const soma_layer_row *row;
} rows[] = {
#define X(name) {#name, &soma_layer_row_##name},
    SOMA_LAYER_LIST(X)
#undef X
};

static bool is_word_of(const soma_layer_row *row, const char *word, const char *text, size_t length) {
    return soma_name_is_one_of(word, text, length) || soma_name_is_one_of(row->words, text, length);
}

static bool is_called(const soma_layer_row *row, const char *word, soma_word name) {
    char without[64]; /* "conv2d" without "2d" */
    size_t at;
    if (is_word_of(row, word, name.start, name.length)) return true;
    if (!row->has_dimensions || name.length > sizeof without || !soma_word_dimensions(name, &at)) return false;
    memcpy(without, name.start, at);
    memcpy(without + at, name.start + at + 2, name.length - at - 2);
    return is_word_of(row, word, without, name.length - 2);
}

const soma_layer_row *soma_layer_of_word(soma_word text) {
    const char *open = memchr(text.start, '(', text.length);
    soma_word name = {text.start, open ? (size_t)(open - text.start) : text.length};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        if (is_called(rows[i].row, rows[i].word, rows[i].row->takes_arguments ? name : text)) return rows[i].row;
    return NULL;
}

const char *soma_layer_words(char *text, size_t size) {
    size_t length = 0;
    *text = 0;
    for (size_t i = 0; i < SOMA_COUNT_OF(rows) && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", i ? ", " : "", rows[i].word);
    return text;
}
