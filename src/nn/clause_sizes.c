/* SPDX-License-Identifier: MIT */
/* Sizes along dimensions, as layers over images have them: "3x5", "1,1,2,2". See clause.h. */
#include "nn/clause.h"

#include <string.h>

uint32_t soma_word_dimensions(soma_word text, size_t *at) {
    const char *open = memchr(text.start, '(', text.length);
    size_t length = open ? (size_t)(open - text.start) : text.length;
    for (*at = 1; *at + 1 < length; ++*at) {
        const char *c = text.start + *at;
        if (c[0] >= '1' && c[0] <= '3' && (c[1] == 'd' || c[1] == 'D')) return (uint32_t)(c[0] - '0');
    }
    return 0;
}

uint32_t soma_clause_dimensions(const soma_clause *clause) {
    size_t at;
    return soma_word_dimensions(clause->words[0], &at);
}

/* Numbers between separators: at most `most`; *count of them; false where there are more, or one is none. */
static bool numbers(soma_word text, char separator, size_t least, uint32_t most, size_t *values, uint32_t *count) {
    const char *end = text.start + text.length;
    *count = 0;
    for (const char *start = text.start;; start++) {
        const char *stop = memchr(start, separator, (size_t)(end - start));
        if (!stop) stop = end;
        soma_word piece = {start, (size_t)(stop - start)};
        if (*count == most || !soma_word_number(piece, least, &values[*count])) return false;
        ++*count;
        if (stop == end) return true;
        start = stop;
    }
}

soma_status soma_clause_sizes(const soma_clause *clause, soma_word text, const char *what, size_t least,
                              size_t sizes[3], uint32_t *count) {
    if (numbers(text, 'x', least, 3, sizes, count) || numbers(text, 'X', least, 3, sizes, count)) return SOMA_OK;
    return soma_clause_reject(clause, text, "%s must be one to three whole numbers from %zu to %d, as in 3x3", what,
                              least, SOMA_MOST_UNITS);
}

soma_status soma_clause_sizes_of(const soma_clause *clause, soma_word text, const char *what, size_t least,
                                 uint32_t rank, size_t sizes[3]) {
    uint32_t count = 0;
    SOMA_TRY(soma_clause_sizes(clause, text, what, least, sizes, &count));
    if (count == 1)
        for (; count < rank; count++) sizes[count] = sizes[0];
    if (count == rank) return SOMA_OK;
    return soma_clause_reject(clause, text, "%s names %u dimensions, the layer works over %u", what, count, rank);
}

soma_status soma_clause_sides(const soma_clause *clause, soma_word text, const char *what, uint32_t rank,
                              size_t before[3], size_t after[3]) {
    static const char *const forms[] = {"N", "N or BEFORE,AFTER", "N, NxN or TOP,BOTTOM,LEFT,RIGHT",
                                        "N, NxNxN or FRONT,BACK,TOP,BOTTOM,LEFT,RIGHT"};
    size_t pairs[6];
    uint32_t count = 0;
    if (numbers(text, 'x', 0, 3, before, &count) || numbers(text, 'X', 0, 3, before, &count)) {
        SOMA_TRY(soma_clause_sizes_of(clause, text, what, 0, rank, before));
        memcpy(after, before, 3 * sizeof *after);
        return SOMA_OK;
    }
    if (!numbers(text, ',', 0, 6, pairs, &count) || count != 2 * rank)
        return soma_clause_reject(clause, text, "%s must be %s, whole numbers from 0 to %d", what, forms[rank],
                                  SOMA_MOST_UNITS);
    for (uint32_t i = 0; i < rank; i++) {
        before[i] = pairs[2 * i];
        after[i] = pairs[2 * i + 1];
    }
    return SOMA_OK;
}
