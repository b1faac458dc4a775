/* SPDX-License-Identifier: MIT */
/* See utf8.h. */
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/*
 * Well-formed sequences by their first byte: how many bytes, and the range of the second one. The ranges keep out
 * overlong forms, surrogates and what lies past U+10FFFF; all further bytes are 80 to BF.
 */
static const struct {
    unsigned char first, last, length, second_first, second_last;
} sequences[] = {
    {0x00, 0x7F, 1, 0, 0},       {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF}, {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

size_t soma_utf8_length(const char *text, size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    if (length == 0) return 0;
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        if (bytes[0] < sequences[i].first || bytes[0] > sequences[i].last) continue;
        if (sequences[i].length > length) return 0;
        if (sequences[i].length > 1 && (bytes[1] < sequences[i].second_first || bytes[1] > sequences[i].second_last))
            return 0;
        for (size_t j = 2; j < sequences[i].length; j++)
            if (bytes[j] < 0x80 || bytes[j] > 0xBF) return 0;
        return sequences[i].length;
    }
    return 0;
}

bool soma_utf8_check(const char *text, size_t length, size_t *offset) {
    for (size_t i = 0; i < length;) {
        if ((unsigned char)text[i] < 0x80) { /* most of most files */
            i++;
            continue;
        }
        size_t step = soma_utf8_length(text + i, length - i);
        if (step == 0) {
            *offset = i;
            return false;
        }
        i += step;
    }
    return true;
}

soma_quoted soma_quote(const char *text, size_t length) {
    soma_quoted quoted;
    size_t used = 0, read = 0;
    const size_t room = sizeof quoted.text - sizeof "\"...\""; /* what must follow a character still has to fit */
    quoted.text[used++] = '"';
    while (read < length) {
        size_t step = soma_utf8_length(text + read, length - read);
        bool plain = step > 1 || (step == 1 && (unsigned char)text[read] >= 0x20 && text[read] != 0x7F);
        size_t width = plain ? step : strlen("\\xNN");
        if (used + width > room) break;
        if (plain)
            memcpy(quoted.text + used, text + read, step);
        else
            snprintf(quoted.text + used, sizeof "\\xNN", "\\x%02x", (unsigned char)text[read]);
        used += width;
        read += plain ? step : 1;
    }
    snprintf(quoted.text + used, sizeof quoted.text - used, read < length ? "...\"" : "\"");
    return quoted;
}
