/* SPDX-License-Identifier: MIT */
/*
 * Text as data: samples are windows of so many tokens, and the target of each token is the one that follows it. What is
 * held out is the end of the text, so that nothing of it was seen.
 */
#include "base/file.h"
#include "data/dataset.h"
#include "nn/network.h"

#include <math.h>
#include <soma/tokenizer.h>

enum { USUAL_WINDOW = 64 };

/* More than can be numbered is no text to train on here. */
#define MOST_BYTES ((size_t)1 << 31)

typedef struct text {
    const char *path;
    size_t window, step;
    uint32_t *tokens; /* characters, or bytes, or numbers of a tokenizer's */
    size_t count;
    soma_vocabulary vocabulary;
} text;

/* By a tokenizer; numbers are of one size. */
static soma_status tokenize(const soma_tokenizer *tokenizer, const char *bytes, size_t size, text *out) {
    int32_t *numbers;
    soma_status status = soma_tokenizer_encode(tokenizer, bytes, size, &numbers, &out->count);
    out->tokens = (uint32_t *)numbers;
    return status == SOMA_OK ? SOMA_OK : soma_error_prefix(status, "%s: ", out->path);
}

static soma_status split(const char *bytes, size_t size, soma_tokens kind, text *out) {
    out->tokens = soma_calloc(SOMA_MAX(size, (size_t)1), sizeof *out->tokens);
    if (!out->tokens) return soma_out_of_memory(size * sizeof *out->tokens, "the characters of a text");
    for (size_t at = 0; at < size;) {
        uint32_t *token = &out->tokens[out->count++];
        if (kind == SOMA_TOKENS_BYTES)
            *token = (unsigned char)bytes[at++];
        else
            at += soma_next_character(bytes + at, size - at, token);
    }
    return SOMA_OK;
}

static soma_status read_tokens(const soma_text_options *options, text *out) {
    const soma_vocabulary *known = options->network ? &options->network->vocabulary : NULL;
    const soma_tokens kind = known ? known->kind : options->tokens;
    const soma_tokenizer *tokenizer = known ? known->tokenizer : options->tokenizer;
    soma_buffer buffer;
    if (known && !known->known)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: a text, but the network has learnt of none, and has no vocabulary", out->path);
    SOMA_TRY(soma_file_read(out->path, MOST_BYTES, &buffer));
    const char *bytes = (const char *)buffer.data;
    soma_status status = kind == SOMA_TOKENS_TOKENIZER ? tokenize(tokenizer, bytes, buffer.size, out)
                                                       : split(bytes, buffer.size, kind, out);
    soma_free(buffer.data);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- windows */

/* Of u8, where all numbers fit, else of f32. */
static void put_number(const soma_column *column, size_t place, size_t number) {
    if (column->dtype == SOMA_U8)
        ((uint8_t *)column->data)[place] = (uint8_t)number;
    else
        ((float *)column->data)[place] = (float)number;
}

static soma_status make_column(const text *from, size_t rows, soma_column *column) {
    const soma_dtype dtype = soma_vocabulary_size(&from->vocabulary) <= UINT8_MAX + 1 ? SOMA_U8 : SOMA_F32;
    size_t bytes = SIZE_MAX;
    soma_column_set(column, NULL, true, dtype, 1, &from->window, 0);
    column->scale = 1;
    if (soma_column_bytes(column, rows, &bytes)) column->data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes);
    return column->data ? SOMA_OK : soma_out_of_memory(bytes, "the windows of a text");
}

static soma_status fill(const text *from, size_t begin, soma_storage *storage) {
    SOMA_TRY(soma_vocabulary_copy(&from->vocabulary, &storage->vocabulary));
    SOMA_TRY(make_column(from, storage->rows, &storage->input[storage->input_count++]));
    SOMA_TRY(make_column(from, storage->rows, &storage->target[storage->target_count++]));
    for (size_t row = 0; row < storage->rows; row++)
        for (size_t i = 0; i < from->window; i++) {
            const uint32_t *token = &from->tokens[begin + row * from->step + i];
            put_number(&storage->input[0], row * from->window + i, soma_vocabulary_number(&from->vocabulary, token[0]));
            put_number(&storage->target[0], row * from->window + i,
                       soma_vocabulary_number(&from->vocabulary, token[1]));
        }
    return SOMA_OK;
}

/* The windows of tokens from begin up to end. */
static soma_status make_part(const text *from, const char *part, size_t begin, size_t end, soma_dataset **dataset) {
    static const char *const names[] = {
        [SOMA_TOKENS_CHARACTERS] = "characters", [SOMA_TOKENS_BYTES] = "bytes", [SOMA_TOKENS_TOKENIZER] = "tokens"};
    const size_t length = end - begin;
    if (length <= from->window)
        return soma_error(SOMA_INVALID_FILE, "%s: %zu of its %zu %s %s; a window of %zu and what follows it need %zu",
                          from->path, length, from->count, names[from->vocabulary.kind], part, from->window,
                          from->window + 1);
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "a data set");
    storage->rows = (length - 1 - from->window) / from->step + 1;
    soma_status status = fill(from, begin, storage);
    if (status == SOMA_OK) return soma_dataset_make(storage, dataset);
    soma_storage_release(storage);
    return status;
}

static soma_status make_parts(const soma_text_options *options, text *from, soma_dataset **parts) {
    const size_t test = (size_t)round((double)from->count * options->test), rest = from->count - test,
                 validation = (size_t)round((double)rest * options->validation), train = rest - validation;
    if (options->network)
        SOMA_TRY(soma_vocabulary_copy(&options->network->vocabulary, &from->vocabulary));
    else if (options->tokens != SOMA_TOKENS_CHARACTERS)
        SOMA_TRY(soma_vocabulary_copy(
            &(soma_vocabulary){.known = true, .kind = options->tokens, .tokenizer = options->tokenizer},
            &from->vocabulary));
    else
        SOMA_TRY(soma_vocabulary_of(from->tokens, train, &from->vocabulary));
    SOMA_TRY(make_part(from, "are to train on", 0, train, &parts[0]));
    if (validation) SOMA_TRY(make_part(from, "are held out for validation", train, rest, &parts[1]));
    if (test) SOMA_TRY(make_part(from, "are held out to test on", rest, from->count, &parts[2]));
    return SOMA_OK;
}

static bool is_share(double share) {
    return share >= 0 && share < 1;
}

static soma_status check(const char *path, const soma_text_options *options, soma_dataset *const *train) {
    if (!path || !train)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_text: %s is NULL", path ? "train" : "the path");
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_text_options"));
    if ((unsigned)options->tokens > SOMA_TOKENS_TOKENIZER)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no kind of tokens number %d", (int)options->tokens);
    if ((options->tokens == SOMA_TOKENS_TOKENIZER) != (options->tokenizer != NULL))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_text_options: a tokenizer goes with tokens of its kind, and they "
                          "with it");
    if (is_share(options->validation) && is_share(options->test)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%g of the text for validation, %g to test on; from 0 on, less than 1",
                      options->validation, options->test);
}

soma_status soma_dataset_from_text(const char *path, const soma_text_options *options, soma_dataset **train,
                                   soma_dataset **validation, soma_dataset **test) {
    static const soma_text_options defaults;
    soma_dataset *parts[3] = {NULL}, **wanted[3] = {train, validation, test};
    if (!options) options = &defaults;
    for (size_t i = 0; i < 3; i++)
        if (wanted[i]) *wanted[i] = NULL;
    SOMA_TRY(check(path, options, train));
    text from = {.path = path, .window = options->window, .step = options->step};
    if (!from.window && options->network && options->network->input_count)
        from.window = options->network->inputs[0]->shape[0];
    if (!from.window) from.window = USUAL_WINDOW;
    if (!from.step) from.step = from.window;
    soma_status status = read_tokens(options, &from);
    if (status == SOMA_OK) status = make_parts(options, &from, parts);
    soma_free(from.tokens);
    soma_vocabulary_clear(&from.vocabulary);
    for (size_t i = 0; i < 3; i++) {
        if (status == SOMA_OK && wanted[i])
            *wanted[i] = parts[i];
        else
            soma_dataset_destroy(parts[i]);
    }
    return status;
}
