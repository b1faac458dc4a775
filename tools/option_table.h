/* SPDX-License-Identifier: MIT */
/* Rows of the table of options, option_table.c, and the words that they choose from, option_choices.c. */
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
    OPTION_PIXELS  /* shape of a picture: 64, 64x48 */
} option_type;

/* The words of a choice: value 0, 1, ..., "" for one that may not be chosen, NULL past the last. */
typedef const char *choice_name(int value);

/* What an option chooses from; by names of the library, it knows their other names, too. */
typedef struct choice {
    choice_name *name;
    bool of_library;
    soma_names which;
} choice;
extern const choice dates_choice, distributed_choice, image_fit_choice, loss_choice, metric_choice, missing_choice,
    mode_choice, monitor_choice, optimizer_choice, part_choice, schedule_choice, split_choice, unknown_choice,
    wire_choice;

typedef struct option_row {
    const char *group; /* heading of the help, on the first row of the group */
    const char *name;
    size_t offset;         /* of its field in struct settings */
    const char *argument;  /* placeholder in the help */
    const char *fallback;  /* the default, as one would type it; NULL: none */
    const char *interval;  /* COUNT, REAL: "[1, 100]", "(0, inf)"; round brackets exclude the bound */
    const choice *choices; /* CHOICE, and TEXT for the help */
    const char *help;
    option_type type;
    unsigned commands; /* bits 1 << COMMAND_... */
    int value;         /* SET */
    char letter;       /* 0: none */
} option_row;

extern const option_row option_table[];
extern const size_t option_count;

/* synonyms.c: what else an option is called, by number; NULL past the last. */
const char *option_synonym(const char *name, size_t index);
/* Longer than any word of an option. */
#define OPTION_WORD_SIZE 32
/* As those type it who write learning_rate. */
void option_underline(const char *word, char underlined[OPTION_WORD_SIZE]);
/* Whether the option is meant by that word. */
bool option_is_called(const char *name, const char *typed);

/* Reads one of the words; the message for a wrong one lists them. `length`: of the text's part that is looked at. */
exit_status choice_read(const char *option, const choice *choices, const char *text, size_t length, int *value);
#define CHOICE_LIST_SIZE 2048
/* "a, b (c, d), e" into text: the names, and in brackets up to `most` other ones of each. `fits` NULL: of all values.
 */
const char *choice_list(const choice *choices, bool (*fits)(int value, const void *context), const void *context,
                        size_t most, char text[CHOICE_LIST_SIZE]);

/* suggest.c: the word nearest to a mistyped one in a static buffer, or NULL. next(context, i) gives word i, NULL past
 * the last; each may be gone with the next. */
const char *suggest(const char *typed, const char *(*next)(const void *context, size_t index), const void *context);
/* " (did you mean 'word'?)" in a static buffer, "" for NULL. */
const char *did_you_mean(const char *prefix, const char *word);

#endif
