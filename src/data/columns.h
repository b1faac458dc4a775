/* SPDX-License-Identifier: MIT */
/* The columns of a table: what each is called, and what it is for. A data set that was read from a table has them, and
 * so has a network that was trained on one. */
#ifndef SOMA_DATA_COLUMNS_H
#define SOMA_DATA_COLUMNS_H

#include "base/base.h"
#include "data/gap_texts.h"
#include <soma/soma.h>

/* How the fields of a feature become inputs. */
typedef enum soma_column_form {
    SOMA_FORM_NUMBER,
    SOMA_FORM_CATEGORY, /* an input for each of the categories, which is 1 where the field says so and else 0 */
    SOMA_FORM_HASH,     /* the same for words by their hash */
    SOMA_FORM_TRUTH,    /* 1 or 0 */
    SOMA_FORM_DATE,     /* days since 1970 */
    SOMA_FORM_CYCLE     /* the same, and beside it SOMA_CYCLE_PARTS */
} soma_column_form;

/* "hashed words"; a static string. */
const char *soma_column_form_name(soma_column_form form);

typedef struct soma_table_column {
    char *name; /* "": it has none */
    soma_column_role role;
    soma_missing missing; /* what is done about gaps in a feature */
    double fill;          /* the value that stands for them; NaN: not known */
    soma_column_form form;
    bool indicator;        /* a last input says where gaps are */
    char **categories;     /* CATEGORY: [category_count] */
    size_t category_count; /* else 0 */
    size_t buckets;        /* HASH: inputs */
} soma_table_column;

/* Of one column, at most. */
#define SOMA_MAX_CATEGORIES 4096

/* All zeros: no table. */
typedef struct soma_columns {
    soma_table_column *column;
    size_t count;
    bool named;          /* all of them, each with another name */
    bool step_labels;    /* of sequences (SOMA_COLUMN_SEQUENCE): each step has labels of its own */
    soma_gap_texts gaps; /* what counts as one in the features */
} soma_columns;

soma_status soma_columns_add(soma_columns *columns, const char *name, soma_column_role role);
soma_status soma_columns_copy(const soma_columns *from, soma_columns *to);
void soma_columns_clear(soma_columns *columns);

/* Takes a copy of the text. */
soma_status soma_column_add_category(soma_table_column *column, const char *category);
/* Its first input is a value, which a gap leaves open; else it has none. */
static inline bool soma_table_column_has_value(const soma_table_column *column) {
    return column->form != SOMA_FORM_CATEGORY && column->form != SOMA_FORM_HASH;
}
/* Inputs that it has; and without the indicator. */
size_t soma_table_column_width(const soma_table_column *column);
size_t soma_table_column_parts(const soma_table_column *column);
/* Whether the input of this number, from 0, is standardised: what is 0 or 1, or lies on a circle, stays so. */
static inline bool soma_table_column_is_scaled(const soma_table_column *column, size_t input) {
    return input == 0 && soma_table_column_has_value(column) && column->form != SOMA_FORM_TRUTH;
}
/* NULL where the fields of both become the same inputs, else what one is and the other is not. */
const char *soma_table_column_difference(const soma_table_column *known, const soma_table_column *found,
                                         char text[160]);
/* Inputs that all features together have. */
size_t soma_columns_inputs(const soma_columns *columns);

/* Whether rows are steps of sequences, and not samples. */
bool soma_columns_are_of_steps(const soma_columns *columns);
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

/* "a, b, c and 4 more": the names of the columns with this role that `other` has not with the same (NULL: of all). */
#define SOMA_COLUMN_LIST 256
const char *soma_columns_list(const soma_columns *columns, soma_column_role role, const soma_columns *other,
                              char text[SOMA_COLUMN_LIST]);

#endif
