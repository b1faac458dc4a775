/* SPDX-License-Identifier: MIT */
/* What is in a table: gathered in one way through it (profile.c), and what follows from that (findings.c). */
#ifndef SOMA_IO_CSV_PROFILE_H
#define SOMA_IO_CSV_PROFILE_H

#include "data/tally.h"
#include "io/csv/table.h"
#include "io/csv/values.h"
#include <soma/table.h>

/* What a field is by itself; NEAR: a number in another way of writing. */
typedef enum soma_csv_sort {
    SOMA_SORT_GAP,
    SOMA_SORT_NUMBER,
    SOMA_SORT_DATE,
    SOMA_SORT_TRUTH,
    SOMA_SORT_NEAR,
    SOMA_SORT_WORD
} soma_csv_sort;
#define SOMA_SORT_COUNT 6

typedef struct soma_csv_column_look {
    soma_tally numbers, dates; /* without samples */
    size_t fields[SOMA_SORT_COUNT];
    /* The first of each sort. */
    struct soma_csv_first {
        size_t line;
        char text[64];
    } first[SOMA_SORT_COUNT];
    soma_csv_values values;
    double last; /* of numbers */
    bool fell;   /* one was not above that before it */
    /* Of rows in which this and the label are numbers: how many, means, sums of squared and multiplied distances. */
    size_t pairs;
    double mean, label_mean, squares, label_squares, products;
} soma_csv_column_look;

struct soma_table_profile {
    soma_table_info info;
    soma_csv_layout layout;
    soma_csv_column_look *look;   /* [layout.columns] */
    soma_column_profile *columns; /* [layout.columns] */
    soma_class_profile *classes;  /* [info.classes] */
    char **class_names;
};

/* As soma_table_profile_csv(), from text in memory; `name` stands for the path in messages. */
soma_status soma_csv_profile(const char *name, const char *text, size_t size, const soma_csv_options *options,
                             soma_table_profile **profile);
/* profile->columns of profile->look. SOMA_OUT_OF_MEMORY. */
soma_status soma_csv_judge_columns(soma_table_profile *profile);

#endif
