/* SPDX-License-Identifier: MIT */
/* Several trainings that differ in what is held out of them, or in their seeds: how much a result owes to chance. */
#include "division.h"
#include "metrics.h"
#include "run_scores.h"
#include "source.h"
#include "threshold.h"
#include "train.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The loss, then the metrics, of one training. */
struct run {
    uint64_t seed, fold; /* fold from 1; 0: none */
    size_t trained, samples;
    double figure[RUNS_MOST_FIGURES];
};

struct runs {
    struct run *list;
    size_t count, figures;
    char name[RUNS_MOST_FIGURES][64];
    struct run_scores scores; /* for --report */
    bool compared, diverged;  /* with other sets of options, where divergence is a result */
    bool untrained;           /* it is tried whether they can be made */
};

bool runs_wanted(const struct settings *settings) {
    return settings->folds || settings->seeds;
}

exit_status runs_check(const struct settings *settings) {
    const struct {
        const char *option;
        bool given;
    } single[] = {{"load", settings->load},
                  {"resume", settings->resume},
                  {"checkpoint", settings->checkpoint},
                  {"history", settings->history},
                  {"plot", settings->plot},
                  {"tensorboard", settings->tensorboard},
                  {"find-lr", settings->find_rate},
                  {"profile", settings->profile},
                  {"test-data", settings->test_data},
                  {"validation-data", settings->validation_data},
                  {"save", settings->save && !settings->folds}};
    const char *several = settings->folds ? "folds" : "seeds";
    if (!runs_wanted(settings)) return STATUS_DONE;
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (single[i].given)
            return fail(STATUS_USAGE, "--%s goes with one training, and --%s asks for several, each from new weights%s",
                        single[i].option, several,
                        strcmp(single[i].option, "save") == 0
                            ? "; accepted: a training of its own with the --seed that is to be saved"
                            : "");
    if (!settings->folds && source_is_stream(settings->data))
        return fail(STATUS_USAGE, "--seeds: %s can be read only once; accepted: a file, or --folds", settings->data);
    if (!settings->folds && settings->test == 0 && settings->validation == 0)
        return fail(STATUS_USAGE,
                    "--seeds: with --test 0 and --validation 0 nothing is held out to measure on; accepted: "
                    "either of them above 0");
    if (!settings->folds && settings->test == 0 && threshold_is_best(settings))
        return fail(STATUS_USAGE,
                    "--seeds: with --test 0 the samples to measure on would be those that --threshold best is "
                    "chosen on; accepted: --test above 0");
    return STATUS_DONE;
}

/* ------------------------------------------------------------------------------------------------------- one run */

static void keep_metrics(const soma_metrics *metrics, struct runs *runs, struct run *run) {
    runs->figures = 1 + metrics->metric_count;
    for (size_t i = 0; i < runs->figures; i++) {
        const char *name = i ? metrics->metric_name[i - 1] : metrics_loss_name(metrics);
        snprintf(runs->name[i], sizeof runs->name[i], "%s", name);
        run->figure[i] = i ? metrics->metric[i - 1] : metrics->loss;
    }
}

static void say_run(const struct training *training, const struct run *run) {
    const struct settings *settings = training->settings;
    if (settings->folds) say("Fold %llu of %llu", (unsigned long long)run->fold, (unsigned long long)settings->folds);
    if (!settings->folds || settings->seeds)
        say("%s %llu", settings->folds ? ", seed" : "Seed", (unsigned long long)run->seed);
    say(": trained on %zu samples, measured on %zu", run->trained, run->samples);
}

static void say_figures(const struct runs *runs, const double *figures) {
    for (size_t i = 0; i < runs->figures; i++) say("%s %s %.4f", i ? "," : ":", runs->name[i], figures[i]);
    say("\n");
}

/* Where one of many sets of options does not work, the others are what is asked for. */
static exit_status keep_divergence(const struct training *training, struct runs *runs, const struct run *run) {
    const char *detail = soma_last_error();
    runs->diverged = true;
    say_run(training, run);
    say(": diverged%s%s\n", *detail ? ": " : "", detail);
    return STATUS_DONE;
}

static soma_status measure(const struct training *training, soma_dataset *dataset, soma_metrics *metrics,
                           struct runs *runs) {
    if (training->settings->report) return run_scores_measure(training->network, dataset, metrics, &runs->scores);
    return soma_evaluate(training->network, dataset, 0, metrics);
}

static exit_status train_and_measure(struct training *training, struct runs *runs, struct run *run) {
    soma_dataset **measured = training->data.test ? &training->data.test : &training->data.validation;
    soma_metrics metrics;
    *run = (struct run){.seed = training->settings->seed,
                        .fold = run->fold,
                        .trained = data_samples(training->data.train),
                        .samples = data_samples(*measured)};
    exit_status status = training_prepare(training);
    if (status != STATUS_DONE) return status;
    soma_status cause = runs->untrained ? SOMA_OK : training_fit(training);
    if (training->interrupted) return STATUS_INTERRUPTED;
    if (cause == SOMA_OK) status = threshold_choose(training->settings, training->network, training->data.validation);
    if (status != STATUS_DONE) return status;
    if (cause == SOMA_OK) cause = measure(training, *measured, &metrics, runs);
    if (runs->untrained && (cause == SOMA_OK || cause == SOMA_NOT_FINITE)) return STATUS_DONE;
    if (runs->compared && (cause == SOMA_NOT_FINITE || (cause == SOMA_OK && !isfinite(metrics.loss))))
        return keep_divergence(training, runs, run);
    exit_status blame = training->settings->net ? STATUS_USAGE : STATUS_FILE;
    if (cause != SOMA_OK && run->fold)
        return fail_from_library(cause, blame, "fold %llu of %s", (unsigned long long)run->fold,
                                 training->settings->data);
    if (cause != SOMA_OK)
        return fail_from_library(cause, blame, "seed %llu of %s", (unsigned long long)run->seed,
                                 training->settings->data);
    keep_metrics(&metrics, runs, run);
    say_run(training, run);
    say_figures(runs, run->figure);
    return STATUS_DONE;
}

/* The parts of one fold: it is tested on, the rest is trained on, but for a validation part where --validation asks for
 * one. */
static exit_status take_fold(const struct settings *settings, const soma_dataset *rest, size_t fold,
                             struct data *data) {
    soma_division division = {.seed = settings->seed};
    const enum source source = source_of(settings);
    data->table = source == SOURCE_TABLE;
    data->images = source == SOURCE_IMAGES;
    exit_status status = division_by(settings, NULL, &division.by, &division.column);
    if (status != STATUS_DONE) return status;
    soma_status cause =
        soma_dataset_fold(rest, (size_t)settings->folds, fold, division.by, division.seed, &data->train, &data->test);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, "--folds of %s", settings->data);
    if (!option_given(settings, validation)) return STATUS_DONE;
    return division_part(settings, "validation", settings->validation, &division, &data->train, &data->validation);
}

static exit_status make_run(const struct settings *given, const soma_dataset *rest, size_t number, soma_device **device,
                            struct runs *runs) {
    struct settings settings = *given;
    struct training training = {.settings = &settings, .device = *device, .repeated = true};
    struct run *run = &runs->list[number];
    size_t folds = given->folds ? (size_t)given->folds : 1;
    settings.seed += number / folds;
    run->fold = given->folds ? number % folds + 1 : 0;
    exit_status status =
        rest ? take_fold(&settings, rest, number % folds, &training.data) : data_load(&settings, NULL, &training.data);
    if (status == STATUS_DONE) training_choose_epochs(data_samples(training.data.train), &settings);
    if (status == STATUS_DONE) status = train_and_measure(&training, runs, run);
    if (status == STATUS_DONE) runs->count++;
    *device = training.device;
    training_release(&training);
    return status;
}

/* ------------------------------------------------------------------------------------------------------ all of them */

/* Of n values the mean, and the root of the sum of squared differences from it divided by n - 1. */
static void summarise(const struct runs *runs, double *means, double *deviations) {
    for (size_t i = 0; i < runs->figures; i++) {
        double sum = 0, squares = 0, count = (double)runs->count;
        for (size_t j = 0; j < runs->count; j++) sum += runs->list[j].figure[i];
        means[i] = sum / count;
        for (size_t j = 0; j < runs->count; j++) squares += pow(runs->list[j].figure[i] - means[i], 2);
        deviations[i] = sqrt(squares / (count - 1));
    }
}

static void report_figures(const struct runs *runs, const double *figures, report *object) {
    for (size_t i = 0; i < runs->figures; i++) report_number(object, runs->name[i], figures[i]);
}

static void report_runs(const struct settings *settings, const struct runs *runs, report *object) {
    report *array = report_array(object, "runs");
    for (size_t i = 0; i < runs->count; i++) {
        const struct run *run = &runs->list[i];
        report *one = report_append_object(array);
        report_count(one, "seed", run->seed);
        if (settings->folds) report_count(one, "fold", run->fold);
        report_count(one, "train_samples", run->trained);
        report_count(one, "samples", run->samples);
        report_figures(runs, run->figure, one);
        run_scores_report_one(&runs->scores, i, one);
    }
}

/* Of what a training is one: of the folds, or, where there are none, the seeds. */
static void heading(const void *context, size_t run, char text[24]) {
    const struct run *one = &((const struct runs *)context)->list[run];
    snprintf(text, 24, "%s %llu", one->fold ? "fold" : "seed", (unsigned long long)(one->fold ? one->fold : one->seed));
}

static void tell(const struct settings *settings, const struct runs *runs, report *object) {
    double means[RUNS_MOST_FIGURES], deviations[RUNS_MOST_FIGURES];
    summarise(runs, means, deviations);
    for (size_t i = 0; i < runs->figures; i++) {
        size_t place = i ? runs->figures - i : 0; /* accuracy last, as of one training */
        char name[64];
        snprintf(name, sizeof name, "%s", runs->name[place]);
        for (char *at = name; *at; at++)
            if (*at == '_') *at = ' ';
        say_result("Mean %s: %.4f, deviation %.4f\n", name, means[place], deviations[place]);
    }
    run_scores_say(&runs->scores, settings->folds && settings->seeds ? NULL : heading, runs);
    if (settings->folds) report_count(object, "folds", settings->folds);
    if (settings->seeds) report_count(object, "seeds", settings->seeds);
    report_runs(settings, runs, object);
    report_figures(runs, means, report_object(object, "mean"));
    report_figures(runs, deviations, report_object(object, "deviation"));
    run_scores_report_all(&runs->scores, object);
}

static exit_status make_runs(const struct settings *settings, const soma_dataset *rest, size_t wanted,
                             soma_device **device, struct runs *runs) {
    runs->list = calloc(wanted, sizeof *runs->list);
    exit_status status = runs->list ? STATUS_DONE : fail(STATUS_FAILED, "out of memory");
    for (size_t i = 0; status == STATUS_DONE && i < wanted && !runs->diverged; i++)
        status = make_run(settings, rest, i, device, runs);
    if (status == STATUS_INTERRUPTED) say("Interrupted after %zu of %zu trainings\n", runs->count, wanted);
    return status;
}

exit_status runs_train(const struct settings *settings, const soma_dataset *rest, soma_device **device,
                       report *object) {
    size_t wanted = (settings->folds ? (size_t)settings->folds : 1) * (settings->seeds ? (size_t)settings->seeds : 1);
    struct runs runs = {0};
    exit_status status = make_runs(settings, rest, wanted, device, &runs);
    if (status == STATUS_DONE) tell(settings, &runs, object);
    run_scores_clear(&runs.scores);
    free(runs.list);
    return status;
}

exit_status runs_measure(const struct settings *settings, const soma_dataset *rest, soma_device **device,
                         struct runs_summary *summary) {
    struct runs runs = {.compared = true};
    exit_status status = make_runs(settings, rest, (size_t)settings->folds, device, &runs);
    *summary = (struct runs_summary){.diverged = runs.diverged, .figures = runs.diverged ? 0 : runs.figures};
    if (status == STATUS_DONE && !runs.diverged) {
        memcpy(summary->name, runs.name, sizeof runs.name);
        summarise(&runs, summary->mean, summary->deviation);
    }
    run_scores_clear(&runs.scores);
    free(runs.list);
    return status;
}

exit_status runs_try(const struct settings *settings, const soma_dataset *rest, soma_device **device) {
    struct runs runs = {.untrained = true};
    exit_status status = make_runs(settings, rest, 1, device, &runs);
    run_scores_clear(&runs.scores);
    free(runs.list);
    return status;
}
