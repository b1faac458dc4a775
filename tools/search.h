/* SPDX-License-Identifier: MIT */
/* A search: the space that its trials are drawn from, what came of them, and the file that keeps it. */
#ifndef SOMA_TOOLS_SEARCH_H
#define SOMA_TOOLS_SEARCH_H

#include "option_table.h"
#include "train.h"
#include <soma/tensorboard.h>

/* ---------------------------------------------------------------------------------------------------------- space */

typedef struct search_space search_space;
struct json_t;

/*
 * --space: a JSON object, of each option's name a list of values, or {"min": X, "max": Y, "log": true}. All of it is
 * held against the options' own bounds, and against what is given beside it. Release it, also after failure.
 */
exit_status search_space_read(const struct settings *given, search_space **space);
struct json_t *search_space_json(const search_space *space);
void search_space_release(search_space *space);

size_t search_space_options(const search_space *space);
const char *search_space_option(const search_space *space, size_t index);
/* Its list or its range, by whichever of the option's names the file has it. */
const struct json_t *search_space_domain(const search_space *space, size_t index);
/* How many points there are; 0: more than trials could be. */
size_t search_space_points(const search_space *space);
/* Whether the data are to be read for each trial. */
bool search_space_varies_columns(const search_space *space);

/* A point of the space: of each option the text that one would type, "true" and "false" of flags. It belongs to the
 * space, but for numbers, which it has itself: it is not copied. */
enum { SEARCH_MOST_OPTIONS = 16 };
struct search_point {
    const char *text[SEARCH_MOST_OPTIONS];
    char number[SEARCH_MOST_OPTIONS][32];
    size_t choice[SEARCH_MOST_OPTIONS]; /* in the list; 0 of a range */
};

/* The point of a trial: a function of the seed and the number alone. Where the points are few, all are taken once. */
void search_space_draw(const search_space *space, size_t trial, struct search_point *point);
/* Sets a point's options; the point must outlive the settings. */
exit_status search_space_apply(const search_space *space, const struct search_point *point, struct settings *settings);
/* "lr 0.01, net dense 64 relu; dense 3 softmax", to be freed; NULL without memory. */
char *search_point_text(const search_space *space, const struct search_point *point);

/* ----------------------------------------------------------------------------------------------------- its trials */

struct search {
    const struct settings *settings;
    search_space *space;
    struct runs_summary *trials;
    size_t count, wanted; /* that were made, and that are to be */
    char *lines;          /* of the file of results */
    struct data data;
    soma_device *device;
    const char *tensorboard; /* the directory of --tensorboard; NULL: none */
    soma_tensorboard *board; /* of the trial that is being made; NULL: none */
    bool experiment;         /* what the trials have in common is written there */
};

/* Which figure the trials are compared by, and whether it is better where it is larger. */
size_t search_watched(const struct search *search);
bool search_is_larger_better(const struct search *search);

/* search_results.c: the trials that --results holds; the file is begun where there is none. */
exit_status search_results_open(struct search *search);
/* Adds the last trial to it. */
exit_status search_results_add(struct search *search);

/* search_board.c, for --tensorboard; without it nothing happens. Around the making of a trial, by its number from 0. */
exit_status search_board_begin(struct search *search, size_t number);
exit_status search_board_end(struct search *search, size_t number);
/* Those that --results holds, as far as they are not there. */
exit_status search_board_catch_up(struct search *search);
/* In any case at the end. */
void search_board_close(struct search *search);

/* search_table.c: `order` has the places of the trials, the best first. */
exit_status search_table_say(const struct search *search, const size_t *order);
void search_table_report(const struct search *search, const size_t *order, report *object);

#endif
