/* SPDX-License-Identifier: MIT */
/* Numbers of the types that files declare, as float32, in which devices compute, and back. */
#ifndef SOMA_TRAIN_SESSION_NUMBERS_H
#define SOMA_TRAIN_SESSION_NUMBERS_H

#include "base/base.h"

/* Whole numbers up to here are float32, each of them. */
#define SOMA_MOST_EXACT ((int64_t)1 << 24)

/* Element number i as float32; false where that is not what it is: a whole number beyond SOMA_MOST_EXACT, a float64
 * beyond float32. */
bool soma_number_to_float(soma_dtype dtype, const void *data, size_t i, float *value);
/* Element number i of this value, rounded where the type is float16; false where it is a whole number's, and this is
 * none, is beyond SOMA_MOST_EXACT, or beyond the type. */
bool soma_number_from_float(soma_dtype dtype, float value, void *data, size_t i);
/* The element as text, for messages; returns text. */
#define SOMA_NUMBER_TEXT 32
const char *soma_number_text(soma_dtype dtype, const void *data, size_t i, char text[SOMA_NUMBER_TEXT]);

#endif
