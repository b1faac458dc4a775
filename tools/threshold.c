/* SPDX-License-Identifier: MIT */
/* Above which probability a label holds. */
#include "threshold.h"
#include "model.h"
#include "option_value.h"
#include <stdlib.h>
#include <string.h>

bool threshold_is_best(const struct settings *settings) {
    return settings->threshold && strcmp(settings->threshold, "best") == 0;
}

static size_t units_of(const soma_network *network) {
    return soma_tensor_count(soma_network_output(network, 0));
}

/* A loss that is known and is no binary one has no use for it; a file need not say which one it is. */
static exit_status check(const struct settings *settings, const soma_network *network) {
    soma_loss loss = model_loss(network);
    if (settings->loss != SOMA_LOSS_DEFAULT) loss = (soma_loss)settings->loss;
    if (model_is_binary(loss) || loss == SOMA_FOCAL) return STATUS_DONE;
    return fail(
        STATUS_USAGE,
        "--threshold: the loss of this network is %s; accepted: a network whose outputs say of each label whether "
        "it holds, or which of two classes it is, by a binary cross-entropy",
        soma_name(SOMA_NAMES_LOSS, (int)loss));
}

static exit_status refuse(const char *text) {
    return fail(
        STATUS_USAGE,
        "--threshold: '%s' is no threshold; accepted: a probability from 0 to 1, or one for each label, separated by "
        "commas",
        text);
}

/* One number is that of all units. */
static exit_status read_numbers(const char *text, size_t units, float *thresholds) {
    size_t count = 0;
    for (const char *at = text;;) {
        char number[32];
        double value;
        size_t length = strcspn(at, ",");
        snprintf(number, sizeof number, "%.*s", (int)(length < 31 ? length : 31), at);
        if (length > 31 || !number_parse(number, &value) || !(value >= 0 && value <= 1)) return refuse(number);
        if (count < units) thresholds[count] = (float)value;
        count++;
        if (!at[length]) break;
        at += length + 1;
    }
    for (size_t i = 1; count == 1 && i < units; i++) thresholds[i] = thresholds[0];
    if (count == 1 || count == units) return STATUS_DONE;
    return fail(STATUS_USAGE, "--threshold: %zu thresholds for %zu label%s; accepted: one, or one for each", count,
                units, units == 1 ? "" : "s");
}

exit_status threshold_set(const struct settings *settings, soma_network *network) {
    if (!settings->threshold) return STATUS_DONE;
    exit_status status = check(settings, network);
    bool later = threshold_is_best(settings) && settings->command == COMMAND_TRAIN;
    if (status != STATUS_DONE || later) return status;
    size_t units = units_of(network);
    float *thresholds = calloc(units, sizeof *thresholds);
    if (!thresholds) return fail(STATUS_FAILED, "out of memory for %zu thresholds", units);
    status = read_numbers(settings->threshold, units, thresholds);
    if (status == STATUS_DONE) {
        soma_status cause = soma_network_set_thresholds(network, thresholds, units);
        if (cause != SOMA_OK) status = fail_from_library(cause, STATUS_USAGE, "--threshold");
    }
    free(thresholds);
    return status;
}

exit_status threshold_choose(const struct settings *settings, soma_network *network, soma_dataset *validation) {
    size_t units = units_of(network);
    soma_outcomes outcomes = {0};
    if (!threshold_is_best(settings)) return STATUS_DONE;
    float *thresholds = calloc(units, sizeof *thresholds);
    if (!thresholds) return fail(STATUS_FAILED, "out of memory for %zu thresholds", units);
    soma_status cause = soma_evaluate_outcomes(network, validation, 0, NULL, &outcomes);
    if (cause == SOMA_OK) cause = soma_best_thresholds(&outcomes, thresholds);
    if (cause == SOMA_OK) cause = soma_network_set_thresholds(network, thresholds, units);
    if (cause == SOMA_OK) {
        say("Threshold");
        for (size_t i = 0; i < units && i < 8; i++) say(" %.4g", (double)thresholds[i]);
        say("%s, of the largest F1 of the validation samples\n", units > 8 ? " ..." : "");
    }
    soma_outcomes_clear(&outcomes);
    free(thresholds);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "--threshold");
}

void threshold_report(const soma_network *network, report *object) {
    const float *thresholds = soma_network_thresholds(network);
    if (!thresholds) return;
    report *array = report_array(object, "thresholds");
    for (size_t i = 0; i < units_of(network); i++) report_append_number(array, (double)thresholds[i]);
}
