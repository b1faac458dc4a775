/* SPDX-License-Identifier: MIT */
/* Text to the numbers that a network takes, and back, by the vocabulary that it keeps. */
#include "nn/network.h"

#include <soma/tokenizer.h>

#define REPLACEMENT 0xfffdu /* what stands for any character that is not known */

size_t soma_network_token_count(const soma_network *network) {
    return network ? soma_vocabulary_size(&network->vocabulary) : 0;
}

static soma_status require_vocabulary(const soma_network *network, const char *function) {
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "%s: network is NULL", function);
    if (network->vocabulary.known) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE, "%s: the network has learnt of no text, and has no vocabulary", function);
}

soma_status soma_network_encode(const soma_network *network, const char *text, size_t length, int32_t **numbers,
                                size_t *count) {
    if (numbers) *numbers = NULL;
    SOMA_TRY(require_vocabulary(network, "soma_network_encode"));
    if ((!text && length) || !numbers || !count)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_encode: %s is NULL",
                          !count    ? "count"
                          : numbers ? "text"
                                    : "numbers");
    const soma_vocabulary *vocabulary = &network->vocabulary;
    *count = 0;
    if (vocabulary->kind == SOMA_TOKENS_TOKENIZER)
        return soma_tokenizer_encode(vocabulary->tokenizer, text, length, numbers, count);
    int32_t *to = *numbers = soma_calloc(SOMA_MAX(length, (size_t)1), sizeof *to);
    if (!to) return soma_out_of_memory(length * sizeof *to, "the tokens of a text");
    for (size_t at = 0; at < length;) {
        uint32_t token = (unsigned char)text[at];
        at += vocabulary->kind == SOMA_TOKENS_BYTES ? 1 : soma_next_character(text + at, length - at, &token);
        to[(*count)++] = (int32_t)soma_vocabulary_number(vocabulary, token);
    }
    return SOMA_OK;
}

soma_status soma_network_decode(const soma_network *network, size_t number, bool first, char text[SOMA_TOKEN_BYTES],
                                size_t *length) {
    SOMA_TRY(require_vocabulary(network, "soma_network_decode"));
    const soma_vocabulary *vocabulary = &network->vocabulary;
    const size_t size = soma_vocabulary_size(vocabulary);
    if (!text || !length)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_decode: %s is NULL", text ? "length" : "text");
    if (number >= size)
        return soma_error(SOMA_INVALID_ARGUMENT, "token %zu of a vocabulary of %zu, numbered from 0", number, size);
    if (vocabulary->kind == SOMA_TOKENS_TOKENIZER)
        return soma_tokenizer_decode(vocabulary->tokenizer, number, first, text, length);
    if (vocabulary->kind == SOMA_TOKENS_BYTES) {
        text[0] = (char)number;
        *length = 1;
    } else
        *length = soma_character_write(number < vocabulary->count ? vocabulary->characters[number] : REPLACEMENT, text);
    return SOMA_OK;
}
