/* SPDX-License-Identifier: MIT */
/* One line of a terminal that shows how much of something is done: text, a bar, text. */
#ifndef SOMA_TOOLS_BAR_H
#define SOMA_TOOLS_BAR_H

#include "program.h"

struct bar {
    FILE *stream; /* NULL: nothing is shown */
    bool terminal, color, unicode;
};

/* None with --quiet. */
struct bar bar_start(FILE *stream);
/* The line anew, as wide as the terminal allows; done: from 0 to 1. Only on a terminal. */
void bar_draw(const struct bar *bar, const char *head, double done, const char *tail);
/* Takes the line away. */
void bar_clear(const struct bar *bar);

#endif
