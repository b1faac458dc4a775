/* SPDX-License-Identifier: MIT */
/* See characters.h. */
#include "data/tokenizer/characters.h"

#include "base/utf8.h"

size_t soma_next_character(const char *text, size_t length, uint32_t *character) {
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const size_t bytes = soma_utf8_length(text, length);
    *character = SOMA_STRAY_BYTE + (unsigned char)text[0];
    if (bytes == 0) return 1;
    *character = (unsigned char)text[0] & first_bits[bytes];
    for (size_t i = 1; i < bytes; i++) *character = *character << 6 | ((unsigned char)text[i] & 0x3f);
    return bytes;
}

static soma_status set_capacity(soma_characters *characters, size_t capacity) {
    uint32_t *grown = soma_realloc(characters->at, capacity, sizeof *grown);
    if (!grown) return soma_out_of_memory(capacity * sizeof *grown, "the characters of a text");
    characters->at = grown;
    characters->capacity = capacity;
    return SOMA_OK;
}

soma_status soma_characters_reserve(soma_characters *characters, size_t more) {
    if (more <= characters->capacity - characters->count) return SOMA_OK;
    return set_capacity(characters, characters->count + more);
}

soma_status soma_characters_add(soma_characters *characters, uint32_t character) {
    if (characters->count == characters->capacity)
        SOMA_TRY(set_capacity(characters, characters->capacity ? 2 * characters->capacity : 16));
    characters->at[characters->count++] = character;
    return SOMA_OK;
}

soma_status soma_characters_add_text(soma_characters *characters, const char *text, size_t length) {
    uint32_t character;
    size_t count = 0;
    for (size_t at = 0; at < length; count++) at += soma_next_character(text + at, length - at, &character);
    SOMA_TRY(soma_characters_reserve(characters, count));
    for (size_t at = 0; at < length;) {
        at += soma_next_character(text + at, length - at, &character);
        SOMA_TRY(soma_characters_add(characters, character));
    }
    return SOMA_OK;
}

size_t soma_character_write(uint32_t character, char text[4]) {
    static const unsigned char heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t bytes = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    if (character >= SOMA_STRAY_BYTE) {
        text[0] = (char)(character - SOMA_STRAY_BYTE);
        return 1;
    }
    for (size_t i = bytes; i-- > 1; character >>= 6) text[i] = (char)(0x80 | (character & 0x3f));
    text[0] = (char)(heads[bytes] | character);
    return bytes;
}
