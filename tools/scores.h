/* SPDX-License-Identifier: MIT */
/* The scores of soma evaluate --report: as tables, in the JSON object and as a picture. */
#ifndef SOMA_TOOLS_SCORES_H
#define SOMA_TOOLS_SCORES_H

#include "options.h"
#include "report.h"

/* What is shown, and how classes, labels or targets are called. */
struct scores {
    const soma_outcomes *outcomes;
    const soma_report *report;
    const soma_network *network;
    const soma_dataset *dataset;
};

/* The name of a class, a label or a target, or its number, into text. */
const char *scores_unit_name(const struct scores *scores, size_t unit, char text[24]);

/* Tables for people. */
void scores_say(const struct scores *scores);
/* "report": all of it. */
void scores_report(const struct scores *scores, report *object);
/* Confusion matrix, receiver operating characteristic and calibration; or predicted against true, and residuals. */
exit_status scores_plot(const struct scores *scores, const char *path, const char *title);

#endif
