/* SPDX-License-Identifier: MIT */
/* The rows of a series in the order of time, with its gaps. */
#ifndef SOMA_IO_CSV_SERIES_ROWS_H
#define SOMA_IO_CSV_SERIES_ROWS_H

#include "data/dataset.h"

typedef struct soma_series_rows {
    size_t count, width;
    float *values; /* [count, width], without the table's offsets */
    double *times; /* [count], rising; NULL: not known */
    bool sorted;   /* they were in another order */
    /* [count + 1], of the rows before: how many have a value that is not known, also not from before; how many lack
     * something to forecast; and how many come after a gap in time. */
    size_t *unknown, *absent, *breaks;
    size_t longest_at; /* the row behind the longest gap in time */
    double longest;    /* of that, in steps */
} soma_series_rows;

/* Clear the rows also after a failure. */
soma_status soma_series_rows_read(const soma_dataset *table, const soma_series *series, soma_series_rows *rows);
void soma_series_rows_clear(soma_series_rows *rows);

#endif
