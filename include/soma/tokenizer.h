/* SPDX-License-Identifier: MIT */
/*
 * soma/tokenizer.h - pieces of words as tokens: a vocabulary that is learnt of a text, or one of others.
 *
 *   soma_tokenizer_train("book.txt", NULL, &tokenizer);
 *   soma_tokenizer_save(tokenizer, "tokenizer.json");
 *   soma_text_options options = {.tokens = SOMA_TOKENS_TOKENIZER, .tokenizer = tokenizer, .test = 0.1};
 *   soma_dataset_from_text("book.txt", &options, &train, NULL, &test);
 *
 * Files are Hugging Face's `tokenizer.json`, which PyPI's `tokenizers` writes and reads. A tokenizer does not change,
 * and may be used by several threads at once.
 */
#ifndef SOMA_TOKENIZER_H
#define SOMA_TOKENIZER_H

#include <soma/soma.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct soma_tokenizer_options {
    size_t vocabulary;    /* tokens at most, 256 at least; 0: 4096 */
    uint64_t least;       /* how often a pair must stand in the text to become a token; 0: 2 */
    uint64_t reserved[6]; /* zero */
} soma_tokenizer_options;

/*
 * Learns a vocabulary by byte-pair encoding (Sennrich et al. 2016) over bytes (Radford et al. 2019): the 256 bytes,
 * then, one by one, the two neighbours within a word that stand together most often. Of several that are as frequent
 * the pair whose first, then whose second token has the lower number: the same text gives the same vocabulary. Words
 * are those of GPT-2's expression: letters, numbers or other signs with a space before them. Whatever a text holds,
 * bytes that are not UTF-8 among it, can be encoded and comes back. There are fewer tokens where the text has no more
 * pairs. options NULL: the defaults.
 */
SOMA_API soma_status soma_tokenizer_train(const char *path, const soma_tokenizer_options *options,
                                          soma_tokenizer **tokenizer);
/*
 * Reads a tokenizer.json of the kinds BPE and WordPiece. SOMA_INVALID_FILE: it is malformed; SOMA_UNSUPPORTED: it has a
 * part that is not known here, which is named, and without which numbers would be others. What it says of the length of
 * sequences and of tokens around them (truncation, padding, post-processor) is for single sequences, and not looked at.
 */
SOMA_API soma_status soma_tokenizer_load(const char *path, soma_tokenizer **tokenizer);
/* The file is the old or the new one, whatever happens. */
SOMA_API soma_status soma_tokenizer_save(const soma_tokenizer *tokenizer, const char *path);
/* NULL is accepted. What data sets and networks keep of it stays. */
SOMA_API void soma_tokenizer_destroy(soma_tokenizer *tokenizer);

/* How many numbers there are, from 0. */
SOMA_API size_t soma_tokenizer_size(const soma_tokenizer *tokenizer);
/*
 * Text to numbers[count], to be freed with soma_free(): as the package `tokenizers` gives them, without special tokens
 * around. Bytes that are not UTF-8 are kept by vocabularies of bytes, and unknown to others. SOMA_INVALID_ARGUMENT: the
 * vocabulary has nothing for a character, nor for what is unknown.
 */
SOMA_API soma_status soma_tokenizer_encode(const soma_tokenizer *tokenizer, const char *text, size_t length,
                                           int32_t **numbers, size_t *count);
/* A number's text, without a 0 behind it; a text is that of its tokens, one behind the other. `first`: it begins a
 * text, where vocabularies of words leave out the space before them. */
SOMA_API soma_status soma_tokenizer_decode(const soma_tokenizer *tokenizer, size_t number, bool first,
                                           char text[SOMA_TOKEN_BYTES], size_t *length);

#ifdef __cplusplus
}
#endif

#endif
