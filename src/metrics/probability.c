/* SPDX-License-Identifier: MIT */
/* Scores that take predictions for what they say: probabilities. */
#include "metrics/metrics.h"

#include <float.h>

/* So near may a probability come to 0 and 1 in a logarithm, which else is infinite for one sample that is sure and
 * wrong: as near as float32 tells numbers apart. */
static double surprise(double probability) {
    return -log(fmin(fmax(probability, (double)FLT_EPSILON), 1 - (double)FLT_EPSILON));
}

/* What is added up over samples. */
typedef struct probability_sums {
    double log_loss, brier;
    double mean[SOMA_CALIBRATION_BINS], share[SOMA_CALIBRATION_BINS];
} probability_sums;

/* A probability p that something is so, of which it is known whether it was. */
static void note(soma_report *report, probability_sums *sums, double probability, bool so, double weight) {
    size_t bin = 0;
    while (bin + 1 < SOMA_CALIBRATION_BINS && probability > report->bin[bin].high) bin++;
    report->bin[bin].weight += weight;
    sums->mean[bin] += weight * probability;
    if (so) sums->share[bin] += weight;
}

static void add_class(const soma_outcomes *outcomes, size_t i, soma_report *report, probability_sums *sums) {
    double weight = soma_outcomes_weight(outcomes, i), squares = 0;
    size_t classes = report->units, class_number = (size_t)outcomes->classes[i];
    for (size_t j = 0; j < classes; j++) {
        double error = soma_outcomes_prediction(outcomes, i, j) - (j == class_number);
        squares += error * error;
    }
    if (classes == 2) {
        double error = soma_outcomes_prediction(outcomes, i, 1) - (class_number == 1);
        squares = error * error;
    }
    sums->log_loss += weight * surprise(soma_outcomes_prediction(outcomes, i, class_number));
    sums->brier += weight * squares;
    size_t said = classes == 2 ? 1 : soma_outcomes_class(outcomes, i);
    note(report, sums, soma_outcomes_prediction(outcomes, i, said), said == class_number, weight);
}

/* Each label counts as a sample of its own. */
static void add_labels(const soma_outcomes *outcomes, size_t i, soma_report *report, probability_sums *sums) {
    double weight = soma_outcomes_weight(outcomes, i), share = weight / (double)report->units;
    for (size_t j = 0; j < report->units; j++) {
        bool holds = soma_outcomes_holds(outcomes, i, j);
        double probability = soma_outcomes_prediction(outcomes, i, j), error = probability - holds;
        sums->log_loss += share * surprise(holds ? probability : 1 - probability);
        sums->brier += share * error * error;
        note(report, sums, probability, holds, weight);
    }
}

static double finish_bins(soma_report *report, const probability_sums *sums) {
    double all = 0, error = 0;
    for (size_t b = 0; b < SOMA_CALIBRATION_BINS; b++) {
        soma_calibration_bin *bin = &report->bin[b];
        bin->mean = soma_ratio(sums->mean[b], bin->weight);
        bin->share = soma_ratio(sums->share[b], bin->weight);
        all += bin->weight;
        error += fabs(sums->mean[b] - sums->share[b]);
    }
    return error / all;
}

void soma_score_probabilities(const soma_outcomes *outcomes, soma_report *report) {
    probability_sums sums = {0};
    for (size_t b = 0; b < SOMA_CALIBRATION_BINS; b++)
        report->bin[b] = (soma_calibration_bin){.low = (double)b / SOMA_CALIBRATION_BINS,
                                                .high = (double)(b + 1) / SOMA_CALIBRATION_BINS,
                                                .mean = (double)NAN,
                                                .share = (double)NAN};
    if (!soma_outcomes_are_probabilities(outcomes)) return;
    for (size_t i = 0; i < outcomes->samples; i++) {
        if (outcomes->task == SOMA_TASK_CLASSES)
            add_class(outcomes, i, report, &sums);
        else
            add_labels(outcomes, i, report, &sums);
    }
    report->score[SOMA_SCORE_LOG_LOSS] = sums.log_loss / report->weight;
    report->score[SOMA_SCORE_BRIER] = sums.brier / report->weight;
    report->score[SOMA_SCORE_CALIBRATION_ERROR] = finish_bins(report, &sums);
}
