/* SPDX-License-Identifier: MIT */
/* Reading a tokenizer.json. */
#include "io/tokenizer/tokenizer.h"

#include "base/utf8.h"

#include <string.h>

/* More numbers than tokens by so much are no vocabulary, but a mistake that would take memory. */
enum { MOST_GAPS = 65536 };

static soma_status malformed(const char *what) {
    return soma_error(SOMA_INVALID_FILE, "%s", what);
}

static bool is_absent(const soma_json *value) {
    return !value || soma_json_is(value, SOMA_JSON_NULL);
}

static bool is_true(const soma_json *value) {
    return soma_json_is(value, SOMA_JSON_TRUTH) && value->is.truth;
}

/* --------------------------------------------------------------------------------------------------------- tokens */

static soma_status check_number(const soma_json *value, const char *text, size_t *size) {
    int64_t number;
    if (!soma_json_integer(value, &number) || number < 0 || number >= (int64_t)SOMA_MOST_TOKENS)
        return soma_error(SOMA_INVALID_FILE, "the number of token %s must be a whole one from 0 to %zu",
                          soma_quote(text, strlen(text)).text, SOMA_MOST_TOKENS - 1);
    if (strlen(text) > SOMA_TOKEN_BYTES)
        return soma_error(SOMA_UNSUPPORTED, "token %lld is longer than %d bytes", (long long)number, SOMA_TOKEN_BYTES);
    *size = SOMA_MAX(*size, (size_t)number + 1);
    return SOMA_OK;
}

/* How many numbers there are, those of added tokens among them. */
static soma_status find_size(const soma_json *vocabulary, const soma_json *added, size_t *size) {
    *size = 0;
    if (!soma_json_is(vocabulary, SOMA_JSON_OBJECT))
        return malformed("\"vocab\" of \"model\" must be an object of tokens and their numbers");
    if (!is_absent(added) && !soma_json_is(added, SOMA_JSON_ARRAY))
        return malformed("\"added_tokens\" must be an array");
    SOMA_JSON_EACH_PAIR(key, vocabulary) SOMA_TRY(check_number(key + 1, key->is.text, size));
    SOMA_JSON_EACH(token, added) {
        const char *content = soma_json_string(soma_json_get(token, "content"));
        if (!content || !*content) return malformed("an added token must have a \"content\"");
        SOMA_TRY(check_number(soma_json_get(token, "id"), content, size));
    }
    if (!*size) return malformed("there are no tokens");
    if (*size > soma_json_count(vocabulary) + soma_json_count(added) + MOST_GAPS)
        return soma_error(SOMA_INVALID_FILE, "numbers go up to %zu, but there are %zu tokens", *size - 1,
                          (size_t)soma_json_count(vocabulary) + soma_json_count(added));
    return SOMA_OK;
}

static soma_status read_vocabulary(const soma_json *vocabulary, soma_tokenizer *tokenizer) {
    SOMA_JSON_EACH_PAIR(key, vocabulary)
    SOMA_TRY(soma_tokenizer_put(tokenizer, (uint32_t)key[1].is.integer, key->is.text, key->count, false));
    return soma_tokenizer_index(tokenizer);
}

/* One that the model has as well keeps its number; the file must say the same. */
static soma_status read_added(const soma_json *object, soma_tokenizer *tokenizer) {
    const soma_json *content = soma_json_get(object, "content");
    soma_added_token *added = &tokenizer->added[tokenizer->added_count++];
    added->number = (uint32_t)soma_json_get(object, "id")->is.integer;
    added->left = is_true(soma_json_get(object, "lstrip"));
    added->right = is_true(soma_json_get(object, "rstrip"));
    added->normalized = is_true(soma_json_get(object, "normalized"));
    const uint32_t known = soma_tokenizer_find(tokenizer, content->is.text, content->count);
    const soma_quoted quoted = soma_quote(content->is.text, content->count);
    if (is_true(soma_json_get(object, "single_word")))
        return soma_error(SOMA_UNSUPPORTED, "the added token %s is a \"single_word\", which is not known here",
                          quoted.text);
    if (known != SOMA_NO_TOKEN && known != added->number)
        return soma_error(SOMA_INVALID_FILE, "the added token %s has the number %u, in the vocabulary it has %u",
                          quoted.text, added->number, known);
    if (known == SOMA_NO_TOKEN)
        SOMA_TRY(soma_tokenizer_put(tokenizer, added->number, content->is.text, content->count, true));
    SOMA_TRY(soma_characters_add_text(&added->content, content->is.text, content->count));
    return added->normalized ? soma_normalize(tokenizer, &added->content) : SOMA_OK;
}

static soma_status read_all_added(const soma_json *list, soma_tokenizer *tokenizer) {
    const size_t count = soma_json_count(list);
    tokenizer->added = soma_calloc(SOMA_MAX(count, (size_t)1), sizeof *tokenizer->added);
    if (!tokenizer->added) return soma_out_of_memory(count * sizeof *tokenizer->added, "added tokens");
    SOMA_JSON_EACH(token, list) SOMA_TRY(read_added(token, tokenizer));
    SOMA_TRY(soma_tokenizer_order_added(tokenizer));
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- models */

static soma_status read_unknown(const soma_json *model, soma_tokenizer *tokenizer) {
    const soma_json *value = soma_json_get(model, "unk_token");
    if (is_absent(value)) return SOMA_OK;
    if (soma_json_is(value, SOMA_JSON_STRING))
        tokenizer->unknown = soma_tokenizer_find(tokenizer, value->is.text, value->count);
    if (tokenizer->unknown != SOMA_NO_TOKEN) return SOMA_OK;
    return malformed("\"unk_token\" of \"model\" must be a token of its vocabulary");
}

/* Two texts, or one with a space between them. */
static bool split_merge(const soma_json *merge, const char **left, size_t *left_length, const char **right,
                        size_t *right_length) {
    if (soma_json_is(merge, SOMA_JSON_STRING)) {
        const char *space = strchr(merge->is.text, ' ');
        if (!space || strchr(space + 1, ' ')) return false;
        *left = merge->is.text;
        *left_length = (size_t)(space - merge->is.text);
        *right = space + 1;
        *right_length = merge->count - *left_length - 1;
        return true;
    }
    if (!soma_json_is(merge, SOMA_JSON_ARRAY) || soma_json_count(merge) != 2) return false;
    const soma_json *first = merge + 1, *second = soma_json_after(first);
    if (!soma_json_is(first, SOMA_JSON_STRING) || !soma_json_is(second, SOMA_JSON_STRING)) return false;
    *left = first->is.text;
    *left_length = first->count;
    *right = second->is.text;
    *right_length = second->count;
    return true;
}

static soma_status read_merge(const soma_json *merge, soma_tokenizer *tokenizer) {
    char whole[2 * SOMA_TOKEN_BYTES];
    const char *left, *right;
    size_t left_length, right_length;
    if (!split_merge(merge, &left, &left_length, &right, &right_length))
        return soma_error(SOMA_INVALID_FILE, "merge %zu must be two tokens: [\"a\", \"b\"] or \"a b\"",
                          tokenizer->merge_count + 1);
    const uint32_t first = soma_tokenizer_find(tokenizer, left, left_length),
                   second = soma_tokenizer_find(tokenizer, right, right_length);
    uint32_t both = SOMA_NO_TOKEN;
    if (first != SOMA_NO_TOKEN && second != SOMA_NO_TOKEN) {
        memcpy(whole, left, left_length);
        memcpy(whole + left_length, right, right_length);
        both = soma_tokenizer_find(tokenizer, whole, left_length + right_length);
    }
    if (both == SOMA_NO_TOKEN)
        return soma_error(SOMA_INVALID_FILE,
                          "merge %zu is of %s and %s, which are not all in the vocabulary, with what "
                          "they make together",
                          tokenizer->merge_count + 1, soma_quote(left, left_length).text,
                          soma_quote(right, right_length).text);
    soma_tokenizer_put_merge(tokenizer, first, second, both);
    return SOMA_OK;
}

static soma_status read_merges(const soma_json *merges, soma_tokenizer *tokenizer) {
    if (!soma_json_is(merges, SOMA_JSON_ARRAY)) return malformed("\"merges\" of \"model\" must be an array");
    SOMA_TRY(soma_tokenizer_reserve_merges(tokenizer, soma_json_count(merges)));
    SOMA_JSON_EACH(merge, merges) SOMA_TRY(read_merge(merge, tokenizer));
    return SOMA_OK;
}

/* What must be absent, empty or 0. */
static soma_status refuse_set(const soma_json *model, const char *key) {
    const soma_json *value = soma_json_get(model, key);
    double number;
    if (is_absent(value) || (soma_json_is(value, SOMA_JSON_STRING) && !value->count)) return SOMA_OK;
    if (soma_json_number(value, &number) && number == 0) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "\"%s\" of a BPE model is not known here", key);
}

static soma_status read_bpe(const soma_json *model, soma_tokenizer *tokenizer) {
    static const char *const unknown[] = {"dropout", "continuing_subword_prefix", "end_of_word_suffix"};
    for (size_t i = 0; i < SOMA_COUNT_OF(unknown); i++) SOMA_TRY(refuse_set(model, unknown[i]));
    tokenizer->fuse_unknown = is_true(soma_json_get(model, "fuse_unk"));
    tokenizer->whole_words = is_true(soma_json_get(model, "ignore_merges"));
    tokenizer->byte_fallback = !tokenizer->byte_level && is_true(soma_json_get(model, "byte_fallback"));
    SOMA_TRY(read_unknown(model, tokenizer));
    SOMA_TRY(read_merges(soma_json_get(model, "merges"), tokenizer));
    soma_tokenizer_find_bytes(tokenizer);
    for (size_t i = 0; tokenizer->byte_fallback && i < SOMA_BYTE_ALPHABET_SIZE; i++)
        if (tokenizer->byte_tokens[i] == SOMA_NO_TOKEN)
            return soma_error(SOMA_UNSUPPORTED, "\"byte_fallback\" without a token <0x%02zX> is not known here", i);
    return SOMA_OK;
}

static soma_status read_word_piece(const soma_json *model, soma_tokenizer *tokenizer) {
    const soma_json *prefix = soma_json_get(model, "continuing_subword_prefix"),
                    *longest = soma_json_get(model, "max_input_chars_per_word");
    int64_t most = 100;
    if (tokenizer->byte_level)
        return soma_error(SOMA_UNSUPPORTED, "a WordPiece model with the pre-tokenizer ByteLevel is not known here");
    if (!is_absent(prefix) && !soma_json_is(prefix, SOMA_JSON_STRING))
        return malformed("\"continuing_subword_prefix\" of \"model\" must be a string");
    if (!is_absent(longest) && (!soma_json_integer(longest, &most) || most < 1 || most > UINT16_MAX))
        return malformed("\"max_input_chars_per_word\" of \"model\" must be from 1 to 65535");
    tokenizer->longest_word = (size_t)most;
    tokenizer->prefix = soma_strdup(is_absent(prefix) ? "##" : prefix->is.text);
    if (!tokenizer->prefix) return soma_out_of_memory(64, "a tokenizer");
    SOMA_TRY(read_unknown(model, tokenizer));
    if (tokenizer->unknown != SOMA_NO_TOKEN) return SOMA_OK;
    return malformed("a WordPiece model must have an \"unk_token\"");
}

static soma_status find_model(const soma_json *model, soma_tokenizer_model *kind) {
    const char *type = soma_json_string(soma_json_get(model, "type"));
    if (!soma_json_is(model, SOMA_JSON_OBJECT)) return malformed("\"model\" must be an object");
    if (!type) type = soma_json_get(model, "merges") ? "BPE" : "WordPiece"; /* as files once were */
    *kind = SOMA_MODEL_BPE;
    if (strcmp(type, "BPE") == 0) return SOMA_OK;
    *kind = SOMA_MODEL_WORD_PIECE;
    if (strcmp(type, "WordPiece") == 0) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "a model of the type %s is not known; accepted: BPE, WordPiece",
                      soma_quote(type, strlen(type)).text);
}

static soma_status read_parts(const soma_json *root, soma_tokenizer *tokenizer) {
    const soma_json *model = soma_json_get(root, "model");
    SOMA_TRY(find_model(model, &tokenizer->model));
    SOMA_TRY(soma_tokenizer_read_normalizer(soma_json_get(root, "normalizer"), tokenizer));
    SOMA_TRY(soma_tokenizer_read_splitter(soma_json_get(root, "pre_tokenizer"), tokenizer));
    SOMA_TRY(soma_tokenizer_read_decoder(soma_json_get(root, "decoder"), tokenizer));
    SOMA_TRY(read_vocabulary(soma_json_get(model, "vocab"), tokenizer));
    SOMA_TRY(tokenizer->model == SOMA_MODEL_BPE ? read_bpe(model, tokenizer) : read_word_piece(model, tokenizer));
    return read_all_added(soma_json_get(root, "added_tokens"), tokenizer);
}

static soma_status read_root(const soma_json *root, soma_tokenizer **tokenizer) {
    size_t size;
    const soma_json *model = soma_json_get(root, "model");
    soma_tokenizer_model kind;
    SOMA_TRY(find_model(model, &kind));
    SOMA_TRY(find_size(soma_json_get(model, "vocab"), soma_json_get(root, "added_tokens"), &size));
    *tokenizer = soma_tokenizer_make(size);
    if (!*tokenizer) return soma_out_of_memory(size * sizeof(soma_token), "a tokenizer");
    soma_status status = read_parts(root, *tokenizer);
    return status == SOMA_INVALID_ARGUMENT ? SOMA_INVALID_FILE : status; /* two tokens with one number */
}

static soma_status keep_source(const char *text, size_t length, soma_tokenizer *tokenizer) {
    tokenizer->source = soma_malloc(length + 1);
    if (!tokenizer->source) return soma_out_of_memory(length + 1, "a tokenizer");
    memcpy(tokenizer->source, text, length);
    tokenizer->source[length] = 0;
    tokenizer->source_length = length;
    return SOMA_OK;
}

soma_status soma_tokenizer_parse(const char *text, size_t length, soma_tokenizer **tokenizer) {
    soma_json_fault fault = {0};
    soma_json *root;
    *tokenizer = NULL;
    soma_status status = soma_json_parse("a tokenizer", text, length, &fault, &root);
    if (status == SOMA_INVALID_FILE)
        return soma_error(status, "not valid JSON: %s at byte %zu", fault.what, fault.offset);
    SOMA_TRY(status);
    status = root->kind == SOMA_JSON_OBJECT ? read_root(root, tokenizer) : malformed("an object is expected");
    soma_free(root);
    if (status == SOMA_OK) status = keep_source(text, length, *tokenizer);
    if (status == SOMA_OK) return SOMA_OK;
    soma_tokenizer_destroy(*tokenizer);
    *tokenizer = NULL;
    return status;
}
