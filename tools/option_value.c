/* SPDX-License-Identifier: MIT */
/* Reads one option's value into its field of the settings. */
#include "option_value.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "[0, 1)": the table writes bounds as people do, and messages quote them. */
typedef struct interval {
    double low, high;
    bool low_open, high_open;
} interval;

static interval interval_of(const char *text) {
    interval result = {.low_open = text[0] == '(', .high_open = text[strlen(text) - 1] == ')'};
    char *end = NULL;
    result.low = strtod(text + 1, &end);
    result.high = strtod(end + 1, NULL);
    return result;
}

static bool within(const interval *bounds, double value) {
    return (bounds->low_open ? value > bounds->low : value >= bounds->low) &&
           (bounds->high_open ? value < bounds->high : value <= bounds->high);
}

bool number_parse(const char *text, double *value) {
    if (!*text || text[strspn(text, "+-.0123456789eE")]) return false;
    char *end = NULL;
    *value = strtod(text, &end);
    return end != text && !*end && isfinite(*value);
}

static bool parse_count(const char *text, uint64_t *value) {
    if (!*text || text[strspn(text, "0123456789")]) return false;
    errno = 0;
    *value = strtoull(text, NULL, 10);
    return errno == 0;
}

static bool parse_bytes(const char *text, uint64_t *value) {
    static const char suffixes[] = "KMGT";
    size_t digits = strspn(text, "0123456789");
    char number[24];
    if (digits == 0 || digits >= sizeof number) return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (!parse_count(number, value)) return false;
    if (!text[digits]) return *value > 0;
    const char *suffix = strchr(suffixes, text[digits]);
    if (!suffix || text[digits + 1]) return false;
    unsigned shift = 10 * (unsigned)(suffix - suffixes + 1);
    if (*value > UINT64_MAX >> shift) return false;
    *value <<= shift;
    return *value > 0;
}

bool shape_parse(const char *text, size_t most, struct shape *value) {
    struct shape result = {0};
    for (const char *at = text;;) {
        size_t digits = strspn(at, "0123456789");
        uint64_t size = 0;
        char number[16];
        if (digits == 0 || digits >= sizeof number || result.rank == most) return false;
        memcpy(number, at, digits);
        number[digits] = '\0';
        if (!parse_count(number, &size) || size == 0 || size > INT32_MAX) return false;
        result.size[result.rank++] = (size_t)size;
        at += digits;
        if (!*at) break;
        if (*at++ != 'x') return false;
    }
    *value = result;
    return true;
}

static exit_status refuse(const option_row *row, const char *text, const char *problem, const char *accepted) {
    return fail(STATUS_USAGE, "--%s: '%s' %s; accepted: %s", row->name, text, problem, accepted);
}

static exit_status read_number(const option_row *row, const char *text, void *field) {
    interval bounds = interval_of(row->interval);
    char accepted[96];
    snprintf(accepted, sizeof accepted, "a %snumber in %s", row->type == OPTION_COUNT ? "whole " : "", row->interval);
    double real = 0;
    uint64_t count = 0;
    if (row->type == OPTION_COUNT) {
        if (!parse_count(text, &count)) return refuse(row, text, "is not a whole number", accepted);
        real = (double)count;
    } else if (!number_parse(text, &real)) {
        return refuse(row, text, "is not a number", accepted);
    }
    if (!within(&bounds, real)) return refuse(row, text, "is out of range", accepted);
    if (row->type == OPTION_COUNT)
        *(uint64_t *)field = count;
    else
        *(double *)field = real;
    return STATUS_DONE;
}

/* The other names of a value, separated by blanks. */
static const char *choice_words(const choice *choices, int value) {
    return choices->of_library ? soma_name_words(choices->which, value) : "";
}

const char *choice_list(const choice *choices, bool (*fits)(int value, const void *context), const void *context,
                        size_t most, char text[CHOICE_LIST_SIZE]) {
    const char *name;
    text[0] = '\0';
    for (int value = 0; (name = choices->name(value)); value++) {
        if (!*name || (fits && !fits(value, context))) continue;
        size_t length = strlen(text);
        length += (size_t)snprintf(text + length, CHOICE_LIST_SIZE - length, "%s%s", length ? ", " : "", name);
        const char *word = choice_words(choices, value);
        size_t words = 0;
        for (; *word && words < most; words++) {
            int span = (int)strcspn(word, " ");
            if (length < CHOICE_LIST_SIZE)
                length += (size_t)snprintf(text + length, CHOICE_LIST_SIZE - length, "%s%.*s", words ? ", " : " (",
                                           span, word);
            word += span + (int)strspn(word + span, " ");
        }
        if (words && length < CHOICE_LIST_SIZE) snprintf(text + length, CHOICE_LIST_SIZE - length, ")");
    }
    return text;
}

/* All names of all values, one after the other. */
static const char *next_choice(const void *context, size_t index) {
    static char copy[64];
    const choice *choices = context;
    for (int value = 0; choices->name(value); value++) {
        if (!*choices->name(value)) continue;
        if (index-- == 0) return choices->name(value);
        for (const char *word = choice_words(choices, value); *word; word += strspn(word, " ")) {
            int span = (int)strcspn(word, " ");
            snprintf(copy, sizeof copy, "%.*s", span, word);
            if (index-- == 0) return copy;
            word += span;
        }
    }
    return NULL;
}

static bool find_choice(const choice *choices, const char *text, size_t length, int *value) {
    if (choices->of_library) {
        const char *name = soma_value_of_name(choices->which, text, length, value) ? choices->name(*value) : NULL;
        return name && *name;
    }
    for (*value = 0; choices->name(*value); ++*value)
        if (strlen(choices->name(*value)) == length && memcmp(choices->name(*value), text, length) == 0) return true;
    return false;
}

exit_status choice_read(const char *option, const choice *choices, const char *text, size_t length, int *value) {
    char typed[64], accepted[CHOICE_LIST_SIZE];
    if (find_choice(choices, text, length, value)) return STATUS_DONE;
    snprintf(typed, sizeof typed, "%.*s", (int)length, text);
    return fail(STATUS_USAGE, "--%s: '%s' is unknown%s; accepted: %s", option, typed,
                did_you_mean("", suggest(typed, next_choice, choices)), choice_list(choices, NULL, NULL, 1, accepted));
}

static exit_status read_text(const option_row *row, const char *text, void *field) {
    if (!*text) return fail(STATUS_USAGE, "--%s: the value is empty; accepted: %s", row->name, row->argument);
    *(const char **)field = text;
    return STATUS_DONE;
}

exit_status option_read_value(const option_row *row, const char *text, struct settings *settings) {
    void *field = (char *)settings + row->offset;
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return STATUS_DONE;
    case OPTION_SET:
        *(int *)field = row->value;
        return STATUS_DONE;
    case OPTION_TEXT:
        return read_text(row, text, field);
    case OPTION_CHOICE:
        return choice_read(row->name, row->choices, text, strlen(text), field);
    case OPTION_COUNT:
    case OPTION_REAL:
        return read_number(row, text, field);
    case OPTION_BYTES:
        if (parse_bytes(text, field)) return STATUS_DONE;
        return refuse(row, text, "is not a size", "a positive whole number of bytes, as 1048576, 64M or 2G");
    case OPTION_PIXELS:
        if (shape_parse(text, 2, field)) return STATUS_DONE;
        return refuse(row, text, "is not the size of a picture",
                      "HEIGHTxWIDTH in pixels, or one number for both, as 64x48 or 64");
    }
    return STATUS_FAILED;
}
