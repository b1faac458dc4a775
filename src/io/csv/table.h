/* SPDX-License-Identifier: MIT */
/* The pieces of reading a table: what its first line is (layout.c), what its labels mean (labels.c), its rows
 * (csv.c). */
#ifndef SOMA_IO_CSV_TABLE_H
#define SOMA_IO_CSV_TABLE_H

#include "data/columns.h"
#include "io/csv/reader.h"
#include "io/words.h"
#include <locale.h>
#include <soma/soma.h>

#define SOMA_CSV_NO_COLUMN SIZE_MAX
#define SOMA_CSV_NO_LABEL  SOMA_CSV_NO_COLUMN
#define SOMA_CSV_NO_INPUT  SIZE_MAX

/* How the fields of a column become inputs. */
typedef struct soma_csv_encoding {
    soma_column_form form;
    bool indicator;
    size_t parts; /* inputs, but for the indicator */
} soma_csv_encoding;

typedef struct soma_csv_layout {
    size_t columns;         /* fields of a row */
    soma_column_role *role; /* [columns] */
    size_t label;           /* column from 0, of several labels the first; SOMA_CSV_NO_LABEL for none */
    size_t labels;          /* columns that are labels; several are numbers, each a target of its own: */
    size_t *target;         /* [columns]: which target a label is */
    bool truths;            /* of several labels: each is 0 or 1 */
    size_t group, time, weight, id, sequence; /* columns from 0, SOMA_CSV_NO_COLUMN for none */
    size_t steps;                             /* that a sequence is to have; 0: as many as the longest */
    size_t sequences;                         /* that there are, once rows have been read; 0: rows are samples */
    bool steps_have_names;                    /* a network knows the classes of steps by these */
    bool guessed;                             /* the header was found by looking */
    size_t features;   /* columns that are inputs: all but these; in a promised form all but the last */
    soma_words header; /* names of the columns, empty if there are none */
    bool promised;     /* the first line was "rows,features,class,class,..." */
    size_t promised_rows, promise_line;
    soma_words classes;     /* ... its classes */
    size_t *place;          /* of each column: its first input, SOMA_CSV_NO_INPUT for none */
    size_t *feature;        /* the same by features, once not all are numbers; NULL before */
    soma_words *categories; /* [columns]: those of a column whose words are categories; NULL where all are numbers */
    soma_csv_encoding *encodings; /* [columns]; likewise */
    soma_missing missing;         /* what is done about gaps in the features */
    soma_gap_texts gaps;          /* what counts as one; the reader looks at them here */
    soma_columns kept;            /* what the data set keeps of the columns: the network's, where there is one */
    soma_text note;               /* see soma_dataset_note() */
    locale_t c_locale;
} soma_csv_layout;

/* What to do where the first line was taken for a promise and is none. */
#define SOMA_CSV_NO_PROMISE                                                                                            \
    "; if the first line is a row, or names the columns, say so by the option header (--no-header, --header)"

/* Looks at the first lines; leaves the reader at the first row. Clear the layout also after a failure. */
soma_status soma_csv_find_layout(soma_csv_reader *reader, const soma_csv_options *options, soma_csv_layout *layout);
void soma_csv_layout_clear(soma_csv_layout *layout);

/* ` ("petal width")` after a column's number in a message, if the column has a name. */
typedef struct soma_csv_column_name {
    char text[72];
} soma_csv_column_name;
soma_csv_column_name soma_csv_name_column(const soma_csv_layout *layout, size_t column);

/*
 * What each column is for: layout->role, ->label, ->group and so on, by the options, and where they say nothing as the
 * network knows. Where layout->header is empty, a column is found by number or place alone. `certain` false: it is not
 * known yet whether there is a header, and what does not fit a table without one is no fault.
 */
soma_status soma_csv_find_roles(const soma_csv_reader *reader, const soma_csv_options *options, bool certain,
                                soma_csv_layout *layout);
/* That what is reserved is zero, and sequences have a column; NULL is accepted. */
soma_status soma_csv_check_roles(const soma_csv_roles *roles);
/* The first name of a column in the options, which then must have a header; NULL: there are numbers alone, if any. */
const char *soma_csv_first_name(const soma_csv_options *options);

/*
 * Sets chosen[layout->columns] of the columns that a list names, separated by commas: a name, a number from 1, a range
 * of these as a:f, a pattern of * and ?; in quotes it is a name. SOMA_INVALID_ARGUMENT: an entry fits no column. `what`
 * is the list called?
 */
soma_status soma_csv_choose(const soma_csv_reader *reader, const soma_csv_layout *layout, const char *what,
                            const char *list, bool *chosen);
/* Whether there is anything but numbers and ranges of numbers in it. */
bool soma_csv_list_has_names(const char *list);
/* `"a", "b", ...`, or `1 to 7`: the columns that there are, for messages. To be freed. */
soma_text soma_csv_list_columns(const soma_csv_layout *layout);

/*
 * Which column is which input, and what the label is called, now that header and label are known: layout->place and
 * ->columns. known: the columns that a network was trained on; NULL, or none: every column but the label is an input.
 */
soma_status soma_csv_place_columns(const soma_csv_reader *reader, const soma_columns *known, soma_csv_layout *layout);

/* The form of a column that is a feature. */
static inline soma_column_form soma_csv_form(const soma_csv_layout *layout, size_t column) {
    return layout->encodings ? layout->encodings[column].form : SOMA_FORM_NUMBER;
}
/* Its words are categories, hashed or not: a gap is none of them, and needs no value. */
static inline bool soma_csv_has_words(const soma_csv_layout *layout, size_t column) {
    soma_column_form form = soma_csv_form(layout, column);
    return form == SOMA_FORM_CATEGORY || form == SOMA_FORM_HASH;
}

/* What counts as a gap in the features, by the options or as the network knows: layout->gaps, and reader->gaps. */
soma_status soma_csv_choose_gap_texts(soma_csv_reader *reader, const soma_csv_options *options,
                                      soma_csv_layout *layout);
/* What to do about gaps, by the options or as the network knows: layout->missing, and that of layout->kept. */
soma_status soma_csv_choose_missing(const soma_csv_reader *reader, const soma_csv_options *options,
                                    soma_csv_layout *layout);
/*
 * Finds the columns, read for numbers so far, that are truth values, dates, or words: these are categories in order of
 * first appearance, or hashed; as the roles want them. *any says whether there are. reader: at the first row, to which
 * it comes back. SOMA_INVALID_FILE: one has more words than there may be.
 */
soma_status soma_csv_find_forms(soma_csv_reader *reader, const soma_csv_roles *roles, soma_csv_layout *layout,
                                bool *any);
/* From features to their inputs, as layout->kept has them: ->place, ->features, ->categories, ->encodings. May be done
 * again. */
soma_status soma_csv_place_inputs(const soma_csv_reader *reader, soma_csv_layout *layout);
/* A header that was found by looking stays one if it stands above numbers; first_label: NULL for none. */
soma_status soma_csv_check_header(const soma_csv_reader *reader, const soma_csv_layout *layout,
                                  const char *first_label);
/* Says in which columns a network met words that it does not know, unseen[layout->columns]. */
void soma_csv_note_unseen(const soma_csv_reader *reader, const size_t *unseen, soma_csv_layout *layout);
/* Says which columns have gaps, gaps[layout->columns], and what becomes of them. */
void soma_csv_note_gaps(const soma_csv_reader *reader, const size_t *gaps, bool known, soma_csv_layout *layout);
/* Leaves out the rows that have gaps; what is said of that comes to the data set's note. */
soma_status soma_csv_drop_gaps(const soma_csv_reader *reader, soma_dataset *dataset);

/* What a table's labels turned out to be. All zeros is the empty one. */
typedef struct soma_csv_classes {
    char **names; /* [count]; NULL: the labels are numbers to predict */
    size_t count;
} soma_csv_classes;
void soma_csv_classes_clear(soma_csv_classes *classes);

/*
 * What labels are that nobody has said more of: texts[rows] number the distinct ones. Where they are classes, each
 * becomes its class number, in place: numbers upwards, and all ways to write one are one class; words as they came.
 * `must` they be classes? A line of layout->note says so where numbers are taken for numbers to predict.
 */
soma_status soma_csv_number_labels(const char *name, soma_csv_layout *layout, const soma_words *labels, bool must,
                                   int32_t *texts, size_t rows, soma_csv_classes *classes);

/* Which sequence each row is a step of. All zeros: none. */
typedef struct soma_csv_steps {
    soma_words names;  /* of the sequences */
    int32_t *sequence; /* [rows]: the number of its name */
} soma_csv_steps;
void soma_csv_steps_clear(soma_csv_steps *steps);

/* Groups, times, identities and, if asked, weights of the rows, storage->rows from where the reader is, into the
 * storage, if the table has such columns; and the sequences, layout->sequences of them. */
struct soma_storage;
soma_status soma_csv_read_roles(soma_csv_reader *reader, soma_csv_layout *layout, bool weights, soma_csv_steps *steps,
                                struct soma_storage *storage);

/*
 * A data set of sequences in place of that of their rows, which is destroyed. reader: at the first row, for messages
 * that name lines. SOMA_INVALID_FILE: rows of a sequence differ in what it has once.
 */
soma_status soma_csv_join_steps(soma_csv_reader *reader, const soma_csv_layout *layout, const soma_csv_steps *steps,
                                soma_dataset **dataset);

/* Distinct labels, and class numbers + 1, at most. More are hardly classes. */
#define SOMA_CSV_MAX_CLASSES 65536

#endif
