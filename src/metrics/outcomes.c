/* SPDX-License-Identifier: MIT */
/* Checks outcomes, and reads classes off them. */
#include "metrics/metrics.h"

/* How far from 0 and 1 a probability may lie that was rounded: a softmax of float32. */
#define ROUNDING 1e-5

size_t soma_outcomes_class(const soma_outcomes *outcomes, size_t sample) {
    const float *row = outcomes->predictions + sample * outcomes->units;
    size_t best = 0;
    if (outcomes->units == 1) return (double)row[0] > soma_outcomes_threshold(outcomes, 0);
    for (size_t j = 1; j < outcomes->units; j++)
        if (row[j] > row[best] || (isnan(row[best]) && !isnan(row[j]))) best = j;
    return best;
}

bool soma_outcomes_are_probabilities(const soma_outcomes *outcomes) {
    for (size_t i = 0; i < outcomes->samples * outcomes->units; i++)
        if (!((double)outcomes->predictions[i] >= -ROUNDING && (double)outcomes->predictions[i] <= 1 + ROUNDING))
            return false;
    return true;
}

static soma_status check_form(const soma_outcomes *outcomes) {
    if (!outcomes) return soma_error(SOMA_INVALID_ARGUMENT, "outcomes is NULL");
    if ((unsigned)outcomes->task > SOMA_TASK_NUMBERS)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no task number %d", (int)outcomes->task);
    bool classes = outcomes->task == SOMA_TASK_CLASSES;
    if (!outcomes->predictions || (classes ? !outcomes->classes : !outcomes->targets))
        return soma_error(SOMA_INVALID_ARGUMENT, "outcomes: %s is NULL",
                          !outcomes->predictions ? "predictions"
                          : classes              ? "classes"
                                                 : "targets");
    if (outcomes->samples == 0 || outcomes->units == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "outcomes: %zu samples of %zu units; at least one of each is needed",
                          outcomes->samples, outcomes->units);
    size_t limit = classes ? outcomes->units : 4, count;
    if (!soma_multiply_size(outcomes->units, limit, &count) || count > SIZE_MAX / sizeof(soma_unit_scores))
        return soma_error(SOMA_INVALID_ARGUMENT, "outcomes: %zu units are too many", outcomes->units);
    return SOMA_CHECK_RESERVED(outcomes, "soma_outcomes");
}

static soma_status check_weights(const soma_outcomes *outcomes) {
    double sum = 0;
    for (size_t i = 0; i < outcomes->samples; i++) {
        double weight = soma_outcomes_weight(outcomes, i);
        if (!(weight >= 0 && isfinite(weight)))
            return soma_error(SOMA_INVALID_ARGUMENT, "the weight of sample %zu is %g, it must be finite and at least 0",
                              i, weight);
        sum += weight;
    }
    return sum > 0 ? SOMA_OK
                   : soma_error(SOMA_INVALID_ARGUMENT, "the weights of all samples are 0, so that nothing would count");
}

static soma_status check_thresholds(const soma_outcomes *outcomes) {
    size_t count = outcomes->task == SOMA_TASK_LABELS ? outcomes->units : outcomes->units == 1;
    for (size_t i = 0; outcomes->thresholds && i < count; i++)
        if (isnan(outcomes->thresholds[i])) return soma_error(SOMA_INVALID_ARGUMENT, "threshold %zu is no number", i);
    return SOMA_OK;
}

static soma_status check_values(const soma_outcomes *outcomes, size_t sample) {
    for (size_t j = 0; j < outcomes->units; j++) {
        size_t at = sample * outcomes->units + j;
        if (!isfinite(outcomes->predictions[at]))
            return soma_error(SOMA_NOT_FINITE, "prediction %zu of sample %zu is %g: there is no measure of it", j,
                              sample, (double)outcomes->predictions[at]);
        if (outcomes->task == SOMA_TASK_CLASSES) continue;
        double target = (double)outcomes->targets[at];
        if (!isfinite(target))
            return soma_error(SOMA_NOT_FINITE, "target %zu of sample %zu is %g: there is no measure of it", j, sample,
                              target);
        if (outcomes->task == SOMA_TASK_LABELS && target != 0 && target != 1)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "label %zu of sample %zu is %g; accepted: 1 where it holds, 0 where "
                              "it does not",
                              j, sample, target);
    }
    return SOMA_OK;
}

soma_status soma_outcomes_check(const soma_outcomes *outcomes) {
    SOMA_TRY(check_form(outcomes));
    SOMA_TRY(check_weights(outcomes));
    SOMA_TRY(check_thresholds(outcomes));
    for (size_t i = 0; i < outcomes->samples; i++) {
        SOMA_TRY(check_values(outcomes, i));
        if (outcomes->task != SOMA_TASK_CLASSES) continue;
        size_t classes = soma_outcomes_units(outcomes);
        if (outcomes->classes[i] < 0 || (size_t)outcomes->classes[i] >= classes)
            return soma_error(SOMA_INVALID_ARGUMENT, "the class of sample %zu is %d; accepted: 0 to %zu", i,
                              (int)outcomes->classes[i], classes - 1);
    }
    return SOMA_OK;
}
