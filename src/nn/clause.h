/* SPDX-License-Identifier: MIT */
/* One layer of a network as text: its words, what they can be read as, and messages that say where they stand. */
#ifndef SOMA_NN_CLAUSE_H
#define SOMA_NN_CLAUSE_H

#include "nn/network.h"

#include <locale.h>

#define SOMA_MAX_WORDS  16
#define SOMA_MOST_UNITS 1000000000
/* Layers in parentheses within each other: a text must not use up the stack. */
#define SOMA_MOST_NESTED 16

/* A piece of the text. */
typedef struct soma_word {
    const char *start;
    size_t length;
} soma_word;

/* One layer's words, and where it stands, for messages. */
typedef struct soma_clause {
    soma_word words[SOMA_MAX_WORDS];
    size_t count, number;
    const struct soma_clause *outer;  /* the layer in whose parentheses this one stands; NULL for none */
    const char *part;                 /* of the outer one: "residual", "shortcut" */
    locale_t c_locale;                /* numbers have a point, whatever the program's locale says */
    bool (*is_layer)(soma_word text); /* whether a layer may begin with the word */
} soma_clause;

bool soma_is_space(char c);
/* The dimensions that a layer's word names, and where: 2 of conv2d, at 4; 0: none. */
uint32_t soma_word_dimensions(soma_word text, size_t *at);
/* A whole number from `least` to SOMA_MOST_UNITS. */
bool soma_word_number(soma_word text, size_t least, size_t *value);

/* "layer 2, residual, layer 1": from the outermost in, into text[SOMA_CLAUSE_PLACE]; returns text. */
#define SOMA_CLAUSE_PLACE 768
const char *soma_clause_place(const soma_clause *clause, char *text);

/* Every message says which layer, and which piece of it; one about no piece, where `at` has no start, goes on from
 * "layer 2". */
soma_status soma_clause_reject(const soma_clause *clause, soma_word at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts the same before the detail of an error that there is. */
soma_status soma_clause_prefix(const soma_clause *clause, soma_word at, soma_status status);

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
/* A number that is at least 0 and less than 1, as the one argument of the layer; `form` as in "dropout RATE". */
soma_status soma_clause_rate(const soma_clause *clause, const char *form, float *rate);
/* The dimensions that the layer's word names; 0: none. */
uint32_t soma_clause_dimensions(const soma_clause *clause);
/* "3x5": at most three whole numbers, each at least `least` (0 or 1); *count of them. */
soma_status soma_clause_sizes(const soma_clause *clause, soma_word text, const char *what, size_t least,
                              size_t sizes[3], uint32_t *count);
/* One for each of `rank` dimensions; a single one stands for all. */
soma_status soma_clause_sizes_of(const soma_clause *clause, soma_word text, const char *what, size_t least,
                                 uint32_t rank, size_t sizes[3]);
/* "1" or "1x2", as much on both sides, or "TOP,BOTTOM,LEFT,RIGHT": a pair for each of `rank` dimensions. */
soma_status soma_clause_sides(const soma_clause *clause, soma_word text, const char *what, uint32_t rank,
                              size_t before[3], size_t after[3]);

/* The layers of a text within a layer's parentheses, after *x; `part` names it in messages. */
soma_status soma_clause_network(const soma_clause *outer, const char *part, soma_word text, soma_tensor **x);

/* *found is false where the word names no function. */
soma_status soma_clause_function(const soma_clause *clause, soma_word text, bool *found, soma_function *function,
                                 soma_activation_options *options);
/* Likewise of an initializer. */
soma_status soma_clause_initializer(const soma_clause *clause, soma_word text, bool *found,
                                    soma_initializer *initializer, float *scale);

#endif
