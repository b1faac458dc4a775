/* SPDX-License-Identifier: MIT */
/* See unicode.h. Hangul syllables are computed (Unicode 15, section 3.12). */
#include "data/tokenizer/unicode.h"

#include "data/tokenizer/characters.h"

enum { SYLLABLES = 0xac00, LEADING = 0x1100, VOWELS = 0x1161, TRAILING = 0x11a7 };
enum { LEADING_COUNT = 19, VOWEL_COUNT = 21, TRAILING_COUNT = 28 };
enum { SYLLABLE_COUNT = LEADING_COUNT * VOWEL_COUNT * TRAILING_COUNT };

/* The low bits of the last row that begins at the character or before. */
static unsigned in_ranges(const uint32_t *ranges, size_t count, uint32_t character) {
    size_t low = 0, high = count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (ranges[middle] >> 11 <= character)
            low = middle;
        else
            high = middle;
    }
    return ranges[low] & 0x7ff;
}

bool soma_character_is(uint32_t character, unsigned bits) {
    if (character >= SOMA_STRAY_BYTE) return false;
    return in_ranges(soma_character_ranges, soma_character_ranges_count, character) & bits;
}

uint32_t soma_combining_class(uint32_t character) {
    if (character < 0x300 || character >= SOMA_STRAY_BYTE) return 0;
    return in_ranges(soma_combining_ranges, soma_combining_ranges_count, character);
}

uint32_t soma_small_letter_of(uint32_t character) {
    size_t low = 0, high = soma_small_letters_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (soma_small_letters[middle].letter == character) return soma_small_letters[middle].small;
        if (soma_small_letters[middle].letter < character)
            low = middle + 1;
        else
            high = middle;
    }
    return character;
}

bool soma_decompose(uint32_t character, uint32_t parts[2]) {
    size_t low = 0, high = soma_decompositions_count;
    if (character >= SYLLABLES && character < SYLLABLES + SYLLABLE_COUNT) {
        const uint32_t number = character - SYLLABLES, trailing = number % TRAILING_COUNT;
        parts[0] = trailing ? character - trailing : LEADING + number / (VOWEL_COUNT * TRAILING_COUNT);
        parts[1] = trailing ? TRAILING + trailing : VOWELS + number / TRAILING_COUNT % VOWEL_COUNT;
        return true;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const soma_composition *row = &soma_decompositions[middle];
        if (row->whole == character) {
            parts[0] = row->first;
            parts[1] = row->second;
            return true;
        }
        if (row->whole < character)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static uint32_t compose_syllable(uint32_t first, uint32_t second) {
    if (first >= LEADING && first < LEADING + LEADING_COUNT && second >= VOWELS && second < VOWELS + VOWEL_COUNT)
        return SYLLABLES + ((first - LEADING) * VOWEL_COUNT + second - VOWELS) * TRAILING_COUNT;
    if (first >= SYLLABLES && first < SYLLABLES + SYLLABLE_COUNT && (first - SYLLABLES) % TRAILING_COUNT == 0 &&
        second > TRAILING && second < TRAILING + TRAILING_COUNT)
        return first + second - TRAILING;
    return 0;
}

uint32_t soma_compose(uint32_t first, uint32_t second) {
    size_t low = 0, high = soma_compositions_count;
    const uint32_t syllable = compose_syllable(first, second);
    if (syllable) return syllable;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const soma_composition *row = &soma_compositions[middle];
        if (row->first == first && row->second == second) return row->whole;
        if (row->first < first || (row->first == first && row->second < second))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}
