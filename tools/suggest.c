/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?": the known word nearest to a mistyped one, by the number of letters to change. */
#include "option_table.h"
#include <ctype.h>
#include <string.h>

#define LONGEST 48

static size_t least(size_t a, size_t b, size_t c) {
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that make one word the other (optimal string alignment).
 */
static size_t edit_distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b);
    if (m > LONGEST || n > LONGEST) return LONGEST;
    size_t row[3][LONGEST + 1];
    size_t *before = row[0], *above = row[1], *current = row[2];
    for (size_t j = 0; j <= n; j++) above[j] = j;
    for (size_t i = 1; i <= m; i++) {
        current[0] = i;
        for (size_t j = 1; j <= n; j++) {
            int left = tolower((unsigned char)a[i - 1]), right = tolower((unsigned char)b[j - 1]);
            current[j] = least(above[j] + 1, current[j - 1] + 1, above[j - 1] + (left != right));
            bool swapped =
                i > 1 && j > 1 && left == tolower((unsigned char)b[j - 2]) && tolower((unsigned char)a[i - 2]) == right;
            if (swapped && before[j - 2] + 1 < current[j]) current[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = above;
        above = current;
        current = oldest;
    }
    return above[n];
}

const char *suggest(const char *typed, const char *(*next)(const void *context, size_t index), const void *context) {
    static char nearest[LONGEST + 1];
    bool found = false;
    size_t smallest = strlen(typed) < 4 ? 1 : strlen(typed) < 8 ? 2 : 3;
    const char *word;
    for (size_t i = 0; (word = next(context, i)); i++) {
        size_t distance = edit_distance(typed, word);
        if (distance > smallest || distance >= strlen(word)) continue;
        if (found && distance == smallest) continue;
        smallest = distance;
        found = true;
        snprintf(nearest, sizeof nearest, "%s", word);
    }
    return found ? nearest : NULL;
}

const char *did_you_mean(const char *prefix, const char *word) {
    static char text[2 * LONGEST];
    text[0] = '\0';
    if (word) snprintf(text, sizeof text, " (did you mean '%s%s'?)", prefix, word);
    return text;
}
