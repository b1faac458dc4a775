/* SPDX-License-Identifier: MIT */
/* Distinct texts, numbered in the order in which they came: a hash table with open addressing. */
#include "io/words.h"

#include <string.h>

#define FIRST_SLOT_COUNT 64 /* a power of two, as all later ones */

/* FNV-1a */
static size_t hash(const char *text) {
    uint64_t value = 14695981039346656037u;
    for (; *text; text++) value = (value ^ (uint8_t)*text) * 1099511628211u;
    return (size_t)(value ^ value >> 32);
}

/* The slot where the text is, or else the free one where it would be. At least one slot is free. */
static size_t find_slot(const soma_words *words, const char *text) {
    size_t slot = hash(text) & (words->slot_count - 1);
    while (words->slots[slot] && strcmp(words->words[words->slots[slot] - 1].text, text) != 0)
        slot = (slot + 1) & (words->slot_count - 1);
    return slot;
}

/* Doubles slots and words; half of the slots stay free. */
static soma_status grow(soma_words *words) {
    size_t slot_count = words->slot_count ? words->slot_count * 2 : FIRST_SLOT_COUNT;
    uint32_t *slots = soma_calloc(slot_count, sizeof *slots);
    soma_word *entries = soma_realloc(words->words, slot_count / 2, sizeof *entries);
    if (entries) words->words = entries;
    if (!slots || !entries) {
        soma_free(slots);
        return soma_out_of_memory(slot_count * (sizeof *slots + sizeof *entries / 2), "words");
    }
    soma_free(words->slots);
    words->slots = slots;
    words->slot_count = slot_count;
    for (size_t i = 0; i < words->count; i++) slots[find_slot(words, entries[i].text)] = (uint32_t)(i + 1);
    return SOMA_OK;
}

soma_status soma_words_add(soma_words *words, const char *text, size_t line, size_t *number) {
    if (soma_words_find(words, text, number)) return SOMA_OK;
    if (words->count == UINT32_MAX - 1)
        return soma_error(SOMA_UNSUPPORTED, "more than %zu different words", words->count);
    if (words->count * 2 >= words->slot_count) SOMA_TRY(grow(words));
    char *copy = soma_strdup(text);
    if (!copy) return soma_out_of_memory(strlen(text) + 1, "a word");
    *number = words->count;
    words->words[words->count++] = (soma_word){copy, line};
    words->slots[find_slot(words, text)] = (uint32_t)words->count;
    return SOMA_OK;
}

bool soma_words_find(const soma_words *words, const char *text, size_t *number) {
    if (words->count == 0) return false;
    size_t slot = find_slot(words, text);
    if (words->slots[slot] == 0) return false;
    *number = words->slots[slot] - 1;
    return true;
}

void soma_words_clear(soma_words *words) {
    for (size_t i = 0; i < words->count; i++) soma_free(words->words[i].text);
    soma_free(words->words);
    soma_free(words->slots);
    *words = (soma_words){0};
}
