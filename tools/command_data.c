/* SPDX-License-Identifier: MIT */
/* soma data: what is in data, before anything is trained on them. */
#include "data.h"
#include "table.h"
#include "table_report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------------------------------------------- arrays */

/* Of one input's numbers, as a network would see them. */
struct figures {
    double least, largest, sum;
    size_t numbers, constant; /* constant: places of a sample that are the same in all */
    size_t not_finite;
};

/* One sample's, beside those of the first sample. */
static void add_sample(const float *sample, const float *first, size_t width, bool *varies, struct figures *figures) {
    for (size_t j = 0; j < width; j++) {
        double value = (double)sample[j];
        varies[j] |= !(sample[j] >= first[j] && sample[j] <= first[j]);
        if (!isfinite(value)) {
            figures->not_finite++;
            continue;
        }
        if (value < figures->least) figures->least = value;
        if (value > figures->largest) figures->largest = value;
        figures->sum += value;
        figures->numbers++;
    }
}

static exit_status find_figures(const soma_dataset *dataset, size_t input, size_t samples, size_t width,
                                struct figures *figures) {
    float *first = malloc(width * sizeof *first), *values = malloc(width * sizeof *values);
    bool *varies = calloc(width, sizeof *varies);
    soma_status cause = first && values && varies ? SOMA_OK : SOMA_OUT_OF_MEMORY;
    *figures = (struct figures){.least = INFINITY, .largest = -INFINITY};
    for (size_t i = 0; i < samples && cause == SOMA_OK; i++) {
        cause = soma_dataset_read_input(dataset, input, i, 1, i ? values : first);
        if (cause == SOMA_OK) add_sample(i ? values : first, first, width, varies, figures);
    }
    for (size_t j = 0; j < width && cause == SOMA_OK; j++) figures->constant += !varies[j];
    free(first);
    free(values);
    free(varies);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, NULL);
}

static exit_status show_input(const soma_dataset *dataset, const soma_dataset_info *info, size_t input,
                              report *inputs) {
    size_t width = 1;
    struct figures figures;
    char shape[128];
    for (uint32_t i = 0; i < info->input_rank[input]; i++) width *= info->input_shape[input][i];
    exit_status status = find_figures(dataset, input, info->samples, width, &figures);
    if (status != STATUS_DONE) return status;
    const char *type = soma_dataset_token_count(dataset) ? "numbers of tokens"
                       : info->bytes >> input & 1        ? "uint8, scaled by 1/255"
                                                         : "float32";
    const double mean = figures.sum / (double)figures.numbers;
    shape_text(info->input_rank[input], info->input_shape[input], shape, sizeof shape);
    say_result("  input of shape %s, %s", shape, type);
    if (figures.numbers) say_result(", numbers from %g to %g, mean %.6g", figures.least, figures.largest, mean);
    say_result("\n");
    if (figures.not_finite)
        say_result("  %zu of the numbers are not finite (NaN or infinite); training would refuse them\n",
                   figures.not_finite);
    if (figures.constant)
        say_result("  %zu of the %zu numbers of a sample are the same in all samples\n", figures.constant, width);
    report *object = report_append_object(inputs), *list = report_array(object, "shape");
    for (uint32_t i = 0; i < info->input_rank[input]; i++)
        report_append_number(list, (double)info->input_shape[input][i]);
    report_text(object, "type", info->bytes >> input & 1 ? "uint8" : "float32");
    report_number(object, "minimum", figures.least);
    report_number(object, "maximum", figures.largest);
    report_number(object, "mean", mean);
    report_count(object, "constant", figures.constant);
    report_count(object, "not_finite", figures.not_finite);
    return STATUS_DONE;
}

static const char *name_of_class(const void *context, size_t index) {
    return soma_dataset_class_name(context, index);
}

static exit_status show_classes(const soma_dataset *dataset, const soma_dataset_info *info, report *object) {
    uint64_t *rows = calloc(info->classes, sizeof *rows);
    int32_t *classes = malloc(info->samples * sizeof *classes);
    soma_status cause =
        rows && classes ? soma_dataset_read_classes(dataset, 0, info->samples, classes) : SOMA_OUT_OF_MEMORY;
    for (size_t i = 0; i < info->samples && cause == SOMA_OK; i++) rows[classes[i]]++;
    if (cause == SOMA_OK) {
        say_result("  %zu class%s: ", info->classes, info->classes == 1 ? "" : "es");
        classes_report(rows, info->classes, name_of_class, dataset, object);
    }
    free(rows);
    free(classes);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, NULL);
}

/* Of numbers to predict, all targets' together. */
static exit_status show_numbers(const soma_dataset *dataset, const soma_dataset_info *info, report *object) {
    size_t width = 1;
    double least = INFINITY, largest = -INFINITY, sum = 0;
    for (uint32_t i = 0; i < info->target_rank[0]; i++) width *= info->target_shape[0][i];
    float *values = malloc(width * sizeof *values);
    soma_status cause = values ? SOMA_OK : SOMA_OUT_OF_MEMORY;
    for (size_t i = 0; i < info->samples && cause == SOMA_OK; i++) {
        cause = soma_dataset_read_target(dataset, 0, i, 1, values);
        for (size_t j = 0; j < width && cause == SOMA_OK; j++) {
            double value = (double)values[j];
            if (value < least) least = value;
            if (value > largest) largest = value;
            sum += value;
        }
    }
    free(values);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    report *target = report_object(object, "target");
    report_count(target, "width", width);
    report_number(target, "minimum", least);
    report_number(target, "maximum", largest);
    report_number(target, "mean", sum / (double)(info->samples * width));
    say_result("  %zu number%s to predict, from %g to %g, mean %.6g\n", width, width == 1 ? "" : "s", least, largest,
               sum / (double)(info->samples * width));
    return STATUS_DONE;
}

static exit_status show_samples(const char *part, const soma_dataset *dataset, report *parts) {
    soma_dataset_info info;
    exit_status status = STATUS_DONE;
    if (!dataset) return STATUS_DONE;
    report *object = report_append_object(parts), *inputs = report_array(object, "inputs");
    soma_dataset_get_info(dataset, &info);
    report_text(object, "part", part);
    report_count(object, "samples", info.samples);
    say_result("  %s: %zu samples\n", part, info.samples);
    for (size_t i = 0; i < info.inputs && status == STATUS_DONE; i++) status = show_input(dataset, &info, i, inputs);
    if (status == STATUS_DONE && info.classes) status = show_classes(dataset, &info, object);
    if (status == STATUS_DONE && info.targets && !info.classes) status = show_numbers(dataset, &info, object);
    if (!info.targets) say_result("  no labels\n");
    return status;
}

static exit_status show_arrays(const struct settings *settings, report *object) {
    struct loaded loaded;
    exit_status status = data_open(settings, NULL, &loaded);
    if (status != STATUS_DONE) return status;
    report_text(object, "file", settings->data);
    report_text(object, "holds", "samples");
    report *parts = report_array(object, "parts");
    say_result("%s\n", settings->data);
    status = show_samples("all", loaded.whole, parts);
    if (status == STATUS_DONE) status = show_samples("train", loaded.train, parts);
    if (status == STATUS_DONE) status = show_samples("test", loaded.test, parts);
    soma_dataset_destroy(loaded.whole);
    soma_dataset_destroy(loaded.train);
    soma_dataset_destroy(loaded.test);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- command */

/* How long they are, by the mask that each has. */
static soma_status find_lengths(const soma_dataset *dataset, size_t samples, size_t steps, size_t *least,
                                size_t *largest, size_t *sum) {
    float *mask = malloc(steps * sizeof *mask);
    soma_status cause = mask ? SOMA_OK : SOMA_OUT_OF_MEMORY;
    *least = steps;
    *largest = *sum = 0;
    for (size_t i = 0; i < samples && cause == SOMA_OK; i++) {
        size_t length = 0;
        cause = soma_dataset_read_input(dataset, 1, i, 1, mask);
        for (size_t j = 0; j < steps && cause == SOMA_OK; j++) length += mask[j] > 0;
        if (length < *least) *least = length;
        if (length > *largest) *largest = length;
        *sum += length;
    }
    free(mask);
    return cause;
}

/* Read as for training, whatever way gaps and words are treated then; what is in the way of that is said. */
static exit_status show_sequences(const struct settings *settings, soma_csv_options options, report *object) {
    soma_csv_roles roles = *options.roles;
    soma_dataset *dataset = NULL;
    soma_dataset_info info;
    size_t least, largest, sum;
    if (!settings->sequences.column || source_is_stream(settings->data)) return STATUS_DONE;
    roles.missing = SOMA_MISSING_ZERO;
    roles.max_categories = settings->max_categories;
    roles.buckets = settings->hash_buckets;
    roles.dates = SOMA_DATES_NUMBER;
    options.roles = &roles;
    soma_status cause = soma_dataset_from_csv(settings->data, &options, &dataset);
    if (cause == SOMA_OUT_OF_MEMORY) return fail_from_library(cause, STATUS_FILE, NULL);
    if (cause != SOMA_OK) {
        say_result("  its sequences would be refused in training: %s\n", soma_last_error());
        report_text(object, "sequences_refused", soma_last_error());
        return STATUS_DONE;
    }
    soma_dataset_get_info(dataset, &info);
    cause = find_lengths(dataset, info.samples, info.input_shape[1][0], &least, &largest, &sum);
    soma_dataset_destroy(dataset);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    say_result("  %zu sequences, of %zu to %zu steps, %.4g on average\n", info.samples, least, largest,
               (double)sum / (double)info.samples);
    report *sequences = report_object(object, "sequences");
    report_count(sequences, "count", info.samples);
    report_count(sequences, "shortest", least);
    report_count(sequences, "longest", largest);
    report_number(sequences, "mean", (double)sum / (double)info.samples);
    return STATUS_DONE;
}

static exit_status show_table(const struct settings *settings, report *object) {
    const soma_csv_roles roles = table_roles(settings, NULL);
    soma_csv_options options;
    soma_table_profile *profile;
    exit_status status = table_csv_options(settings, NULL, true, &roles, &options);
    if (status != STATUS_DONE) return status;
    soma_status cause = soma_table_profile_csv(settings->data, &options, &profile);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    table_report(settings->data, profile, object);
    soma_table_profile_destroy(profile);
    return show_sequences(settings, options, object);
}

exit_status command_data(const struct settings *given) {
    struct settings adjusted = *given, *settings = &adjusted;
    bool table;
    settings->data = given->operand[0];
    if (!settings->data) return fail(STATUS_USAGE, "a file is needed: soma data FILE");
    exit_status status = data_is_table(settings, &table);
    if (status != STATUS_DONE) return status;
    report *object = settings->json ? report_create() : NULL;
    status = table ? show_table(settings, object) : show_arrays(settings, object);
    if (object && status == STATUS_DONE)
        report_print(object);
    else
        report_destroy(object);
    return status;
}
