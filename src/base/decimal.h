/* SPDX-License-Identifier: MIT */
/* Decimal numbers in text as float64: the nearest one, quickly, and the same in every locale. */
#ifndef SOMA_BASE_DECIMAL_H
#define SOMA_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct soma_decimal {
    double value; /* infinite where the number is too large */
    double rest;  /* of whole numbers of up to 19 digits, what value is short of: the number is value + rest; else 0 */
} soma_decimal;

/* mantissa * 10^power as the nearest float64; false where 128 bits do not tell. mantissa: not 0. power:
 * SOMA_DECIMAL_MIN_POWER to SOMA_DECIMAL_MAX_POWER of decimal_powers.h. */
bool soma_decimal_round(uint64_t mantissa, int power, double *value);

/* What soma_decimal_scan() below does, of any number. */
bool soma_decimal_scan_any(const char **text, const char *end, soma_decimal *number);

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SOMA_DECIMAL_EIGHT /* eight characters at once */

/* Bits in those of eight characters that are no digits, right up to and with the first; that is the lowest byte. */
static inline uint64_t soma_decimal_others(uint64_t bits) {
    const uint64_t high = bits & 0xF0F0F0F0F0F0F0F0, carried = (bits + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0;
    return (high ^ 0x3030303030303030) | (carried ^ 0x3030303030303030);
}

static inline unsigned soma_decimal_first(uint64_t marked) {
    return (unsigned)__builtin_ctzll(marked) / 8;
}

/* The number that the first of eight characters are, 1 to 8 digits. */
static inline uint64_t soma_decimal_eight(uint64_t bits, unsigned digits) {
    bits = (bits - 0x3030303030303030) << (64 - 8 * digits); /* zeros come before them */
    bits = bits * 10 + (bits >> 8);                          /* pairs, in every second byte */
    bits =
        ((bits & 0x000000FF000000FF) * 0x000F424000000064 + ((bits >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >>
        32;
    return (uint32_t)bits;
}

/*
 * What most numbers are: up to seven digits without a sign, perhaps with a point between them, and something behind
 * them that goes on no number. It is looked at as a whole, since the next number waits for where this one ends. NULL
 * for all else.
 */
static inline const char *soma_decimal_short(const char *text, const char *end, double *value) {
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    uint64_t bits;
    if (end - text < 8) return NULL;
    memcpy(&bits, text, sizeof bits);
    uint64_t others = soma_decimal_others(bits);
    if (!others) return NULL;
    unsigned digits = soma_decimal_first(others), behind = 0, length = digits;
    if (text[digits] == '.') {
        const uint64_t before = ((uint64_t)1 << 8 * digits) - 1;
        bits = (bits & before) | (bits >> 8 & ~before); /* the point is gone, and the last character a zero byte */
        others = soma_decimal_others(bits);
        behind = soma_decimal_first(others) - digits;
        digits += behind;
        length = digits + 1;
        if (behind == 0 || length == 8) return NULL;
    }
    if (digits == 0 || (text[length] | 0x20) == 'e') return NULL;
    *value = (double)soma_decimal_eight(bits, digits) / power[behind];
    return text + length;
}
#endif

/*
 * Reads sign digits [. digits] [e sign digits], with at least one digit before or after the point, from *text on and
 * not beyond `end`; *text is then behind it. False, and *text as it was, where no number begins.
 */
static inline bool soma_decimal_scan(const char **text, const char *end, soma_decimal *number) {
#ifdef SOMA_DECIMAL_EIGHT
    static const double sign[] = {1, -1};
    const char *at = *text;
    if (at == end) return false;
    const bool negative = *at == '-'; /* no branch: signs are as good as random */
    double value;
    at = soma_decimal_short(at + (negative | (*at == '+')), end, &value);
    if (at) {
        *number = (soma_decimal){sign[negative] * value, 0};
        *text = at;
        return true;
    }
#endif
    return soma_decimal_scan_any(text, end, number);
}

#endif
