/* SPDX-License-Identifier: MIT */
/*
 * What a tokenizer.json says of normalising, splitting and decoding. A kind that is not known here, or one that is set
 * in a way that is not, is refused by its name: without it numbers would be others than those of the file's tokenizer.
 */
#include "io/tokenizer/tokenizer.h"

#include "base/utf8.h"

#include <string.h>

/* GPT-2's expression, as ByteLevel has it; and those of GPT-4 and Llama 3, and of Qwen. */
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define CL100K(digits)                                                                                                 \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" digits                                         \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

static bool is_absent(const soma_json *value) {
    return !value || soma_json_is(value, SOMA_JSON_NULL);
}

/* true or false, or the default where there is nothing. */
static soma_status read_truth(const soma_json *object, const char *type, const char *key, bool fallback, bool *truth) {
    const soma_json *value = soma_json_get(object, key);
    *truth = fallback;
    if (is_absent(value)) return SOMA_OK;
    if (!soma_json_is(value, SOMA_JSON_TRUTH))
        return soma_error(SOMA_INVALID_FILE, "\"%s\" of %s must be true or false", key, type);
    *truth = value->is.truth;
    return SOMA_OK;
}

static soma_status read_text(const soma_json *value, const char *type, const char *key, soma_characters *text) {
    if (!soma_json_is(value, SOMA_JSON_STRING))
        return soma_error(SOMA_INVALID_FILE, "\"%s\" of %s must be a string", key, type);
    return soma_characters_add_text(text, value->is.text, value->count);
}

typedef soma_status step_reader(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                                soma_tokenizer_step *step);
typedef struct step_kind {
    const char *type;
    int kind;
    step_reader *read; /* NULL: there is nothing more to it */
} step_kind;
typedef struct step_list {
    const char *name, *members;
    const step_kind *kinds;
    size_t count;
} step_list;

static soma_tokenizer_step *add_step(soma_tokenizer_steps *steps, int kind) {
    if (steps->count == SOMA_TOKENIZER_STEPS) return NULL;
    steps->step[steps->count].kind = kind;
    return &steps->step[steps->count++];
}

static soma_status too_many(const char *name) {
    return soma_error(SOMA_UNSUPPORTED, "more than %d steps of the %s", SOMA_TOKENIZER_STEPS, name);
}

static soma_status unknown_kind(const step_list *list, const char *type) {
    soma_text names = {.length = 0};
    for (size_t i = 0; i < list->count; i++) soma_text_append(&names, "%s, ", list->kinds[i].type);
    soma_text_append(&names, "Sequence");
    soma_status status = soma_error(SOMA_UNSUPPORTED, "the %s %s is not known; accepted: %s", list->name,
                                    soma_quote(type, strlen(type)).text, names.data ? names.data : "");
    soma_free(names.data);
    return status;
}

static soma_status read_steps(const step_list *list, const soma_json *object, soma_tokenizer_steps *steps,
                              unsigned depth) {
    if (is_absent(object)) return SOMA_OK;
    const char *type = soma_json_string(soma_json_get(object, "type"));
    if (!type) return soma_error(SOMA_INVALID_FILE, "the %s must be null, or an object with a \"type\"", list->name);
    if (strcmp(type, "Sequence") == 0) {
        const soma_json *members = soma_json_get(object, list->members);
        if (!soma_json_is(members, SOMA_JSON_ARRAY) || depth > 4)
            return soma_error(SOMA_INVALID_FILE, "\"%s\" of the %s must be an array", list->members, list->name);
        SOMA_JSON_EACH(member, members) SOMA_TRY(read_steps(list, member, steps, depth + 1));
        return SOMA_OK;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(type, list->kinds[i].type) != 0) continue;
        soma_tokenizer_step *step = add_step(steps, list->kinds[i].kind);
        if (!step) return too_many(list->name);
        return list->kinds[i].read ? list->kinds[i].read(object, type, steps, step) : SOMA_OK;
    }
    return unknown_kind(list, type);
}

/* ---------------------------------------------------------------------------------------------------- normalizers */

static soma_status read_prepend(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                                soma_tokenizer_step *step) {
    (void)steps;
    return read_text(soma_json_get(object, "prepend"), type, "prepend", &step->from);
}

static soma_status read_replace(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                                soma_tokenizer_step *step) {
    const soma_json *pattern = soma_json_get(object, "pattern");
    (void)steps;
    if (soma_json_get(pattern, "Regex"))
        return soma_error(SOMA_UNSUPPORTED, "%s by a regular expression is not known; accepted: by a String", type);
    SOMA_TRY(read_text(soma_json_get(pattern, "String"), type, "String", &step->from));
    if (!step->from.count) return soma_error(SOMA_UNSUPPORTED, "%s of an empty String is not known", type);
    return read_text(soma_json_get(object, "content"), type, "content", &step->to);
}

static soma_status read_strip(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                              soma_tokenizer_step *step) {
    (void)steps;
    SOMA_TRY(read_truth(object, type, "strip_left", true, &step->left));
    return read_truth(object, type, "strip_right", true, &step->right);
}

/* Several steps in one. */
static soma_status read_bert(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                             soma_tokenizer_step *step) {
    bool clean, chinese, lowercase, accents;
    SOMA_TRY(read_truth(object, type, "clean_text", true, &clean));
    SOMA_TRY(read_truth(object, type, "handle_chinese_chars", true, &chinese));
    SOMA_TRY(read_truth(object, type, "lowercase", true, &lowercase));
    SOMA_TRY(read_truth(object, type, "strip_accents", lowercase, &accents));
    const struct {
        bool wanted;
        soma_normalizer kind;
    } parts[] = {{clean, SOMA_NORMALIZE_BERT_CLEAN},
                 {chinese, SOMA_NORMALIZE_BERT_CHINESE},
                 {accents, SOMA_NORMALIZE_NFD},
                 {accents, SOMA_NORMALIZE_BERT_ACCENTS},
                 {lowercase, SOMA_NORMALIZE_LOWERCASE}};
    (void)step;
    steps->count--;
    for (size_t i = 0; i < SOMA_COUNT_OF(parts); i++)
        if (parts[i].wanted && !add_step(steps, (int)parts[i].kind)) return too_many("normalizer");
    return SOMA_OK;
}

static const step_kind normalizers[] = {
    {"Lowercase", SOMA_NORMALIZE_LOWERCASE, NULL},
    {"NFD", SOMA_NORMALIZE_NFD, NULL},
    {"NFC", SOMA_NORMALIZE_NFC, NULL},
    {"StripAccents", SOMA_NORMALIZE_STRIP_ACCENTS, NULL},
    {"BertNormalizer", SOMA_NORMALIZE_BERT_CLEAN, read_bert},
    {"Prepend", SOMA_NORMALIZE_PREPEND, read_prepend},
    {"Replace", SOMA_NORMALIZE_REPLACE, read_replace},
    {"Strip", SOMA_NORMALIZE_STRIP, read_strip},
};

soma_status soma_tokenizer_read_normalizer(const soma_json *object, soma_tokenizer *tokenizer) {
    static const step_list list = {"normalizer", "normalizers", normalizers, SOMA_COUNT_OF(normalizers)};
    return read_steps(&list, object, &tokenizer->normalizers, 0);
}

/* ------------------------------------------------------------------------------------------------------- splitters */

static soma_status read_byte_level(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                                   soma_tokenizer_step *step) {
    (void)steps;
    SOMA_TRY(read_truth(object, type, "add_prefix_space", true, &step->left));
    return read_truth(object, type, "use_regex", true, &step->flag);
}

static soma_status read_behavior(const soma_json *object, const char *type, soma_split_behavior *behavior) {
    static const char *const names[] = {[SOMA_BEHAVIOR_REMOVED] = "Removed",
                                        [SOMA_BEHAVIOR_ISOLATED] = "Isolated",
                                        [SOMA_BEHAVIOR_WITH_PREVIOUS] = "MergedWithPrevious",
                                        [SOMA_BEHAVIOR_WITH_NEXT] = "MergedWithNext",
                                        [SOMA_BEHAVIOR_CONTIGUOUS] = "Contiguous"};
    const soma_json *value = soma_json_get(object, "behavior");
    const char *text = soma_json_string(value);
    *behavior = SOMA_BEHAVIOR_ISOLATED;
    if (!value) return SOMA_OK;
    for (size_t i = 0; text && i < SOMA_COUNT_OF(names); i++) {
        *behavior = (soma_split_behavior)i;
        if (strcmp(names[i], text) == 0) return SOMA_OK;
    }
    return soma_error(SOMA_INVALID_FILE,
                      "\"behavior\" of %s must be Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
                      type);
}

static soma_status read_punctuation(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                                    soma_tokenizer_step *step) {
    (void)steps;
    return read_behavior(object, type, &step->behavior);
}

static soma_status read_digits(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                               soma_tokenizer_step *step) {
    bool single;
    (void)steps;
    SOMA_TRY(read_truth(object, type, "individual_digits", false, &single));
    step->behavior = single ? SOMA_BEHAVIOR_ISOLATED : SOMA_BEHAVIOR_CONTIGUOUS;
    return SOMA_OK;
}

/* In the newer form "prepend_scheme", in the older one "add_prefix_space". */
static soma_status read_prepend_scheme(const soma_json *object, const char *type, soma_prepend *prepend) {
    static const char *const names[] = {
        [SOMA_PREPEND_FIRST] = "first", [SOMA_PREPEND_NEVER] = "never", [SOMA_PREPEND_ALWAYS] = "always"};
    const soma_json *value = soma_json_get(object, "prepend_scheme");
    const char *text = soma_json_string(value);
    bool space;
    SOMA_TRY(read_truth(object, type, "add_prefix_space", true, &space));
    *prepend = space ? SOMA_PREPEND_ALWAYS : SOMA_PREPEND_NEVER;
    if (is_absent(value)) return SOMA_OK;
    for (size_t i = 0; text && i < SOMA_COUNT_OF(names); i++) {
        *prepend = (soma_prepend)i;
        if (strcmp(names[i], text) == 0) return SOMA_OK;
    }
    return soma_error(SOMA_INVALID_FILE, "\"prepend_scheme\" of %s must be always, never or first", type);
}

static soma_status read_metaspace(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                                  soma_tokenizer_step *step) {
    const char *replacement = soma_json_string(soma_json_get(object, "replacement"));
    (void)steps;
    if (!replacement || strcmp(replacement, "\xe2\x96\x81") != 0)
        return soma_error(SOMA_UNSUPPORTED, "\"replacement\" of %s must be U+2581", type);
    SOMA_TRY(read_prepend_scheme(object, type, &step->prepend));
    return read_truth(object, type, "split", true, &step->split);
}

/* By one of the expressions that are known here. */
static soma_status read_split(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                              soma_tokenizer_step *step) {
    const char *pattern = soma_json_string(soma_json_get(soma_json_get(object, "pattern"), "Regex"));
    soma_split_behavior behavior;
    bool invert;
    (void)steps;
    SOMA_TRY(read_behavior(object, type, &behavior));
    SOMA_TRY(read_truth(object, type, "invert", false, &invert));
    if (!pattern || (invert ? behavior != SOMA_BEHAVIOR_REMOVED : behavior != SOMA_BEHAVIOR_ISOLATED))
        return soma_error(
            SOMA_UNSUPPORTED,
            "the pre-tokenizer Split is known by a Regex with behavior Isolated, or Removed and inverted");
    step->number = 3;
    if (strcmp(pattern, CL100K("{1,3}")) == 0) return SOMA_OK;
    step->number = 1;
    if (strcmp(pattern, CL100K("")) == 0) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "the regular expression %s is not known; accepted are those of GPT-4, Llama 3 and Qwen 2",
                      soma_quote(pattern, strlen(pattern)).text);
}

static const step_kind splitters[] = {
    {"ByteLevel", SOMA_SPLIT_BYTE_LEVEL, read_byte_level},
    {"Split", SOMA_SPLIT_CL100K, read_split},
    {"Whitespace", SOMA_SPLIT_WHITESPACE, NULL},
    {"WhitespaceSplit", SOMA_SPLIT_SPACES, NULL},
    {"BertPreTokenizer", SOMA_SPLIT_BERT, NULL},
    {"Metaspace", SOMA_SPLIT_METASPACE, read_metaspace},
    {"Digits", SOMA_SPLIT_DIGITS, read_digits},
    {"Punctuation", SOMA_SPLIT_PUNCTUATION, read_punctuation},
};

soma_status soma_tokenizer_read_splitter(const soma_json *object, soma_tokenizer *tokenizer) {
    static const step_list list = {"pre-tokenizer", "pretokenizers", splitters, SOMA_COUNT_OF(splitters)};
    soma_tokenizer_steps *steps = &tokenizer->splitters;
    SOMA_TRY(read_steps(&list, object, steps, 0));
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->step[i].kind != SOMA_SPLIT_BYTE_LEVEL) continue;
        if (i + 1 < steps->count)
            return soma_error(SOMA_UNSUPPORTED, "the pre-tokenizer ByteLevel must be the last of a Sequence");
        tokenizer->byte_level = true;
    }
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- decoders */

static soma_status read_word_piece(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                                   soma_tokenizer_step *step) {
    (void)steps;
    SOMA_TRY(read_text(soma_json_get(object, "prefix"), type, "prefix", &step->from));
    return read_truth(object, type, "cleanup", true, &step->flag);
}

/* So many at the beginning; of a whole text after Fuse. What is at the end is only known when it is there. */
static soma_status read_decoder_strip(const soma_json *object, const char *type, soma_tokenizer_steps *steps,
                                      soma_tokenizer_step *step) {
    int64_t start, stop;
    (void)steps;
    if (!soma_json_integer(soma_json_get(object, "start"), &start) || start < 0 || start > UINT16_MAX ||
        !soma_json_integer(soma_json_get(object, "stop"), &stop))
        return soma_error(SOMA_INVALID_FILE, "\"start\" and \"stop\" of %s must be counts", type);
    if (stop != 0) return soma_error(SOMA_UNSUPPORTED, "\"stop\" of the decoder %s must be 0", type);
    step->number = (uint32_t)start;
    SOMA_TRY(read_text(soma_json_get(object, "content"), type, "content", &step->from));
    if (step->from.count == 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "\"content\" of %s must be one character", type);
}

static const step_kind decoders[] = {
    {"ByteLevel", SOMA_DECODE_BYTE_LEVEL, NULL},
    {"Metaspace", SOMA_DECODE_METASPACE, read_metaspace},
    {"WordPiece", SOMA_DECODE_WORD_PIECE, read_word_piece},
    {"Replace", SOMA_DECODE_REPLACE, read_replace},
    {"ByteFallback", SOMA_DECODE_BYTE_FALLBACK, NULL},
    {"Fuse", SOMA_DECODE_FUSE, NULL},
    {"Strip", SOMA_DECODE_STRIP, read_decoder_strip},
};

soma_status soma_tokenizer_read_decoder(const soma_json *object, soma_tokenizer *tokenizer) {
    static const step_list list = {"decoder", "decoders", decoders, SOMA_COUNT_OF(decoders)};
    tokenizer->decodes = !is_absent(object);
    SOMA_TRY(read_steps(&list, object, &tokenizer->decoders, 0));
    bool fused = false;
    for (size_t i = 0; i < tokenizer->decoders.count; i++) {
        const int kind = tokenizer->decoders.step[i].kind;
        if (kind == SOMA_DECODE_BYTE_LEVEL && i + 1 < tokenizer->decoders.count)
            return soma_error(SOMA_UNSUPPORTED, "the decoder ByteLevel must be the last of a Sequence");
        if (fused && kind != SOMA_DECODE_STRIP)
            return soma_error(SOMA_UNSUPPORTED, "behind the decoder Fuse only Strip is known");
        fused = fused || kind == SOMA_DECODE_FUSE;
    }
    return SOMA_OK;
}
