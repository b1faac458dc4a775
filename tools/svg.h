/* SPDX-License-Identifier: MIT */
/* What pictures in SVG share. */
#ifndef SOMA_TOOLS_SVG_H
#define SOMA_TOOLS_SVG_H

#include <stdio.h>

/* The head of a picture of so many pixels, with its title. */
void svg_begin(FILE *stream, int width, int height, const char *title);

/* Text for XML, cut to `most` characters; what is not well-formed becomes '?'. */
void svg_print_escaped(FILE *stream, const char *text, size_t most);

#endif
