/* SPDX-License-Identifier: MIT */
/* A text to numbers: added tokens first, then what is between them. */
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/unicode.h"

#include <string.h>

/* A piece of the text, and what is done with what lies between the tokens that are found in it. */
typedef struct piece {
    const uint32_t *text;
    size_t count;
    bool first;
} piece;

static soma_status encode_words(soma_encoding *encoding, piece part) {
    soma_word_function *word = encoding->tokenizer->model == SOMA_MODEL_BPE ? soma_encode_bpe : soma_encode_word_piece;
    return soma_split(encoding->tokenizer, part.text, part.count, part.first, word, encoding);
}

static soma_status encode_piece(soma_encoding *encoding, piece part, bool normalized);

static soma_status encode_between(soma_encoding *encoding, piece part, bool normalized) {
    if (!part.count) return SOMA_OK;
    if (normalized) return encode_words(encoding, part);
    if (encoding->tokenizer->normalizers.count == 0) return encode_piece(encoding, part, true);
    soma_characters copy = {.at = NULL};
    soma_status status = soma_characters_reserve(&copy, part.count);
    for (size_t i = 0; i < part.count && status == SOMA_OK; i++) status = soma_characters_add(&copy, part.text[i]);
    if (status == SOMA_OK) status = soma_normalize(encoding->tokenizer, &copy);
    if (status == SOMA_OK)
        status = encode_piece(encoding, (piece){.text = copy.at, .count = copy.count, .first = part.first}, true);
    soma_free(copy.at);
    return status;
}

/* Those added tokens are looked for that are to be found in texts that are normalised already, or in others. */
static soma_status encode_piece(soma_encoding *encoding, piece part, bool normalized) {
    size_t begin = 0;
    for (size_t at = 0; at < part.count;) {
        const soma_added_token *token =
            soma_tokenizer_added_at(encoding->tokenizer, normalized, part.text + at, part.count - at);
        if (!token) {
            at++;
            continue;
        }
        size_t from = at, to = at + token->content.count;
        while (token->left && from > begin && soma_character_is(part.text[from - 1], SOMA_SPACE)) from--;
        while (token->right && to < part.count && soma_character_is(part.text[to], SOMA_SPACE)) to++;
        SOMA_TRY(encode_between(
            encoding, (piece){.text = part.text + begin, .count = from - begin, .first = part.first && !begin},
            normalized));
        SOMA_TRY(soma_encoding_add(encoding, token->number));
        at = begin = to;
    }
    return encode_between(
        encoding, (piece){.text = part.text + begin, .count = part.count - begin, .first = part.first && !begin},
        normalized);
}

static soma_status encode_block(void *encoding, const char *text, size_t length, bool first) {
    soma_characters characters = {.at = NULL};
    soma_status status = soma_characters_add_text(&characters, text, length);
    if (status == SOMA_OK)
        status =
            encode_piece(encoding, (piece){.text = characters.at, .count = characters.count, .first = first}, false);
    soma_free(characters.at);
    return status;
}

soma_status soma_tokenizer_encode(const soma_tokenizer *tokenizer, const char *text, size_t length, int32_t **numbers,
                                  size_t *count) {
    if (numbers) *numbers = NULL;
    if (count) *count = 0;
    if (!tokenizer || (!text && length) || !numbers || !count)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_tokenizer_encode: %s is NULL",
                          !tokenizer ? "tokenizer"
                          : !count   ? "count"
                          : !numbers ? "numbers"
                                     : "text");
    soma_encoding encoding = {.tokenizer = tokenizer};
    soma_status status = soma_tokenizer_each_block(tokenizer, text, length, encode_block, &encoding);
    soma_free(encoding.symbols);
    soma_free(encoding.heap);
    soma_free(encoding.bytes);
    if (status != SOMA_OK) {
        soma_free(encoding.numbers);
        return status;
    }
    *numbers = encoding.numbers;
    *count = encoding.count;
    return SOMA_OK;
}
