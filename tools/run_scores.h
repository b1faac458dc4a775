/* SPDX-License-Identifier: MIT */
/* Scores beyond loss and metrics of several trainings: each of them, with mean and deviation. */
#ifndef SOMA_TOOLS_RUN_SCORES_H
#define SOMA_TOOLS_RUN_SCORES_H

#include "report.h"
#include <soma/soma.h>

struct run_scores {
    soma_report *list;
    size_t count;
    char (*unit)[64]; /* names of classes, labels or targets */
};

/* Like soma_evaluate(), and keeps the scores as those of the next training. */
soma_status run_scores_measure(soma_network *network, soma_dataset *dataset, soma_metrics *metrics,
                               struct run_scores *scores);
/* A line for each score. `heading` writes what a training is called; NULL: each has no column. */
void run_scores_say(const struct run_scores *scores, void (*heading)(const void *context, size_t run, char text[24]),
                    const void *context);
/* "report" of one training, and of all: mean and deviation. */
void run_scores_report_one(const struct run_scores *scores, size_t run, report *object);
void run_scores_report_all(const struct run_scores *scores, report *object);
void run_scores_clear(struct run_scores *scores);

#endif
