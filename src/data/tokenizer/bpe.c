/* SPDX-License-Identifier: MIT */
/* A word by byte-pair encoding: of all neighbours that merge, those of the lowest rank first, from left to right. */
#include "data/tokenizer/tokenizer.h"

#include <string.h>

/* A piece of the word, linked with its neighbours; SIZE_MAX: there is none. `bytes` 0: it is merged into another. */
typedef struct soma_symbol {
    uint32_t token;
    uint32_t bytes;
    size_t before, after;
} soma_symbol;

typedef struct soma_candidate {
    uint32_t rank, whole;
    size_t place;
} soma_candidate;

static bool goes_first(const soma_candidate *a, const soma_candidate *b) {
    return a->rank != b->rank ? a->rank < b->rank : a->place < b->place;
}

static void push(soma_encoding *encoding, soma_candidate candidate) {
    size_t at = encoding->heap_count++;
    for (; at > 0 && goes_first(&candidate, &encoding->heap[(at - 1) / 2]); at = (at - 1) / 2)
        encoding->heap[at] = encoding->heap[(at - 1) / 2];
    encoding->heap[at] = candidate;
}

static soma_candidate pop(soma_encoding *encoding) {
    const soma_candidate top = encoding->heap[0], last = encoding->heap[--encoding->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < encoding->heap_count; child = 2 * at + 1) {
        if (child + 1 < encoding->heap_count && goes_first(&encoding->heap[child + 1], &encoding->heap[child])) child++;
        if (!goes_first(&encoding->heap[child], &last)) break;
        encoding->heap[at] = encoding->heap[child];
        at = child;
    }
    encoding->heap[at] = last;
    return top;
}

/* The pair that begins there, if it merges. */
static void consider(soma_encoding *encoding, size_t place) {
    const soma_symbol *left = &encoding->symbols[place];
    if (left->after == SIZE_MAX) return;
    const soma_merge *merge =
        soma_tokenizer_merge(encoding->tokenizer, left->token, encoding->symbols[left->after].token);
    if (merge) push(encoding, (soma_candidate){merge->rank, merge->whole, place});
}

/* What was pushed may have gone, or changed, since. */
static bool still_merges(const soma_encoding *encoding, const soma_candidate *candidate) {
    const soma_symbol *left = &encoding->symbols[candidate->place];
    if (!left->bytes || left->after == SIZE_MAX) return false;
    const soma_merge *merge =
        soma_tokenizer_merge(encoding->tokenizer, left->token, encoding->symbols[left->after].token);
    return merge && merge->whole == candidate->whole;
}

static soma_status merge_all(soma_encoding *encoding, size_t count) {
    encoding->heap_count = 0;
    for (size_t i = 0; i + 1 < count; i++) consider(encoding, i);
    while (encoding->heap_count) {
        const soma_candidate next = pop(encoding);
        if (!still_merges(encoding, &next)) continue;
        soma_symbol *left = &encoding->symbols[next.place], *right = &encoding->symbols[left->after];
        left->token = next.whole;
        left->bytes += right->bytes;
        left->after = right->after;
        right->bytes = 0;
        if (left->after != SIZE_MAX) encoding->symbols[left->after].before = next.place;
        if (left->before != SIZE_MAX) consider(encoding, left->before);
        consider(encoding, next.place);
    }
    for (size_t i = 0; i < count; i++)
        if (encoding->symbols[i].bytes) SOMA_TRY(soma_encoding_add(encoding, encoding->symbols[i].token));
    return SOMA_OK;
}

/* Of all that may be in the heap at once: each pair at the beginning, and two more for each merge. */
static soma_status reserve(soma_encoding *encoding, size_t symbols) {
    if (symbols <= encoding->room) return SOMA_OK;
    const size_t room = SOMA_MAX(symbols, 2 * encoding->room);
    soma_symbol *grown = soma_realloc(encoding->symbols, room, sizeof *grown);
    if (!grown) return soma_out_of_memory(room * sizeof *grown, "the pieces of a word");
    encoding->symbols = grown;
    soma_candidate *heap = soma_realloc(encoding->heap, 3 * room, sizeof *heap);
    if (!heap) return soma_out_of_memory(3 * room * sizeof *heap, "the pieces of a word");
    encoding->heap = heap;
    encoding->room = room;
    return SOMA_OK;
}

static void append(soma_encoding *encoding, size_t *count, uint32_t token, uint32_t bytes) {
    encoding->symbols[*count] =
        (soma_symbol){.token = token, .bytes = bytes, .before = *count ? *count - 1 : SIZE_MAX, .after = SIZE_MAX};
    if (*count) encoding->symbols[*count - 1].after = *count;
    ++*count;
}

/* A token for the character's text[length], or for each of its bytes, or for what is unknown. */
static soma_status append_character(soma_encoding *encoding, const char *text, size_t length, size_t *count,
                                    bool *unknown) {
    const soma_tokenizer *tokenizer = encoding->tokenizer;
    const bool was_unknown = *unknown;
    const uint32_t token = soma_tokenizer_find(tokenizer, text, length);
    *unknown = false;
    if (token != SOMA_NO_TOKEN)
        append(encoding, count, token, (uint32_t)length);
    else if (tokenizer->byte_fallback)
        for (size_t i = 0; i < length; i++) append(encoding, count, tokenizer->byte_tokens[(unsigned char)text[i]], 1);
    else if (tokenizer->unknown != SOMA_NO_TOKEN) {
        *unknown = true;
        if (!was_unknown || !tokenizer->fuse_unknown) append(encoding, count, tokenizer->unknown, (uint32_t)length);
    } else
        return soma_no_token_for(text, length);
    return SOMA_OK;
}

static soma_status append_bytes(soma_encoding *encoding, const char *text, size_t length, size_t *count) {
    const soma_tokenizer *tokenizer = encoding->tokenizer;
    for (size_t i = 0; i < length; i++) {
        uint32_t token = tokenizer->byte_tokens[(unsigned char)text[i]];
        if (token == SOMA_NO_TOKEN) token = tokenizer->unknown;
        if (token == SOMA_NO_TOKEN) return soma_no_token_for(text + i, 1);
        append(encoding, count, token, 1);
    }
    return SOMA_OK;
}

/* The bytes of the word as the vocabulary has them, if it is one token. */
static uint32_t find_whole(const soma_encoding *encoding, const char *bytes, size_t length) {
    char text[2 * SOMA_TOKEN_BYTES], *to = text;
    if (!encoding->tokenizer->byte_level) return soma_tokenizer_find(encoding->tokenizer, bytes, length);
    if (length > SOMA_TOKEN_BYTES) return SOMA_NO_TOKEN;
    for (size_t i = 0; i < length; i++) to += soma_character_write(soma_byte_character((unsigned char)bytes[i]), to);
    return soma_tokenizer_find(encoding->tokenizer, text, (size_t)(to - text));
}

soma_status soma_encode_bpe(void *context, const uint32_t *word, size_t count) {
    soma_encoding *encoding = context;
    const soma_tokenizer *tokenizer = encoding->tokenizer;
    size_t length = 0, symbols = 0;
    bool unknown = false;
    SOMA_TRY(soma_encoding_reserve_bytes(encoding, 4 * count));
    for (size_t i = 0; i < count; i++) length += soma_character_write(word[i], encoding->bytes + length);
    if (tokenizer->whole_words) {
        const uint32_t whole = find_whole(encoding, encoding->bytes, length);
        if (whole != SOMA_NO_TOKEN) return soma_encoding_add(encoding, whole);
    }
    SOMA_TRY(reserve(encoding, length));
    if (tokenizer->byte_level) {
        SOMA_TRY(append_bytes(encoding, encoding->bytes, length, &symbols));
        return merge_all(encoding, symbols);
    }
    for (size_t i = 0, at = 0; i < count; i++) {
        char text[4];
        const size_t bytes = soma_character_write(word[i], text);
        SOMA_TRY(append_character(encoding, encoding->bytes + at, bytes, &symbols, &unknown));
        at += bytes;
    }
    return merge_all(encoding, symbols);
}
