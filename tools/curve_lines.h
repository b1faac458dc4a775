/* SPDX-License-Identifier: MIT */
/* One line of a history in lines of JSON. */
#ifndef SOMA_TOOLS_CURVE_LINES_H
#define SOMA_TOOLS_CURVE_LINES_H

#include "curves.h"

/* Adds the members of the object in this line of the file, over its first member. */
exit_status curve_lines_read(const char *path, size_t row, const char *line, struct curves *curves);

#endif
