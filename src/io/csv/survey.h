/* SPDX-License-Identifier: MIT */
/* The way through a table: its rows, and what is known of each column. */
#ifndef SOMA_IO_CSV_SURVEY_H
#define SOMA_IO_CSV_SURVEY_H

#include "data/tally.h"
#include "io/csv/fields.h"
#include "io/csv/parts.h"

typedef struct soma_csv_survey {
    size_t rows;
    float *features;         /* [rows, layout->features], aligned, as are: */
    int32_t *labels_of_rows; /* [rows], numbers of `labels`; NULL where there is no such column */
    float *values;           /* [rows, layout->labels]: labels that are numbers; NULL where there are none */
    soma_words labels;       /* the different ones, in the order in which they came */
    double *offsets;         /* [columns], of those that are numbers; NULL where all are 0 */
    size_t *gaps;            /* [columns] */
    size_t *unseen;          /* [columns]: words that are none of the categories */
} soma_csv_survey;

/*
 * reader: at the first row, which is not changed. use[layout->columns]. Features are kept without an offset: what is
 * lost where there is one is got by going through the table again. Clear the survey also after a failure.
 */
soma_status soma_csv_make_survey(const soma_csv_reader *reader, const soma_csv_layout *layout, const soma_csv_use *use,
                                 soma_csv_parts *parts, soma_csv_survey *survey);
void soma_csv_survey_clear(soma_csv_survey *survey);

#endif
