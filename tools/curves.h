/* SPDX-License-Identifier: MIT */
/* What was measured in the course of trainings: curves, out of event files or of a history. */
#ifndef SOMA_TOOLS_CURVES_H
#define SOMA_TOOLS_CURVES_H

#include "program.h"
#include <stdbool.h>

/* One figure of one run. Curves of one chart are drawn together. */
struct curve {
    char *chart, *run;
    size_t count, capacity;
    double *step, *value; /* steps rise */
};

/* In the order in which they came. All zeros is the empty list. */
struct curves {
    struct curve *curve;
    size_t count, capacity;
};

/*
 * Of a directory: the numbers in the event files in it and below; of a file: the columns of a table with names in its
 * first line, over its first column, or the members of the object of JSON in each line, over the first; val_NAME in the
 * chart of NAME. *there: false, and STATUS_DONE, where there is no such path.
 */
exit_status curves_read(const char *path, bool *there, struct curves *curves);
void curves_clear(struct curves *curves);

#endif
