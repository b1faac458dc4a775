/* SPDX-License-Identifier: MIT */
/* One line of a history in lines of JSON. */
#ifndef SOMA_TOOLS_CURVE_LINES_H
#define SOMA_TOOLS_CURVE_LINES_H

#include "curves.h"

/* Adds the members of the object in this line of the file, over its first member. */
exit_status curve_lines_read(const char *path, size_t row, const char *line, struct curves *curves);

/* curves.c's, for tables and lines alike: val_NAME goes into the chart of NAME. False where there is no memory. */
bool curve_lines_add(struct curves *curves, const char *name, double step, double value);
/* Refuses a line of a history, for what was found in it. */
exit_status curve_lines_refuse(const char *path, size_t row, const char *found, const char *wanted);

#endif
