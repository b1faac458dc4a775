/* SPDX-License-Identifier: MIT */
/* A token's text, by the decoders one after the other. */
#include "data/tokenizer/tokenizer.h"

#include <stdio.h>
#include <string.h>

/* Characters that a token still has, or the bytes that it has become. */
typedef struct decoding {
    soma_characters text;
    bool first, fused;
} decoding;

/* In place of what is unknown: what bytes stand for it. A token with any other character stays as it is. */
static void from_byte_alphabet(decoding *state) {
    for (size_t i = 0; i < state->text.count; i++)
        if (soma_character_byte(state->text.at[i]) == SOMA_BYTE_ALPHABET_SIZE) return;
    for (size_t i = 0; i < state->text.count; i++)
        state->text.at[i] = SOMA_STRAY_BYTE + soma_character_byte(state->text.at[i]);
}

static void from_metaspace(const soma_tokenizer_step *step, decoding *state) {
    const bool drops = state->first && step->prepend != SOMA_PREPEND_NEVER;
    size_t kept = 0;
    for (size_t i = 0; i < state->text.count; i++) {
        const uint32_t c = state->text.at[i];
        if (c == SOMA_METASPACE && drops) continue;
        state->text.at[kept++] = c == SOMA_METASPACE ? ' ' : c;
    }
    state->text.count = kept;
}

static bool begins_with(const soma_characters *text, size_t at, const soma_characters *with) {
    return with->count && text->count - at >= with->count &&
           memcmp(text->at + at, with->at, with->count * sizeof *text->at) == 0;
}

enum { MOST_CHARACTERS = 16 * SOMA_TOKEN_BYTES }; /* of a token, between one step and the next, which may multiply */

static soma_status replace(const soma_characters *from, const soma_characters *to, size_t most, soma_characters *text) {
    soma_characters out = {.at = NULL};
    soma_status status = SOMA_OK;
    for (size_t at = 0, done = 0; at < text->count && status == SOMA_OK;) {
        const bool found = done < most && begins_with(text, at, from);
        for (size_t i = 0; found && i < to->count && status == SOMA_OK; i++)
            status = soma_characters_add(&out, to->at[i]);
        if (!found) status = soma_characters_add(&out, text->at[at]);
        at += found ? from->count : 1;
        done += found;
        if (status == SOMA_OK && out.count > MOST_CHARACTERS)
            status = soma_error(SOMA_UNSUPPORTED, "the tokenizer's decoders make more than %d characters of a token",
                                MOST_CHARACTERS);
    }
    if (status != SOMA_OK) {
        soma_free(out.at);
        return status;
    }
    soma_free(text->at);
    *text = out;
    return SOMA_OK;
}

/* What English has without a space: the token alone is looked at, as in the original. */
static soma_status clean_up(soma_characters *text) {
    static const char *const pairs[][2] = {{" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
                                           {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
                                           {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    soma_status status = SOMA_OK;
    for (size_t i = 0; i < SOMA_COUNT_OF(pairs) && status == SOMA_OK; i++) {
        soma_characters from = {.at = NULL}, to = {.at = NULL};
        status = soma_characters_add_text(&from, pairs[i][0], strlen(pairs[i][0]));
        if (status == SOMA_OK) status = soma_characters_add_text(&to, pairs[i][1], strlen(pairs[i][1]));
        if (status == SOMA_OK) status = replace(&from, &to, SIZE_MAX, text);
        soma_free(from.at);
        soma_free(to.at);
    }
    return status;
}

static soma_status put_space(soma_characters *text) {
    SOMA_TRY(soma_characters_add(text, ' '));
    memmove(text->at + 1, text->at, (text->count - 1) * sizeof *text->at);
    text->at[0] = ' ';
    return SOMA_OK;
}

static soma_status from_word_piece(const soma_tokenizer_step *step, decoding *state) {
    static const soma_characters nothing = {.at = NULL};
    if (!state->first) {
        if (begins_with(&state->text, 0, &step->from))
            SOMA_TRY(replace(&step->from, &nothing, 1, &state->text));
        else
            SOMA_TRY(put_space(&state->text));
    }
    return step->flag ? clean_up(&state->text) : SOMA_OK;
}

static int digit_of(uint32_t character) {
    static const char digits[] = "0123456789ABCDEFabcdef";
    const char *at = character && character < 128 ? strchr(digits, (int)character) : NULL;
    return !at ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* <0x0A>, and also <0x0a> and <0x+A>, as the original reads numbers. */
static void from_fallback(decoding *state) {
    const uint32_t *at = state->text.at;
    if (state->text.count != 6 || at[0] != '<' || at[1] != '0' || at[2] != 'x' || at[5] != '>') return;
    const int high = at[3] == '+' ? 0 : digit_of(at[3]), low = digit_of(at[4]);
    if (high < 0 || low < 0) return;
    const uint32_t byte = (uint32_t)(16 * high + low);
    state->text.at[0] =
        byte < 128 ? byte : SOMA_STRAY_BYTE + byte; /* the first are characters, which others may strip */
    state->text.count = 1;
}

static void strip(const soma_tokenizer_step *step, decoding *state) {
    size_t begin = 0;
    if (state->fused && !state->first) return;
    while (begin < step->number && begins_with(&state->text, begin, &step->from)) begin++;
    state->text.count -= begin;
    memmove(state->text.at, state->text.at + begin, state->text.count * sizeof *state->text.at);
}

static soma_status apply(const soma_tokenizer_step *step, decoding *state) {
    if (!state->text.count) return SOMA_OK;
    switch ((soma_decoder)step->kind) {
    case SOMA_DECODE_BYTE_LEVEL:
        from_byte_alphabet(state);
        return SOMA_OK;
    case SOMA_DECODE_METASPACE:
        from_metaspace(step, state);
        return SOMA_OK;
    case SOMA_DECODE_WORD_PIECE:
        return from_word_piece(step, state);
    case SOMA_DECODE_REPLACE:
        return replace(&step->from, &step->to, SIZE_MAX, &state->text);
    case SOMA_DECODE_BYTE_FALLBACK:
        from_fallback(state);
        return SOMA_OK;
    case SOMA_DECODE_FUSE:
        state->fused = true;
        return SOMA_OK;
    default:
        strip(step, state);
        return SOMA_OK;
    }
}

static soma_status decode(const soma_tokenizer *tokenizer, const soma_token *token, decoding *state) {
    SOMA_TRY(soma_characters_add_text(&state->text, token->text, token->length));
    if (!tokenizer->decodes && !state->first) SOMA_TRY(put_space(&state->text));
    for (size_t i = 0; i < tokenizer->decoders.count; i++) SOMA_TRY(apply(&tokenizer->decoders.step[i], state));
    return SOMA_OK;
}

soma_status soma_tokenizer_decode(const soma_tokenizer *tokenizer, size_t number, bool first,
                                  char text[SOMA_TOKEN_BYTES], size_t *length) {
    if (!tokenizer || !text || !length)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_tokenizer_decode: %s is NULL",
                          !tokenizer ? "tokenizer"
                          : text     ? "length"
                                     : "text");
    if (number >= tokenizer->size)
        return soma_error(SOMA_INVALID_ARGUMENT, "token %zu of a vocabulary of %zu, numbered from 0", number,
                          tokenizer->size);
    decoding state = {.first = first};
    *length = 0;
    if (!tokenizer->tokens[number].text) return SOMA_OK;
    soma_status status = decode(tokenizer, &tokenizer->tokens[number], &state);
    for (size_t i = 0; status == SOMA_OK && i < state.text.count; i++) {
        char bytes[4];
        const size_t size = soma_character_write(state.text.at[i], bytes);
        if (*length + size > SOMA_TOKEN_BYTES)
            status =
                soma_error(SOMA_UNSUPPORTED, "the text of token %zu is longer than %d bytes", number, SOMA_TOKEN_BYTES);
        else
            memcpy(text + *length, bytes, size);
        *length += size;
    }
    soma_free(state.text.at);
    return status;
}
