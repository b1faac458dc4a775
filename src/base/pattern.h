/* SPDX-License-Identifier: MIT */
/* Names by a pattern. */
#ifndef SOMA_BASE_PATTERN_H
#define SOMA_BASE_PATTERN_H

#include <stdbool.h>

/* In the pattern * is any characters, also none, and ? any one. */
bool soma_is_like(const char *pattern, const char *name);

#endif
