/* SPDX-License-Identifier: MIT */
/* Lists of columns: "a, c:f, 7, x_*". */
#include "base/pattern.h"
#include "base/utf8.h"
#include "io/csv/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 8 };

/* One side of a range, or a whole entry. */
typedef struct part {
    char *text;
    bool quoted; /* it is a name, whatever is in it */
} part;

typedef struct choosing {
    const soma_csv_reader *reader;
    const soma_csv_layout *layout;
    const char *what;
    bool *chosen;
} choosing;

soma_text soma_csv_list_columns(const soma_csv_layout *layout) {
    const soma_words *header = &layout->header;
    soma_text list = {.length = 0};
    if (header->count == 0) soma_text_append(&list, "1 to %zu, without names", layout->columns);
    for (size_t i = 0; i < SOMA_MIN(header->count, (size_t)MOST_NAMES); i++)
        soma_text_append(&list, "%s%s", i ? ", " : "",
                         soma_quote(header->words[i].text, strlen(header->words[i].text)).text);
    if (header->count > MOST_NAMES) soma_text_append(&list, ", ...");
    return list;
}

static soma_status refuse(const choosing *at, const char *entry, const char *why) {
    soma_text columns = soma_csv_list_columns(at->layout);
    soma_status status =
        soma_error(SOMA_INVALID_ARGUMENT, "%s: %s: %s %s; the columns are %s", at->reader->name, at->what,
                   soma_quote(entry, strlen(entry)).text, why, columns.data ? columns.data : "others");
    soma_free(columns.data);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- entries */

/* Behind the entry that begins here: at the comma that is not in quotes, or at the end. */
static const char *end_of_entry(const char *at) {
    for (bool quoted = false; *at && (quoted || *at != ','); at++)
        if (*at == '"') quoted = !quoted;
    return at;
}

/* Of text[0, length) what is in the quotes at its beginning, in place; returns what is behind them, NULL: no end. */
static char *unquote(char *text) {
    char *to = text, *from = text + 1;
    for (; *from; from++) {
        if (*from == '"' && from[1] != '"') break;
        from += *from == '"';
        *to++ = *from;
    }
    if (!*from) return NULL;
    *to = 0;
    return from + 1;
}

static bool is_count(const char *text) {
    return *text && text[strspn(text, "0123456789")] == 0;
}

static bool find_part(const soma_csv_layout *layout, part one, size_t *column) {
    if (!one.quoted && is_count(one.text)) {
        errno = 0;
        unsigned long long number = strtoull(one.text, NULL, 10);
        *column = (size_t)number - 1;
        return errno == 0 && number >= 1 && number <= layout->columns;
    }
    return soma_words_find(&layout->header, one.text, column);
}

static soma_status choose_range(const choosing *at, const char *entry, size_t first, size_t last) {
    if (first > last) return refuse(at, entry, "runs backwards");
    for (size_t i = first; i <= last; i++) at->chosen[i] = true;
    return SOMA_OK;
}

/* Whether text, up to a colon, and what is behind that, are columns. */
static bool find_range(const choosing *at, part first, char *colon, size_t *from, size_t *to) {
    part last = {.text = colon + 1, .quoted = colon[1] == '"'};
    if (last.quoted) {
        char *behind = unquote(last.text);
        if (!behind || *behind) return false;
    }
    *colon = 0;
    bool found = find_part(at->layout, first, from) && find_part(at->layout, last, to);
    *colon = ':';
    return found;
}

static soma_status choose_bare(const choosing *at, char *text, const char *entry) {
    size_t from, to;
    bool any = false;
    if (find_part(at->layout, (part){.text = text}, &from)) return choose_range(at, entry, from, from);
    for (char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':'))
        if (find_range(at, (part){.text = text}, colon, &from, &to)) return choose_range(at, entry, from, to);
    for (size_t i = 0; strpbrk(text, "*?") && i < at->layout->header.count; i++) {
        if (!soma_is_like(text, at->layout->header.words[i].text)) continue;
        any = at->chosen[i] = true;
    }
    return any ? SOMA_OK : refuse(at, entry, "fits no column");
}

static soma_status choose_quoted(const choosing *at, char *text, const char *entry) {
    size_t from, to;
    char *behind = unquote(text);
    const part first = {.text = text, .quoted = true};
    if (!behind) return refuse(at, entry, "has no quote at its end");
    if (*behind == 0)
        return find_part(at->layout, first, &from) ? choose_range(at, entry, from, from)
                                                   : refuse(at, entry, "fits no column");
    if (*behind == ':' && find_range(at, first, behind, &from, &to)) return choose_range(at, entry, from, to);
    return refuse(at, entry, "fits no column");
}

static soma_status choose_entry(const choosing *at, const char *begin, size_t length) {
    while (length && (*begin == ' ' || *begin == '\t')) begin++, length--;
    while (length && (begin[length - 1] == ' ' || begin[length - 1] == '\t')) length--;
    char *entry = soma_malloc(2 * (length + 1)), *text = entry + length + 1;
    if (!entry) return soma_out_of_memory(2 * (length + 1), at->reader->name);
    memcpy(entry, begin, length);
    entry[length] = 0;
    memcpy(text, entry, length + 1);
    soma_status status = length == 0    ? refuse(at, entry, "is empty")
                         : *text == '"' ? choose_quoted(at, text, entry)
                                        : choose_bare(at, text, entry);
    soma_free(entry);
    return status;
}

soma_status soma_csv_choose(const soma_csv_reader *reader, const soma_csv_layout *layout, const char *what,
                            const char *list, bool *chosen) {
    const choosing at = {.reader = reader, .layout = layout, .what = what, .chosen = chosen};
    for (const char *begin = list;; begin++) {
        const char *end = end_of_entry(begin);
        SOMA_TRY(choose_entry(&at, begin, (size_t)(end - begin)));
        begin = end;
        if (!*begin) return SOMA_OK;
    }
}

bool soma_csv_list_has_names(const char *list) {
    return list[strspn(list, "0123456789:, \t")] != 0;
}
