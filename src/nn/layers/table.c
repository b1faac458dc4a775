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

const soma_layer_row *soma_layer_of_word(soma_word text) {
    const char *open = memchr(text.start, '(', text.length);
    soma_word name = {text.start, open ? (size_t)(open - text.start) : text.length};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        if (soma_word_is(rows[i].row->takes_arguments ? name : text, rows[i].word)) return rows[i].row;
    return NULL;
}

const char *soma_layer_words(char *text, size_t size) {
    size_t length = 0;
    *text = 0;
    for (size_t i = 0; i < SOMA_COUNT_OF(rows) && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", i ? ", " : "", rows[i].word);
    return text;
}
