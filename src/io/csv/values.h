/* SPDX-License-Identifier: MIT */
/* The different values of a column, and with which label each was met; and the different rows of a table. */
#ifndef SOMA_IO_CSV_VALUES_H
#define SOMA_IO_CSV_VALUES_H

#include "base/base.h"
#include "base/decimal.h"

/* Stand for a value; never 0. Of numbers exact: 1 and 1.0 are one. */
uint64_t soma_csv_key_of_number(soma_decimal number);
uint64_t soma_csv_key_of_text(const char *text, size_t length);

typedef struct soma_csv_value {
    uint64_t key, label; /* label: the key of the only one that it was met with; 0: none so far */
} soma_csv_value;

/* All zeros, but for `limit`, is the empty one. */
typedef struct soma_csv_values {
    soma_csv_value *slots;
    size_t slot_count, count, limit;
    bool full;             /* there are more than `limit`, which is where counting ended */
    bool recurs;           /* some value came twice before that */
    bool several;          /* some value was met with different labels */
    soma_decimal *numbers; /* [number_count]: the different ones */
    size_t number_count, number_room;
} soma_csv_values;

/* number: NULL for what is none. label 0: none is known. */
soma_status soma_csv_values_add(soma_csv_values *values, uint64_t key, uint64_t label, const soma_decimal *number);
void soma_csv_values_clear(soma_csv_values *values);

/* Rows that are the same to the letter; all zeros, but for `text`, is the empty one. */
typedef struct soma_csv_rows {
    const char *text;
    struct soma_csv_row {
        uint64_t key;
        size_t begin, end;
    } * slots;
    size_t slot_count, count;
    size_t doubled, first, second; /* how many; where the first pair begins in the text */
} soma_csv_rows;

/* Takes the row text[begin, end), whose end of line does not count. */
soma_status soma_csv_rows_add(soma_csv_rows *rows, size_t begin, size_t end);
void soma_csv_rows_clear(soma_csv_rows *rows);

#endif
