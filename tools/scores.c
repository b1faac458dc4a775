/* SPDX-License-Identifier: MIT */
/* Scores of predictions as tables for people, and in the JSON object. */
#include "scores.h"
#include "model.h"
#include "program.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_CELLS = 20, /* classes up to which the confusion matrix is printed */
    MOST_TARGETS = 8 /* of which each has a column */
};

const char *scores_unit_name(const struct scores *scores, size_t unit, char text[24]) {
    const char *name = model_label_name(scores->network, unit);
    if (!name && scores->report->task != SOMA_TASK_NUMBERS) {
        name = soma_network_class_name(scores->network, unit);
        if (!name) name = soma_dataset_class_name(scores->dataset, unit);
    }
    snprintf(text, 24, "%zu", unit);
    return name ? name : text;
}

/* ---------------------------------------------------------------------------------------------------------- tables */

/* Characters that a terminal shows of UTF-8. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static int name_width(const struct scores *scores) {
    char text[24];
    int most = 12; /* "weighted avg" */
    for (size_t j = 0; j < scores->report->units; j++) {
        int width = width_of(scores_unit_name(scores, j, text));
        if (width > most) most = width;
    }
    return most < 32 ? most : 32;
}

void scores_say_name(const char *name, int width) {
    int left = width - width_of(name);
    say_result("%s%*s", name, left > 0 ? left : 0, "");
}

void scores_say_figure(double value, int width) {
    if (isnan(value))
        say_result("  %*s", width, "-");
    else if (fabs(value) >= 1e6 || (value != 0 && fabs(value) < 1e-3))
        say_result("  %*.3e", width, value);
    else
        say_result("  %*.4f", width, value);
}

static void say_count(double value, int width) {
    say_result(value == floor(value) ? "  %*.0f" : "  %*.2f", width, value);
}

/* "mean absolute error" */
static void words(soma_score score, char text[48]) {
    snprintf(text, 48, "%s", soma_score_name(score));
    for (char *at = text; *at; at++)
        if (*at == '_') *at = ' ';
}

static void say_units(const struct scores *scores, int width) {
    const soma_report *made = scores->report;
    char text[24];
    static const soma_score columns[] = {SOMA_SCORE_PRECISION, SOMA_SCORE_RECALL, SOMA_SCORE_F1, SOMA_SCORE_ROC_AUC,
                                         SOMA_SCORE_AVERAGE_PRECISION};
    say_result("\n%*s  %9s  %9s  %9s  %9s  %9s  %9s\n", width, "", "precision", "recall", "f1", "ROC-AUC", "avg prec",
               "support");
    for (size_t j = 0; j < made->units; j++) {
        scores_say_name(scores_unit_name(scores, j, text), width);
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
            scores_say_figure(made->unit[j].score[columns[i]], 9);
        say_count(made->unit[j].support, 9);
        say_result("\n");
    }
    static const struct {
        const char *name;
        soma_score score[3];
    } averages[] = {
        {"macro avg", {SOMA_SCORE_PRECISION_MACRO, SOMA_SCORE_RECALL_MACRO, SOMA_SCORE_F1_MACRO}},
        {"micro avg", {SOMA_SCORE_PRECISION_MICRO, SOMA_SCORE_RECALL_MICRO, SOMA_SCORE_F1_MICRO}},
        {"weighted avg", {SOMA_SCORE_PRECISION_WEIGHTED, SOMA_SCORE_RECALL_WEIGHTED, SOMA_SCORE_F1_WEIGHTED}},
    };
    for (size_t i = 0; i < sizeof averages / sizeof averages[0]; i++) {
        scores_say_name(averages[i].name, width);
        for (size_t k = 0; k < 3; k++) scores_say_figure(made->score[averages[i].score[k]], 9);
        say_result("\n");
    }
}

static void say_confusion(const struct scores *scores, int width) {
    const soma_report *made = scores->report;
    char text[24], name[24];
    if (made->task != SOMA_TASK_CLASSES || made->units > MOST_CELLS) return;
    say_result("\n");
    scores_say_name("is \\ said", width);
    for (size_t j = 0; j < made->units; j++) {
        snprintf(name, sizeof name, "%.8s", scores_unit_name(scores, j, text));
        say_result("  %8s", name);
    }
    for (size_t i = 0; i < made->units; i++) {
        say_result("\n");
        scores_say_name(scores_unit_name(scores, i, text), width);
        for (size_t j = 0; j < made->units; j++) say_count(made->confusion[i * made->units + j], 8);
    }
    say_result("\n");
}

static bool is_averaged(soma_score score) {
    return score >= SOMA_SCORE_PRECISION_MACRO && score <= SOMA_SCORE_F1_WEIGHTED;
}

static void say_whole(const struct scores *scores) {
    const soma_report *made = scores->report;
    char text[48];
    say_result("\n");
    for (int i = 0; i < SOMA_SCORE_COUNT; i++) {
        soma_score score = (soma_score)i;
        if (!soma_score_applies(score, made->task, false) || is_averaged(score)) continue;
        words(score, text);
        scores_say_name(text, 32);
        scores_say_figure(made->score[score], 12);
        for (size_t j = 0; made->task == SOMA_TASK_NUMBERS && made->units > 1 && j < made->units && j < MOST_TARGETS;
             j++)
            scores_say_figure(made->unit[j].score[score], 12);
        say_result("\n");
    }
}

/* The columns of say_whole(), where each target has one. */
static void say_targets(const struct scores *scores) {
    char text[24];
    if (scores->report->units < 2) return;
    say_result("\n%*s  %12s", 32, "", "mean");
    for (size_t j = 0; j < scores->report->units && j < MOST_TARGETS; j++)
        say_result("  %12s", scores_unit_name(scores, j, text));
}

static bool has_dash(const soma_report *made) {
    for (int i = 0; i < SOMA_SCORE_COUNT; i++) {
        if (soma_score_applies((soma_score)i, made->task, false) && isnan(made->score[i])) return true;
        for (size_t j = 0; j < made->units; j++)
            if (soma_score_applies((soma_score)i, made->task, true) && isnan(made->unit[j].score[i])) return true;
    }
    return false;
}

void scores_say(const struct scores *scores) {
    int width = name_width(scores);
    if (scores->report->task == SOMA_TASK_NUMBERS)
        say_targets(scores);
    else
        say_units(scores, width);
    say_confusion(scores, width);
    say_whole(scores);
    if (scores->report->weight != (double)scores->report->samples)
        say_result("each sample counts by its weight, of %g in all, in these scores and in the loss; in metrics as 1\n",
                   scores->report->weight);
    if (has_dash(scores->report))
        say_result("-: not defined for these samples, and in no average; docs/metrics.md says when that is\n");
}

/* ------------------------------------------------------------------------------------------------------------ JSON */

void scores_report_figures(const double *score, soma_task task, bool of_unit, report *object) {
    for (int i = 0; i < SOMA_SCORE_COUNT; i++)
        if (soma_score_applies((soma_score)i, task, of_unit))
            report_number(object, soma_score_name((soma_score)i), score[i]);
}

static void report_confusion(const soma_report *made, report *object) {
    size_t rows = made->task == SOMA_TASK_LABELS ? 2 : made->units;
    size_t tables = made->task == SOMA_TASK_LABELS ? made->units : 1;
    report *all = report_array(object, "confusion");
    for (size_t t = 0; t < tables; t++) {
        report *table = tables == 1 && made->task != SOMA_TASK_LABELS ? all : report_append_array(all);
        for (size_t i = 0; i < rows; i++) {
            report *row = report_append_array(table);
            for (size_t j = 0; j < rows; j++) report_append_number(row, made->confusion[(t * rows + i) * rows + j]);
        }
    }
}

static void report_bins(const soma_report *made, report *object) {
    report *bins = report_array(object, "calibration");
    for (size_t i = 0; i < SOMA_CALIBRATION_BINS; i++) {
        report *bin = report_append_object(bins);
        report_number(bin, "low", made->bin[i].low);
        report_number(bin, "high", made->bin[i].high);
        report_number(bin, "weight", made->bin[i].weight);
        report_number(bin, "mean", made->bin[i].mean);
        report_number(bin, "share", made->bin[i].share);
    }
}

void scores_report(const struct scores *scores, report *object) {
    static const char *const tasks[] = {"classes", "labels", "numbers"};
    static const char *const units[] = {"classes", "labels", "targets"};
    const soma_report *made = scores->report;
    char text[24];
    report *all = report_object(object, "report");
    report_text(all, "task", tasks[made->task]);
    report_number(all, "weight", made->weight);
    scores_report_figures(made->score, made->task, false, all);
    report *list = report_array(all, units[made->task]);
    for (size_t j = 0; j < made->units; j++) {
        report *one = report_append_object(list);
        report_text(one, "name", scores_unit_name(scores, j, text));
        report_number(one, "support", made->unit[j].support);
        scores_report_figures(made->unit[j].score, made->task, true, one);
    }
    if (made->task == SOMA_TASK_NUMBERS) return;
    report_confusion(made, all);
    report_bins(made, all);
}
