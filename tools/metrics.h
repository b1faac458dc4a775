/* SPDX-License-Identifier: MIT */
/* Loss and metrics in results: lines for people, keys for scripts. */
#ifndef SOMA_TOOLS_METRICS_H
#define SOMA_TOOLS_METRICS_H

#include "program.h"
#include "report.h"

/* "loss", or "weighted_loss" where samples or classes have weights: the two are different numbers. */
const char *metrics_loss_name(const soma_metrics *metrics);

/* The accuracy among the metrics; NaN if there is none, or metrics is NULL. */
double metrics_accuracy(const soma_metrics *metrics);

/* PREFIX and the name of the loss, PREFIXaccuracy (null where there is none), and the other metrics under PREFIX and
 * their names. */
void metrics_report(report *object, const char *prefix, const soma_metrics *metrics);

/* The result for people: "Test loss: ..." (or "weighted loss") and, last, "Test accuracy: ...". */
void metrics_say(const char *what, const soma_metrics *metrics);

#endif
