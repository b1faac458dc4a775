/* SPDX-License-Identifier: MIT */
/*
 * The file of results: a line of JSON that says what the trials have in common, and one for each of them. A file goes
 * on only with the same search.
 */
#include "data.h"
#include "search.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- writing */

/* How an option was given; NULL where it changes no result, or another part of the line says it. */
static json_t *given_value(const option_row *row, const struct settings *settings) {
    static const char *const aside[] = {"space",        "trials",      "results", "save", "device",      "monitor",
                                        "data",         "labels",      "folds",   "seed", "tensorboard", "threads",
                                        "memory-limit", "data-memory", "json",    "quiet"};
    const void *field = (const char *)settings + row->offset;
    for (size_t i = 0; i < sizeof aside / sizeof *aside; i++)
        if (strcmp(row->name, aside[i]) == 0) return NULL;
    char text[128];
    switch (row->type) {
    case OPTION_TEXT:
        return json_string(*(const char *const *)field);
    case OPTION_COUNT:
    case OPTION_BYTES:
        return json_integer((json_int_t) * (const uint64_t *)field);
    case OPTION_REAL:
        return json_real(*(const double *)field);
    case OPTION_CHOICE:
        return json_string(row->choices->name(*(const int *)field));
    case OPTION_PIXELS:
        shape_text(((const struct shape *)field)->rank, ((const struct shape *)field)->size, text, sizeof text);
        return json_string(text);
    case OPTION_FLAG:
    case OPTION_SET:
        break;
    }
    return json_true();
}

static json_t *head_of(const struct search *search) {
    const struct settings *settings = search->settings;
    json_t *head = json_object(), *options = json_object();
    char fingerprint[32];
    for (size_t i = 0; i < option_count; i++) {
        json_t *value = settings->given[i] ? given_value(&option_table[i], settings) : NULL;
        if (value) json_object_set_new(options, option_table[i].name, value);
    }
    snprintf(fingerprint, sizeof fingerprint, "%016llx",
             (unsigned long long)soma_dataset_fingerprint(search->data.train, 0));
    json_object_set_new(head, "format", json_integer(1));
    json_object_set(head, "space", search_space_json(search->space));
    json_object_set_new(head, "options", options);
    json_object_set_new(head, "folds", json_integer((json_int_t)settings->folds));
    json_object_set_new(head, "seed", json_integer((json_int_t)settings->seed));
    json_object_set_new(head, "data", json_string(fingerprint));
    return head;
}

static char *line_of(const struct search *search, size_t number) {
    const struct runs_summary *summary = &search->trials[number];
    struct search_point point;
    json_t *object = json_object(), *options = json_object(), *mean = json_object(), *deviation = json_object();
    search_space_draw(search->space, number, &point);
    for (size_t i = 0; i < search_space_options(search->space); i++)
        json_object_set_new(options, search_space_option(search->space, i), json_string(point.text[i]));
    for (size_t i = 0; i < summary->figures; i++) {
        json_object_set_new(mean, summary->name[i], json_real(summary->mean[i]));
        json_object_set_new(deviation, summary->name[i], json_real(summary->deviation[i]));
    }
    json_object_set_new(object, "trial", json_integer((json_int_t)number + 1));
    json_object_set_new(object, "options", options);
    json_object_set_new(object, "diverged", json_boolean(summary->diverged));
    json_object_set_new(object, "mean", mean);
    json_object_set_new(object, "deviation", deviation);
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

/* Frees the line. */
static exit_status keep_line(struct search *search, char *line) {
    char *all = NULL;
    if (!line || asprintf(&all, "%s%s\n", search->lines ? search->lines : "", line) < 0) all = NULL;
    free(line);
    if (!all) return fail(STATUS_FAILED, "out of memory");
    free(search->lines);
    search->lines = all;
    return STATUS_DONE;
}

/* The whole file anew, so that it is never torn. */
static exit_status write_lines(const struct search *search) {
    soma_status cause = soma_write_file(search->settings->results, search->lines, strlen(search->lines));
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FAILED, "--results");
}

exit_status search_results_add(struct search *search) {
    if (!search->settings->results) return STATUS_DONE;
    exit_status status = keep_line(search, line_of(search, search->count - 1));
    return status == STATUS_DONE ? write_lines(search) : status;
}

/* ---------------------------------------------------------------------------------------------------------- reading */

static char *value_text(const json_t *value) {
    return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9)) : strdup("not given");
}

static exit_status refuse_option(const char *path, const char *where, const char *name, const json_t *ours,
                                 const json_t *theirs) {
    char *one = value_text(json_object_get(ours, name)), *other = value_text(json_object_get(theirs, name));
    exit_status status =
        fail(STATUS_FILE,
             "--results: %s is of a search with another %s%s: there %s, here %s; accepted: the same as "
             "there, or another file",
             path, where, name, other ? other : "", one ? one : "");
    free(one);
    free(other);
    return status;
}

/* The first option that is not alike in both. */
static const char *other_option(const json_t *ours, const json_t *theirs) {
    for (size_t i = 0; i < option_count; i++) {
        const json_t *one = json_object_get(ours, option_table[i].name);
        const json_t *other = json_object_get(theirs, option_table[i].name);
        if (one != other && !json_equal(one, other)) return option_table[i].name;
    }
    return "option"; /* that there is no more */
}

static exit_status check_head(const char *path, const json_t *ours, const json_t *theirs) {
    static const char *const parts[][2] = {{"space", "--space, in "}, {"options", "--"}};
    static const char *const counts[] = {"folds", "seed"};
    if (json_integer_value(json_object_get(theirs, "format")) != 1 || !json_is_object(json_object_get(theirs, "space")))
        return fail(STATUS_FILE,
                    "--results: %s is there, and is no file that soma search has written; accepted: one of the same "
                    "search, to go on with it, or a name that no file has",
                    path);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const json_t *one = json_object_get(ours, parts[i][0]), *other = json_object_get(theirs, parts[i][0]);
        if (!json_equal(one, other)) return refuse_option(path, parts[i][1], other_option(one, other), one, other);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!json_equal(json_object_get(ours, counts[i]), json_object_get(theirs, counts[i])))
            return refuse_option(path, "--", counts[i], ours, theirs);
    if (json_equal(json_object_get(ours, "data"), json_object_get(theirs, "data"))) return STATUS_DONE;
    return fail(STATUS_FILE,
                "--results: %s is of a search on other data: what --test leaves of them differs in samples or their "
                "order; accepted: the same data, or another file",
                path);
}

/* One that the file holds already. */
static bool read_trial(const struct search *search, const json_t *object, struct runs_summary *summary) {
    const json_t *options = json_object_get(object, "options"), *means = json_object_get(object, "mean");
    const json_t *deviations = json_object_get(object, "deviation"), *diverged = json_object_get(object, "diverged");
    struct search_point point;
    const char *name;
    json_t *mean;
    search_space_draw(search->space, search->count, &point);
    if (json_integer_value(json_object_get(object, "trial")) != (json_int_t)search->count + 1) return false;
    for (size_t i = 0; i < search_space_options(search->space); i++) {
        const char *text = json_string_value(json_object_get(options, search_space_option(search->space, i)));
        if (!text || strcmp(text, point.text[i]) != 0) return false;
    }
    *summary = (struct runs_summary){.diverged = json_is_true(diverged)};
    json_object_foreach((json_t *)means, name, mean) {
        const json_t *deviation = json_object_get(deviations, name);
        size_t at = summary->figures;
        if (at == RUNS_MOST_FIGURES || !json_is_number(mean) || !json_is_number(deviation)) return false;
        snprintf(summary->name[at], sizeof summary->name[at], "%s", name);
        summary->mean[at] = json_number_value(mean);
        summary->deviation[at] = json_number_value(deviation);
        summary->figures++;
    }
    return summary->diverged ? summary->figures == 0 : summary->figures > search_watched(search);
}

/* The first line has to be that of this search, each after it the next trial. */
static exit_status read_line(struct search *search, size_t number, const char *line, const json_t *head) {
    const char *path = search->settings->results;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    exit_status status = STATUS_DONE;
    if (number == 1)
        status = check_head(path, head, object);
    else if (search->count == search->wanted)
        status = fail(STATUS_FILE, "--results: %s holds more than %zu trials; accepted: --trials of as many or more",
                      path, search->wanted);
    else if (!read_trial(search, object, &search->trials[search->count]))
        status = fail(STATUS_FILE, "--results: line %zu of %s is not trial %zu of this search", number, path,
                      search->count + 1);
    else
        search->count++;
    json_decref(object);
    return status == STATUS_DONE ? keep_line(search, strdup(line)) : status;
}

exit_status search_results_open(struct search *search) {
    const char *path = search->settings->results;
    char *line = NULL;
    size_t size = 0, number = 0;
    if (!path) return STATUS_DONE;
    exit_status status = STATUS_DONE;
    json_t *head = head_of(search);
    FILE *stream = fopen(path, "r");
    while (stream && status == STATUS_DONE && getline(&line, &size, stream) > 0) {
        line[strcspn(line, "\n")] = '\0';
        status = read_line(search, ++number, line, head);
    }
    if (stream && status == STATUS_DONE && ferror(stream))
        status = fail(STATUS_FILE, "--results: %s cannot be read", path);
    if (stream) fclose(stream);
    free(line);
    if (status == STATUS_DONE && !search->lines) {
        status = keep_line(search, json_dumps(head, JSON_COMPACT));
        if (status == STATUS_DONE) status = write_lines(search);
    }
    json_decref(head);
    if (status == STATUS_DONE && search->count)
        say("%zu of %zu trials are in %s already\n", search->count, search->wanted, path);
    return status;
}
