/* SPDX-License-Identifier: MIT */
/* Files of tokenizers, and texts that they are learnt of. */
#include "io/tokenizer/tokenizer.h"

#include "base/file.h"

#include <string.h>

/* Larger files are no tokenizers, larger texts no use to learn words of. */
#define MOST_FILE_BYTES ((size_t)1 << 28)
#define MOST_TEXT_BYTES ((size_t)1 << 31)

enum { USUAL_SIZE = 4096 };

static soma_status check(const char *function, const char *path, soma_tokenizer *const *tokenizer) {
    if (path && tokenizer) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s is NULL", function, path ? "tokenizer" : "path");
}

soma_status soma_tokenizer_load(const char *path, soma_tokenizer **tokenizer) {
    soma_buffer buffer;
    if (tokenizer) *tokenizer = NULL;
    SOMA_TRY(check("soma_tokenizer_load", path, tokenizer));
    SOMA_TRY(soma_file_read(path, MOST_FILE_BYTES, &buffer));
    soma_status status = soma_tokenizer_parse((const char *)buffer.data, buffer.size, tokenizer);
    soma_free(buffer.data);
    return status == SOMA_OK ? SOMA_OK : soma_error_prefix(status, "%s: ", path);
}

soma_status soma_tokenizer_save(const soma_tokenizer *tokenizer, const char *path) {
    if (!tokenizer || !path)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_tokenizer_save: %s is NULL", tokenizer ? "path" : "tokenizer");
    return soma_file_write(path, tokenizer->source, tokenizer->source_length);
}

/* That of bytes, with what splits words. */
static soma_status learn(const soma_buffer *text, size_t size, uint64_t least, soma_tokenizer **tokenizer) {
    *tokenizer = soma_tokenizer_make(size);
    if (!*tokenizer) return soma_out_of_memory(size * sizeof(soma_token), "a tokenizer");
    soma_tokenizer *made = *tokenizer;
    made->byte_level = made->decodes = true;
    made->splitters.step[made->splitters.count++] = (soma_tokenizer_step){.kind = SOMA_SPLIT_BYTE_LEVEL, .flag = true};
    made->decoders.step[made->decoders.count++] = (soma_tokenizer_step){.kind = SOMA_DECODE_BYTE_LEVEL};
    SOMA_TRY(soma_tokenizer_learn(made, (const char *)text->data, text->size, least));
    SOMA_TRY(soma_tokenizer_to_text(made, &made->source));
    made->source_length = strlen(made->source);
    return SOMA_OK;
}

soma_status soma_tokenizer_train(const char *path, const soma_tokenizer_options *options, soma_tokenizer **tokenizer) {
    static const soma_tokenizer_options defaults;
    soma_buffer buffer;
    if (tokenizer) *tokenizer = NULL;
    if (!options) options = &defaults;
    SOMA_TRY(check("soma_tokenizer_train", path, tokenizer));
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_tokenizer_options"));
    const size_t size = options->vocabulary ? options->vocabulary : USUAL_SIZE;
    if (size < SOMA_BYTE_ALPHABET_SIZE || size > SOMA_MOST_TOKENS)
        return soma_error(SOMA_INVALID_ARGUMENT, "a vocabulary of %zu tokens; from %d, one for each byte, to %zu", size,
                          SOMA_BYTE_ALPHABET_SIZE, SOMA_MOST_TOKENS);
    SOMA_TRY(soma_file_read(path, MOST_TEXT_BYTES, &buffer));
    soma_status status = learn(&buffer, size, options->least ? options->least : 2, tokenizer);
    soma_free(buffer.data);
    if (status == SOMA_OK) return SOMA_OK;
    soma_tokenizer_destroy(*tokenizer);
    *tokenizer = NULL;
    return status;
}
