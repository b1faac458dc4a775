/* SPDX-License-Identifier: MIT */
/* Numbers as they come, and room for a word. */
#include "data/tokenizer/tokenizer.h"

#include "base/utf8.h"

soma_status soma_encoding_add(soma_encoding *encoding, uint32_t number) {
    if (encoding->count == encoding->capacity) {
        const size_t capacity = encoding->capacity ? 2 * encoding->capacity : 64;
        int32_t *grown = soma_realloc(encoding->numbers, capacity, sizeof *grown);
        if (!grown) return soma_out_of_memory(capacity * sizeof *grown, "the tokens of a text");
        encoding->numbers = grown;
        encoding->capacity = capacity;
    }
    encoding->numbers[encoding->count++] = (int32_t)number;
    return SOMA_OK;
}

soma_status soma_encoding_reserve_bytes(soma_encoding *encoding, size_t bytes) {
    if (bytes <= encoding->byte_room) return SOMA_OK;
    const size_t room = SOMA_MAX(bytes, 2 * encoding->byte_room);
    char *grown = soma_realloc(encoding->bytes, room, 1);
    if (!grown) return soma_out_of_memory(room, "a word");
    encoding->bytes = grown;
    encoding->byte_room = room;
    return SOMA_OK;
}

soma_status soma_no_token_for(const char *text, size_t length) {
    return soma_error(SOMA_INVALID_ARGUMENT, "the tokenizer has no token for %s, and none for what is unknown",
                      soma_quote(text, length).text);
}
