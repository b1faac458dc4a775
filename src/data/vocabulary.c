/* SPDX-License-Identifier: MIT */
/* See vocabulary.h. */
#include "data/vocabulary.h"

#include "data/tokenizer/tokenizer.h"

#include <string.h>

enum { BYTES = 256 };

size_t soma_vocabulary_size(const soma_vocabulary *vocabulary) {
    if (!vocabulary->known) return 0;
    if (vocabulary->kind == SOMA_TOKENS_TOKENIZER) return soma_tokenizer_size(vocabulary->tokenizer);
    return vocabulary->kind == SOMA_TOKENS_BYTES ? BYTES : vocabulary->count + 1;
}

soma_status soma_vocabulary_of(const uint32_t *characters, size_t count, soma_vocabulary *vocabulary) {
    *vocabulary = (soma_vocabulary){.known = true, .kind = SOMA_TOKENS_CHARACTERS};
    bool *seen = soma_calloc(SOMA_CHARACTER_COUNT, sizeof *seen);
    if (!seen) return soma_out_of_memory(SOMA_CHARACTER_COUNT, "a vocabulary");
    for (size_t i = 0; i < count; i++) {
        vocabulary->count += !seen[characters[i]];
        seen[characters[i]] = true;
    }
    vocabulary->characters = soma_calloc(SOMA_MAX(vocabulary->count, (size_t)1), sizeof *vocabulary->characters);
    for (size_t i = 0, place = 0; vocabulary->characters && i < SOMA_CHARACTER_COUNT; i++)
        if (seen[i]) vocabulary->characters[place++] = (uint32_t)i;
    soma_free(seen);
    return vocabulary->characters ? SOMA_OK : soma_out_of_memory(vocabulary->count * sizeof(uint32_t), "a vocabulary");
}

size_t soma_vocabulary_number(const soma_vocabulary *vocabulary, uint32_t character) {
    size_t low = 0, high = vocabulary->count;
    if (vocabulary->kind != SOMA_TOKENS_CHARACTERS) return character;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (vocabulary->characters[middle] < character)
            low = middle + 1;
        else
            high = middle;
    }
    return low < vocabulary->count && vocabulary->characters[low] == character ? low : vocabulary->count;
}

soma_status soma_vocabulary_copy(const soma_vocabulary *from, soma_vocabulary *to) {
    *to = *from;
    soma_tokenizer_retain(from->tokenizer);
    if (!from->characters) return SOMA_OK;
    to->characters = soma_calloc(SOMA_MAX(from->count, (size_t)1), sizeof *to->characters);
    if (!to->characters) {
        *to = (soma_vocabulary){.known = false};
        return soma_out_of_memory(from->count * sizeof *to->characters, "a vocabulary");
    }
    memcpy(to->characters, from->characters, from->count * sizeof *to->characters);
    return SOMA_OK;
}

void soma_vocabulary_clear(soma_vocabulary *vocabulary) {
    soma_free(vocabulary->characters);
    soma_tokenizer_destroy(vocabulary->tokenizer);
    *vocabulary = (soma_vocabulary){.known = false};
}
