/* SPDX-License-Identifier: MIT */
/* See near_numbers.h. */
#include "io/csv/near_numbers.h"
#include "base/base.h"
#include "base/date.h"
#include "base/number.h"

#include <string.h>
#include <strings.h>

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/* Signs of what a number counts, before it or behind it. */
static size_t unit_at(const char *text) {
    static const char *const units[] = {"%", "$", "\u20ac", "\u00a3", "\u00a5"};
    for (size_t i = 0; i < SOMA_COUNT_OF(units); i++)
        if (strncmp(text, units[i], strlen(units[i])) == 0) return strlen(units[i]);
    return 0;
}

/* Minus signs that printers know. */
static size_t dash_at(const char *text) {
    static const char *const dashes[] = {"\u2212", "\u2013", "\u2010"};
    for (size_t i = 0; i < SOMA_COUNT_OF(dashes); i++)
        if (strncmp(text, dashes[i], strlen(dashes[i])) == 0) return strlen(dashes[i]);
    return 0;
}

/* Behind digits with points, commas and blanks; NULL where there is no digit. */
static const char *pass_over_digits(const char *text) {
    bool digit = false;
    for (; *text && strchr("0123456789., ", *text); text++) digit |= is_digit(*text);
    return digit ? text : NULL;
}

/* Day, month and year in any order, with points or slashes between them. */
static bool is_like_date(const char *text) {
    const char mark = text[strspn(text, "0123456789")];
    if (mark != '.' && mark != '/') return false;
    for (int part = 0; part < 3; part++) {
        size_t digits = strspn(text, "0123456789");
        if (digits < 1 || digits > 4) return false;
        text += digits;
        if (part < 2 && *text++ != mark) return false;
    }
    return *text == 0;
}

bool soma_csv_is_like_number(const char *text) {
    if (is_like_date(text)) return true;
    text += dash_at(text);
    text += *text == '+' || *text == '-';
    text += unit_at(text);
    text = pass_over_digits(text);
    return text && text[unit_at(text)] == 0;
}

static bool is_infinite(const char *text) {
    return soma_number_is_placeholder(text) && !soma_number_is_gap(text);
}

static bool is_hexadecimal(const char *text) {
    text += *text == '+' || *text == '-';
    return text[0] == '0' && (text[1] | 0x20) == 'x' && text[2] &&
           !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")];
}

const char *soma_csv_why_no_number(const char *text, const char *name) {
    double seconds;
    if (soma_number_is_gap(text))
        return "is no number but a gap; gaps are filled where training says with what (missing, --missing=median)";
    if (is_infinite(text)) return "is no number that is finite; up to 3.4e38 are wanted, and gaps are left empty";
    if (name && *name && strcmp(text, name) == 0)
        return "is no number but the column's name once more; names are wanted in the first line alone";
    if (is_hexadecimal(text)) return "is no number in decimal digits, which are wanted: 31 for 0x1F";
    if (soma_date_parse(text, &seconds)) return "is no number but a date; the column is one of numbers";
    if (is_like_date(text)) return "is no number, and no date as ISO 8601 has them; one such as 2024-02-29 is wanted";
    if (dash_at(text)) return "is no number, for its sign is another character; a hyphen, as in -1.5, is wanted";
    if (soma_csv_is_like_number(text))
        return strpbrk(text, ",")
                   ? "is no number; commas in numbers are not read; one with a point, such as 1234.5, is wanted"
                   : "is no number alone; digits without blanks, percent sign or currency, such as 1234.5, are wanted";
    return "is no number; a decimal number with a point, such as -1.5e3, is wanted";
}
