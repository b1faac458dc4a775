/* SPDX-License-Identifier: MIT */
/* Curves drawn with characters, as a terminal shows them. */
#ifndef SOMA_TOOLS_CHART_H
#define SOMA_TOOLS_CHART_H

#include "curves.h"

struct chart_style {
    int width, height; /* of one chart, in characters and lines, heading and axis too */
    bool unicode;      /* braille, of 2 by 4 dots in a character; else one of ASCII for each curve */
    bool color;
};

/* A chart needs these at least. */
enum { CHART_LEAST_WIDTH = 24, CHART_LEAST_HEIGHT = 6, CHART_MOST_CURVES = 6 };

/* The chart of this name: all its curves, up to CHART_MOST_CURVES, with the last value of each. */
void chart_draw(FILE *stream, const struct curves *curves, const char *name, const struct chart_style *style);

#endif
