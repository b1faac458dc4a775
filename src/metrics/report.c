/* SPDX-License-Identifier: MIT */
/* All scores at once. */
#include "metrics/metrics.h"

#include <string.h>

static soma_status score(const soma_outcomes *outcomes, soma_report *report) {
    if (outcomes->task == SOMA_TASK_NUMBERS) return soma_score_numbers(outcomes, report);
    SOMA_TRY(soma_score_counts(outcomes, report));
    SOMA_TRY(soma_score_ranking(outcomes, report));
    soma_score_probabilities(outcomes, report);
    return SOMA_OK;
}

static soma_status prepare(const soma_outcomes *outcomes, soma_report *report) {
    report->task = outcomes->task;
    report->samples = outcomes->samples;
    report->units = soma_outcomes_units(outcomes);
    for (size_t i = 0; i < outcomes->samples; i++) report->weight += soma_outcomes_weight(outcomes, i);
    report->unit = soma_calloc(report->units, sizeof *report->unit);
    if (!report->unit) return soma_out_of_memory(report->units * sizeof *report->unit, "scores");
    for (size_t i = 0; i < SOMA_MAX_SCORES; i++) {
        report->score[i] = (double)NAN;
        for (size_t j = 0; j < report->units; j++) report->unit[j].score[i] = (double)NAN;
    }
    return SOMA_OK;
}

soma_status soma_report_make(const soma_outcomes *outcomes, soma_report *report) {
    if (!report) return soma_error(SOMA_INVALID_ARGUMENT, "soma_report_make: report is NULL");
    memset(report, 0, sizeof *report);
    SOMA_TRY(soma_outcomes_check(outcomes));
    soma_status status = prepare(outcomes, report);
    if (status == SOMA_OK) status = score(outcomes, report);
    if (status != SOMA_OK) soma_report_clear(report);
    return status;
}

void soma_report_clear(soma_report *report) {
    if (!report) return;
    soma_free(report->unit);
    soma_free(report->confusion);
    memset(report, 0, sizeof *report);
}
