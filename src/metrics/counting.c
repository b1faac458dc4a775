/* SPDX-License-Identifier: MIT */
/* Scores that follow from counts: which class was predicted for which, which labels hold where they were said to. */
#include "metrics/metrics.h"

static void count_classes(const soma_outcomes *outcomes, soma_report *report) {
    for (size_t i = 0; i < outcomes->samples; i++)
        report->confusion[(size_t)outcomes->classes[i] * report->units + soma_outcomes_class(outcomes, i)] +=
            soma_outcomes_weight(outcomes, i);
}

static void count_labels(const soma_outcomes *outcomes, soma_report *report) {
    double all_right = 0, wrong = 0;
    for (size_t i = 0; i < outcomes->samples; i++) {
        double weight = soma_outcomes_weight(outcomes, i);
        size_t mistakes = 0;
        for (size_t j = 0; j < report->units; j++) {
            bool holds = soma_outcomes_holds(outcomes, i, j);
            bool said = soma_outcomes_prediction(outcomes, i, j) > soma_outcomes_threshold(outcomes, j);
            report->confusion[(j * 2 + holds) * 2 + said] += weight;
            mistakes += holds != said;
        }
        wrong += weight * (double)mistakes;
        if (!mistakes) all_right += weight;
    }
    report->score[SOMA_SCORE_SUBSET_ACCURACY] = all_right / report->weight;
    report->score[SOMA_SCORE_HAMMING_LOSS] = wrong / (report->weight * (double)report->units);
}

/* The weight of the samples that are of the unit and were said to be. */
static double right_of(const soma_report *report, size_t unit) {
    return report->task == SOMA_TASK_LABELS ? report->confusion[unit * 4 + 3]
                                            : report->confusion[unit * report->units + unit];
}

/* Rows and columns of the unit. */
static void add_up(soma_report *report, size_t unit) {
    soma_unit_scores *scores = &report->unit[unit];
    if (report->task == SOMA_TASK_LABELS) {
        const double *table = report->confusion + unit * 4;
        scores->support = table[2] + table[3];
        scores->predicted = table[1] + table[3];
        return;
    }
    for (size_t other = 0; other < report->units; other++) {
        scores->support += report->confusion[unit * report->units + other];
        scores->predicted += report->confusion[other * report->units + unit];
    }
}

double soma_mean_of_units(const soma_report *report, soma_score score, bool by_support) {
    double sum = 0, weights = 0;
    for (size_t j = 0; j < report->units; j++) {
        double weight = by_support ? report->unit[j].support : 1;
        if (isnan(report->unit[j].score[score])) continue;
        sum += weight * report->unit[j].score[score];
        weights += weight;
    }
    return soma_ratio(sum, weights);
}

static void average(soma_report *report, double right, double support, double predicted) {
    static const struct {
        soma_score of, macro, weighted;
    } rows[] = {{SOMA_SCORE_PRECISION, SOMA_SCORE_PRECISION_MACRO, SOMA_SCORE_PRECISION_WEIGHTED},
                {SOMA_SCORE_RECALL, SOMA_SCORE_RECALL_MACRO, SOMA_SCORE_RECALL_WEIGHTED},
                {SOMA_SCORE_F1, SOMA_SCORE_F1_MACRO, SOMA_SCORE_F1_WEIGHTED}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        report->score[rows[i].macro] = soma_mean_of_units(report, rows[i].of, false);
        report->score[rows[i].weighted] = soma_mean_of_units(report, rows[i].of, true);
    }
    report->score[SOMA_SCORE_PRECISION_MICRO] = soma_ratio(right, predicted);
    report->score[SOMA_SCORE_RECALL_MICRO] = soma_ratio(right, support);
    report->score[SOMA_SCORE_F1_MICRO] = soma_ratio(2 * right, support + predicted);
}

/* The correlation coefficient of Matthews, for any number of classes (Gorodkin 2004). */
static double matthews(const soma_report *report, double right) {
    double both = 0, supports = 0, predictions = 0, all = report->weight;
    for (size_t j = 0; j < report->units; j++) {
        const soma_unit_scores *unit = &report->unit[j];
        both += unit->support * unit->predicted;
        supports += unit->support * unit->support;
        predictions += unit->predicted * unit->predicted;
    }
    return soma_ratio(right * all - both, sqrt(all * all - predictions) * sqrt(all * all - supports));
}

soma_status soma_score_counts(const soma_outcomes *outcomes, soma_report *report) {
    bool labels = outcomes->task == SOMA_TASK_LABELS;
    size_t count = report->units * (labels ? 4 : report->units);
    report->confusion = soma_calloc(count, sizeof *report->confusion);
    if (!report->confusion) return soma_out_of_memory(count * sizeof *report->confusion, "a confusion matrix");
    if (labels)
        count_labels(outcomes, report);
    else
        count_classes(outcomes, report);
    double right = 0, support = 0, predicted = 0;
    for (size_t j = 0; j < report->units; j++) {
        soma_unit_scores *unit = &report->unit[j];
        add_up(report, j);
        double unit_right = right_of(report, j);
        unit->score[SOMA_SCORE_PRECISION] = soma_ratio(unit_right, unit->predicted);
        unit->score[SOMA_SCORE_RECALL] = soma_ratio(unit_right, unit->support);
        unit->score[SOMA_SCORE_F1] = soma_ratio(2 * unit_right, unit->support + unit->predicted);
        right += unit_right;
        support += unit->support;
        predicted += unit->predicted;
    }
    average(report, right, support, predicted);
    if (labels) return SOMA_OK;
    report->score[SOMA_SCORE_ACCURACY] = right / report->weight;
    report->score[SOMA_SCORE_BALANCED_ACCURACY] = report->score[SOMA_SCORE_RECALL_MACRO];
    report->score[SOMA_SCORE_MATTHEWS] = matthews(report, right);
    return SOMA_OK;
}
