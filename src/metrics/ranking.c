/* SPDX-License-Identifier: MIT */
/* Scores that follow from the order of the predictions of one class or label, equal ones taken together. */
#include "metrics/metrics.h"

#include <stdlib.h>

/* The samples with one prediction. */
typedef struct group {
    double prediction;
    double inside, outside; /* weights of the samples that are of the unit, and of the others */
} group;

typedef struct unit_ranking {
    group *groups; /* the largest prediction first */
    size_t count;
    double inside, outside; /* of all */
} unit_ranking;

static int compare(const void *left, const void *right) {
    const group *a = left, *b = right;
    return a->prediction < b->prediction ? 1 : a->prediction > b->prediction ? -1 : 0;
}

/* Into groups, which has room for every sample. */
static void rank(const soma_outcomes *outcomes, size_t unit, unit_ranking *ranking) {
    group *groups = ranking->groups;
    size_t count = 0;
    for (size_t i = 0; i < outcomes->samples; i++) {
        double weight = soma_outcomes_weight(outcomes, i);
        bool holds = soma_outcomes_holds(outcomes, i, unit);
        if (weight == 0) continue;
        groups[count++] = (group){soma_outcomes_prediction(outcomes, i, unit), holds ? weight : 0, holds ? 0 : weight};
    }
    qsort(groups, count, sizeof *groups, compare);
    ranking->count = 0;
    ranking->inside = ranking->outside = 0;
    for (size_t i = 0; i < count; i++) {
        ranking->inside += groups[i].inside;
        ranking->outside += groups[i].outside;
        if (ranking->count && groups[ranking->count - 1].prediction == groups[i].prediction) {
            groups[ranking->count - 1].inside += groups[i].inside;
            groups[ranking->count - 1].outside += groups[i].outside;
        } else {
            groups[ranking->count++] = groups[i];
        }
    }
}

static soma_status ranking_open(const soma_outcomes *outcomes, unit_ranking *ranking) {
    ranking->groups = soma_calloc(outcomes->samples, sizeof *ranking->groups);
    return ranking->groups ? SOMA_OK
                           : soma_out_of_memory(outcomes->samples * sizeof *ranking->groups, "predictions in order");
}

/* The share of the pairs of one inside and one outside whose order is right; a tie is half right. */
static double area(const unit_ranking *ranking) {
    double above = 0, right = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        right += ranking->groups[i].outside * (above + ranking->groups[i].inside / 2);
        above += ranking->groups[i].inside;
    }
    return soma_ratio(right, ranking->inside * ranking->outside);
}

/* The mean precision over all that are inside, each at the threshold at which it is found. */
static double average_precision(const unit_ranking *ranking) {
    double inside = 0, all = 0, sum = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        inside += ranking->groups[i].inside;
        all += ranking->groups[i].inside + ranking->groups[i].outside;
        sum += ranking->groups[i].inside * inside / all;
    }
    return soma_ratio(sum, ranking->inside);
}

soma_status soma_score_ranking(const soma_outcomes *outcomes, soma_report *report) {
    unit_ranking ranking;
    SOMA_TRY(ranking_open(outcomes, &ranking));
    for (size_t j = 0; j < report->units; j++) {
        rank(outcomes, j, &ranking);
        report->unit[j].score[SOMA_SCORE_ROC_AUC] = area(&ranking);
        report->unit[j].score[SOMA_SCORE_AVERAGE_PRECISION] = average_precision(&ranking);
    }
    soma_free(ranking.groups);
    static const soma_score scores[] = {SOMA_SCORE_ROC_AUC, SOMA_SCORE_AVERAGE_PRECISION};
    bool two = outcomes->task == SOMA_TASK_CLASSES && report->units == 2; /* the second class is what is looked for */
    for (size_t i = 0; i < SOMA_COUNT_OF(scores); i++)
        report->score[scores[i]] =
            two ? report->unit[1].score[scores[i]] : soma_mean_of_units(report, scores[i], false);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ curve */

static soma_status draw(const unit_ranking *ranking, size_t unit, soma_curve *curve) {
    if (ranking->inside == 0 || ranking->outside == 0)
        return soma_error(SOMA_INVALID_STATE,
                          "%s samples are of unit %zu: it has no curve, which tells some of it from some that are not",
                          ranking->inside == 0 ? "no" : "all", unit);
    size_t points = ranking->count + 1;
    curve->x = soma_calloc(points, sizeof *curve->x);
    curve->y = soma_calloc(points, sizeof *curve->y);
    if (!curve->x || !curve->y) return soma_out_of_memory(2 * points * sizeof *curve->x, "a curve");
    double inside = 0, outside = 0;
    for (size_t i = 0; i < ranking->count; i++) {
        inside += ranking->groups[i].inside;
        outside += ranking->groups[i].outside;
        bool last = i + 1 == ranking->count; /* sums of weights are rounded */
        curve->x[i + 1] = last ? 1 : outside / ranking->outside;
        curve->y[i + 1] = last ? 1 : inside / ranking->inside;
    }
    curve->count = points;
    return SOMA_OK;
}

soma_status soma_roc_curve(const soma_outcomes *outcomes, size_t unit, soma_curve *curve) {
    if (!curve) return soma_error(SOMA_INVALID_ARGUMENT, "soma_roc_curve: curve is NULL");
    *curve = (soma_curve){0};
    SOMA_TRY(soma_outcomes_check(outcomes));
    if (outcomes->task == SOMA_TASK_NUMBERS || unit >= soma_outcomes_units(outcomes))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_roc_curve: there is no class or label number %zu", unit);
    unit_ranking ranking;
    SOMA_TRY(ranking_open(outcomes, &ranking));
    rank(outcomes, unit, &ranking);
    soma_status status = draw(&ranking, unit, curve);
    soma_free(ranking.groups);
    if (status == SOMA_OK) return SOMA_OK;
    soma_free(curve->x);
    soma_free(curve->y);
    *curve = (soma_curve){0};
    return status;
}

/* ------------------------------------------------------------------------------------------------------- thresholds */

/* A number between two neighbours that float32 tells from the upper one: what is above it are the upper ones. */
static float between(double upper, double lower) {
    float middle = (float)(lower + (upper - lower) / 2);
    return (double)middle < upper ? middle : (float)lower;
}

/* Everything down to a group is said to hold: which of them gives the largest F1? The first, where several do. */
static float best_of(const unit_ranking *ranking) {
    double inside = 0, all = 0, best = 0;
    float threshold = 0.5f;
    for (size_t i = 0; i < ranking->count; i++) {
        inside += ranking->groups[i].inside;
        all += ranking->groups[i].inside + ranking->groups[i].outside;
        double f1 = 2 * inside / (all + ranking->inside);
        if (ranking->inside == 0 || f1 <= best) continue;
        best = f1;
        double upper = ranking->groups[i].prediction;
        double lower = i + 1 < ranking->count ? ranking->groups[i + 1].prediction : 0;
        threshold = lower < upper ? between(upper, lower) : nextafterf((float)upper, -INFINITY);
    }
    return threshold;
}

soma_status soma_best_thresholds(const soma_outcomes *outcomes, float *thresholds) {
    if (!thresholds) return soma_error(SOMA_INVALID_ARGUMENT, "soma_best_thresholds: thresholds is NULL");
    SOMA_TRY(soma_outcomes_check(outcomes));
    bool one = outcomes->task == SOMA_TASK_CLASSES && outcomes->units == 1;
    if (!one && outcomes->task != SOMA_TASK_LABELS)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_best_thresholds: thresholds are of labels, and of two classes told apart by one unit");
    unit_ranking ranking;
    SOMA_TRY(ranking_open(outcomes, &ranking));
    for (size_t j = 0; j < outcomes->units; j++) {
        rank(outcomes, one ? 1 : j, &ranking);
        thresholds[j] = best_of(&ranking);
    }
    soma_free(ranking.groups);
    return SOMA_OK;
}
