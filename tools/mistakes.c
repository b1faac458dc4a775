/* SPDX-License-Identifier: MIT */
/* Draws the samples that a network takes for another class, the true class's least probable first. */
#include "mistakes.h"
#include "model.h"
#include "sheet.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mistake {
    double probability, of_predicted; /* of the true class, and of the predicted one */
    size_t sample, class_number, predicted;
};

/* The network and its data, with all mistakes, the worst first. */
struct mistakes {
    soma_network *network;
    soma_dataset *dataset;
    struct mistake *list;
    size_t count, samples;
};

/* ---------------------------------------------------------------------------------------------- before the work */

exit_status mistakes_try(const struct settings *settings) {
    if (settings->mistakes) return sheet_try("mistakes", settings->mistakes);
    if (option_given(settings, worst))
        return fail(STATUS_USAGE, "--worst says how many samples --mistakes draws, and there is none");
    return STATUS_DONE;
}

/* The samples' own shape says it; or, of what comes flat, that which the model's first layer makes of it. */
static bool find_picture(const soma_network *network, const soma_dataset_info *info, struct picture *picture) {
    soma_layer_info layer;
    if (picture_from_shape(info->input_rank[0], info->input_shape[0], picture)) return true;
    for (size_t i = 0; soma_network_layer(network, i, &layer) == SOMA_OK; i++) {
        if (strcmp(layer.kind, "input") == 0) continue;
        return strcmp(layer.kind, "reshape") == 0 && picture_from_shape(layer.rank, layer.shape, picture);
    }
    return false;
}

exit_status mistakes_check(const struct settings *settings, const soma_network *network, const soma_dataset *dataset) {
    soma_dataset_info info;
    struct picture picture;
    char samples[128];
    soma_dataset_get_info(dataset, &info);
    if (!model_is_classifier(network))
        return fail(STATUS_USAGE,
                    "--mistakes: %s does not tell classes apart, its loss is %s; accepted: a model whose loss is a "
                    "cross-entropy",
                    settings->model, soma_name(SOMA_NAMES_LOSS, (int)model_loss(network)));
    if (!info.classes)
        return fail(STATUS_USAGE, "--mistakes: the labels of %s are no classes; accepted: a class for each sample",
                    settings->data);
    if (find_picture(network, &info, &picture)) return STATUS_DONE;
    shape_text(info.input_rank[0], info.input_shape[0], samples, sizeof samples);
    return fail(STATUS_USAGE,
                "--mistakes: samples of %s have the shape %s and are no pictures; accepted: " PICTURE_SHAPES
                ", or what a first layer reshape makes into one of these",
                settings->data, samples);
}

/* -------------------------------------------------------------------------------------------------------- finding */

/* What is no number before all; where probabilities are the same, in the order of the data. */
static int compare(const void *left, const void *right) {
    const struct mistake *a = left, *b = right;
    bool a_is_none = isnan(a->probability), b_is_none = isnan(b->probability);
    if (a_is_none != b_is_none) return a_is_none ? -1 : 1;
    if (a->probability < b->probability) return -1;
    if (a->probability > b->probability) return 1;
    return a->sample < b->sample ? -1 : a->sample > b->sample;
}

/* A single unit is the probability of the second of two classes. */
static double probability_of(const soma_outcomes *outcomes, size_t sample, size_t class_number) {
    const float *row = outcomes->predictions + sample * outcomes->units;
    if (outcomes->units > 1) return row[class_number];
    return class_number == 1 ? (double)row[0] : 1 - (double)row[0];
}

static exit_status find_mistakes(const soma_outcomes *outcomes, struct mistakes *mistakes) {
    mistakes->list = calloc(mistakes->samples, sizeof *mistakes->list);
    if (!mistakes->list) return fail(STATUS_FAILED, "out of memory for the classes of %zu samples", mistakes->samples);
    for (size_t i = 0; i < mistakes->samples; i++) {
        size_t class_number = (size_t)outcomes->classes[i], predicted = soma_outcomes_class(outcomes, i);
        if (class_number == predicted) continue;
        mistakes->list[mistakes->count++] = (struct mistake){
            .probability = probability_of(outcomes, i, class_number),
            .of_predicted = probability_of(outcomes, i, predicted),
            .sample = i,
            .class_number = class_number,
            .predicted = predicted,
        };
    }
    qsort(mistakes->list, mistakes->count, sizeof *mistakes->list, compare);
    return STATUS_DONE;
}

/* -------------------------------------------------------------------------------------------------------- drawing */

/* The class's name, or its number, into text. */
static const char *label(const struct mistakes *mistakes, size_t class_number, char text[24]) {
    const char *name = soma_network_class_name(mistakes->network, class_number);
    if (!name) name = soma_dataset_class_name(mistakes->dataset, class_number);
    snprintf(text, 24, "%zu", class_number);
    return name ? name : text;
}

static void describe(const struct mistakes *mistakes, const struct mistake *mistake,
                     struct sheet_line lines[SHEET_LINES]) {
    char number[24];
    snprintf(lines[0].left, sizeof lines[0].left, "sample %zu", mistake->sample);
    snprintf(lines[1].left, sizeof lines[1].left, "is %s", label(mistakes, mistake->class_number, number));
    snprintf(lines[1].right, sizeof lines[1].right, "%.4f", mistake->probability);
    snprintf(lines[2].left, sizeof lines[2].left, "as %s", label(mistakes, mistake->predicted, number));
    snprintf(lines[2].right, sizeof lines[2].right, "%.4f", mistake->of_predicted);
}

static void write_heading(const char *data, const struct mistakes *mistakes, struct sheet *sheet) {
    const char *slash = strrchr(data, '/'), *name = slash && slash[1] ? slash + 1 : data;
    char count[32] = "no", shown[48] = "";
    if (mistakes->count) snprintf(count, sizeof count, "%zu", mistakes->count);
    if (sheet->count < mistakes->count) snprintf(shown, sizeof shown, ", the worst %zu", sheet->count);
    snprintf(sheet->heading, sizeof sheet->heading, "%.300s: %s mistake%s in %zu sample%s%s", name, count,
             mistakes->count == 1 ? "" : "s", mistakes->samples, mistakes->samples == 1 ? "" : "s", shown);
}

/* From black to white lie 0 and 1, which pictures have; numbers of another kind over the picture's own range. */
static exit_status fill(const char *data, const struct mistakes *mistakes, struct sheet *sheet) {
    exit_status status = sheet_make(sheet);
    const struct picture *picture = &sheet->picture;
    float *values = malloc(picture->height * picture->width * picture->channels * sizeof *values);
    if (status == STATUS_DONE && !values) status = fail(STATUS_FAILED, "out of memory for a picture");
    for (size_t i = 0; i < sheet->count && status == STATUS_DONE; i++) {
        double low, high;
        soma_status cause = soma_dataset_read_input(mistakes->dataset, 0, mistakes->list[i].sample, 1, values);
        if (cause != SOMA_OK) status = fail_from_library(cause, STATUS_FILE, "%s", data);
        if (cause != SOMA_OK) break;
        picture_range(picture, values, &low, &high);
        bool as_pictures_have = low >= 0 && high <= 1;
        sheet_fill(sheet, i, values, as_pictures_have ? 0 : low, as_pictures_have ? 1 : high);
        describe(mistakes, &mistakes->list[i], sheet->text[i]);
    }
    free(values);
    return status;
}

static void report_mistakes(const struct mistakes *mistakes, size_t shown, report *object) {
    char number[24];
    report_count(object, "mistakes", mistakes->count);
    report *worst = report_array(object, "worst");
    for (size_t i = 0; i < shown; i++) {
        const struct mistake *mistake = &mistakes->list[i];
        report *one = report_append_object(worst);
        report_count(one, "sample", mistake->sample);
        const char *file = soma_dataset_file(mistakes->dataset, mistake->sample);
        if (file) report_text(one, "file", file);
        report_text(one, "class", label(mistakes, mistake->class_number, number));
        report_number(one, "probability", mistake->probability);
        report_text(one, "predicted", label(mistakes, mistake->predicted, number));
        report_number(one, "predicted_probability", mistake->of_predicted);
    }
}

static exit_status draw(const char *data, const soma_outcomes *outcomes, size_t most, struct mistakes *mistakes,
                        struct sheet *sheet) {
    soma_dataset_info info;
    soma_dataset_get_info(mistakes->dataset, &info);
    mistakes->samples = info.samples;
    *sheet = (struct sheet){.across = 1, .lines = SHEET_LINES};
    exit_status status = find_mistakes(outcomes, mistakes);
    if (status != STATUS_DONE) return status;
    find_picture(mistakes->network, &info, &sheet->picture);
    sheet->count = mistakes->count < most ? mistakes->count : most;
    write_heading(data, mistakes, sheet);
    return fill(data, mistakes, sheet);
}

bool mistakes_can_be_drawn(const soma_network *network, const soma_dataset *dataset) {
    soma_dataset_info info;
    struct picture picture;
    soma_dataset_get_info(dataset, &info);
    return model_is_classifier(network) && info.classes && find_picture(network, &info, &picture);
}

exit_status mistakes_draw(soma_network *network, soma_dataset *dataset, const char *data, size_t most,
                          struct sheet *sheet) {
    struct mistakes mistakes = {.network = network, .dataset = dataset};
    soma_outcomes outcomes = {0};
    soma_status cause = soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes);
    exit_status status = cause == SOMA_OK ? draw(data, &outcomes, most, &mistakes, sheet)
                                          : fail_from_library(cause, STATUS_FILE, "%s", data);
    soma_outcomes_clear(&outcomes);
    free(mistakes.list);
    return status;
}

exit_status mistakes_write(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                           const soma_outcomes *outcomes, report *object) {
    struct mistakes mistakes = {.network = network, .dataset = dataset};
    struct sheet sheet;
    exit_status status = draw(settings->data, outcomes, (size_t)settings->worst, &mistakes, &sheet);
    if (status == STATUS_DONE) status = sheet_write("mistakes", settings->mistakes, &sheet);
    if (status == STATUS_DONE) {
        say("Saved in %s: %s\n", settings->mistakes, sheet.heading);
        report_mistakes(&mistakes, sheet.count, object);
    }
    sheet_release(&sheet);
    free(mistakes.list);
    return status;
}
