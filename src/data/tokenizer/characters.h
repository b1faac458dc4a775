/* SPDX-License-Identifier: MIT */
/* Characters as Unicode numbers them; bytes that belong to none come behind, so that nothing is lost. */
#ifndef SOMA_DATA_TOKENIZER_CHARACTERS_H
#define SOMA_DATA_TOKENIZER_CHARACTERS_H

#include "base/base.h"

#define SOMA_STRAY_BYTE      0x110000u
#define SOMA_CHARACTER_COUNT (SOMA_STRAY_BYTE + 256)

/* The next character of text[length], which is not empty; returns how many bytes it has. */
size_t soma_next_character(const char *text, size_t length, uint32_t *character);
/* As UTF-8 has it, a stray byte as it was; returns the bytes written. */
size_t soma_character_write(uint32_t character, char text[4]);

/* Begin with {0}, free `at`. */
typedef struct soma_characters {
    uint32_t *at;
    size_t count, capacity;
} soma_characters;
/* Room for so many more, and no more than that. */
soma_status soma_characters_reserve(soma_characters *characters, size_t more);
soma_status soma_characters_add(soma_characters *characters, uint32_t character);
soma_status soma_characters_add_text(soma_characters *characters, const char *text, size_t length);

#endif
