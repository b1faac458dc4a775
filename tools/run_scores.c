/* SPDX-License-Identifier: MIT */
/* See run_scores.h. */
#include "run_scores.h"
#include "scores.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_UNITS = 20, /* classes, labels or targets of which each has lines of its own */
    MOST_RUNS = 10,  /* trainings of which each has a column */
    NAME_WIDTH = 32
};

/* A score of the whole, or of a class, label or target. */
struct row {
    soma_score score;
    size_t unit;
    bool of_unit;
};

static soma_status keep(soma_network *network, soma_dataset *dataset, const soma_outcomes *outcomes,
                        struct run_scores *scores) {
    soma_report *list = realloc(scores->list, (scores->count + 1) * sizeof *list);
    if (!list) return SOMA_OUT_OF_MEMORY;
    scores->list = list;
    soma_report *made = &list[scores->count];
    soma_status cause = soma_report_make(outcomes, made);
    if (cause != SOMA_OK) return cause;
    scores->count++;
    if (scores->unit) return SOMA_OK; /* all are called alike: they are of one table and one kind of network */
    const struct scores named = {outcomes, made, network, dataset};
    scores->unit = calloc(made->units, sizeof *scores->unit);
    for (size_t i = 0; scores->unit && i < made->units; i++) {
        char text[24];
        snprintf(scores->unit[i], sizeof scores->unit[i], "%s", scores_unit_name(&named, i, text));
    }
    return scores->unit ? SOMA_OK : SOMA_OUT_OF_MEMORY;
}

soma_status run_scores_measure(soma_network *network, soma_dataset *dataset, soma_metrics *metrics,
                               struct run_scores *scores) {
    soma_outcomes outcomes;
    soma_status cause = soma_evaluate_outcomes(network, dataset, 0, metrics, &outcomes);
    if (cause != SOMA_OK) return cause;
    cause = keep(network, dataset, &outcomes, scores);
    soma_outcomes_clear(&outcomes);
    return cause;
}

static double value_of(const struct run_scores *scores, size_t run, const struct row *row) {
    const soma_report *made = &scores->list[run];
    return row->of_unit ? made->unit[row->unit].score[row->score] : made->score[row->score];
}

/* Over the trainings for which the score is defined; NAN where these are too few. */
static void summarise(const struct run_scores *scores, const struct row *row, double *mean, double *deviation) {
    double sum = 0, squares = 0, count = 0;
    for (size_t i = 0; i < scores->count; i++) {
        double value = value_of(scores, i, row);
        if (isnan(value)) continue;
        sum += value;
        count++;
    }
    *mean = count > 0 ? sum / count : NAN;
    for (size_t i = 0; i < scores->count; i++) {
        double difference = value_of(scores, i, row) - *mean;
        if (!isnan(difference)) squares += difference * difference;
    }
    *deviation = count > 1 ? sqrt(squares / (count - 1)) : NAN;
}

/* ---------------------------------------------------------------------------------------------------------- people */

/* Says whether a figure is not defined. */
static bool say_row(const struct run_scores *scores, const struct row *row, size_t columns) {
    double mean, deviation;
    char text[128];
    int length = snprintf(text, sizeof text, "%s", soma_score_name(row->score));
    for (char *at = text; *at; at++)
        if (*at == '_') *at = ' ';
    if (row->of_unit) snprintf(text + length, sizeof text - (size_t)length, " of %s", scores->unit[row->unit]);
    summarise(scores, row, &mean, &deviation);
    scores_say_name(text, NAME_WIDTH);
    scores_say_figure(mean, 10);
    scores_say_figure(deviation, 10);
    bool dash = isnan(mean) || isnan(deviation);
    for (size_t i = 0; i < scores->count; i++) {
        double value = value_of(scores, i, row);
        if (i < columns) scores_say_figure(value, 10);
        dash |= isnan(value);
    }
    say_result("\n");
    return dash;
}

void run_scores_say(const struct run_scores *scores, void (*heading)(const void *context, size_t run, char text[24]),
                    const void *context) {
    if (!scores->count) return;
    const soma_task task = scores->list[0].task;
    size_t units = scores->list[0].units, columns = heading && scores->count <= MOST_RUNS ? scores->count : 0;
    char text[24];
    bool dash = false;
    if (units > MOST_UNITS || (task == SOMA_TASK_NUMBERS && units == 1)) units = 0; /* that is the whole */
    say_result("\n%*s  %10s  %10s", NAME_WIDTH, "", "mean", "deviation");
    for (size_t i = 0; i < columns; i++) {
        heading(context, i, text);
        say_result("  %10s", text);
    }
    say_result("\n");
    for (int i = 0; i < SOMA_SCORE_COUNT; i++)
        if (soma_score_applies((soma_score)i, task, false))
            dash |= say_row(scores, &(struct row){.score = (soma_score)i}, columns);
    for (size_t unit = 0; unit < units; unit++)
        for (int i = 0; i < SOMA_SCORE_COUNT; i++)
            if (soma_score_applies((soma_score)i, task, true))
                dash |= say_row(scores, &(struct row){(soma_score)i, unit, true}, columns);
    if (dash) say_result("-: not defined for these samples, and in no mean; docs/metrics.md says when that is\n");
}

/* ------------------------------------------------------------------------------------------------------------ JSON */

static report *unit_list(const struct run_scores *scores, report *object) {
    static const char *const units[] = {"classes", "labels", "targets"};
    return report_array(object, units[scores->list[0].task]);
}

void run_scores_report_one(const struct run_scores *scores, size_t run, report *object) {
    if (run >= scores->count) return;
    const soma_report *made = &scores->list[run];
    report *all = report_object(object, "report"), *list;
    scores_report_figures(made->score, made->task, false, all);
    list = unit_list(scores, all);
    for (size_t i = 0; i < made->units; i++) {
        report *one = report_append_object(list);
        report_text(one, "name", scores->unit[i]);
        report_number(one, "support", made->unit[i].support);
        scores_report_figures(made->unit[i].score, made->task, true, one);
    }
}

static void report_summary(const struct run_scores *scores, struct row row, report *object) {
    double mean[SOMA_MAX_SCORES], deviation[SOMA_MAX_SCORES];
    const soma_task task = scores->list[0].task;
    for (int i = 0; i < SOMA_SCORE_COUNT; i++) {
        row.score = (soma_score)i;
        mean[i] = deviation[i] = NAN;
        if (soma_score_applies(row.score, task, row.of_unit)) summarise(scores, &row, &mean[i], &deviation[i]);
    }
    scores_report_figures(mean, task, row.of_unit, report_object(object, "mean"));
    scores_report_figures(deviation, task, row.of_unit, report_object(object, "deviation"));
}

void run_scores_report_all(const struct run_scores *scores, report *object) {
    if (!scores->count) return;
    report *all = report_object(object, "report"), *list;
    report_summary(scores, (struct row){.of_unit = false}, all);
    list = unit_list(scores, all);
    for (size_t i = 0; i < scores->list[0].units; i++) {
        report *one = report_append_object(list);
        report_text(one, "name", scores->unit[i]);
        report_summary(scores, (struct row){.unit = i, .of_unit = true}, one);
    }
}

void run_scores_clear(struct run_scores *scores) {
    for (size_t i = 0; i < scores->count; i++) soma_report_clear(&scores->list[i]);
    free(scores->list);
    free(scores->unit);
    *scores = (struct run_scores){0};
}
