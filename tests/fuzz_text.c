/* SPDX-License-Identifier: MIT */
/* Fuzzes texts: whatever the bytes are, cut into characters or bytes they lose nothing, and numbers stand for them. The
 * first byte chooses the kind of tokens, and how much of the text makes the vocabulary. */
#include "fuzz.h"
#include "nn/network.h"

#include <string.h>

/* What the tokens are written as is what they were, where all of them are known. */
static void go_there_and_back(const soma_network *network, const char *text, size_t length, bool all_known) {
    int32_t *numbers;
    size_t count, at = 0, written;
    char piece[SOMA_TOKEN_BYTES];
    REQUIRE(soma_network_encode(network, text, length, &numbers, &count) == SOMA_OK && count <= length);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(numbers[i] >= 0 && (size_t)numbers[i] < soma_network_token_count(network));
        REQUIRE(soma_network_decode(network, (size_t)numbers[i], i == 0, piece, &written) == SOMA_OK);
        REQUIRE(written > 0 && written <= sizeof piece);
        if (!all_known) continue;
        REQUIRE(written <= length - at && memcmp(text + at, piece, written) == 0);
        at += written;
    }
    REQUIRE(!all_known || at == length);
    soma_free(numbers);
}

/* Each character has the bytes that it was read from, which begin the rest of the text. */
static size_t cut(const char *text, size_t length, uint32_t *characters) {
    size_t count = 0;
    for (size_t at = 0; at < length; count++) {
        char again[4];
        const size_t bytes = soma_next_character(text + at, length - at, &characters[count]);
        REQUIRE(bytes > 0 && bytes <= length - at && characters[count] < SOMA_CHARACTER_COUNT);
        REQUIRE(soma_character_write(characters[count], again) == bytes && memcmp(again, text + at, bytes) == 0);
        at += bytes;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const char *text = (const char *)data + 1;
    const size_t length = size - 1;
    uint32_t *characters = calloc(length, sizeof *characters);
    soma_network *network;
    REQUIRE(characters && soma_network_create(&network) == SOMA_OK);
    const size_t count = cut(text, length, characters), learnt = data[0] & 2 ? count / 2 : count;
    if (data[0] & 1)
        network->vocabulary = (soma_vocabulary){.known = true, .kind = SOMA_TOKENS_BYTES};
    else
        REQUIRE(soma_vocabulary_of(characters, learnt, &network->vocabulary) == SOMA_OK);
    go_there_and_back(network, text, length, (data[0] & 1) || learnt == count);
    soma_network_destroy(network);
    free(characters);
    return 0;
}
