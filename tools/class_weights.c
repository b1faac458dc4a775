/* SPDX-License-Identifier: MIT */
/* See class_weights.h. */
#include "class_weights.h"
#include "option_value.h"
#include <stdlib.h>
#include <string.h>

/* One number, or one for each of `count`, separated by commas; `what` has a weight. */
static exit_status read_weights(const char *option, const char *text, const char *what, size_t count, bool one_for_all,
                                float *weights) {
    size_t found = 0;
    for (const char *at = text;;) {
        char number[32];
        double value;
        size_t length = strcspn(at, ",");
        snprintf(number, sizeof number, "%.*s", (int)(length < 31 ? length : 31), at);
        if (length > 31 || !number_parse(number, &value) || value < 0)
            return fail(STATUS_USAGE,
                        "--%s: '%s' is not a weight; accepted: balanced, or one number >= 0 for each %s, separated by "
                        "commas",
                        option, number, what);
        if (found < count) weights[found] = (float)value;
        found++;
        if (!at[length]) break;
        at += length + 1;
    }
    for (size_t i = 1; one_for_all && found == 1 && i < count; i++) weights[i] = weights[0];
    if (found == count || (one_for_all && found == 1)) return STATUS_DONE;
    bool plural = what[strlen(what) - 1] == 's';
    return fail(STATUS_USAGE, "--%s: %zu weights for %zu %s%s%s", option, found, count, what,
                count == 1 ? ""
                : plural   ? "es"
                           : "s",
                one_for_all ? "; accepted: one, or one for each" : "");
}

static exit_status take_memory(size_t count, model_options *options) {
    options->class_weights = calloc(count, sizeof *options->class_weights);
    if (!options->class_weights) return fail(STATUS_FAILED, "out of memory");
    options->compile.class_weight = options->class_weights;
    options->compile.class_weight_count = count;
    return STATUS_DONE;
}

/* ---------------------------------------------------------------------------------------------------------- classes */

/* How many samples are of each class; to be freed. */
static exit_status count_classes(const char *option, const soma_dataset *dataset, const soma_dataset_info *info,
                                 size_t **counts) {
    int32_t *numbers = malloc(info->samples * sizeof *numbers);
    *counts = calloc(info->classes, sizeof **counts);
    exit_status status = numbers && *counts ? STATUS_DONE : fail(STATUS_FAILED, "out of memory");
    if (status == STATUS_DONE) {
        soma_status cause = soma_dataset_read_classes(dataset, 0, info->samples, numbers);
        if (cause != SOMA_OK) status = fail_from_library(cause, STATUS_FILE, "--%s", option);
    }
    for (size_t i = 0; status == STATUS_DONE && i < info->samples; i++) (*counts)[numbers[i]]++;
    free(numbers);
    return status;
}

/* n / (classes n_c) for a class with n_c of the n samples: each class weighs the same in the sum. */
static exit_status balance_classes(const soma_dataset *dataset, const soma_dataset_info *info, float *weights) {
    size_t *counts;
    exit_status status = count_classes("class-weights", dataset, info, &counts);
    for (size_t i = 0; status == STATUS_DONE && i < info->classes; i++)
        weights[i] = counts[i] ? (float)((double)info->samples / ((double)info->classes * (double)counts[i])) : 1;
    free(counts);
    return status;
}

static exit_status set_class_weights(const struct settings *settings, const soma_dataset *dataset,
                                     const soma_dataset_info *info, model_options *options) {
    if (!info->classes) return fail(STATUS_USAGE, "--class-weights: the data has no classes");
    exit_status status = take_memory(info->classes, options);
    if (status != STATUS_DONE) return status;
    if (strcmp(settings->class_weights, "balanced") == 0) return balance_classes(dataset, info, options->class_weights);
    return read_weights("class-weights", settings->class_weights, "class", info->classes, false,
                        options->class_weights);
}

/* -------------------------------------------------------------------------------------------------------- positives */

/* How many zeros there are for each one; 1 where there are none of either. */
static float ratio(size_t ones, size_t samples) {
    return ones && ones < samples ? (float)((double)(samples - ones) / (double)ones) : 1;
}

static exit_status balance_labels(const soma_dataset *dataset, size_t samples, size_t labels, float *weights) {
    float *targets = malloc(samples * labels * sizeof *targets);
    if (!targets) return fail(STATUS_FAILED, "out of memory");
    soma_status cause = soma_dataset_read_target(dataset, 0, 0, samples, targets);
    exit_status status = cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "--positive-weights");
    for (size_t j = 0; status == STATUS_DONE && j < labels; j++) {
        size_t ones = 0;
        for (size_t i = 0; i < samples; i++) ones += targets[i * labels + j] > 0.5f;
        weights[j] = ratio(ones, samples);
    }
    free(targets);
    return status;
}

static exit_status balance_positives(const soma_dataset *dataset, const soma_dataset_info *info, size_t labels,
                                     float *weights) {
    size_t *counts;
    if (!info->classes) return balance_labels(dataset, info->samples, labels, weights);
    exit_status status = count_classes("positive-weights", dataset, info, &counts);
    if (status == STATUS_DONE) weights[0] = ratio(counts[1], info->samples);
    free(counts);
    return status;
}

/* Zeros count 1, ones what is said. Two classes are one label: it is the second. */
static exit_status set_positive_weights(const struct settings *settings, const soma_network *network,
                                        const soma_dataset *dataset, const soma_dataset_info *info,
                                        model_options *options) {
    size_t labels = info->classes ? 1 : soma_tensor_count(soma_network_output(network, 0)), width = 1;
    for (uint32_t i = 0; i < info->target_rank[0]; i++) width *= info->target_shape[0][i];
    if (info->classes > 2)
        return fail(
            STATUS_USAGE,
            "--positive-weights: the data has %zu classes, of which none is positive; accepted: labels that are "
            "0 or 1, or two classes; --class-weights have one weight for each class",
            info->classes);
    if (info->targets != 1 || width != labels)
        return fail(STATUS_USAGE,
                    "--positive-weights: the network has %zu outputs for targets of %zu; accepted: a "
                    "label for each",
                    labels, width);
    float *weights = calloc(labels, sizeof *weights);
    exit_status status = weights ? STATUS_DONE : fail(STATUS_FAILED, "out of memory");
    if (status == STATUS_DONE)
        status = strcmp(settings->positive_weights, "balanced") == 0
                     ? balance_positives(dataset, info, labels, weights)
                     : read_weights("positive-weights", settings->positive_weights, "label", labels, true, weights);
    if (status == STATUS_DONE) status = take_memory(2 * labels, options);
    for (size_t i = 0; status == STATUS_DONE && i < labels; i++) {
        options->class_weights[2 * i] = 1;
        options->class_weights[2 * i + 1] = weights[i];
    }
    free(weights);
    return status;
}

exit_status class_weights_set(const struct settings *settings, const soma_network *network, const soma_dataset *dataset,
                              model_options *options) {
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    if (settings->class_weights && settings->positive_weights)
        return fail(STATUS_USAGE, "--class-weights and --positive-weights are both given; accepted: one of them");
    if (settings->class_weights) return set_class_weights(settings, dataset, &info, options);
    if (settings->positive_weights) return set_positive_weights(settings, network, dataset, &info, options);
    return STATUS_DONE;
}
