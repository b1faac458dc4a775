/* SPDX-License-Identifier: MIT */
/*
 * What the example that compares sentences makes of them: tokens.
 */
#ifndef SOMA_EXAMPLES_SENTENCE_H
#define SOMA_EXAMPLES_SENTENCE_H

#include <soma/tokenizer.h>
#include <string.h>

enum { TOKENS = 64 };

/* The sentence's tokens between the two that the model wants around it, [TOKENS]; the mask says how many there are. */
static soma_status encode(const soma_tokenizer *tokenizer, const char *sentence, float *tokens, float *mask) {
    const char *const parts[] = {"[CLS]", sentence, "[SEP]"};
    soma_status status = SOMA_OK;
    size_t filled = 0;
    for (size_t part = 0; part < 3 && status == SOMA_OK; part++) {
        int32_t *numbers = NULL;
        size_t count = 0;
        status = soma_tokenizer_encode(tokenizer, parts[part], strlen(parts[part]), &numbers, &count);
        for (size_t i = 0; i < count && filled < TOKENS - 1 + part / 2; i++) tokens[filled++] = (float)numbers[i];
        soma_free(numbers);
    }
    for (size_t i = 0; i < TOKENS; i++) mask[i] = i < filled;
    return status;
}

#endif
