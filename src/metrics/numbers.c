/* SPDX-License-Identifier: MIT */
/* Scores of predicted numbers, of each target. */
#include "metrics/metrics.h"

#include <stdlib.h>

typedef struct error {
    double size, weight;
} error;

static int compare(const void *left, const void *right) {
    const error *a = left, *b = right;
    return a->size < b->size ? -1 : a->size > b->size;
}

/* Half of the weight lies below it and half above; in the middle of two, where it may be either. Sorts the errors. */
static double median(error *errors, size_t count, double weight) {
    qsort(errors, count, sizeof *errors, compare);
    double below = 0;
    for (size_t i = 0; i < count; i++) {
        below += errors[i].weight;
        if (below > weight / 2 || i + 1 == count) return errors[i].size;
        if (below == weight / 2) return (errors[i].size + errors[i + 1].size) / 2;
    }
    return (double)NAN;
}

/* Errors has room for every sample. */
static void score_target(const soma_outcomes *outcomes, size_t target, error *errors, soma_report *report) {
    double *score = report->unit[target].score;
    double sum = 0, squares = 0, absolute = 0, relative = 0, largest = 0, spread = 0;
    size_t count = 0;
    for (size_t i = 0; i < outcomes->samples; i++)
        sum += soma_outcomes_weight(outcomes, i) * (double)outcomes->targets[i * outcomes->units + target];
    double mean = sum / report->weight;
    for (size_t i = 0; i < outcomes->samples; i++) {
        double weight = soma_outcomes_weight(outcomes, i);
        double right = (double)outcomes->targets[i * outcomes->units + target];
        double size = fabs(soma_outcomes_prediction(outcomes, i, target) - right);
        if (weight == 0) continue;
        errors[count++] = (error){size, weight};
        squares += weight * size * size;
        absolute += weight * size;
        relative += right != 0 ? weight * size / fabs(right) : (double)NAN;
        spread += weight * (right - mean) * (right - mean);
        largest = fmax(largest, size);
    }
    report->unit[target].support = report->unit[target].predicted = report->weight;
    score[SOMA_SCORE_R2] = 1 - soma_ratio(squares, spread);
    score[SOMA_SCORE_RMSE] = sqrt(squares / report->weight);
    score[SOMA_SCORE_MEAN_ABSOLUTE_ERROR] = absolute / report->weight;
    score[SOMA_SCORE_MEAN_ABSOLUTE_PERCENTAGE_ERROR] = relative / report->weight;
    score[SOMA_SCORE_MEDIAN_ABSOLUTE_ERROR] = median(errors, count, report->weight);
    score[SOMA_SCORE_MAX_ERROR] = largest;
}

soma_status soma_score_numbers(const soma_outcomes *outcomes, soma_report *report) {
    error *errors = soma_calloc(outcomes->samples, sizeof *errors);
    if (!errors) return soma_out_of_memory(outcomes->samples * sizeof *errors, "the errors of predictions");
    for (size_t j = 0; j < report->units; j++) score_target(outcomes, j, errors, report);
    soma_free(errors);
    for (int i = 0; i < SOMA_SCORE_COUNT; i++)
        if (soma_score_applies((soma_score)i, SOMA_TASK_NUMBERS, false))
            report->score[i] = soma_mean_of_units(report, (soma_score)i, false);
    for (size_t j = 0; j < report->units; j++)
        report->score[SOMA_SCORE_MAX_ERROR] =
            fmax(report->score[SOMA_SCORE_MAX_ERROR], report->unit[j].score[SOMA_SCORE_MAX_ERROR]);
    return SOMA_OK;
}
