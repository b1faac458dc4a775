/* SPDX-License-Identifier: MIT */
/* The way through a table: its rows, and what is known of each column. */
#ifndef SOMA_IO_CSV_SURVEY_H
#define SOMA_IO_CSV_SURVEY_H

#include "data/tally.h"
#include "io/csv/parts.h"
#include "io/csv/table.h"

/* What a column is read for. */
typedef enum soma_csv_use {
    SOMA_CSV_PASS_OVER,
    SOMA_CSV_NUMBER,
    SOMA_CSV_NUMBER_OR_GAP,
    SOMA_CSV_CATEGORY,
    SOMA_CSV_LABEL
} soma_csv_use;

static inline bool soma_csv_is_number(soma_csv_use use) {
    return use == SOMA_CSV_NUMBER || use == SOMA_CSV_NUMBER_OR_GAP;
}

typedef struct soma_csv_survey {
    size_t rows;
    float *features;         /* [rows, layout->features], aligned, as are: */
    int32_t *labels_of_rows; /* [rows], numbers of `labels`; NULL where there is no such column */
    float *values;           /* [rows]: a label that is a number; NULL where there is none */
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

/* A mapped file may have been written to since it was looked at. */
soma_status soma_csv_refuse_change(const soma_csv_reader *reader);
/* Refuses the field that has just been read. */
soma_status soma_csv_refuse_field(const soma_csv_reader *reader, const soma_csv_layout *layout, const char *why);
/* A row has as many fields as columns, told while they are read: `fields` are, in a row that begins in this line. */
soma_status soma_csv_check_length(const soma_csv_reader *reader, const soma_csv_layout *layout, size_t line,
                                  size_t fields);
/* Reads a field, which is to be a number that float32 can hold; or a gap, which is NaN, if the use says so. */
soma_status soma_csv_read_number(soma_csv_reader *reader, const soma_csv_layout *layout, size_t line, size_t fields,
                                 soma_csv_use use, soma_decimal *number);

#endif
