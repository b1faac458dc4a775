/* SPDX-License-Identifier: MIT */
/* Writing a vocabulary that was learnt as a tokenizer.json. */
#include "io/tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>

static int by_rank(const void *x, const void *y) {
    const soma_merge *a = x, *b = y;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* "a b", which versions read that do not know ["a", "b"] as well; there is no space in the alphabet of bytes. */
static soma_status write_merges(soma_json_writer *writer, const soma_tokenizer *tokenizer) {
    soma_merge *merges = soma_calloc(SOMA_MAX(tokenizer->merge_count, (size_t)1), sizeof *merges);
    size_t count = 0;
    if (!merges) return soma_out_of_memory(tokenizer->merge_count * sizeof *merges, "a tokenizer");
    for (size_t i = 0; i < tokenizer->merge_slots; i++)
        if (tokenizer->merges[i].left != SOMA_NO_TOKEN) merges[count++] = tokenizer->merges[i];
    qsort(merges, count, sizeof *merges, by_rank);
    soma_json_open_array(writer, "merges");
    for (size_t i = 0; i < count; i++) {
        char text[2 * SOMA_TOKEN_BYTES + 2];
        snprintf(text, sizeof text, "%s %s", tokenizer->tokens[merges[i].left].text,
                 tokenizer->tokens[merges[i].right].text);
        soma_json_write_text(writer, NULL, text);
    }
    soma_json_close_array(writer);
    soma_free(merges);
    return SOMA_OK;
}

static soma_status write_model(soma_json_writer *writer, const soma_tokenizer *tokenizer) {
    static const char *const absent[] = {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"};
    soma_json_open_object(writer, "model");
    soma_json_write_text(writer, "type", "BPE");
    for (size_t i = 0; i < SOMA_COUNT_OF(absent); i++) soma_json_write_null(writer, absent[i]);
    soma_json_write_truth(writer, "fuse_unk", false);
    soma_json_write_truth(writer, "byte_fallback", false);
    soma_json_write_truth(writer, "ignore_merges", false);
    soma_json_open_object(writer, "vocab");
    for (size_t i = 0; i < tokenizer->size; i++) soma_json_write_integer(writer, tokenizer->tokens[i].text, (int64_t)i);
    soma_json_close_object(writer);
    SOMA_TRY(write_merges(writer, tokenizer));
    soma_json_close_object(writer);
    return SOMA_OK;
}

static void write_byte_level(soma_json_writer *writer, const char *key) {
    soma_json_open_object(writer, key);
    soma_json_write_text(writer, "type", "ByteLevel");
    soma_json_write_truth(writer, "add_prefix_space", false);
    soma_json_write_truth(writer, "trim_offsets", true);
    soma_json_write_truth(writer, "use_regex", true);
    soma_json_close_object(writer);
}

soma_status soma_tokenizer_to_text(const soma_tokenizer *tokenizer, char **text) {
    soma_json_writer writer = {.follows = false};
    *text = NULL;
    soma_json_open_object(&writer, NULL);
    soma_json_write_text(&writer, "version", "1.0");
    soma_json_write_null(&writer, "truncation");
    soma_json_write_null(&writer, "padding");
    soma_json_open_array(&writer, "added_tokens");
    soma_json_close_array(&writer);
    soma_json_write_null(&writer, "normalizer");
    write_byte_level(&writer, "pre_tokenizer");
    soma_json_write_null(&writer, "post_processor");
    write_byte_level(&writer, "decoder");
    soma_status status = write_model(&writer, tokenizer);
    soma_json_close_object(&writer);
    if (status == SOMA_OK) return soma_json_finish(&writer, "a tokenizer", text);
    soma_json_abandon(&writer);
    return status;
}
