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

/* Pieces of tables: a name, filled up to the width; a figure in a column of the width, behind two blanks, a dash where
 * it is not defined. */
void scores_say_name(const char *name, int width);
void scores_say_figure(double value, int width);
/* Each score that the task has; of_unit: that a class, label or target of it has. */
void scores_report_figures(const double *score, soma_task task, bool of_unit, report *object);

/* Tables for people. */
void scores_say(const struct scores *scores);
/* "report": all of it. */
void scores_report(const struct scores *scores, report *object);
/* Confusion matrix, receiver operating characteristic and calibration; or predicted against true, and residuals. */
exit_status scores_plot(const struct scores *scores, const char *path, const char *title);

#endif
