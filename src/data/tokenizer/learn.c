/* SPDX-License-Identifier: MIT */
/*
 * A vocabulary of a text. Words are counted once, and merged where they stand; what pairs there are, how often, and in
 * which words, is kept up to date, so that a merge costs as much as there are words that have it. The heap may hold
 * counts that have changed since: what comes up with such a one goes back with the right one.
 */
#include "data/tokenizer/tokenizer.h"

#include <string.h>

enum { ALPHABET = SOMA_BYTE_ALPHABET_SIZE };

typedef struct word {
    size_t begin, length; /* bytes of the text while words are counted; symbols after that */
    uint64_t count;
} word;

typedef struct pair {
    uint32_t left, right;
    int64_t count;
    uint32_t *words; /* in which it is, or was */
    size_t word_count, capacity;
} pair;

typedef struct entry {
    int64_t count;
    uint32_t left, right;
    size_t pair;
} entry;

typedef struct learning {
    soma_tokenizer *tokenizer;
    word *words;
    size_t word_count, word_capacity;
    size_t *word_slots; /* number of a word + 1 */
    size_t word_slot_count;
    char *bytes; /* of all words, one after the other */
    size_t byte_count, byte_capacity;
    uint32_t *symbols;
    pair *pairs;
    size_t pair_count, pair_capacity;
    size_t fresh;       /* pairs from there on are not in the heap yet */
    size_t *pair_slots; /* likewise of pairs */
    size_t pair_slot_count;
    entry *heap;
    size_t heap_count, heap_capacity;
} learning;

/* Room for one more in an array that grows. */
static soma_status grow(void *array, size_t count, size_t *capacity, size_t size) {
    void **pointer = array;
    if (count < *capacity) return SOMA_OK;
    const size_t wanted = *capacity ? 2 * *capacity : 16;
    void *grown = soma_realloc(*pointer, wanted, size);
    if (!grown) return soma_out_of_memory(wanted * size, "the words of a text");
    *pointer = grown;
    *capacity = wanted;
    return SOMA_OK;
}

/* Twice as many slots as there are things, with all of them entered again. */
static soma_status grow_slots(size_t **slots, size_t *slot_count, size_t count,
                              uint64_t (*hash)(const learning *state, size_t number), const learning *state) {
    if (2 * (count + 1) <= *slot_count) return SOMA_OK;
    const size_t wanted = SOMA_MAX(2 * *slot_count, (size_t)1024);
    size_t *grown = soma_calloc(wanted, sizeof *grown);
    if (!grown) return soma_out_of_memory(wanted * sizeof *grown, "the words of a text");
    for (size_t i = 0; i < count; i++) {
        size_t slot = hash(state, i) & (wanted - 1);
        while (grown[slot]) slot = (slot + 1) & (wanted - 1);
        grown[slot] = i + 1;
    }
    soma_free(*slots);
    *slots = grown;
    *slot_count = wanted;
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- words */

static uint64_t hash_bytes(const char *bytes, size_t length) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static uint64_t hash_word(const learning *state, size_t number) {
    return hash_bytes(state->bytes + state->words[number].begin, state->words[number].length);
}

/* The word was written behind the bytes of all others, and stays there if it is new. */
static soma_status count_bytes(learning *state, size_t length) {
    const char *bytes = state->bytes + state->byte_count;
    SOMA_TRY(grow_slots(&state->word_slots, &state->word_slot_count, state->word_count, hash_word, state));
    size_t slot = hash_bytes(bytes, length) & (state->word_slot_count - 1);
    for (; state->word_slots[slot]; slot = (slot + 1) & (state->word_slot_count - 1)) {
        word *there = &state->words[state->word_slots[slot] - 1];
        if (there->length != length || memcmp(state->bytes + there->begin, bytes, length) != 0) continue;
        there->count++;
        return SOMA_OK;
    }
    SOMA_TRY(grow(&state->words, state->word_count, &state->word_capacity, sizeof *state->words));
    state->words[state->word_count++] = (word){state->byte_count, length, 1};
    state->word_slots[slot] = state->word_count;
    state->byte_count += length;
    return SOMA_OK;
}

static soma_status count_word(void *context, const uint32_t *characters, size_t count) {
    learning *state = context;
    size_t length = 0;
    while (state->byte_capacity - state->byte_count < 4 * count)
        SOMA_TRY(grow(&state->bytes, state->byte_capacity, &state->byte_capacity, 1));
    for (size_t i = 0; i < count; i++)
        length += soma_character_write(characters[i], state->bytes + state->byte_count + length);
    return count_bytes(state, length);
}

static soma_status count_words(void *context, const char *text, size_t length, bool first) {
    learning *state = context;
    soma_characters characters = {.at = NULL};
    soma_status status = soma_characters_add_text(&characters, text, length);
    if (status == SOMA_OK)
        status = soma_split(state->tokenizer, characters.at, characters.count, first, count_word, state);
    soma_free(characters.at);
    return status;
}

/* -------------------------------------------------------------------------------------------------------- pairs */

static uint64_t hash_numbers(uint32_t left, uint32_t right) {
    uint64_t z = (uint64_t)left << 32 | right;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t hash_pair(const learning *state, size_t number) {
    return hash_numbers(state->pairs[number].left, state->pairs[number].right);
}

static soma_status find_pair(learning *state, uint32_t left, uint32_t right, size_t *number) {
    SOMA_TRY(grow_slots(&state->pair_slots, &state->pair_slot_count, state->pair_count, hash_pair, state));
    size_t slot = hash_numbers(left, right) & (state->pair_slot_count - 1);
    for (; state->pair_slots[slot]; slot = (slot + 1) & (state->pair_slot_count - 1)) {
        *number = state->pair_slots[slot] - 1;
        if (state->pairs[*number].left == left && state->pairs[*number].right == right) return SOMA_OK;
    }
    SOMA_TRY(grow(&state->pairs, state->pair_count, &state->pair_capacity, sizeof *state->pairs));
    *number = state->pair_count++;
    state->pairs[*number] = (pair){.left = left, .right = right};
    state->pair_slots[slot] = state->pair_count;
    return SOMA_OK;
}

static bool comes_first(const entry *a, const entry *b) {
    if (a->count != b->count) return a->count > b->count;
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

static soma_status push(learning *state, size_t number) {
    const pair *of = &state->pairs[number];
    const entry added = {of->count, of->left, of->right, number};
    SOMA_TRY(grow(&state->heap, state->heap_count, &state->heap_capacity, sizeof *state->heap));
    size_t at = state->heap_count++;
    for (; at > 0 && comes_first(&added, &state->heap[(at - 1) / 2]); at = (at - 1) / 2)
        state->heap[at] = state->heap[(at - 1) / 2];
    state->heap[at] = added;
    return SOMA_OK;
}

static entry pop(learning *state) {
    const entry top = state->heap[0], last = state->heap[--state->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < state->heap_count; child = 2 * at + 1) {
        if (child + 1 < state->heap_count && comes_first(&state->heap[child + 1], &state->heap[child])) child++;
        if (!comes_first(&state->heap[child], &last)) break;
        state->heap[at] = state->heap[child];
        at = child;
    }
    state->heap[at] = last;
    return top;
}

/* `by` more of them in that word. */
static soma_status change(learning *state, uint32_t left, uint32_t right, int64_t by, size_t in) {
    size_t number;
    SOMA_TRY(find_pair(state, left, right, &number));
    pair *of = &state->pairs[number];
    of->count += by;
    if (by > 0 && number < state->fresh) SOMA_TRY(push(state, number));
    if (by < 0 || (of->word_count && of->words[of->word_count - 1] == in)) return SOMA_OK;
    SOMA_TRY(grow(&of->words, of->word_count, &of->capacity, sizeof *of->words));
    of->words[of->word_count++] = (uint32_t)in;
    return SOMA_OK;
}

static soma_status count_pairs(learning *state) {
    for (size_t i = 0; i < state->word_count; i++)
        for (size_t j = 0; j + 1 < state->words[i].length; j++) {
            const uint32_t *at = state->symbols + state->words[i].begin + j;
            SOMA_TRY(change(state, at[0], at[1], (int64_t)state->words[i].count, i));
        }
    for (size_t i = 0; i < state->pair_count; i++) SOMA_TRY(push(state, i));
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- merging */

static soma_status merge_word(learning *state, size_t number, uint32_t left, uint32_t right, uint32_t whole) {
    word *of = &state->words[number];
    uint32_t *symbols = state->symbols + of->begin;
    const int64_t count = (int64_t)of->count;
    size_t kept = 0;
    for (size_t i = 0; i < of->length;) {
        if (symbols[i] != left || i + 1 == of->length || symbols[i + 1] != right) {
            symbols[kept++] = symbols[i++];
            continue;
        }
        if (kept) {
            SOMA_TRY(change(state, symbols[kept - 1], left, -count, number));
            SOMA_TRY(change(state, symbols[kept - 1], whole, count, number));
        }
        symbols[kept++] = whole;
        i += 2;
        if (i == of->length) continue;
        SOMA_TRY(change(state, right, symbols[i], -count, number));
        SOMA_TRY(change(state, whole, symbols[i], count, number));
    }
    of->length = kept;
    return SOMA_OK;
}

/* The number of the two together, which may have been made of others already. SOMA_NO_TOKEN: it would be too long. */
static soma_status name_whole(learning *state, uint32_t left, uint32_t right, size_t *used, uint32_t *whole) {
    soma_tokenizer *tokenizer = state->tokenizer;
    const soma_token *a = &tokenizer->tokens[left], *b = &tokenizer->tokens[right];
    char text[SOMA_TOKEN_BYTES];
    *whole = SOMA_NO_TOKEN;
    if (a->length + b->length > sizeof text) return SOMA_OK;
    memcpy(text, a->text, a->length);
    memcpy(text + a->length, b->text, b->length);
    *whole = soma_tokenizer_find(tokenizer, text, a->length + b->length);
    if (*whole != SOMA_NO_TOKEN) return SOMA_OK;
    *whole = (uint32_t)(*used)++;
    SOMA_TRY(soma_tokenizer_put(tokenizer, *whole, text, a->length + b->length, false));
    soma_tokenizer_enter(tokenizer, *whole);
    return SOMA_OK;
}

/* All words that have the pair. What pairs there are more of then is entered into the heap. */
static soma_status merge_pair(learning *state, size_t number, uint32_t whole) {
    const pair of = state->pairs[number];
    state->fresh = state->pair_count;
    state->pairs[number].words = NULL;
    state->pairs[number].word_count = state->pairs[number].capacity = 0;
    soma_status status = SOMA_OK;
    for (size_t i = 0; i < of.word_count && status == SOMA_OK; i++)
        status = merge_word(state, of.words[i], of.left, of.right, whole);
    soma_free(of.words);
    state->pairs[number].count = 0;
    for (size_t i = state->fresh; i < state->pair_count && status == SOMA_OK; i++) status = push(state, i);
    return status;
}

static soma_status merge_all(learning *state, uint64_t least) {
    soma_tokenizer *tokenizer = state->tokenizer;
    size_t used = ALPHABET;
    while (used < tokenizer->size && state->heap_count) {
        const entry top = pop(state);
        uint32_t whole;
        if (state->pairs[top.pair].count != top.count) {
            if (state->pairs[top.pair].count > 0) SOMA_TRY(push(state, top.pair));
            continue;
        }
        if (top.count < (int64_t)least) break;
        SOMA_TRY(name_whole(state, top.left, top.right, &used, &whole));
        if (whole == SOMA_NO_TOKEN) continue;
        if (tokenizer->merge_count == tokenizer->merge_slots / 2) break;
        soma_tokenizer_put_merge(tokenizer, top.left, top.right, whole);
        SOMA_TRY(merge_pair(state, top.pair, whole));
    }
    tokenizer->size = used;
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------------- whole */

/* Bytes have the numbers 0 to 255 in the order of the characters that stand for them. */
static soma_status put_alphabet(learning *state) {
    soma_tokenizer *tokenizer = state->tokenizer;
    uint32_t numbers[ALPHABET], number = 0;
    for (uint32_t character = 0; number < ALPHABET; character++) {
        const unsigned byte = soma_character_byte(character);
        char text[4];
        if (byte == ALPHABET) continue;
        numbers[byte] = number;
        SOMA_TRY(soma_tokenizer_put(tokenizer, number, text, soma_character_write(character, text), false));
        soma_tokenizer_enter(tokenizer, number++);
    }
    state->symbols = soma_calloc(SOMA_MAX(state->byte_count, (size_t)1), sizeof *state->symbols);
    if (!state->symbols) return soma_out_of_memory(state->byte_count * sizeof(uint32_t), "the words of a text");
    for (size_t i = 0; i < state->byte_count; i++) state->symbols[i] = numbers[(unsigned char)state->bytes[i]];
    return SOMA_OK;
}

static soma_status learn(learning *state, const char *text, size_t length, uint64_t least) {
    SOMA_TRY(soma_tokenizer_each_block(state->tokenizer, text, length, count_words, state));
    SOMA_TRY(soma_tokenizer_index(state->tokenizer));
    SOMA_TRY(soma_tokenizer_reserve_merges(state->tokenizer, 2 * state->tokenizer->size));
    SOMA_TRY(put_alphabet(state));
    SOMA_TRY(count_pairs(state));
    SOMA_TRY(merge_all(state, least));
    soma_tokenizer_find_bytes(state->tokenizer);
    return SOMA_OK;
}

soma_status soma_tokenizer_learn(soma_tokenizer *tokenizer, const char *text, size_t length, uint64_t least) {
    learning state = {.tokenizer = tokenizer};
    soma_status status = learn(&state, text, length, least);
    for (size_t i = 0; i < state.pair_count; i++) soma_free(state.pairs[i].words);
    soma_free(state.words);
    soma_free(state.word_slots);
    soma_free(state.bytes);
    soma_free(state.symbols);
    soma_free(state.pairs);
    soma_free(state.pair_slots);
    soma_free(state.heap);
    return status;
}
