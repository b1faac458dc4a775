/* SPDX-License-Identifier: MIT */
/* Decimal numbers in text as float64: the nearest one, quickly, and the same in every locale. */
#ifndef SOMA_BASE_DECIMAL_H
#define SOMA_BASE_DECIMAL_H

#include <stdbool.h>

typedef struct soma_decimal {
    double value; /* infinite where the number is too large */
    double rest;  /* of whole numbers of up to 19 digits, what value is short of: the number is value + rest; else 0 */
} soma_decimal;

/*
 * Reads sign digits [. digits] [e sign digits], with at least one digit before or after the point, from *text on and
 * not beyond `end`; *text is then behind it. False, and *text as it was, where no number begins.
 */
bool soma_decimal_scan(const char **text, const char *end, soma_decimal *number);

#endif
