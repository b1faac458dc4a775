/* SPDX-License-Identifier: MIT */
/*
 * Prints the scores of outcomes that come on stdin: "TASK SAMPLES UNITS WEIGHTED", then for each sample its
 * predictions, its class or targets, and its weight. A line for each score: "NAME VALUE", of a unit "NAME/UNIT VALUE".
 */
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>

static float number(void) {
    float value = 0;
    if (scanf("%f", &value) != 1) exit(EXIT_FAILURE);
    return value;
}

static void print(const soma_report *report) {
    for (int i = 0; i < SOMA_SCORE_COUNT; i++) {
        const char *name = soma_score_name((soma_score)i);
        if (soma_score_applies((soma_score)i, report->task, false)) printf("%s %.17g\n", name, report->score[i]);
        for (size_t j = 0; j < report->units && soma_score_applies((soma_score)i, report->task, true); j++)
            printf("%s/%zu %.17g\n", name, j, report->unit[j].score[i]);
    }
    size_t cells = report->task == SOMA_TASK_LABELS ? 4 : report->units;
    for (size_t i = 0; report->confusion && i < report->units * cells; i++)
        printf("confusion/%zu %.17g\n", i, report->confusion[i]);
    for (size_t i = 0; i < SOMA_CALIBRATION_BINS && report->task != SOMA_TASK_NUMBERS; i++)
        printf("bin_mean/%zu %.17g\nbin_share/%zu %.17g\n", i, report->bin[i].mean, i, report->bin[i].share);
}

int main(void) {
    int task, weighted;
    size_t samples, units;
    if (scanf("%d %zu %zu %d", &task, &samples, &units, &weighted) != 4) return EXIT_FAILURE;
    float *predictions = calloc(samples * units, sizeof *predictions);
    float *targets = calloc(samples * units, sizeof *targets), *weights = calloc(samples, sizeof *weights);
    int32_t *classes = calloc(samples, sizeof *classes);
    if (!predictions || !targets || !weights || !classes) return EXIT_FAILURE;
    for (size_t i = 0; i < samples; i++) {
        for (size_t j = 0; j < units; j++) predictions[i * units + j] = number();
        if (task == SOMA_TASK_CLASSES)
            classes[i] = (int32_t)number();
        else
            for (size_t j = 0; j < units; j++) targets[i * units + j] = number();
        weights[i] = number();
    }
    soma_report report;
    soma_status status = soma_report_make(&(soma_outcomes){.task = (soma_task)task,
                                                           .samples = samples,
                                                           .units = units,
                                                           .predictions = predictions,
                                                           .classes = classes,
                                                           .targets = targets,
                                                           .weights = weighted ? weights : NULL},
                                          &report);
    if (status == SOMA_OK)
        print(&report);
    else
        fprintf(stderr, "%s\n", soma_last_error());
    soma_report_clear(&report);
    free(predictions);
    free(targets);
    free(weights);
    free(classes);
    return status == SOMA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
