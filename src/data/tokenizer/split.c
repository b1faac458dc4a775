/* SPDX-License-Identifier: MIT */
/* A text into words, by the splitters one after the other: each goes over what the one before it has left. */
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/unicode.h"

#include <string.h>

typedef struct splitting {
    const soma_tokenizer *tokenizer;
    size_t step;
    bool first; /* the piece begins the text */
    soma_word_function *word;
    void *context;
} splitting;

static soma_status go_on(const splitting *state, const uint32_t *piece, size_t count);

static soma_status next_step(const splitting *state, const uint32_t *piece, size_t count, bool first) {
    splitting next = *state;
    next.step++;
    next.first = first;
    return count ? go_on(&next, piece, count) : SOMA_OK;
}

/* ---------------------------------------------------------------------------------- expressions of byte-level kinds */

static bool is_space(uint32_t c) {
    return soma_character_is(c, SOMA_SPACE);
}
static bool is_letter(uint32_t c) {
    return soma_character_is(c, SOMA_LETTER);
}
static bool is_number(uint32_t c) {
    return soma_character_is(c, SOMA_NUMBER);
}
static bool is_else(uint32_t c) {
    return !soma_character_is(c, SOMA_SPACE | SOMA_LETTER | SOMA_NUMBER);
}

static size_t run(const uint32_t *text, size_t count, size_t from, bool (*is)(uint32_t)) {
    while (from < count && is(text[from])) from++;
    return from;
}

/* 's, 't, 're, 've, 'm, 'll, 'd: how long; 0: none. Whatever their case where `any_case` is set, which takes the long s
 * for an s. */
static size_t contraction(const uint32_t *text, size_t count, bool any_case) {
    static const char *const endings[] = {"s", "t", "re", "ve", "m", "ll", "d"};
    if (count < 2 || text[0] != '\'') return 0;
    for (size_t i = 0; i < SOMA_COUNT_OF(endings); i++) {
        const size_t length = strlen(endings[i]);
        bool same = count > length;
        for (size_t j = 0; same && j < length; j++) {
            uint32_t c = text[1 + j];
            if (any_case && c >= 'A' && c <= 'Z') c += 'a' - 'A';
            if (any_case && c == 0x17f) c = 's';
            same = c == (unsigned char)endings[i][j];
        }
        if (same) return 1 + length;
    }
    return 0;
}

/* Spaces, without the last one where something follows. */
static size_t spaces(const uint32_t *text, size_t count) {
    const size_t end = run(text, count, 0, is_space);
    return end < count && end > 1 ? end - 1 : end;
}

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static size_t next_gpt2(const uint32_t *text, size_t count, uint32_t digits) {
    static bool (*const kinds[])(uint32_t) = {is_letter, is_number, is_else};
    (void)digits;
    const size_t short_form = contraction(text, count, false), begin = text[0] == ' ';
    if (short_form) return short_form;
    for (size_t i = 0; i < SOMA_COUNT_OF(kinds); i++) {
        const size_t end = run(text, count, begin, kinds[i]);
        if (end > begin) return end;
    }
    return spaces(text, count);
}

static bool is_line_end(uint32_t c) {
    return c == '\r' || c == '\n';
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+
 * |\s+(?!\S)|\s+ */
static size_t next_cl100k(const uint32_t *text, size_t count, uint32_t digits) {
    const size_t short_form = contraction(text, count, true);
    if (short_form) return short_form;
    const size_t letters = is_letter(text[0]) || is_number(text[0]) || is_line_end(text[0]) ? 0 : 1;
    size_t end = run(text, count, letters, is_letter);
    if (end > letters) return end;
    end = run(text, count, 0, is_number);
    if (end) return SOMA_MIN(end, (size_t)digits);
    const size_t begin = text[0] == ' ';
    end = run(text, count, begin, is_else);
    if (end > begin) return run(text, count, end, is_line_end);
    for (end = run(text, count, 0, is_space); end > 0; end--)
        if (is_line_end(text[end - 1])) return end;
    return spaces(text, count);
}

typedef size_t expression(const uint32_t *text, size_t count, uint32_t digits);

static soma_status by_expression(const splitting *state, const uint32_t *piece, size_t count, expression *next) {
    for (size_t at = 0, length; at < count; at += length) {
        length = next(piece + at, count - at, state->tokenizer->splitters.step[state->step].number);
        SOMA_TRY(next_step(state, piece + at, length, state->first && at == 0));
    }
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------- by single characters */

static bool is_punctuation(uint32_t c) {
    return soma_character_is(c, SOMA_PUNCTUATION);
}
static bool is_digit(uint32_t c) {
    return soma_character_is(c, SOMA_DIGIT);
}

/* Whether a new word begins between two characters, of which they say whether they split. */
static bool is_cut(soma_split_behavior behavior, bool before, bool after) {
    switch (behavior) {
    case SOMA_BEHAVIOR_WITH_PREVIOUS:
        return before;
    case SOMA_BEHAVIOR_WITH_NEXT:
        return after;
    case SOMA_BEHAVIOR_CONTIGUOUS:
        return before != after;
    default:
        return before || after;
    }
}

static soma_status by_characters(const splitting *state, const uint32_t *piece, size_t count, bool (*is)(uint32_t),
                                 soma_split_behavior behavior) {
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = begin + 1;
        while (end < count && !is_cut(behavior, is(piece[end - 1]), is(piece[end]))) end++;
        if (behavior == SOMA_BEHAVIOR_REMOVED && is(piece[begin])) continue;
        SOMA_TRY(next_step(state, piece + begin, end - begin, state->first && begin == 0));
    }
    return SOMA_OK;
}

/* Spaces are left out, punctuation stands alone. */
static soma_status split_bert(const splitting *state, const uint32_t *piece, size_t count) {
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = begin + 1;
        if (is_space(piece[begin])) continue;
        while (!is_punctuation(piece[begin]) && end < count && !is_space(piece[end]) && !is_punctuation(piece[end]))
            end++;
        SOMA_TRY(next_step(state, piece + begin, end - begin, state->first && begin == 0));
    }
    return SOMA_OK;
}

/* \w+|[^\w\s]+ */
static soma_status split_words(const splitting *state, const uint32_t *piece, size_t count) {
    for (size_t begin = 0, end; begin < count; begin = end) {
        const bool word = soma_character_is(piece[begin], SOMA_WORD);
        end = begin + 1;
        if (!word && is_space(piece[begin])) continue;
        while (end < count && soma_character_is(piece[end], SOMA_WORD) == word && (word || !is_space(piece[end])))
            end++;
        SOMA_TRY(next_step(state, piece + begin, end - begin, state->first && begin == 0));
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------ what puts something in */

static bool is_metaspace(uint32_t c) {
    return c == SOMA_METASPACE;
}

static soma_status split_metaspace(const splitting *state, const soma_tokenizer_step *step, const uint32_t *piece,
                                   size_t count) {
    uint32_t *copy = soma_calloc(count + 1, sizeof *copy);
    if (!copy) return soma_out_of_memory((count + 1) * sizeof *copy, "the characters of a text");
    const bool wanted = step->prepend == SOMA_PREPEND_ALWAYS || (step->prepend == SOMA_PREPEND_FIRST && state->first);
    const bool there = piece[0] == ' ' || piece[0] == SOMA_METASPACE;
    size_t length = 0;
    if (wanted && !there) copy[length++] = SOMA_METASPACE;
    for (size_t i = 0; i < count; i++) copy[length++] = piece[i] == ' ' ? SOMA_METASPACE : piece[i];
    soma_status status = step->split ? by_characters(state, copy, length, is_metaspace, SOMA_BEHAVIOR_WITH_NEXT)
                                     : next_step(state, copy, length, state->first);
    soma_free(copy);
    return status;
}

static soma_status split_byte_level(const splitting *state, const soma_tokenizer_step *step, const uint32_t *piece,
                                    size_t count) {
    uint32_t *copy = NULL;
    if (step->left && piece[0] != ' ') {
        copy = soma_calloc(count + 1, sizeof *copy);
        if (!copy) return soma_out_of_memory((count + 1) * sizeof *copy, "the characters of a text");
        copy[0] = ' ';
        memcpy(copy + 1, piece, count * sizeof *copy);
        piece = copy;
        count++;
    }
    soma_status status =
        step->flag ? by_expression(state, piece, count, next_gpt2) : next_step(state, piece, count, state->first);
    soma_free(copy);
    return status;
}

static soma_status go_on(const splitting *state, const uint32_t *piece, size_t count) {
    if (state->step == state->tokenizer->splitters.count) return state->word(state->context, piece, count);
    const soma_tokenizer_step *step = &state->tokenizer->splitters.step[state->step];
    switch ((soma_splitter)step->kind) {
    case SOMA_SPLIT_BYTE_LEVEL:
        return split_byte_level(state, step, piece, count);
    case SOMA_SPLIT_CL100K:
        return by_expression(state, piece, count, next_cl100k);
    case SOMA_SPLIT_WHITESPACE:
        return split_words(state, piece, count);
    case SOMA_SPLIT_SPACES:
        return by_characters(state, piece, count, is_space, SOMA_BEHAVIOR_REMOVED);
    case SOMA_SPLIT_BERT:
        return split_bert(state, piece, count);
    case SOMA_SPLIT_METASPACE:
        return split_metaspace(state, step, piece, count);
    case SOMA_SPLIT_DIGITS:
        return by_characters(state, piece, count, is_digit, step->behavior);
    default:
        return by_characters(state, piece, count, is_punctuation, step->behavior);
    }
}

soma_status soma_split(const soma_tokenizer *tokenizer, const uint32_t *piece, size_t count, bool first,
                       soma_word_function *word, void *context) {
    const splitting state = {.tokenizer = tokenizer, .first = first, .word = word, .context = context};
    return count ? go_on(&state, piece, count) : SOMA_OK;
}
