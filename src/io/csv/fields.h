/* SPDX-License-Identifier: MIT */
/* The fields of a row: what they are read for, and what is refused. */
#ifndef SOMA_IO_CSV_FIELDS_H
#define SOMA_IO_CSV_FIELDS_H

#include "io/csv/table.h"

/* What a column is read for. */
typedef enum soma_csv_use {
    SOMA_CSV_PASS_OVER,
    SOMA_CSV_NUMBER,
    SOMA_CSV_NUMBER_OR_GAP,
    SOMA_CSV_WORD, /* see encode.h */
    SOMA_CSV_DATE, /* likewise */
    SOMA_CSV_LABEL
} soma_csv_use;

static inline bool soma_csv_is_number(soma_csv_use use) {
    return use == SOMA_CSV_NUMBER || use == SOMA_CSV_NUMBER_OR_GAP;
}

/* Whether it has numbers that an offset may be subtracted from. */
static inline bool soma_csv_is_counted(soma_csv_use use) {
    return soma_csv_is_number(use) || use == SOMA_CSV_DATE;
}

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
