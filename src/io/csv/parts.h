/* SPDX-License-Identifier: MIT */
/*
 * A table's text in parts of whole records, which threads go through side by side. How it is divided depends on the
 * text alone, never on how many threads there are.
 */
#ifndef SOMA_IO_CSV_PARTS_H
#define SOMA_IO_CSV_PARTS_H

#include "base/threads.h"
#include "io/csv/reader.h"

typedef struct soma_csv_part {
    size_t begin, end;          /* records begin in text[begin, end) */
    size_t line, end_line;      /* of `begin` and of `end`, from 1 */
    size_t rows;                /* that soma_csv_read_parts() has read */
    size_t first_row, all_rows; /* before they were counted, so many at most */
    /* Where a record failed: SOMA_OK for none. */
    soma_status status;
    size_t failed_position, failed_line;
} soma_csv_part;

typedef struct soma_csv_parts {
    soma_csv_part *part;
    size_t count;
    soma_threads *threads;
} soma_csv_parts;

/*
 * Divides the text, and checks that it is UTF-8 without a zero byte. Clear the parts also after a failure; they borrow
 * nothing.
 */
soma_status soma_csv_divide(const char *name, const char *text, size_t size, soma_csv_parts *parts);
void soma_csv_parts_clear(soma_csv_parts *parts);

/*
 * Leaves out what is before the reader's place, between records, and the empty lines at the end. Makes fewer parts of a
 * table of many columns, so that what is known of each column in each part is less than the text.
 */
void soma_csv_keep_records(soma_csv_parts *parts, const soma_csv_reader *reader, size_t columns);

/* So many records a part can have at most: just so many where all lines end within their part, but for the last. */
size_t soma_csv_most_rows(const soma_csv_parts *parts, size_t part, size_t columns);

/* Reads one record of a part; called by several threads, but never by two for one part. */
typedef soma_status soma_csv_read_record(void *context, size_t part, soma_csv_reader *reader);

/* Reads all records of all parts; returns how many parts before one that failed: all of them where none has. */
size_t soma_csv_read_parts(soma_csv_parts *parts, const soma_csv_reader *reader, soma_csv_read_record *read,
                           void *context);

/* The error of the part that failed, with its detail, which is of this thread: the record is read again. */
soma_status soma_csv_explain(const soma_csv_parts *parts, size_t failed, const soma_csv_reader *reader,
                             soma_csv_read_record *read, void *context);

#endif
