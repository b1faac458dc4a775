/* SPDX-License-Identifier: MIT */
/* Fuzzes tokenizers: a tokenizer.json, and behind a byte of 0 the text that is encoded by it. */
#include "fuzz.h"
#include "io/tokenizer/tokenizer.h"

#include <string.h>

/* Each number is one of the vocabulary, and has a text. */
static void encode(const soma_tokenizer *tokenizer, const char *text, size_t length) {
    int32_t *numbers;
    size_t count, size;
    if (soma_tokenizer_encode(tokenizer, text, length, &numbers, &count) != SOMA_OK) {
        REQUIRE(!numbers && soma_last_error()[0] != 0);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char piece[SOMA_TOKEN_BYTES];
        REQUIRE(numbers[i] >= 0 && (size_t)numbers[i] < soma_tokenizer_size(tokenizer));
        soma_status status = soma_tokenizer_decode(tokenizer, (size_t)numbers[i], i == 0, piece, &size);
        REQUIRE(status == SOMA_UNSUPPORTED || (status == SOMA_OK && size <= sizeof piece));
    }
    soma_free(numbers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char usual[] = "It's a  <|end|>\xff \xe2\x96\x81 12 \xc3\x89";
    soma_tokenizer *tokenizer;
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    const size_t length = end ? (size_t)(end - data) : size;
    soma_status status = soma_tokenizer_parse((const char *)data, length, &tokenizer);
    if (status != SOMA_OK) {
        REQUIRE(!tokenizer && soma_last_error()[0] != 0);
        return 0;
    }
    encode(tokenizer, end ? (const char *)end + 1 : usual, end ? size - length - 1 : sizeof usual - 1);
    soma_tokenizer_destroy(tokenizer);
    return 0;
}
