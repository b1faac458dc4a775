/* SPDX-License-Identifier: MIT */
/* What pictures in SVG share. */
#ifndef SOMA_TOOLS_SVG_H
#define SOMA_TOOLS_SVG_H

#include <stdio.h>

/* Text for XML, cut to `most` characters; what is not well-formed becomes '?'. */
void svg_print_escaped(FILE *stream, const char *text, size_t most);

#endif
