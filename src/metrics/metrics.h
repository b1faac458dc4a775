/* SPDX-License-Identifier: MIT */
/* What the families of metrics share: samples seen through one form, whatever the task. */
#ifndef SOMA_METRICS_METRICS_H
#define SOMA_METRICS_METRICS_H

#include "base/base.h"
#include <soma/metrics.h>

#include <math.h>

/* Classes, labels or targets. */
static inline size_t soma_outcomes_units(const soma_outcomes *outcomes) {
    return outcomes->task == SOMA_TASK_CLASSES && outcomes->units == 1 ? 2 : outcomes->units;
}

static inline double soma_outcomes_weight(const soma_outcomes *outcomes, size_t sample) {
    return outcomes->weights ? (double)outcomes->weights[sample] : 1;
}

static inline double soma_outcomes_threshold(const soma_outcomes *outcomes, size_t unit) {
    return outcomes->thresholds ? (double)outcomes->thresholds[unit] : 0.5;
}

/* The prediction for a class, label or target; one unit is the probability of the second of two classes. */
static inline double soma_outcomes_prediction(const soma_outcomes *outcomes, size_t sample, size_t unit) {
    if (outcomes->task != SOMA_TASK_CLASSES || outcomes->units > 1)
        return (double)outcomes->predictions[sample * outcomes->units + unit];
    double second = (double)outcomes->predictions[sample];
    return unit == 1 ? second : 1 - second;
}

/* Whether the sample is of the class, or the label holds. */
static inline bool soma_outcomes_holds(const soma_outcomes *outcomes, size_t sample, size_t unit) {
    return outcomes->task == SOMA_TASK_CLASSES ? (size_t)outcomes->classes[sample] == unit
                                               : outcomes->targets[sample * outcomes->units + unit] == 1;
}

/* outcomes.c */
soma_status soma_outcomes_check(const soma_outcomes *outcomes);
/* Whether all predictions lie within 0 and 1, but for rounding. */
bool soma_outcomes_are_probabilities(const soma_outcomes *outcomes);

/* a / b, or NaN where b is 0. */
static inline double soma_ratio(double a, double b) {
    return b != 0 ? a / b : (double)NAN;
}

/* counting.c: what follows from how often each class or label was predicted for each. */
soma_status soma_score_counts(const soma_outcomes *outcomes, soma_report *report);
/* The mean of a score over the units that have it, each with weight 1 or with its support. */
double soma_mean_of_units(const soma_report *report, soma_score score, bool by_support);

/* ranking.c: what follows from the order of the predictions. */
soma_status soma_score_ranking(const soma_outcomes *outcomes, soma_report *report);
/* probability.c: what takes predictions by their word. */
void soma_score_probabilities(const soma_outcomes *outcomes, soma_report *report);
/* numbers.c */
soma_status soma_score_numbers(const soma_outcomes *outcomes, soma_report *report);

#endif
