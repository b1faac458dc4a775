/* SPDX-License-Identifier: MIT */
/* Decimal numbers in text, the same in every locale. */
#ifndef SOMA_BASE_NUMBER_H
#define SOMA_BASE_NUMBER_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The float32 nearest to a number such as -1.5e3, infinite where it is too large. False where the text (up to its end)
 * is anything else: empty, a word (nan and inf are words), hexadecimal, followed by something. c_locale:
 * newlocale(LC_ALL_MASK, "C", 0).
 */
bool soma_number_parse(const char *text, locale_t c_locale, float *value);

/* The double nearest to a number, infinite where it is too large; the text is one. */
double soma_number_double(const char *text, locale_t c_locale);

/* A finite number with so many significant digits (17: it reads back to the same bits), and a point or an exponent. */
typedef struct soma_number_text {
    char text[40];
} soma_number_text;
soma_number_text soma_number_write(double value, int digits);

/* True for a whole number from 0 on, written as one ("3", "3.0"), below `limit`. */
bool soma_number_is_index(float value, float limit);

/* True for what tables write where a number is missing or impossible: "", "?", "NA", "nan", "inf", ... */
bool soma_number_is_placeholder(const char *text);
/* The same, but for infinities: nothing is known of the number. */
bool soma_number_is_gap(const char *text);

/* What divides a number from 1 on, "1, 2, 4, 8"; of more than twelve the smallest, and "...". */
typedef struct soma_divisors_text {
    char text[128];
} soma_divisors_text;
soma_divisors_text soma_number_divisors(size_t number);

/* Whether the text is one of true, false, yes, no, t and f, in whatever letters; *truth is what it says. */
bool soma_number_is_truth(const char *text, bool *truth);

#endif
