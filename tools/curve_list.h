/* SPDX-License-Identifier: MIT */
/* What readers of curves put together. */
#ifndef SOMA_TOOLS_CURVE_LIST_H
#define SOMA_TOOLS_CURVE_LIST_H

#include "curves.h"

/* One figure of a run; false where there is no memory. A run that begins again takes the place of what it had. */
bool curves_add(struct curves *curves, const char *chart, const char *run, double step, double value);
/* A column or member of a history: val_NAME goes into the chart of NAME. */
bool curves_add_named(struct curves *curves, const char *name, double step, double value);
/* Refuses a line of a history, for what was found in it. */
exit_status curves_refuse_line(const char *path, size_t line, const char *found, const char *wanted);

#endif
