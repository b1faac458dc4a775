/* SPDX-License-Identifier: MIT */
/* Letters of 5 x 9 pixels, two of them below the line. */
#ifndef SOMA_TOOLS_LETTERS_H
#define SOMA_TOOLS_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

enum { LETTER_WIDTH = 5, LETTER_HEIGHT = 9, LETTER_BASE = 7 /* the rows above the line */ };

/* Of ASCII; what is no letter of it looks like '?'. */
bool letter_has_ink(char letter, size_t row, size_t column);

#endif
