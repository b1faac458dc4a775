/* SPDX-License-Identifier: MIT */
/*
 * soma search: trials with options drawn from a space, each measured by cross-validation of all but the test samples,
 * which nobody looks at until the best is trained once more, at the end.
 */
#include "data.h"
#include "interrupt.h"
#include "output_file.h"
#include "report.h"
#include "search.h"
#include <stdlib.h>
#include <string.h>

size_t search_watched(const struct search *search) {
    return search->settings->monitor == SOMA_MONITOR_METRIC ? 1 : 0;
}

bool search_is_larger_better(const struct search *search) {
    for (size_t i = 0; search_watched(search) && i < search->count; i++)
        if (!search->trials[i].diverged) return strcmp(search->trials[i].name[1], "mean_absolute_error") != 0;
    return false;
}

/* --------------------------------------------------------------------------------------------------------- checking */

/* Whether a trial before this one, of those that are to be made, takes the same of all lists. */
static bool is_tried(const struct search *search, size_t trial, const struct search_point *point) {
    for (size_t i = search->count; i < trial; i++) {
        struct search_point other;
        search_space_draw(search->space, i, &other);
        if (memcmp(other.choice, point->choice, sizeof other.choice) == 0) return true;
    }
    return false;
}

/*
 * The data as a trial's options have them, divided as all are: *own is empty where they are those of all trials.
 * Release it, also after a failure. Where rows are dropped for their gaps, others would be measured on.
 */
static exit_status load_own(const struct search *search, const struct settings *settings, struct data *own) {
    struct settings whole = *settings;
    *own = (struct data){0};
    if (!search_space_varies_columns(search->space)) return STATUS_DONE;
    whole.validation = 0;
    message_hush(true); /* what is said of the table has been */
    exit_status status = data_load(&whole, NULL, own);
    message_hush(false);
    if (status != STATUS_DONE) return status;
    const size_t samples = data_samples(own->train), others = data_samples(search->data.train);
    if (samples == others && data_samples(own->test) == data_samples(search->data.test)) return STATUS_DONE;
    return fail(
        STATUS_USAGE,
        "of %s %zu samples are left to try on, and %zu without these options; what is compared has to be measured "
        "on the same; accepted: another --missing than drop",
        settings->data, samples, others);
}

/* What is wrong with the space is said before hours have gone into trials of it. */
static exit_status try_trial(struct search *search, size_t trial) {
    struct settings settings = *search->settings;
    struct search_point point;
    search_space_draw(search->space, trial, &point);
    if (is_tried(search, trial, &point)) return STATUS_DONE;
    char *text = search_point_text(search->space, &point), *context = NULL;
    if (!text || asprintf(&context, "%s: with %s", settings.space, text) < 0) context = NULL;
    free(text);
    message_context(context);
    struct data own = {0};
    exit_status status = search_space_apply(search->space, &point, &settings);
    if (status == STATUS_DONE) status = load_own(search, &settings, &own);
    if (status == STATUS_DONE)
        status = runs_try(&settings, own.train ? own.train : search->data.train, &search->device);
    data_release(&own);
    message_context(NULL);
    free(context);
    return status;
}

/* ----------------------------------------------------------------------------------------------------------- trials */

static void say_trial(const struct search *search, const struct search_point *point) {
    char *text = search_point_text(search->space, point);
    say("Trial %zu of %zu: %s\n", search->count + 1, search->wanted, text ? text : "");
    free(text);
}

static exit_status make_trial(struct search *search) {
    struct settings settings = *search->settings;
    struct search_point point;
    search_space_draw(search->space, search->count, &point);
    say_trial(search, &point);
    struct data own = {0};
    exit_status status = search_board_begin(search, search->count);
    if (status == STATUS_DONE) status = search_space_apply(search->space, &point, &settings);
    if (status == STATUS_DONE) status = load_own(search, &settings, &own);
    if (status == STATUS_DONE)
        status = runs_measure(&settings, own.train ? own.train : search->data.train, &search->device,
                              &search->trials[search->count]);
    data_release(&own);
    if (status != STATUS_DONE) return status;
    search->count++;
    status = search_results_add(search);
    if (status == STATUS_DONE) status = search_board_end(search, search->count - 1);
    return status == STATUS_DONE && interrupt_came() ? STATUS_INTERRUPTED : status;
}

/* A trial that diverged is worse than any other; of equals the first is better. */
static bool is_better(const struct search *search, size_t one, size_t other) {
    const struct runs_summary *first = &search->trials[one], *second = &search->trials[other];
    size_t watched = search_watched(search);
    if (first->diverged || second->diverged) return !first->diverged;
    double difference = first->mean[watched] - second->mean[watched];
    return search_is_larger_better(search) ? difference > 0 : difference < 0;
}

/* The places of the trials, the best first; to be freed. */
static size_t *sort_trials(const struct search *search) {
    size_t *order = calloc(search->wanted, sizeof *order);
    for (size_t i = 0; order && i < search->count; i++) {
        size_t at = i;
        for (; at > 0 && is_better(search, i, order[at - 1]); at--) order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

/* The best is trained on all but the test samples, and only now tested. */
static exit_status train_best(struct search *search, size_t best, report *object) {
    struct settings settings = *search->settings;
    struct training training = {.settings = &settings, .device = search->device, .object = object};
    struct search_point point;
    search_space_draw(search->space, best, &point);
    exit_status status = search_space_apply(search->space, &point, &settings);
    if (status == STATUS_DONE) status = load_own(search, &settings, &training.data);
    if (!training.data.train) {
        training.data = search->data;
        search->data = (struct data){0};
    }
    settings.folds = 0;
    say("Trains once more by trial %zu, on %s\n", best + 1,
        training.data.test ? "all but the test samples, which no trial has seen, and tests on those"
                           : "all samples; none are left to test on");
    if (status == STATUS_DONE) status = training_of_rest(&training, &settings);
    search->device = training.device;
    if (training.object && status == STATUS_INTERRUPTED)
        report_print(training.object);
    else if (training.object)
        report_destroy(training.object);
    training_release(&training);
    return status;
}

/* `made`: how it went with the trials, all or those up to an interruption. */
static exit_status tell(struct search *search, exit_status made) {
    size_t *order = sort_trials(search), best = order ? order[0] : 0;
    report *object = search->settings->json ? report_create() : NULL;
    exit_status status = order ? STATUS_DONE : fail(STATUS_FAILED, "out of memory");
    if (status == STATUS_DONE) status = search_table_say(search, order);
    if (status == STATUS_DONE) search_table_report(search, order, object);
    free(order);
    if (status == STATUS_DONE && made == STATUS_DONE && search->trials[best].diverged)
        status = fail(STATUS_FAILED, "each of the %zu trials diverged; nothing is trained or saved", search->count);
    if (status == STATUS_DONE && made == STATUS_DONE) return train_best(search, best, object);
    if (object && status == STATUS_DONE) {
        report_truth(object, "interrupted", true);
        report_print(object);
    } else if (object) {
        report_destroy(object);
    }
    if (status == STATUS_DONE)
        say("Interrupted after %zu of %zu trials%s%s\n", search->count, search->wanted,
            search->settings->results ? "; the same command goes on, by " : "",
            search->settings->results ? search->settings->results : "");
    return status == STATUS_DONE ? made : status;
}

static exit_status run_search(struct search *search) {
    struct settings whole = *search->settings;
    whole.validation = 0;
    if (search_space_varies_columns(search->space) && source_is_stream(whole.data))
        return fail(STATUS_USAGE, "%s can be read only once, and each trial of %s would read it; accepted: a file",
                    whole.data, whole.space);
    exit_status status = data_load(&whole, NULL, &search->data);
    if (status == STATUS_DONE) status = search_results_open(search);
    if (status == STATUS_DONE) status = search_board_catch_up(search);
    for (size_t i = search->count; status == STATUS_DONE && i < search->wanted; i++) status = try_trial(search, i);
    interrupt_watch();
    while (status == STATUS_DONE && search->count < search->wanted) status = make_trial(search);
    return status == STATUS_DONE || status == STATUS_INTERRUPTED ? tell(search, status) : status;
}

/* ------------------------------------------------------------------------------------------------------- the command
 */

static exit_status check_files(const struct settings *settings) {
    const char *results = settings->results, *save = settings->save;
    if (!settings->space)
        return fail(STATUS_USAGE, "--space is missing: a JSON file, as {\"lr\": {\"min\": 1e-4, \"max\": 0.1, \"log\": "
                                  "true}}");
    if (results && save && output_is_same(results, save))
        return fail(STATUS_USAGE, "--results and --save both name '%s'; one would overwrite the other", save);
    if (results && output_is_stream(results))
        return fail(STATUS_USAGE, "--results: %s is no file that could be gone on with", results);
    if (save && output_is_same(save, settings->space))
        return fail(STATUS_USAGE, "--space and --save both name '%s', which would be overwritten", save);
    return output_file_try("results", results);
}

exit_status command_search(const struct settings *given) {
    struct settings settings = *given;
    struct search search = {.settings = &settings, .wanted = (size_t)given->trials, .tensorboard = given->tensorboard};
    settings.command = COMMAND_TRAIN; /* data are read as for training */
    settings.tensorboard = NULL;      /* trials are for it what trainings are for that of `soma train` */
    exit_status status = check_files(&settings);
    if (status == STATUS_DONE) status = training_check(&settings, &(struct distributed){.module = NULL});
    if (status == STATUS_DONE) status = search_space_read(&settings, &search.space);
    size_t points = status == STATUS_DONE ? search_space_points(search.space) : 0;
    if (points && points < search.wanted) {
        say("The space has no more than %zu point%s, each of which is tried\n", points, points == 1 ? "" : "s");
        search.wanted = points;
    }
    search.trials = calloc(search.wanted, sizeof *search.trials);
    if (status == STATUS_DONE && !search.trials) status = fail(STATUS_FAILED, "out of memory");
    if (status == STATUS_DONE) status = run_search(&search);
    search_board_close(&search);
    search_space_release(search.space);
    data_release(&search.data);
    soma_device_close(search.device);
    free(search.trials);
    free(search.lines);
    return status;
}
