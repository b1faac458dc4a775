/* SPDX-License-Identifier: MIT */
/* A word by WordPiece: the longest token that it begins with, then the longest that goes on, and so on. */
#include "data/tokenizer/tokenizer.h"

#include <string.h>

/* The longest token from the byte `at` on, and where it ends: behind a character. */
static uint32_t longest(soma_encoding *encoding, size_t at, size_t length, size_t *end) {
    const soma_tokenizer *tokenizer = encoding->tokenizer;
    const size_t prefix = at ? strlen(tokenizer->prefix) : 0;
    char *text = encoding->bytes + at;
    if (prefix) {
        /* What was looked at already is overwritten; it is long enough, since the bytes begin behind a prefix. */
        text -= prefix;
        memcpy(text, tokenizer->prefix, prefix);
    }
    for (*end = SOMA_MIN(length, at + tokenizer->longest_token); *end > at; --*end) {
        if (*end < length && (encoding->bytes[*end] & 0xc0) == 0x80) continue;
        const uint32_t token = soma_tokenizer_find(tokenizer, text, prefix + *end - at);
        if (token != SOMA_NO_TOKEN) return token;
    }
    return SOMA_NO_TOKEN;
}

soma_status soma_encode_word_piece(void *context, const uint32_t *word, size_t count) {
    soma_encoding *encoding = context;
    const size_t before = encoding->count, room = strlen(encoding->tokenizer->prefix);
    size_t length = 0;
    SOMA_TRY(soma_encoding_reserve_bytes(encoding, room + 4 * count));
    char *whole = encoding->bytes;
    encoding->bytes += room;
    for (size_t i = 0; i < count; i++) length += soma_character_write(word[i], encoding->bytes + length);
    soma_status status = SOMA_OK;
    bool known = count <= encoding->tokenizer->longest_word;
    for (size_t at = 0, end; status == SOMA_OK && known && at < length; at = end) {
        const uint32_t token = longest(encoding, at, length, &end);
        known = token != SOMA_NO_TOKEN;
        if (known) status = soma_encoding_add(encoding, token);
    }
    if (status == SOMA_OK && !known) {
        encoding->count = before;
        status = soma_encoding_add(encoding, encoding->tokenizer->unknown);
    }
    encoding->bytes = whole;
    return status;
}
