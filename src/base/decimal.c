/* SPDX-License-Identifier: MIT */
/*
 * Decimal numbers in text as float64. Short ones are one exact product or quotient (Clinger 1990); those of up to 19
 * digits a product with the first 128 bits of a power of five (Lemire, "Number parsing at a gigabyte per second",
 * 2021); what these cannot decide goes to the C library as digits and an exponent, without a point, which means the
 * same in every locale.
 */
#include "base/decimal.h"
#include "base/decimal_powers.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS         19 /* that always fit 64 bits */
#define MAX_EXACT_POWER    22 /* of ten in float64 */
#define MAX_EXACT_MANTISSA ((uint64_t)1 << 53)
/* Digits that can decide how a number is rounded: halfway between two float64 there are up to 767. */
#define MAX_DECISIVE_DIGITS 800

/* The parts of a number in the text. */
typedef struct parts {
    bool negative;
    const char *whole, *whole_end, *fraction, *fraction_end;
    uint64_t mantissa; /* the digits as one whole number, modulo 2^64 */
    int64_t exponent;  /* of ten, for the mantissa */
} parts;

static inline bool is_digit(char character) {
    return (unsigned char)(character - '0') < 10;
}

#ifdef SOMA_DECIMAL_EIGHT
static const uint64_t whole_power[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* Most numbers have few digits, and how many is hard to foretell: without a branch for each. */
static inline const char *read_digits(const char *text, const char *end, uint64_t *mantissa) {
    while (end - text >= 8) {
        uint64_t bits;
        memcpy(&bits, text, sizeof bits);
        const uint64_t others = soma_decimal_others(bits);
        const unsigned digits = others ? soma_decimal_first(others) : 8;
        if (digits == 0) return text;
        *mantissa = *mantissa * whole_power[digits] + soma_decimal_eight(bits, digits);
        text += digits;
        if (digits < 8) return text;
    }
    for (; text < end && is_digit(*text); text++) *mantissa = *mantissa * 10 + (uint64_t)(*text - '0');
    return text;
}
#else
static inline const char *read_digits(const char *text, const char *end, uint64_t *mantissa) {
    for (; text < end && is_digit(*text); text++) *mantissa = *mantissa * 10 + (uint64_t)(*text - '0');
    return text;
}
#endif

/* Behind the exponent at `text`; NULL where it has no digit. */
static const char *read_exponent(const char *text, const char *end, int64_t *exponent) {
    bool negative = ++text < end && *text == '-';
    if (text < end && (*text == '-' || *text == '+')) text++;
    if (text == end || !is_digit(*text)) return NULL;
    int64_t value = 0;
    for (; text < end && is_digit(*text); text++)
        if (value < 1000000000000000) value = value * 10 + (*text - '0');
    *exponent += negative ? -value : value;
    return text;
}

/* ------------------------------------------------------------------------------------------------------ rounding */

/* The 128 bits of a product. */
static inline uint64_t multiply(uint64_t a, uint64_t b, uint64_t *high) {
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    *high = (uint64_t)(product >> 64);
    return (uint64_t)product;
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
    *high = a1 * b1 + (middle >> 32) + (other >> 32);
    return other << 32 | (uint32_t)low;
#endif
}

/* Neither too small nor too large. */
bool soma_decimal_round(uint64_t mantissa, int power, double *value) {
    const uint64_t *five = soma_decimal_powers[power - SOMA_DECIMAL_MIN_POWER];
    int zeros = __builtin_clzll(mantissa);
    uint64_t high, second, low = multiply(mantissa << zeros, five[0], &high);
    if ((high & 0x1FF) == 0x1FF) { /* what follows may carry into the bits that count */
        multiply(mantissa << zeros, five[1], &second);
        low += second;
        if (second > low) high++;
        if (low == UINT64_MAX) return false;
    }
    unsigned upper = (unsigned)(high >> 63), shift = upper + 9;
    uint64_t bits = high >> shift; /* 54: one more than float64 has */
    /* floor(power * log2(10)), also below 0, and what the shifts add up to; log2(10) is 217706 / 65536, as far as it
     * matters. */
    int exponent = (217706 * power + (1 << 28)) / 65536 - (1 << 12) + 63 + (int)upper - zeros;
    /* Just halfway between two: to the even one. Only these powers can give that. */
    if (low <= 1 && power >= -4 && power <= 23 && (bits & 3) == 1 && bits << shift == high) bits &= ~(uint64_t)1;
    bits = (bits + (bits & 1)) >> 1;
    if (bits == MAX_EXACT_MANTISSA) {
        bits >>= 1;
        exponent++;
    }
    uint64_t all = (bits & ~((uint64_t)1 << 52)) | (uint64_t)(exponent + 1023) << 52;
    memcpy(value, &all, sizeof *value);
    return true;
}

/* The digits that decide, and a 1 for any that are left out; then the exponent. */
static double by_library(const parts *number) {
    char text[MAX_DECISIVE_DIGITS + 32];
    size_t length = 0;
    int64_t exponent = number->exponent;
    bool more = false;
    const char *const begin[] = {number->whole, number->fraction}, *const end[] = {number->whole_end,
                                                                                   number->fraction_end};
    for (int part = 0; part < 2; part++)
        for (const char *digit = begin[part]; digit < end[part]; digit++) {
            if (length == 0 && *digit == '0') continue;
            if (length < MAX_DECISIVE_DIGITS) {
                text[length++] = *digit;
                continue;
            }
            more |= *digit != '0';
            exponent++;
        }
    if (length == 0) return 0;
    if (more) {
        text[length++] = '1';
        exponent--;
    }
    snprintf(text + length, sizeof text - length, "e%" PRId64, exponent);
    return strtod(text, NULL);
}

static const double power[MAX_EXACT_POWER + 1] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static double nearest(const parts *number, size_t digits) {
    int64_t exponent = number->exponent;
    double value;
    if (digits > MAX_DIGITS) return by_library(number);
    if (number->mantissa <= MAX_EXACT_MANTISSA && exponent >= -MAX_EXACT_POWER && exponent <= MAX_EXACT_POWER) {
        value = (double)number->mantissa;
        return exponent < 0 ? value / power[-exponent] : value * power[exponent];
    }
    if (number->mantissa == 0) return 0;
    if (exponent >= SOMA_DECIMAL_MIN_POWER && exponent <= SOMA_DECIMAL_MAX_POWER &&
        soma_decimal_round(number->mantissa, (int)exponent, &value))
        return value;
    return by_library(number);
}

/* ------------------------------------------------------------------------------------------------------ scanning */

/* Digits without the zeros they begin with: those of the fraction count from the first that is none. */
static size_t significant_digits(const parts *number) {
    size_t digits = (size_t)(number->whole_end - number->whole) + (size_t)(number->fraction_end - number->fraction);
    if (digits <= MAX_DIGITS) return digits;
    const char *digit = number->whole;
    for (; digit < number->whole_end && *digit == '0'; digit++) digits--;
    if (digit < number->whole_end) return digits;
    for (digit = number->fraction; digit < number->fraction_end && *digit == '0'; digit++) digits--;
    return digits;
}

/* Of a whole number that float64 cannot hold, what its nearest is short of. */
static double rest_of(const parts *number, size_t digits, double value) {
    if (number->mantissa <= MAX_EXACT_MANTISSA || digits > MAX_DIGITS || number->exponent != 0) return 0;
    return (double)(int64_t)(number->mantissa - (uint64_t)value); /* below 10^19, and value, too, is below 2^64 */
}

bool soma_decimal_scan_any(const char **text, const char *end, soma_decimal *result) {
    const char *at = *text;
    parts number = {.negative = at < end && *at == '-'};
    if (at < end && (*at == '-' || *at == '+')) at++;
    number.whole = at;
    at = number.whole_end = number.fraction = number.fraction_end = read_digits(at, end, &number.mantissa);
    if (at < end && *at == '.') {
        number.fraction = at + 1;
        at = number.fraction_end = read_digits(at + 1, end, &number.mantissa);
    }
    ptrdiff_t behind = number.fraction_end - number.fraction;
    if (number.whole == number.whole_end && behind == 0) return false;
    number.exponent = -(int64_t)behind;
    if (at < end && (*at == 'e' || *at == 'E') && !(at = read_exponent(at, end, &number.exponent))) return false;
    size_t digits = significant_digits(&number);
    double value = nearest(&number, digits), rest = rest_of(&number, digits, value);
    *result = (soma_decimal){number.negative ? -value : value, number.negative ? -rest : rest};
    *text = at;
    return true;
}
