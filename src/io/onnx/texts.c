/* SPDX-License-Identifier: MIT */
/* Texts: StringNormalizer, StringConcat, and what all ops of texts have in common. */
#include "io/onnx/texts.h"
#include "base/size.h"
#include "base/utf8.h"
#include "data/tokenizer/characters.h"
#include "data/tokenizer/unicode.h"
#include "io/onnx/family.h"
#include "io/onnx/host.h"
#include "io/onnx/vocabulary.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------- what all have */

static soma_status texts_of(soma_onnx_node *node, uint32_t input, const char ***texts, size_t *count) {
    const soma_onnx_value *x = node->input[input];
    const double *numbers;
    *texts = NULL;
    if (!x->encoded) return soma_error(SOMA_UNSUPPORTED, "%s holds no words of an input; such are taken", x->name);
    if (!soma_onnx_is_known(x) || !node->importer->host) return soma_onnx_on_host("texts are looked at");
    SOMA_TRY(soma_onnx_numbers_of(node, input, &numbers, count));
    const char **made = soma_calloc(*count + 1, sizeof *made);
    if (!made) return soma_out_of_memory(*count * sizeof *made, node->output.name);
    for (size_t i = 0; i < *count; i++) made[i] = soma_onnx_decode_word(node->importer->file, numbers[i]);
    *texts = made;
    return SOMA_OK;
}

soma_status soma_onnx_texts_of(soma_onnx_node *node, const char ***texts, size_t *count) {
    return texts_of(node, 0, texts, count);
}

soma_status soma_onnx_give_texts(soma_onnx_node *node, const soma_onnx_shape *shape, const char *const *texts) {
    const int32_t type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
    const size_t count = soma_onnx_count(shape, 0, shape->rank);
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    for (size_t i = 0; i < count; i++) SOMA_TRY(soma_onnx_encode_word(node->importer->file, texts[i], &numbers[i]));
    SOMA_TRY(soma_onnx_give_numbers(node, type, shape, false, numbers));
    node->output.integer = true;
    node->output.encoded = true;
    return SOMA_OK;
}

soma_status soma_onnx_copy_text(const soma_onnx_node *node, const char *name, char **text) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    size_t wrong;
    *text = NULL;
    if (!attribute || !attribute->has_s) return SOMA_OK;
    const size_t length = attribute->s.len;
    const char *from = (const char *)attribute->s.data;
    if (length && (memchr(from, 0, length) || !soma_utf8_check(from, length, &wrong)))
        return soma_error(SOMA_INVALID_FILE, "attribute %s is %s; UTF-8 without a byte of 0 is accepted", name,
                          soma_quote(from, length).text);
    *text = soma_calloc(length + 1, 1);
    if (!*text) return soma_out_of_memory(length, name);
    if (length) memcpy(*text, from, length);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------ StringNormalizer */

typedef enum letters { AS_THEY_ARE, SMALL, CAPITAL } letters;

/* Where Unicode has another capital than the one whose small letter this is. */
static const uint32_t capitals[][2] = {
    {0xb5, 0x39c},   {0xdf, 0xdf},     {0x131, 0x49},    {0x17f, 0x53},   {0x1c5, 0x1c4},  {0x1c8, 0x1c7},
    {0x1cb, 0x1ca},  {0x1f2, 0x1f1},   {0x345, 0x399},   {0x3c2, 0x3a3},  {0x3d0, 0x392},  {0x3d1, 0x398},
    {0x3d5, 0x3a6},  {0x3d6, 0x3a0},   {0x3f0, 0x39a},   {0x3f1, 0x3a1},  {0x3f5, 0x395},  {0x1c80, 0x412},
    {0x1c81, 0x414}, {0x1c82, 0x41e},  {0x1c83, 0x421},  {0x1c84, 0x422}, {0x1c85, 0x422}, {0x1c86, 0x42a},
    {0x1c87, 0x462}, {0x1c88, 0xa64a}, {0x1e9b, 0x1e60}, {0x1fbe, 0x399},
};

static uint32_t capital_of(uint32_t c) {
    if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
    for (size_t i = 0; i < SOMA_COUNT_OF(capitals); i++)
        if (capitals[i][0] == c) return capitals[i][1];
    for (size_t i = 0; i < soma_small_letters_count; i++)
        if (soma_small_letters[i].small == c) return soma_small_letters[i].letter;
    return c;
}

/* One for one, as the C library's towlower() and towupper() have it, which onnxruntime asks. */
static uint32_t changed(uint32_t c, letters to) {
    if (to == SMALL) return c == 0x130 ? 'i' : soma_small_letter_of(c);
    return to == CAPITAL ? capital_of(c) : c;
}

/* A copy, to be freed. */
static soma_status change(const char *text, size_t length, letters to, char **made) {
    size_t at = 0;
    char *out = *made = soma_malloc(4 * length + 1);
    if (!out) return soma_out_of_memory(4 * length + 1, "a text");
    for (size_t i = 0; i < length;) {
        uint32_t c;
        i += soma_next_character(text + i, length - i, &c);
        at += soma_character_write(changed(c, to), out + at);
    }
    out[at] = 0;
    return SOMA_OK;
}

static soma_status get_letters(const soma_onnx_node *node, letters *to) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, "case_change_action");
    static const char *const names[] = {"NONE", "LOWER", "UPPER"};
    *to = AS_THEY_ARE;
    for (int i = 0; attribute && i < 3; i++)
        if (soma_onnx_is_text(attribute, names[i])) return *to = (letters)i, SOMA_OK;
    return attribute ? soma_error(SOMA_INVALID_FILE, "case_change_action must be NONE, LOWER or UPPER") : SOMA_OK;
}

/* The words that are left out, in the letters that they are compared in. */
static soma_status collect_stopwords(const soma_onnx_node *node, letters compared, soma_words *words) {
    const Soma__Onnx__AttributeProto *list = soma_onnx_attribute(node, "stopwords");
    for (size_t i = 0; list && i < list->n_strings; i++) {
        char *word;
        size_t number;
        if (list->strings[i].len && memchr(list->strings[i].data, 0, list->strings[i].len)) continue;
        SOMA_TRY(change((const char *)list->strings[i].data, list->strings[i].len, compared, &word));
        soma_status status = soma_words_add(words, word, i, &number);
        soma_free(word);
        SOMA_TRY(status);
    }
    return SOMA_OK;
}

/* Those of `texts` that are left, in their order and with other letters, take their first places: copies. */
static soma_status normalize(const soma_words *stopwords, letters compared, letters to, const char **texts,
                             size_t count, size_t *left) {
    *left = 0;
    for (size_t i = 0; i < count; i++) {
        char *word, *made;
        size_t number;
        SOMA_TRY(change(texts[i], strlen(texts[i]), compared, &word));
        const bool leave_out = stopwords->count && soma_words_find(stopwords, word, &number);
        soma_free(word);
        if (leave_out) continue;
        SOMA_TRY(change(texts[i], strlen(texts[i]), to, &made));
        texts[(*left)++] = made;
    }
    return SOMA_OK;
}

static soma_status import_normalizer(soma_onnx_node *node) {
    soma_onnx_shape out = node->input[0]->shape;
    soma_words stopwords = {.count = 0};
    letters to;
    int64_t exact;
    const char **texts;
    size_t count, left = 0;
    SOMA_TRY(get_letters(node, &to));
    SOMA_TRY(soma_onnx_get_integer(node, "is_case_sensitive", 0, &exact));
    const letters compared = exact ? AS_THEY_ARE : to == CAPITAL ? CAPITAL : SMALL;
    if (out.rank < 1 || out.rank > 2 || (out.rank == 2 && out.dim[0] != 1))
        return soma_error(SOMA_INVALID_SHAPE,
                          "%s has %u dimensions, the first of %zu; [words] and [1, words] are taken",
                          node->input[0]->name, out.rank, out.rank ? out.dim[0] : (size_t)1);
    SOMA_TRY(soma_onnx_texts_of(node, &texts, &count));
    soma_status status = collect_stopwords(node, compared, &stopwords);
    if (status == SOMA_OK) status = normalize(&stopwords, compared, to, texts, count, &left);
    const char *const nothing = "";
    out.dim[out.rank - 1] = SOMA_MAX(left, (size_t)1);
    if (status == SOMA_OK) status = soma_onnx_give_texts(node, &out, left ? texts : &nothing);
    for (size_t i = 0; i < left; i++) soma_free((void *)(uintptr_t)texts[i]);
    soma_free(texts);
    soma_words_clear(&stopwords);
    return status;
}

SOMA_ONNX_OP(StringNormalizer, 10, 1, 1, "case_change_action is_case_sensitive locale stopwords", import_normalizer, 0,
             .place = SOMA_ONNX_ANYWHERE);

/* ---------------------------------------------------------------------------------------------------- StringConcat */

static soma_status join(soma_onnx_node *node, const soma_onnx_shape *shape, const char *const *a, const double *pair,
                        const char *const *b) {
    const size_t count = soma_onnx_count(shape, 0, shape->rank);
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    for (size_t i = 0; i < count; i++) {
        soma_text text = {.data = NULL};
        const size_t first = (size_t)pair[2 * i], second = (size_t)pair[2 * i + 1];
        SOMA_TRY(soma_onnx_take_steps(node, (double)strlen(a[first]) + (double)strlen(b[second]), "letters joined"));
        soma_text_append(&text, "%s%s", a[first], b[second]);
        soma_status status = text.failed ? soma_out_of_memory(text.length, "a text")
                                         : soma_onnx_encode_word(node->importer->file, text.data, &numbers[i]);
        soma_free(text.data);
        SOMA_TRY(status);
    }
    SOMA_TRY(soma_onnx_give_numbers(node, SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING, shape, false, numbers));
    node->output.integer = true;
    node->output.encoded = true;
    return SOMA_OK;
}

/* Of each element of the result the two that it is made of, side by side. */
static soma_status pair_up(soma_onnx_node *node, soma_onnx_shape *shape, double **pair) {
    const soma_onnx_shape *a = &node->input[0]->shape, *b = &node->input[1]->shape;
    shape->rank = SOMA_MAX(a->rank, b->rank);
    for (uint32_t i = 0; i < shape->rank; i++) {
        const uint32_t from_a = i + a->rank - shape->rank, from_b = i + b->rank - shape->rank;
        const size_t p = i + a->rank < shape->rank ? 1 : a->dim[from_a],
                     q = i + b->rank < shape->rank ? 1 : b->dim[from_b];
        shape->dim[i] = p == 1 ? q : p;
        if (p != q && p != 1 && q != 1)
            return soma_error(SOMA_INVALID_SHAPE, "%s and %s have %zu and %zu elements in dimension %u of the result",
                              node->input[0]->name, node->input[1]->name, p, q, i);
    }
    size_t count = 2;
    for (uint32_t i = 0; i < shape->rank; i++)
        if (!soma_multiply_size(count, shape->dim[i], &count))
            return soma_error(SOMA_INVALID_SHAPE, "the result has more elements than memory has bytes");
    SOMA_TRY(soma_onnx_make(node, count, pair));
    count /= 2;
    for (size_t i = 0; i < count; i++)
        for (int which = 0; which < 2; which++) {
            const soma_onnx_shape *of = which ? b : a;
            size_t left = i, step = 1, place = 0;
            for (uint32_t k = 0; k < shape->rank; k++) {
                const uint32_t axis = shape->rank - 1 - k;
                const size_t at = left % shape->dim[axis];
                left /= shape->dim[axis];
                if (k >= of->rank) continue;
                const size_t own = of->dim[of->rank - 1 - k];
                place += own == 1 ? 0 : at * step;
                step *= own;
            }
            (*pair)[2 * i + (size_t)which] = (double)place;
        }
    return SOMA_OK;
}

static soma_status import_string_concat(soma_onnx_node *node) {
    soma_onnx_shape shape = {.rank = 0};
    const char **a = NULL, **b = NULL;
    double *pair = NULL;
    size_t count;
    soma_status status = texts_of(node, 0, &a, &count);
    if (status == SOMA_OK) status = texts_of(node, 1, &b, &count);
    if (status == SOMA_OK) status = pair_up(node, &shape, &pair);
    if (status == SOMA_OK) status = join(node, &shape, a, pair, b);
    soma_free(a);
    soma_free(b);
    return status;
}

SOMA_ONNX_OP(StringConcat, 20, 2, 2, "", import_string_concat, 0, .place = SOMA_ONNX_ANYWHERE);
