/* SPDX-License-Identifier: MIT */
/* What becomes of a text before it is split into words. */
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/unicode.h"

#include <string.h>

#define REPLACEMENT 0xfffdu

/* The canonical decomposition, all of it. */
static soma_status add_decomposed(soma_characters *out, uint32_t character) {
    uint32_t parts[2];
    if (!soma_decompose(character, parts)) return soma_characters_add(out, character);
    SOMA_TRY(add_decomposed(out, parts[0]));
    return parts[1] ? add_decomposed(out, parts[1]) : SOMA_OK;
}

enum { FEW_MARKS = 16, CLASSES = 256 };

static void order_few(uint32_t *marks, size_t count) {
    for (size_t i = 1; i < count; i++) {
        const uint32_t mark = marks[i], class = soma_combining_class(mark);
        size_t place = i;
        for (; place > 0 && soma_combining_class(marks[place - 1]) > class; place--) marks[place] = marks[place - 1];
        marks[place] = mark;
    }
}

/* By counting, since no rule says that a character has few marks. */
static soma_status order_many(uint32_t *marks, size_t count) {
    size_t place[CLASSES + 1] = {0};
    uint32_t *copy = soma_calloc(count, sizeof *copy);
    if (!copy) return soma_out_of_memory(count * sizeof *copy, "the marks of a character");
    memcpy(copy, marks, count * sizeof *copy);
    for (size_t i = 0; i < count; i++) place[soma_combining_class(copy[i]) + 1]++;
    for (size_t class = 0; class < CLASSES; class ++) place[class + 1] += place[class];
    for (size_t i = 0; i < count; i++) marks[place[soma_combining_class(copy[i])]++] = copy[i];
    soma_free(copy);
    return SOMA_OK;
}

/* Marks in the order of their classes, those of one class as they stand (Unicode 15, D109). */
static soma_status order_marks(soma_characters *text) {
    for (size_t begin = 0, end; begin < text->count; begin = end) {
        end = begin + 1;
        if (!soma_combining_class(text->at[begin])) continue;
        while (end < text->count && soma_combining_class(text->at[end])) end++;
        if (end - begin <= FEW_MARKS)
            order_few(text->at + begin, end - begin);
        else
            SOMA_TRY(order_many(text->at + begin, end - begin));
    }
    return SOMA_OK;
}

static soma_status decompose(const soma_characters *text, soma_characters *out) {
    for (size_t i = 0; i < text->count; i++) SOMA_TRY(add_decomposed(out, text->at[i]));
    return order_marks(out);
}

/* Each mark with the starter before it, unless one between them is in its way (D117). */
static void compose(soma_characters *text) {
    size_t kept = 0, starter = SIZE_MAX;
    uint32_t last = 0;
    for (size_t i = 0; i < text->count; i++) {
        const uint32_t character = text->at[i], class = soma_combining_class(character);
        const bool beside = starter != SIZE_MAX && kept == starter + 1;
        const bool blocked = starter == SIZE_MAX || (!beside && (last >= class || last == 0));
        const uint32_t whole = blocked ? 0 : soma_compose(text->at[starter], character);
        if (whole) {
            text->at[starter] = whole;
            continue;
        }
        if (!class) starter = kept;
        last = class;
        text->at[kept++] = character;
    }
    text->count = kept;
}

static bool is_chinese(uint32_t c) {
    static const uint32_t ranges[][2] = {{0x4e00, 0x9fff},   {0x3400, 0x4dbf},   {0x20000, 0x2a6df},
                                         {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf},
                                         {0xf900, 0xfaff},   {0x2f800, 0x2fa1f}};
    for (size_t i = 0; i < SOMA_COUNT_OF(ranges); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    return false;
}

static soma_status add_each(const soma_tokenizer_step *step, const soma_characters *text, soma_characters *out) {
    for (size_t i = 0; i < text->count; i++) {
        uint32_t c = text->at[i];
        switch ((soma_normalizer)step->kind) {
        case SOMA_NORMALIZE_LOWERCASE:
            if (c == 0x130) {
                SOMA_TRY(soma_characters_add(out, 'i'));
                c = 0x307;
            } else
                c = soma_small_letter_of(c);
            break;
        case SOMA_NORMALIZE_STRIP_ACCENTS:
            if (soma_character_is(c, SOMA_MARK)) continue;
            break;
        case SOMA_NORMALIZE_BERT_ACCENTS:
            if (soma_character_is(c, SOMA_NONSPACING)) continue;
            break;
        case SOMA_NORMALIZE_BERT_CLEAN:
            if (c == 0 || c == REPLACEMENT || soma_character_is(c, SOMA_OTHER)) continue;
            if (soma_character_is(c, SOMA_SPACE)) c = ' ';
            break;
        default: /* BERT_CHINESE */
            if (!is_chinese(c)) break;
            SOMA_TRY(soma_characters_add(out, ' '));
            SOMA_TRY(soma_characters_add(out, c));
            c = ' ';
        }
        SOMA_TRY(soma_characters_add(out, c));
    }
    return SOMA_OK;
}

static soma_status add_all(soma_characters *out, const uint32_t *characters, size_t count) {
    for (size_t i = 0; i < count; i++) SOMA_TRY(soma_characters_add(out, characters[i]));
    return SOMA_OK;
}

/* Replacements one after the other multiply: what they make is bounded by what there was at first. */
static soma_status replace(const soma_tokenizer_step *step, const soma_characters *text, size_t most,
                           soma_characters *out) {
    const size_t length = step->from.count;
    for (size_t i = 0; i < text->count;) {
        if (out->count > most)
            return soma_error(SOMA_UNSUPPORTED, "the tokenizer's normalizers make more than %zu characters of a text",
                              most);
        const bool found =
            length && text->count - i >= length && memcmp(text->at + i, step->from.at, length * sizeof *text->at) == 0;
        SOMA_TRY(found ? add_all(out, step->to.at, step->to.count) : soma_characters_add(out, text->at[i]));
        i += found ? length : 1;
    }
    return SOMA_OK;
}

static soma_status strip(const soma_tokenizer_step *step, const soma_characters *text, soma_characters *out) {
    size_t begin = 0, end = text->count;
    while (step->left && begin < end && soma_character_is(text->at[begin], SOMA_SPACE)) begin++;
    while (step->right && end > begin && soma_character_is(text->at[end - 1], SOMA_SPACE)) end--;
    return add_all(out, text->at + begin, end - begin);
}

static soma_status apply(const soma_tokenizer_step *step, const soma_characters *text, size_t most,
                         soma_characters *out) {
    switch ((soma_normalizer)step->kind) {
    case SOMA_NORMALIZE_NFD:
        return decompose(text, out);
    case SOMA_NORMALIZE_NFC:
        SOMA_TRY(decompose(text, out));
        compose(out);
        return SOMA_OK;
    case SOMA_NORMALIZE_PREPEND:
        if (text->count) SOMA_TRY(add_all(out, step->from.at, step->from.count));
        return add_all(out, text->at, text->count);
    case SOMA_NORMALIZE_REPLACE:
        return replace(step, text, most, out);
    case SOMA_NORMALIZE_STRIP:
        return strip(step, text, out);
    default:
        return add_each(step, text, out);
    }
}

enum { MOST_OF_EACH = 64, MOST_OF_NONE = 1024 };

soma_status soma_normalize(const soma_tokenizer *tokenizer, soma_characters *characters) {
    const size_t most = MOST_OF_EACH * characters->count + MOST_OF_NONE;
    for (size_t i = 0; i < tokenizer->normalizers.count; i++) {
        soma_characters out = {.at = NULL};
        soma_status status = soma_characters_reserve(&out, characters->count);
        if (status == SOMA_OK) status = apply(&tokenizer->normalizers.step[i], characters, most, &out);
        if (status != SOMA_OK) {
            soma_free(out.at);
            return status;
        }
        soma_free(characters->at);
        *characters = out;
    }
    return SOMA_OK;
}
