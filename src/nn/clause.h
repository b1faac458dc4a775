/* SPDX-License-Identifier: MIT */
/* One layer of a network as text: its words, what they can be read as, and messages that say where they stand. */
#ifndef SOMA_NN_CLAUSE_H
#define SOMA_NN_CLAUSE_H

#include "nn/network.h"

#include <locale.h>

#define SOMA_MAX_WORDS  8
#define SOMA_MOST_UNITS 1000000000

/* A piece of the text. */
typedef struct soma_word {
    const char *start;
    size_t length;
} soma_word;

/* One layer's words, and where it stands, for messages. */
typedef struct soma_clause {
    soma_word words[SOMA_MAX_WORDS];
    size_t count, number;
    locale_t c_locale; /* numbers have a point, whatever the program's locale says */
} soma_clause;

bool soma_word_is(soma_word text, const char *name);
bool soma_is_space(char c);

/* Every message says which layer, and which piece of it. */
soma_status soma_clause_reject(const soma_clause *clause, soma_word at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A whole word as a number that float32 can hold. */
bool soma_clause_float(const soma_clause *clause, soma_word text, float *value);
/* A whole number from 1 to SOMA_MOST_UNITS; `what` it is, for the message. */
soma_status soma_clause_size(const soma_clause *clause, soma_word text, const char *what, size_t *value);
/* name or name(a) or name(a,b): cuts the arguments off; values[2]. */
soma_status soma_clause_arguments(const soma_clause *clause, soma_word text, soma_word *name, float *values,
                                  size_t *count);
soma_status soma_clause_expect_parameters(const soma_clause *clause, soma_word text, soma_word name, size_t count,
                                          size_t most);
soma_status soma_clause_expect_words(const soma_clause *clause, size_t count, const char *form);

/* *found is false where the word names no function. */
soma_status soma_clause_function(const soma_clause *clause, soma_word text, bool *found, soma_function *function,
                                 soma_activation_options *options);

#endif
