/* SPDX-License-Identifier: MIT */
/* Decimal numbers in text, the same in every locale. */
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#ifdef __APPLE__
#include <xlocale.h> /* strtof_l() */
#endif

/* Up to here float32 holds every whole number, and every power of ten, exactly. */
#define MAX_EXACT_MANTISSA 16777216
#define MAX_EXACT_POWER    10

typedef struct decimal {
    bool negative;
    uint32_t mantissa; /* its digits as one whole number ... */
    bool exact;        /* ... if they fit */
    int exponent;      /* of ten */
} decimal;

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/* Appends digits to the mantissa; returns how many there were. */
static int read_digits(const char **text, decimal *number) {
    int count = 0;
    for (; is_digit(**text); ++*text, count++) {
        if (number->mantissa < MAX_EXACT_MANTISSA / 10)
            number->mantissa = number->mantissa * 10 + (uint32_t)(**text - '0');
        else
            number->exact = false;
    }
    return count;
}

static bool read_exponent(const char **text, decimal *number) {
    if (**text != 'e' && **text != 'E') return true;
    ++*text;
    bool negative = **text == '-';
    if (**text == '-' || **text == '+') ++*text;
    if (!is_digit(**text)) return false;
    int value = 0;
    for (; is_digit(**text); ++*text)
        if (value < 100000) value = value * 10 + (**text - '0');
    number->exponent += negative ? -value : value;
    return true;
}

/* sign digits [. digits] [e sign digits], at least one digit before or after the point, nothing else. */
static bool read_decimal(const char *text, decimal *number) {
    *number = (decimal){.negative = *text == '-', .exact = true};
    if (*text == '-' || *text == '+') text++;
    int whole = read_digits(&text, number), fraction = 0;
    if (*text == '.') {
        text++;
        fraction = read_digits(&text, number);
    }
    if (whole + fraction == 0) return false;
    number->exponent = -fraction;
    return read_exponent(&text, number) && *text == 0;
}

bool soma_number_parse(const char *text, locale_t c_locale, float *value) {
    static const float power[MAX_EXACT_POWER + 1] = {1, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f};
    decimal number;
    if (!read_decimal(text, &number)) return false;
    /* Most numbers are short: both operands are exact then, so that one product or quotient is the correctly rounded
     * result. */
    if (number.exact && number.exponent >= -MAX_EXACT_POWER && number.exponent <= MAX_EXACT_POWER) {
        float mantissa = (float)number.mantissa;
        float size = number.exponent < 0 ? mantissa / power[-number.exponent] : mantissa * power[number.exponent];
        *value = number.negative ? -size : size;
    } else
        *value = strtof_l(text, NULL, c_locale);
    return true;
}

double soma_number_double(const char *text, locale_t c_locale) {
    return strtod_l(text, NULL, c_locale);
}

/* Some locales have a comma, or longer signs, where JSON has a point. */
static void use_point(char *text, size_t size) {
    size_t start = strspn(text, "-0123456789"), length = strcspn(text + start, "0123456789");
    if (text[start] == 0 || text[start] == 'e' || length == 0) return;
    text[start] = '.';
    memmove(text + start + 1, text + start + length, strnlen(text + start + length, size - start - length) + 1);
}

soma_number_text soma_number_write(double value, int digits) {
    soma_number_text result;
    const size_t size = sizeof result.text;
    snprintf(result.text, size, "%.*g", digits, value);
    use_point(result.text, size);
    if (!strpbrk(result.text, ".e")) strcat(result.text, ".0");
    return result;
}

bool soma_number_is_index(float value, float limit) {
    return value >= 0 && value < limit && floorf(value) == value;
}

static bool is_one_of(const char *text, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(text, words[i]) == 0) return true;
    return false;
}

bool soma_number_is_gap(const char *text) {
    static const char *const gaps[] = {"", "?", "na", "n/a", "nan", "null"};
    return is_one_of(text, gaps, sizeof gaps / sizeof gaps[0]);
}

bool soma_number_is_placeholder(const char *text) {
    static const char *const infinities[] = {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"};
    return soma_number_is_gap(text) || is_one_of(text, infinities, sizeof infinities / sizeof infinities[0]);
}

bool soma_number_is_truth(const char *text, bool *truth) {
    static const char *const words[] = {"false", "true", "no", "yes", "f", "t"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0) {
            *truth = i % 2;
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------------------------------------------- divisors */

enum { MOST_DIVISORS = 12, MOST_TRIED = 1 << 16 };

/* In rising order, one more than are wanted at most: those up to the root have the others for partners. */
static size_t find_divisors(size_t number, size_t found[MOST_DIVISORS + 1]) {
    size_t count = 0, small, root = 1;
    for (; root <= MOST_TRIED && root <= number / root && count <= MOST_DIVISORS; root++)
        if (number % root == 0) found[count++] = root;
    if (count > MOST_DIVISORS) return count;
    for (small = count; small-- > 0 && count <= MOST_DIVISORS;)
        if (found[small] != number / found[small]) found[count++] = number / found[small];
    return count;
}

soma_divisors_text soma_number_divisors(size_t number) {
    soma_divisors_text result = {""};
    size_t found[MOST_DIVISORS + 1], length = 0, count = find_divisors(number, found);
    for (size_t i = 0; i < count && i < MOST_DIVISORS && length < sizeof result.text; i++)
        length += (size_t)snprintf(result.text + length, sizeof result.text - length, "%s%zu", i ? ", " : "", found[i]);
    if (count > MOST_DIVISORS && length < sizeof result.text)
        snprintf(result.text + length, sizeof result.text - length, ", ...");
    return result;
}
