/* SPDX-License-Identifier: MIT */
/*
 * soma/table.h - what is in a table, before anything is trained on it.
 *
 * Not included by soma/soma.h. docs/data.md has what each finding means.
 */
#ifndef SOMA_TABLE_H
#define SOMA_TABLE_H

#include <soma/soma.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the fields of a column are, those that are no gaps. */
typedef enum soma_column_kind {
    SOMA_KIND_NONE,     /* there are gaps alone */
    SOMA_KIND_NUMBER,   /* at least half are numbers */
    SOMA_KIND_WHOLE,    /* ... all of them whole */
    SOMA_KIND_TRUTH,    /* true, false, yes, no, t, f, in whatever letters */
    SOMA_KIND_DATE,     /* at least half are dates as ISO 8601 has them, with times or not */
    SOMA_KIND_CATEGORY, /* words that are few, up to 32 different ones, or recur */
    SOMA_KIND_TEXT      /* other words */
} soma_column_kind;

/* What is worth knowing of a column, each a bit. */
typedef enum soma_column_finding {
    SOMA_FINDING_CONSTANT = 1,   /* all values are the same */
    SOMA_FINDING_IDENTIFIER = 2, /* each row has a value of its own, as a number or name of rows has */
    SOMA_FINDING_GIVES_AWAY = 4, /* each value, of few that recur, has been met with one class alone */
    SOMA_FINDING_FOLLOWS = 8,    /* the correlation with a label that is a number is beyond 0.999 */
    SOMA_FINDING_FLOAT32 = 16,   /* float32 takes different values for the same */
    SOMA_FINDING_MIXED = 32      /* some values are of another kind, and would be refused */
} soma_column_finding;

typedef struct soma_column_profile {
    const char *name; /* belongs to the profile; NULL: it has none */
    soma_column_role role;
    soma_column_kind kind;
    uint32_t findings; /* of soma_column_finding */
    bool more;         /* there are more different values than `distinct`, with which counting ended */
    uint64_t values, gaps, distinct;
    /* Of numbers; of dates in seconds since 1970. NaN where there are none. */
    double minimum, maximum, mean;
    /* FLOAT32: how many of `distinct` stay different in float32; and as float32 differences from `offset`, which is how
     * soma keeps a feature. */
    uint64_t distinct_float32, distinct_kept;
    double offset;
    double correlation; /* with a label that is a number; NaN: there is none, or too few rows */
    /* MIXED: how many values are of another kind, and the first, fit for a message; it belongs to the profile. */
    uint64_t odd, odd_line;
    const char *odd_text;
    uint64_t reserved[8]; /* zero */
} soma_column_profile;

typedef struct soma_table_info {
    size_t rows, columns;
    bool header; /* the first line names the columns */
    char separator;
    uint64_t label;                    /* column from 0, of several the first; `columns`: there is none */
    uint64_t classes;                  /* of the label; 0: it is a number, there is none, or several */
    uint64_t label_gaps;               /* rows without a label */
    uint64_t doubled;                  /* rows that are, to the letter, as one before them */
    uint64_t first_line, doubled_line; /* of the first such pair, from 1 */
    uint64_t reserved[8];              /* zero */
} soma_table_info;

typedef struct soma_class_profile {
    const char *name; /* belongs to the profile */
    uint64_t rows;
    uint64_t reserved[4]; /* zero */
} soma_class_profile;

typedef struct soma_table_profile soma_table_profile;

/*
 * Goes through a table once. options: as of soma_dataset_from_csv(), of which label, header, separator, regression and
 * roles are used; NULL for the defaults. Different values are counted up to a number that is 65536, or
 * less where there are many columns. Fields may be of any kind; what refuses the table as such, rows of other lengths
 * say, is SOMA_INVALID_FILE.
 */
SOMA_API soma_status soma_table_profile_csv(const char *path, const soma_csv_options *options,
                                            soma_table_profile **profile);
/* Into *info. */
SOMA_API void soma_table_profile_get_info(const soma_table_profile *profile, soma_table_info *info);
/* A column, from 0, into *column. SOMA_INVALID_ARGUMENT past the last. */
SOMA_API soma_status soma_table_profile_column(const soma_table_profile *profile, size_t index,
                                               soma_column_profile *column);
/* A class of the label, in the order that training gives them, into *one. SOMA_INVALID_ARGUMENT past the last. */
SOMA_API soma_status soma_table_profile_class(const soma_table_profile *profile, size_t index, soma_class_profile *one);
/* NULL is accepted. */
SOMA_API void soma_table_profile_destroy(soma_table_profile *profile);

/* "whole number"; a static string; NULL for a kind that there is not. */
SOMA_API const char *soma_column_kind_name(soma_column_kind kind);

#ifdef __cplusplus
}
#endif

#endif
