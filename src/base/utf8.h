/* SPDX-License-Identifier: MIT */
/* Text from files and applications: is it UTF-8, and how to show a piece of it in a message. */
#ifndef SOMA_BASE_UTF8_H
#define SOMA_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the UTF-8 character at the start of text[length]; 0 if there is none (Unicode 15, table 3-7). */
size_t soma_utf8_length(const char *text, size_t length);

/* True if all of text[length] is UTF-8; else *offset is where it stops being so. */
bool soma_utf8_check(const char *text, size_t length, size_t *offset);

/* A piece of text in double quotes, fit for a message: cut short with "...", control characters and broken UTF-8 as
 * \xNN. */
typedef struct soma_quoted {
    char text[64];
} soma_quoted;
soma_quoted soma_quote(const char *text, size_t length);

#endif
