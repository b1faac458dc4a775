/* SPDX-License-Identifier: MIT */
/* What tokens a text is made of, and their numbers. */
#ifndef SOMA_DATA_VOCABULARY_H
#define SOMA_DATA_VOCABULARY_H

#include "base/base.h"
#include <soma/soma.h>

/* Characters as Unicode numbers them; bytes that belong to none come behind, so that nothing is lost. */
#define SOMA_STRAY_BYTE      0x110000u
#define SOMA_CHARACTER_COUNT (SOMA_STRAY_BYTE + 256)

typedef struct soma_vocabulary {
    bool known;
    soma_tokens kind;
    uint32_t *characters; /* [count], rising; NULL of bytes */
    size_t count;
} soma_vocabulary;

/* How many numbers there are: one for each character, and the last for all others; 256 of bytes; 0 where none is known.
 */
size_t soma_vocabulary_size(const soma_vocabulary *vocabulary);
/* The next character of text[length], which is not empty; returns how many bytes it has. */
size_t soma_next_character(const char *text, size_t length, uint32_t *character);
/* That of these characters, which may be any of SOMA_CHARACTER_COUNT. */
soma_status soma_vocabulary_of(const uint32_t *characters, size_t count, soma_vocabulary *vocabulary);
size_t soma_vocabulary_number(const soma_vocabulary *vocabulary, uint32_t character);
soma_status soma_vocabulary_copy(const soma_vocabulary *from, soma_vocabulary *to);
void soma_vocabulary_clear(soma_vocabulary *vocabulary);

#endif
