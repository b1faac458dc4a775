/* SPDX-License-Identifier: MIT */
/* What tokenizers must know of characters; see tools/make-unicode-tables for where it is from. */
#ifndef SOMA_DATA_TOKENIZER_UNICODE_H
#define SOMA_DATA_TOKENIZER_UNICODE_H

#include "base/base.h"

typedef enum soma_character_bit {
    SOMA_LETTER = 1,
    SOMA_NUMBER = 2,
    SOMA_SPACE = 4,
    SOMA_WORD = 8, /* \w of regular expressions */
    SOMA_PUNCTUATION = 16,
    SOMA_MARK = 32,       /* what StripAccents takes away */
    SOMA_NONSPACING = 64, /* and what BERT does */
    SOMA_OTHER = 128,     /* control characters and the like, which BERT leaves out */
    SOMA_DIGIT = 256      /* numbers, by an older version of Unicode */
} soma_character_bit;

typedef struct soma_small_letter {
    uint32_t letter, small;
} soma_small_letter;
typedef struct soma_composition {
    uint32_t whole, first, second; /* second 0: there is none */
} soma_composition;

extern const uint32_t soma_character_ranges[], soma_combining_ranges[];
extern const size_t soma_character_ranges_count, soma_combining_ranges_count;
extern const soma_small_letter soma_small_letters[];
extern const size_t soma_small_letters_count;
extern const soma_composition soma_decompositions[], soma_compositions[];
extern const size_t soma_decompositions_count, soma_compositions_count;

/* Whether the character has one of these bits; stray bytes (vocabulary.h) have none. */
bool soma_character_is(uint32_t character, unsigned bits);
uint32_t soma_combining_class(uint32_t character);
/* The small letter, or the character itself. U+0130 is none of these: it becomes two. */
uint32_t soma_small_letter_of(uint32_t character);
/* One step of the canonical decomposition; false: there is none. */
bool soma_decompose(uint32_t character, uint32_t parts[2]);
/* The character that both make; 0: none. */
uint32_t soma_compose(uint32_t first, uint32_t second);

#endif
