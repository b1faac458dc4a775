/* SPDX-License-Identifier: MIT */
/* Text to the numbers that a network takes, and back, by the vocabulary that it keeps. */
#include "nn/network.h"

#include <string.h>

size_t soma_network_token_count(const soma_network *network) {
    return network ? soma_vocabulary_size(&network->vocabulary) : 0;
}

static soma_status require_vocabulary(const soma_network *network, const char *function) {
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "%s: network is NULL", function);
    if (network->vocabulary.known) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE, "%s: the network has learnt of no text, and has no vocabulary", function);
}

soma_status soma_network_encode(const soma_network *network, const char *text, size_t length, int32_t *numbers,
                                size_t *count) {
    SOMA_TRY(require_vocabulary(network, "soma_network_encode"));
    if ((!text && length) || (!numbers && length) || !count)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_encode: %s is NULL",
                          !count    ? "count"
                          : numbers ? "text"
                                    : "numbers");
    *count = 0;
    for (size_t at = 0; at < length;) {
        uint32_t token = (unsigned char)text[at];
        at += network->vocabulary.kind == SOMA_TOKENS_BYTES ? 1 : soma_next_character(text + at, length - at, &token);
        numbers[(*count)++] = (int32_t)soma_vocabulary_number(&network->vocabulary, token);
    }
    return SOMA_OK;
}

/* As UTF-8 has it; a stray byte is what it was. */
static size_t write_character(uint32_t character, char text[SOMA_TOKEN_BYTES]) {
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

soma_status soma_network_decode(const soma_network *network, size_t number, char text[SOMA_TOKEN_BYTES],
                                size_t *length) {
    SOMA_TRY(require_vocabulary(network, "soma_network_decode"));
    const soma_vocabulary *vocabulary = &network->vocabulary;
    const size_t size = soma_vocabulary_size(vocabulary);
    if (!text || !length)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_decode: %s is NULL", text ? "length" : "text");
    if (number >= size)
        return soma_error(SOMA_INVALID_ARGUMENT, "token %zu of a vocabulary of %zu, numbered from 0", number, size);
    memset(text, 0, SOMA_TOKEN_BYTES);
    if (vocabulary->kind == SOMA_TOKENS_BYTES) {
        text[0] = (char)number;
        *length = 1;
    } else
        *length = write_character(number < vocabulary->count ? vocabulary->characters[number] : 0xfffd, text);
    return SOMA_OK;
}
