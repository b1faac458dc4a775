/* SPDX-License-Identifier: MIT */
/* --tensorboard of a search: what all trials have in common in its directory, and a run below it for each, which the
 * page HPARAMS compares. */
#include "search.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static exit_status refuse(soma_status cause) {
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FAILED, "--tensorboard");
}

/* Where a trial is, to be freed. */
static char *path_of(const struct search *search, size_t number) {
    char *path = NULL;
    return asprintf(&path, "%s/trial-%zu", search->tensorboard, number + 1) < 0 ? NULL : path;
}

/* A range, or a list of nothing but numbers. */
static bool is_number(const json_t *domain) {
    for (size_t i = 0; json_is_array(domain) && i < json_array_size(domain); i++)
        if (!json_is_number(json_array_get(domain, i))) return false;
    return true;
}

/* -------------------------------------------------------------------------------------------------- the experiment */

/* The values of a list as search_point has them; false for what is none. */
static bool read_values(const json_t *domain, soma_hparam *values, size_t *count) {
    const bool numbers = is_number(domain);
    *count = json_is_array(domain) ? json_array_size(domain) : 0;
    for (size_t i = 0; i < *count; i++) {
        const json_t *value = json_array_get(domain, i);
        char *text = numbers || json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        values[i] = (soma_hparam){.text = numbers ? NULL
                                          : text  ? text
                                                  : strdup(json_string_value(value)),
                                  .number = json_number_value(value)};
        if (!numbers && !values[i].text) return false;
    }
    return true;
}

static size_t longest_list(const struct search *search) {
    size_t longest = 1;
    for (size_t i = 0; i < search_space_options(search->space); i++) {
        const json_t *domain = search_space_domain(search->space, i);
        if (json_is_array(domain) && json_array_size(domain) > longest) longest = json_array_size(domain);
    }
    return longest;
}

static exit_status write_experiment(const struct search *search, const struct runs_summary *trial) {
    const size_t options = search_space_options(search->space), longest = longest_list(search);
    soma_hparam_domain params[SEARCH_MOST_OPTIONS];
    soma_hparam *values = calloc(options * longest + 1, sizeof *values);
    const char *metrics[RUNS_MOST_FIGURES];
    bool good = values != NULL;
    for (size_t i = 0; good && i < options; i++) {
        const json_t *domain = search_space_domain(search->space, i);
        params[i] = (soma_hparam_domain){.name = search_space_option(search->space, i),
                                         .values = values + i * longest,
                                         .least = json_number_value(json_object_get(domain, "min")),
                                         .most = json_number_value(json_object_get(domain, "max"))};
        good = read_values(domain, values + i * longest, &params[i].count);
    }
    for (size_t i = 0; i < trial->figures; i++) metrics[i] = trial->name[i];
    soma_tensorboard *log = NULL;
    soma_status cause = good ? soma_tensorboard_open(search->tensorboard, &log) : SOMA_OUT_OF_MEMORY;
    if (cause == SOMA_OK) cause = soma_tensorboard_experiment(log, params, options, metrics, trial->figures);
    soma_tensorboard_close(log);
    for (size_t i = 0; values && i < options * longest; i++) free((char *)(uintptr_t)values[i].text);
    free(values);
    return refuse(cause);
}

/* ------------------------------------------------------------------------------------------------------ its trials */

exit_status search_board_begin(struct search *search, size_t number) {
    if (!search->tensorboard) return STATUS_DONE;
    soma_hparam params[SEARCH_MOST_OPTIONS];
    struct search_point point;
    search_space_draw(search->space, number, &point);
    const size_t options = search_space_options(search->space);
    for (size_t i = 0; i < options; i++) {
        const bool numeric = is_number(search_space_domain(search->space, i));
        params[i] = (soma_hparam){.name = search_space_option(search->space, i),
                                  .text = numeric ? NULL : point.text[i],
                                  .number = numeric ? strtod(point.text[i], NULL) : 0};
    }
    char *path = path_of(search, number);
    soma_status cause = path ? soma_tensorboard_open(path, &search->board) : SOMA_OUT_OF_MEMORY;
    free(path);
    if (cause == SOMA_OK) cause = soma_tensorboard_hparams(search->board, NULL, params, options);
    return refuse(cause);
}

exit_status search_board_end(struct search *search, size_t number) {
    const struct runs_summary *trial = &search->trials[number];
    if (!search->tensorboard) return STATUS_DONE;
    soma_status cause = SOMA_OK;
    for (size_t i = 0; cause == SOMA_OK && i < trial->figures; i++)
        cause = soma_tensorboard_scalar(search->board, NULL, trial->name[i], 0, trial->mean[i]);
    for (size_t i = 0; cause == SOMA_OK && i < trial->figures; i++) {
        char tag[80];
        snprintf(tag, sizeof tag, "deviation/%s", trial->name[i]);
        cause = soma_tensorboard_scalar(search->board, NULL, tag, 0, trial->deviation[i]);
    }
    if (cause == SOMA_OK) cause = soma_tensorboard_hparams_end(search->board, NULL, !trial->diverged);
    search_board_close(search);
    if (cause != SOMA_OK || search->experiment || trial->diverged) return refuse(cause);
    search->experiment = true;
    return write_experiment(search, trial);
}

exit_status search_board_catch_up(struct search *search) {
    exit_status status = STATUS_DONE;
    for (size_t i = 0; search->tensorboard && status == STATUS_DONE && i < search->count; i++) {
        char *path = path_of(search, i);
        const bool there = path && access(path, F_OK) == 0;
        free(path);
        search->experiment |=
            there && !search->trials[i].diverged; /* it was written at the end of the first of these */
        if (there) continue;
        status = search_board_begin(search, i);
        if (status == STATUS_DONE) status = search_board_end(search, i);
    }
    return status;
}

void search_board_close(struct search *search) {
    soma_tensorboard_close(search->board);
    search->board = NULL;
}
