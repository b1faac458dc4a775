/* SPDX-License-Identifier: MIT */
/* The life of a tokenizer, and what it finds by texts and pairs. */
#include "data/tokenizer/tokenizer.h"

#include <stdio.h>
#include <string.h>

/* Bytes that can be printed stand for themselves, the others, in their order, for the characters from 256 on. */
static bool stands_for_itself(uint32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

uint32_t soma_byte_character(unsigned byte) {
    uint32_t before = 0;
    if (stands_for_itself(byte)) return byte;
    for (unsigned i = 0; i < byte; i++) before += !stands_for_itself(i);
    return 256 + before;
}

unsigned soma_character_byte(uint32_t character) {
    if (character < 256) return stands_for_itself(character) ? character : SOMA_BYTE_ALPHABET_SIZE;
    for (unsigned byte = 0, before = 0; byte < SOMA_BYTE_ALPHABET_SIZE; byte++)
        if (!stands_for_itself(byte) && character == 256 + before++) return byte;
    return SOMA_BYTE_ALPHABET_SIZE;
}

/* --------------------------------------------------------------------------------------------------------- life */

soma_tokenizer *soma_tokenizer_make(size_t size) {
    soma_tokenizer *tokenizer = soma_calloc(1, sizeof *tokenizer);
    if (!tokenizer) return NULL;
    tokenizer->references = 1;
    tokenizer->size = size;
    tokenizer->unknown = SOMA_NO_TOKEN;
    tokenizer->tokens = soma_calloc(SOMA_MAX(size, (size_t)1), sizeof *tokenizer->tokens);
    if (tokenizer->tokens) return tokenizer;
    soma_free(tokenizer);
    return NULL;
}

soma_tokenizer *soma_tokenizer_retain(soma_tokenizer *tokenizer) {
    if (tokenizer) __atomic_add_fetch(&tokenizer->references, 1, __ATOMIC_RELAXED);
    return tokenizer;
}

static void clear_steps(soma_tokenizer_steps *steps) {
    for (size_t i = 0; i < SOMA_TOKENIZER_STEPS; i++) {
        soma_free(steps->step[i].from.at);
        soma_free(steps->step[i].to.at);
    }
}

void soma_tokenizer_destroy(soma_tokenizer *tokenizer) {
    if (!tokenizer || __atomic_sub_fetch(&tokenizer->references, 1, __ATOMIC_ACQ_REL) != 0) return;
    for (size_t i = 0; i < tokenizer->text_count; i++) soma_free(tokenizer->texts[i]);
    for (size_t i = 0; i < tokenizer->added_count; i++) soma_free(tokenizer->added[i].content.at);
    clear_steps(&tokenizer->normalizers);
    clear_steps(&tokenizer->splitters);
    clear_steps(&tokenizer->decoders);
    soma_free(tokenizer->source);
    soma_free(tokenizer->tokens);
    soma_free(tokenizer->texts);
    soma_free(tokenizer->slots);
    soma_free(tokenizer->merges);
    soma_free(tokenizer->prefix);
    soma_free(tokenizer->added);
    for (size_t i = 0; i < 2; i++) soma_free(tokenizer->added_order[i]);
    soma_free(tokenizer);
}

size_t soma_tokenizer_size(const soma_tokenizer *tokenizer) {
    return tokenizer ? tokenizer->size : 0;
}

/* ------------------------------------------------------------------------------------------------------- tokens */

static char *keep_text(soma_tokenizer *tokenizer, const char *text, size_t length) {
    if (tokenizer->text_count == tokenizer->text_capacity) {
        const size_t capacity = tokenizer->text_capacity ? 2 * tokenizer->text_capacity : 256;
        char **grown = soma_realloc(tokenizer->texts, capacity, sizeof *grown);
        if (!grown) return NULL;
        tokenizer->texts = grown;
        tokenizer->text_capacity = capacity;
    }
    char *copy = soma_malloc(length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = 0;
    return tokenizer->texts[tokenizer->text_count++] = copy;
}

soma_status soma_tokenizer_put(soma_tokenizer *tokenizer, uint32_t number, const char *text, size_t length,
                               bool added) {
    soma_token *token = &tokenizer->tokens[number];
    if (token->text) return soma_error(SOMA_INVALID_ARGUMENT, "two tokens have the number %u", number);
    const char *kept = keep_text(tokenizer, text, length);
    if (!kept) return soma_out_of_memory(length + 1, "a token");
    *token = (soma_token){.text = kept, .length = (uint32_t)length, .added = added};
    return SOMA_OK;
}

/* FNV-1a (Fowler, Noll & Vo), and a mixing of its high bits into the low ones. */
static uint64_t hash_text(const char *text, size_t length) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static size_t slots_for(size_t count) {
    size_t slots = 16;
    while (slots < 2 * count) slots *= 2;
    return slots;
}

/* The slot of the text, or the empty one where it belongs. */
static size_t slot_of(const soma_tokenizer *tokenizer, const char *text, size_t length) {
    size_t slot = hash_text(text, length) & (tokenizer->slot_count - 1);
    for (; tokenizer->slots[slot] != SOMA_NO_TOKEN; slot = (slot + 1) & (tokenizer->slot_count - 1)) {
        const soma_token *token = &tokenizer->tokens[tokenizer->slots[slot]];
        if (token->length == length && memcmp(token->text, text, length) == 0) break;
    }
    return slot;
}

void soma_tokenizer_enter(soma_tokenizer *tokenizer, uint32_t number) {
    const soma_token *token = &tokenizer->tokens[number];
    tokenizer->slots[slot_of(tokenizer, token->text, token->length)] = number;
    tokenizer->longest_token = SOMA_MAX(tokenizer->longest_token, token->length);
}

soma_status soma_tokenizer_index(soma_tokenizer *tokenizer) {
    tokenizer->slot_count = slots_for(tokenizer->size);
    soma_free(tokenizer->slots);
    tokenizer->slots = soma_malloc(tokenizer->slot_count * sizeof *tokenizer->slots);
    if (!tokenizer->slots) return soma_out_of_memory(tokenizer->slot_count * sizeof(uint32_t), "a tokenizer");
    memset(tokenizer->slots, 0xff, tokenizer->slot_count * sizeof *tokenizer->slots);
    for (size_t i = 0; i < tokenizer->size; i++)
        if (tokenizer->tokens[i].text && !tokenizer->tokens[i].added) soma_tokenizer_enter(tokenizer, (uint32_t)i);
    return SOMA_OK;
}

uint32_t soma_tokenizer_find(const soma_tokenizer *tokenizer, const char *text, size_t length) {
    return tokenizer->slots[slot_of(tokenizer, text, length)];
}

/* ------------------------------------------------------------------------------------------------------- merges */

soma_status soma_tokenizer_reserve_merges(soma_tokenizer *tokenizer, size_t count) {
    tokenizer->merge_slots = slots_for(count);
    tokenizer->merges = soma_malloc(tokenizer->merge_slots * sizeof *tokenizer->merges);
    if (!tokenizer->merges) return soma_out_of_memory(tokenizer->merge_slots * sizeof(soma_merge), "a tokenizer");
    for (size_t i = 0; i < tokenizer->merge_slots; i++) tokenizer->merges[i].left = SOMA_NO_TOKEN;
    return SOMA_OK;
}

/* splitmix64's mixing (Steele, Lea & Flood 2014). */
static soma_merge *merge_slot(const soma_tokenizer *tokenizer, uint32_t left, uint32_t right) {
    uint64_t z = (uint64_t)left << 32 | right;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    size_t slot = (z ^ z >> 31) & (tokenizer->merge_slots - 1);
    for (;; slot = (slot + 1) & (tokenizer->merge_slots - 1)) {
        soma_merge *merge = &tokenizer->merges[slot];
        if (merge->left == SOMA_NO_TOKEN || (merge->left == left && merge->right == right)) return merge;
    }
}

void soma_tokenizer_put_merge(soma_tokenizer *tokenizer, uint32_t left, uint32_t right, uint32_t whole) {
    const uint32_t rank = (uint32_t)tokenizer->merge_count++;
    soma_merge *merge = merge_slot(tokenizer, left, right);
    *merge = (soma_merge){left, right, rank, whole};
}

const soma_merge *soma_tokenizer_merge(const soma_tokenizer *tokenizer, uint32_t left, uint32_t right) {
    if (!tokenizer->merge_slots) return NULL;
    const soma_merge *merge = merge_slot(tokenizer, left, right);
    return merge->left == SOMA_NO_TOKEN ? NULL : merge;
}

void soma_tokenizer_find_bytes(soma_tokenizer *tokenizer) {
    for (unsigned byte = 0; byte < SOMA_BYTE_ALPHABET_SIZE; byte++) {
        char text[8];
        size_t length = tokenizer->byte_level ? soma_character_write(soma_byte_character(byte), text)
                                              : (size_t)snprintf(text, sizeof text, "<0x%02X>", byte);
        tokenizer->byte_tokens[byte] = soma_tokenizer_find(tokenizer, text, length);
    }
}
