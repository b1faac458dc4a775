/* SPDX-License-Identifier: MIT */
/* Loss and metrics in results. */
#include "metrics.h"
#include <math.h>
#include <string.h>

const char *metrics_loss_name(const soma_metrics *metrics) {
    return metrics && metrics->weighted ? "weighted_loss" : "loss";
}

double metrics_accuracy(const soma_metrics *metrics) {
    for (uint32_t i = 0; metrics && i < metrics->metric_count; i++)
        if (strcmp(metrics->metric_name[i], "accuracy") == 0) return metrics->metric[i];
    return NAN;
}

static void report_under(report *object, const char *prefix, const char *name, double value) {
    char key[64];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    report_number(object, key, value);
}

void metrics_report(report *object, const char *prefix, const soma_metrics *metrics) {
    report_under(object, prefix, metrics_loss_name(metrics), metrics ? metrics->loss : NAN);
    report_under(object, prefix, "accuracy", metrics_accuracy(metrics));
    for (uint32_t i = 0; metrics && i < metrics->metric_count; i++)
        report_under(object, prefix, metrics->metric_name[i], metrics->metric[i]);
}

static void say_figure(const char *what, const char *name, double value) {
    char words[64];
    snprintf(words, sizeof words, "%s", name);
    for (char *at = words; *at; at++)
        if (*at == '_') *at = ' ';
    say_result("%s %s: %.4f\n", what, words, value);
}

void metrics_say(const char *what, const soma_metrics *metrics) {
    say_figure(what, metrics_loss_name(metrics), metrics->loss);
    for (uint32_t i = metrics->metric_count; i-- > 0;) say_figure(what, metrics->metric_name[i], metrics->metric[i]);
}
