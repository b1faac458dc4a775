/* SPDX-License-Identifier: MIT */
/*
 * Where a text can be cut without anybody noticing: behind a line's end that stands alone between what is no space and
 * a letter. Normalisers that look at characters one by one, or at marks, see no difference; the expressions of
 * byte-level kinds begin a word there, and see no other spaces on either side; the others leave spaces out.
 */
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/unicode.h"

#define LEAST_BLOCK ((size_t)1 << 20)

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* *cleans: spaces of all kinds become a plain one. */
static bool normalizers_stay_within(const soma_tokenizer *tokenizer, bool *cleans) {
    *cleans = false;
    for (size_t i = 0; i < tokenizer->normalizers.count; i++) switch (tokenizer->normalizers.step[i].kind) {
        case SOMA_NORMALIZE_PREPEND:
        case SOMA_NORMALIZE_REPLACE:
        case SOMA_NORMALIZE_STRIP:
            return false;
        case SOMA_NORMALIZE_BERT_CLEAN:
            *cleans = true;
            break;
        default:
            break;
        }
    return true;
}

static bool splitters_cut_lines(const soma_tokenizer *tokenizer, bool cleaned) {
    for (size_t i = 0; i < tokenizer->splitters.count; i++) {
        const soma_tokenizer_step *step = &tokenizer->splitters.step[i];
        switch ((soma_splitter)step->kind) {
        case SOMA_SPLIT_DIGITS:
        case SOMA_SPLIT_PUNCTUATION:
            continue; /* these look at two neighbours at a time */
        case SOMA_SPLIT_WHITESPACE:
        case SOMA_SPLIT_SPACES:
        case SOMA_SPLIT_BERT:
            return true;
        case SOMA_SPLIT_BYTE_LEVEL:
            return step->flag && !step->left && !cleaned;
        case SOMA_SPLIT_CL100K:
            return !cleaned;
        default:
            return false;
        }
    }
    return false;
}

/* None lies across the end of a line, and none takes that away from before a letter. */
static bool added_stay_within(const soma_tokenizer *tokenizer) {
    for (size_t i = 0; i < tokenizer->added_count; i++) {
        const soma_added_token *token = &tokenizer->added[i];
        for (size_t j = 0; j < token->content.count; j++)
            if (soma_character_is(token->content.at[j], SOMA_SPACE)) return false;
        if (token->left && token->content.count && token->content.at[0] < 0x80 && is_letter((char)token->content.at[0]))
            return false;
    }
    return true;
}

static bool is_cut(const char *text, size_t at) {
    return text[at - 2] > ' ' && text[at - 2] < 0x7f && text[at - 1] == '\n' && is_letter(text[at]);
}

soma_status soma_tokenizer_each_block(const soma_tokenizer *tokenizer, const char *text, size_t length,
                                      soma_block_function *block, void *context) {
    bool cleans;
    const bool cuts = normalizers_stay_within(tokenizer, &cleans) && splitters_cut_lines(tokenizer, cleans) &&
                      added_stay_within(tokenizer);
    size_t begin = 0;
    while (cuts && length - begin > LEAST_BLOCK) {
        size_t end = begin + LEAST_BLOCK;
        while (end < length && !is_cut(text, end)) end++;
        if (end == length) break;
        SOMA_TRY(block(context, text + begin, end - begin, begin == 0));
        begin = end;
    }
    return block(context, text + begin, length - begin, begin == 0);
}
