/* SPDX-License-Identifier: MIT */
/* Distinct texts, numbered in the order in which they came. */
#ifndef SOMA_IO_WORDS_H
#define SOMA_IO_WORDS_H

#include "base/base.h"

typedef struct soma_word {
    char *text;
    size_t line; /* where it was first met */
} soma_word;

/* All zeros is the empty table. */
typedef struct soma_words {
    soma_word *words;
    size_t count;
    uint32_t *slots; /* number of a name + 1, at its hash or behind it; 0: free */
    size_t slot_count;
} soma_words;

/* The number of a text, which is added if it is new: then count has grown. */
soma_status soma_words_add(soma_words *words, const char *text, size_t line, size_t *number);
/* False if the text is not there. */
bool soma_words_find(const soma_words *words, const char *text, size_t *number);
void soma_words_clear(soma_words *words);

#endif
