/* SPDX-License-Identifier: MIT */
/* Comma-separated values (RFC 4180) field by field, from text in memory. */
#ifndef SOMA_IO_CSV_READER_H
#define SOMA_IO_CSV_READER_H

#include "base/base.h"
#include "base/decimal.h"
#include "data/gap_texts.h"

#include <float.h>
#include <math.h>

typedef struct soma_csv_reader {
    const char *name; /* of the file, for messages */
    const char *text;
    size_t size, position;
    size_t line; /* of `position`, from 1 */
    char separator;
    /* The field that soma_csv_next() has read. */
    char *field; /* 0-terminated; without quotes, or without the spaces around it */
    size_t length, capacity;
    size_t field_line, column; /* where it begins, from 1 */
    bool ends_record;
    const soma_gap_texts *gaps; /* borrowed; NULL: the usual ones */
    /* What soma_csv_next_numbers() knows of the text: which bytes of a block end a field, from the lowest bit on. */
    size_t block; /* where it begins; SIZE_MAX: nothing is known */
    uint64_t marks;
} soma_csv_reader;

/* Whether the field that soma_csv_next() has read says that there is no value. */
static inline bool soma_csv_is_gap(const soma_csv_reader *reader) {
    return soma_gap_texts_have(reader->gaps, reader->field);
}

/*
 * Skips a byte order mark and empty lines, finds the separator (0: ',', or ';' or a tab if the first line has those and
 * no comma). The text was checked by soma_csv_divide(). name and text are borrowed. Clear the reader also after a
 * failure.
 */
soma_status soma_csv_begin(soma_csv_reader *reader, const char *name, const char *text, size_t size, char separator);
void soma_csv_clear(soma_csv_reader *reader);

/* True at the end of the text; empty lines, and lines of blanks, before it count as the end. To be asked between
 * records. */
bool soma_csv_at_end(const soma_csv_reader *reader);

/* Behind the last character that is not of an empty line at the end: from there on no record begins. */
size_t soma_csv_last_record(const soma_csv_reader *reader);

/* Reads the next field. */
soma_status soma_csv_next(soma_csv_reader *reader);

/*
 * The same of a number that is not quoted, much faster: `field` is not filled. False where the field is anything else,
 * or too large for float32; then nothing has been read.
 */
static inline bool soma_csv_next_number(soma_csv_reader *reader, soma_decimal *number) {
    const char *at = reader->text + reader->position, *end = reader->text + reader->size;
    const char blank = reader->separator == '\t' ? ' ' : '\t', space = reader->separator == ' ' ? '\t' : ' ';
    while (at < end && (*at == space || *at == blank)) at++;
    const char *start = at;
    if (!soma_decimal_scan(&at, end, number) || !(fabs(number->value) <= FLT_MAX)) return false;
    size_t length = (size_t)(at - start);
    while (at < end && (*at == space || *at == blank)) at++;
    if (at + 1 < end && at[0] == '\r' && at[1] == '\n') at++;
    bool ends = at == end || *at == '\n';
    if (!ends && *at != reader->separator) return false;
    reader->column = reader->ends_record ? 1 : reader->column + 1;
    reader->field_line = reader->line;
    reader->length = length;
    reader->line += at < end && ends;
    reader->position = (size_t)(at - reader->text) + (at < end);
    reader->ends_record = ends;
    return true;
}

/*
 * The same of as many numbers as there are, `count` at most, as long as they are plain: up to 19 digits that count, no
 * exponent and no blanks; all but the last have a separator behind them. How many were read: of the record, where it
 * ends with the last of them.
 */
size_t soma_csv_next_numbers(soma_csv_reader *reader, size_t count, double *numbers);

/* For looking ahead: back to where the reader was, between records. */
static inline void soma_csv_return(soma_csv_reader *reader, size_t position, size_t line) {
    reader->position = position;
    reader->line = line;
    reader->column = 0;
    reader->ends_record = false;
}

#endif
