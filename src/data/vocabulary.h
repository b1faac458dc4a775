/* SPDX-License-Identifier: MIT */
/* What tokens a text is made of, and their numbers. */
#ifndef SOMA_DATA_VOCABULARY_H
#define SOMA_DATA_VOCABULARY_H

#include "base/base.h"
#include "data/tokenizer/characters.h"
#include <soma/soma.h>

typedef struct soma_vocabulary {
    bool known;
    soma_tokens kind;
    uint32_t *characters; /* [count], rising; NULL of other kinds */
    size_t count;
    soma_tokenizer *tokenizer; /* counted; NULL of other kinds */
} soma_vocabulary;

/* How many numbers there are: one for each character, and the last for all others; 256 of bytes; as many as the
 * tokenizer has; 0 where none is known. */
size_t soma_vocabulary_size(const soma_vocabulary *vocabulary);
/* That of these characters, which may be any of SOMA_CHARACTER_COUNT. */
soma_status soma_vocabulary_of(const uint32_t *characters, size_t count, soma_vocabulary *vocabulary);
/* Of what a text was cut into: of bytes and a tokenizer's tokens the same. */
size_t soma_vocabulary_number(const soma_vocabulary *vocabulary, uint32_t character);
soma_status soma_vocabulary_copy(const soma_vocabulary *from, soma_vocabulary *to);
void soma_vocabulary_clear(soma_vocabulary *vocabulary);

#endif
