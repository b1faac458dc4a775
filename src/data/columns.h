/* SPDX-License-Identifier: MIT */
/* The columns of a table: what each is called, and what it is for. A data set that was read from a table has them, and
 * so has a network that was trained on one. */
#ifndef SOMA_DATA_COLUMNS_H
#define SOMA_DATA_COLUMNS_H

#include "base/base.h"
#include <soma/soma.h>

typedef struct soma_table_column {
    char *name; /* "": it has none */
    soma_column_role role;
    soma_missing missing;  /* what is done about gaps in a feature */
    double fill;           /* the value that stands for them; NaN: not known */
    char **categories;     /* [category_count]: an input for each, which is 1 where the field says so and else 0 */
    size_t category_count; /* 0: the column is a number, one input */
} soma_table_column;

/* Of one column, at most. */
#define SOMA_MAX_CATEGORIES 4096

/* All zeros: no table. */
typedef struct soma_columns {
    soma_table_column *column;
    size_t count;
    bool named; /* all of them, each with another name */
} soma_columns;

soma_status soma_columns_add(soma_columns *columns, const char *name, soma_column_role role);
soma_status soma_columns_copy(const soma_columns *from, soma_columns *to);
void soma_columns_clear(soma_columns *columns);

/* Takes a copy of the text. */
soma_status soma_column_add_category(soma_table_column *column, const char *category);
static inline size_t soma_table_column_width(const soma_table_column *column) {
    return column->category_count ? column->category_count : 1;
}
/* Inputs that all features together have. */
size_t soma_columns_inputs(const soma_columns *columns);

/* How many have this role; and the first one, columns->count for none. */
size_t soma_columns_with(const soma_columns *columns, soma_column_role role);
size_t soma_columns_first(const soma_columns *columns, soma_column_role role);
/* The feature that has the input of this number, from 0; columns->count past the last. */
size_t soma_columns_of_input(const soma_columns *columns, size_t input);
/* The feature of this number, from 0; columns->count past the last. */
size_t soma_columns_feature(const soma_columns *columns, size_t number);
/* The column of this name; columns->count for none. Names are equal to the byte. */
size_t soma_columns_find(const soma_columns *columns, const char *name);

/*
 * Where each feature that `known` has is among those that `found` has: place[features of known]. By name where both
 * have names, else by position. SOMA_INVALID_ARGUMENT: some are missing, or are too many; the detail names them.
 */
soma_status soma_columns_match(const soma_columns *known, const soma_columns *found, size_t *place);

/* "a, b, c and 4 more": the names of the columns with this role that `other` has not (NULL: of all). */
#define SOMA_COLUMN_LIST 256
const char *soma_columns_list(const soma_columns *columns, soma_column_role role, const soma_columns *other,
                              char text[SOMA_COLUMN_LIST]);

#endif
