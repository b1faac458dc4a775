/* SPDX-License-Identifier: MIT */
/* Rows of the table of options; see option_table.c. */
#ifndef SOMA_TOOLS_OPTION_TABLE_H
#define SOMA_TOOLS_OPTION_TABLE_H

#include "options.h"

typedef enum option_type {
    OPTION_FLAG,   /* bool; takes no value */
    OPTION_SET,    /* int; takes no value, sets row->value */
    OPTION_TEXT,   /* const char * */
    OPTION_COUNT,  /* uint64_t within row->interval */
    OPTION_BYTES,  /* uint64_t with a suffix K, M, G or T */
    OPTION_REAL,   /* double within row->interval */
    OPTION_CHOICE, /* int, one of row->choices */
    OPTION_SHAPE   /* shape: 784, 28x28 */
} option_type;

/* The words of a choice: value 0, 1, ..., NULL past the last. */
typedef const char *choice_name(int value);

typedef struct option_row {
    const char *group; /* heading of the help, on the first row of the group */
    const char *name;
    size_t offset;        /* of its field in struct settings */
    const char *argument; /* placeholder in the help */
    const char *fallback; /* the default, as one would type it; NULL: none */
    const char *interval; /* COUNT, REAL: "[1, 100]", "(0, inf)"; round brackets exclude the bound */
    choice_name *choices; /* CHOICE */
    const char *help;
    option_type type;
    unsigned commands; /* bits 1 << COMMAND_... */
    int value;         /* SET */
    char letter;       /* 0: none */
} option_row;

extern const option_row option_table[];
extern const size_t option_count;

/* Reads one of the words; the message for a wrong one lists them. `length`: of the text's part that is looked at. */
exit_status choice_read(const char *option, choice_name *choices, const char *text, size_t length, int *value);
/* "a, b, c", into text. */
void choice_list(choice_name *choices, char *text, size_t size);
choice_name loss_name, optimizer_name, schedule_name, metric_name;

/* suggest.c: the word nearest to a mistyped one, or NULL. next(context, i) gives word i, NULL past the last. */
const char *suggest(const char *typed, const char *(*next)(const void *context, size_t index), const void *context);
/* " (did you mean 'word'?)" in a static buffer, "" for NULL. */
const char *did_you_mean(const char *prefix, const char *word);

#endif
