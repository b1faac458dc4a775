/* SPDX-License-Identifier: MIT */
/* Computes predictions; writes them as CSV, as NPY and into the JSON object. */
#include "predictions.h"
#include "model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has_logits(soma_loss loss) {
    return loss == SOMA_CATEGORICAL_CROSSENTROPY_LOGITS || loss == SOMA_BINARY_CROSSENTROPY_LOGITS ||
           loss == SOMA_CATEGORICAL_FOCAL_LOGITS || loss == SOMA_BINARY_FOCAL_LOGITS;
}

/* Softmax of each row; of a single logit, and of labels, the sigmoid. */
static void make_probabilities(struct predictions *predictions) {
    size_t outputs = predictions->outputs;
    for (size_t sample = 0; sample < predictions->samples; sample++) {
        float *row = predictions->values + sample * outputs;
        bool each = outputs == 1 || predictions->as_labels;
        for (size_t i = 0; each && i < outputs; i++) row[i] = (float)(1 / (1 + exp(-(double)row[i])));
        if (each) continue;
        double largest = -INFINITY, sum = 0;
        /* Not fmax(): GCC 12 for aarch64 ends in an internal error where it makes vectors of such a loop. */
        for (size_t i = 0; i < outputs; i++)
            if ((double)row[i] > largest) largest = (double)row[i];
        for (size_t i = 0; i < outputs; i++) sum += exp((double)row[i] - largest);
        for (size_t i = 0; i < outputs; i++) row[i] = (float)(exp((double)row[i] - largest) / sum);
    }
}

static soma_status find_classes(const struct settings *settings, struct predictions *predictions) {
    size_t count = predictions->samples * predictions->outputs;
    if (predictions->as_classes)
        return soma_predict_classes(predictions->network, predictions->dataset, settings->batch, predictions->classes);
    if (predictions->sequence)
        return soma_predict_sequences(predictions->network, predictions->dataset, settings->batch,
                                      predictions->classes);
    uint8_t *labels = calloc(count, sizeof *labels);
    soma_status cause = labels
                            ? soma_predict_labels(predictions->network, predictions->dataset, settings->batch, labels)
                            : SOMA_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && cause == SOMA_OK; i++) predictions->classes[i] = labels[i];
    free(labels);
    return cause;
}

exit_status predictions_compute(const struct settings *settings, struct predictions *predictions) {
    size_t outputs = predictions->outputs, samples = predictions->samples;
    bool chooses = predictions->as_classes || predictions->as_labels || predictions->sequence;
    predictions->values = calloc(samples * outputs, sizeof *predictions->values);
    const size_t each = predictions->as_labels ? outputs : predictions->sequence ? predictions->sequence : 1;
    predictions->classes = calloc(samples * each, sizeof *predictions->classes);
    if (!predictions->values || !predictions->classes)
        return fail(STATUS_FAILED, "out of memory: %zu predictions of %zu numbers each", samples, outputs);
    soma_status cause =
        soma_predict(predictions->network, predictions->dataset, 0, settings->batch, predictions->values);
    if (cause == SOMA_OK && chooses) cause = find_classes(settings, predictions);
    if (cause == SOMA_OK && chooses && has_logits(model_loss(predictions->network))) make_probabilities(predictions);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FILE, "%s", settings->data);
}

/* A single unit is the probability of the second of two classes. */
static size_t class_count(const struct predictions *predictions) {
    return predictions->outputs == 1 ? 2 : predictions->outputs;
}

double predictions_probability(const struct predictions *predictions, size_t sample, size_t class_number) {
    const float *row = predictions->values + sample * predictions->outputs;
    if (predictions->outputs > 1) return row[class_number];
    return class_number == 1 ? (double)row[0] : 1 - (double)row[0];
}

/* The name of the class or label, or its number, into text. */
static const char *class_label(const struct predictions *predictions, size_t class_number, char text[24]) {
    const char *name = model_label_name(predictions->network, class_number);
    if (!name) name = soma_network_class_name(predictions->network, class_number);
    snprintf(text, 24, "%zu", class_number);
    return name ? name : text;
}

static void write_quoted(FILE *stream, const char *text) {
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"') fputc('"', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}

/* A field of CSV, in quotes where it must be (RFC 4180). */
static void write_field(FILE *stream, const char *text) {
    if (strpbrk(text, ",\"\r\n"))
        write_quoted(stream, text);
    else
        fputs(text, stream);
}

/* The names of those that hold, as one field. */
static void write_labels(const struct predictions *predictions, size_t sample, FILE *stream) {
    const int32_t *holds = predictions->classes + sample * predictions->outputs;
    char text[24], *joined = NULL;
    size_t size = 0;
    FILE *names = open_memstream(&joined, &size);
    if (!names) return;
    bool any = false;
    for (size_t i = 0; i < predictions->outputs; i++) {
        if (!holds[i]) continue;
        fprintf(names, "%s%s", any ? ";" : "", class_label(predictions, i, text));
        any = true;
    }
    if (fclose(names) == 0) write_field(stream, joined);
    free(joined);
}

/* Up to the last; before that, -1 is a step that is not there. */
static size_t sequence_length(const struct predictions *predictions, size_t sample) {
    const int32_t *labels = predictions->classes + sample * predictions->sequence;
    size_t count = predictions->sequence;
    while (count && labels[count - 1] < 0) count--;
    return count;
}

static const char *sequence_label(const struct predictions *predictions, int32_t label, char text[24]) {
    return label < 0 ? "-1" : class_label(predictions, (size_t)label, text);
}

/* One after the other, as one field: a row of CSV with blanks in the place of commas. */
static void write_sequence(const struct predictions *predictions, size_t sample, FILE *stream) {
    const int32_t *labels = predictions->classes + sample * predictions->sequence;
    char text[24], *joined = NULL;
    size_t size = 0;
    FILE *names = open_memstream(&joined, &size);
    if (!names) return;
    const size_t count = sequence_length(predictions, sample);
    for (size_t i = 0; i < count; i++) {
        const char *name = sequence_label(predictions, labels[i], text);
        if (i) fputc(' ', names);
        if (!*name || strpbrk(name, " \"\r\n"))
            write_quoted(names, name);
        else
            fputs(name, names);
    }
    if (fclose(names) == 0) write_field(stream, joined);
    free(joined);
}

static void write_csv_header(const struct predictions *predictions, FILE *stream) {
    char text[24];
    const char *id = soma_dataset_id_name(predictions->dataset);
    if (soma_dataset_file(predictions->dataset, 0)) fputs("file,", stream);
    if (predictions->steps) fputs("step,", stream);
    if (id) {
        write_field(stream, *id ? id : "id");
        fputc(',', stream);
    }
    if (predictions->as_classes) {
        fputs("class,probability", stream);
        for (size_t i = 0; i < class_count(predictions); i++) {
            fputc(',', stream);
            write_field(stream, class_label(predictions, i, text));
        }
    } else if (predictions->sequence) {
        fputs("labels", stream);
    } else if (predictions->as_labels) {
        fputs("labels", stream);
        for (size_t i = 0; i < predictions->outputs; i++) {
            fputc(',', stream);
            write_field(stream, class_label(predictions, i, text));
        }
    } else {
        for (size_t i = 0; i < predictions->outputs; i++) {
            const char *name = predictions->steps ? soma_network_series_target(predictions->network, i)
                                                  : model_label_name(predictions->network, i);
            if (i) fputc(',', stream);
            if (name && *name)
                write_field(stream, name);
            else
                fprintf(stream, "output_%zu", i + 1);
        }
    }
    fputc('\n', stream);
}

void predictions_write_csv(const struct predictions *predictions, FILE *stream) {
    char text[24];
    write_csv_header(predictions, stream);
    for (size_t sample = 0; sample < predictions->samples; sample++) {
        const char *file = soma_dataset_file(predictions->dataset, sample);
        const char *first = file ? file : soma_dataset_id(predictions->dataset, sample);
        if (first) {
            write_field(stream, first);
            fputc(',', stream);
        }
        if (predictions->steps) fprintf(stream, "%zu,", sample + 1);
        if (predictions->as_classes) {
            size_t chosen = (size_t)predictions->classes[sample];
            write_field(stream, class_label(predictions, chosen, text));
            fprintf(stream, ",%.9g", predictions_probability(predictions, sample, chosen));
            for (size_t i = 0; i < class_count(predictions); i++)
                fprintf(stream, ",%.9g", predictions_probability(predictions, sample, i));
        } else if (predictions->sequence) {
            write_sequence(predictions, sample, stream);
        } else if (predictions->as_labels) {
            const float *row = predictions->values + sample * predictions->outputs;
            write_labels(predictions, sample, stream);
            for (size_t i = 0; i < predictions->outputs; i++) fprintf(stream, ",%.9g", (double)row[i]);
        } else {
            const float *row = predictions->values + sample * predictions->outputs;
            for (size_t i = 0; i < predictions->outputs; i++) fprintf(stream, "%s%.9g", i ? "," : "", (double)row[i]);
        }
        fputc('\n', stream);
    }
}

/* The classes or labels of all samples as an array. */
static soma_array class_array(const struct predictions *predictions) {
    return (soma_array){
        .data = predictions->classes,
        .dtype = SOMA_I32,
        .rank = predictions->as_classes ? 1 : 2,
        .shape = {predictions->samples, predictions->sequence ? predictions->sequence : predictions->outputs}};
}

static soma_array output_array(const struct predictions *predictions, size_t output, const float *values) {
    size_t shape[SOMA_MAX_RANK];
    if (predictions->steps) return (soma_array){values, SOMA_F32, 2, {predictions->samples, predictions->outputs}};
    uint32_t rank = soma_tensor_shape(soma_network_output(predictions->network, output), shape);
    soma_array array = {.data = values, .dtype = SOMA_F32, .rank = rank + 1, .shape = {predictions->samples}};
    memcpy(array.shape + 1, shape, rank * sizeof *shape);
    return array;
}

exit_status predictions_write_npy(const struct predictions *predictions, const char *path) {
    soma_array array = predictions->as_classes || predictions->as_labels || predictions->sequence
                           ? class_array(predictions)
                           : output_array(predictions, 0, predictions->values);
    soma_status cause = soma_write_npy(path, &array);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FAILED, "--output");
}

/* Values of every output, each to be freed, and their names. */
static exit_status predict_outputs(const struct predictions *predictions, size_t batch, soma_array *arrays,
                                   const char **names, float **values) {
    for (size_t i = 0; i < soma_network_output_count(predictions->network); i++) {
        soma_tensor *output = soma_network_output(predictions->network, i);
        size_t count = soma_tensor_count(output);
        values[i] = calloc(predictions->samples * count, sizeof **values);
        if (!values[i])
            return fail(STATUS_FAILED, "out of memory: %zu predictions of %zu numbers each", predictions->samples,
                        count);
        soma_status cause = soma_predict(predictions->network, predictions->dataset, i, batch, values[i]);
        if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
        arrays[i] = output_array(predictions, i, values[i]);
        names[i] = soma_tensor_name(output);
    }
    return STATUS_DONE;
}

exit_status predictions_write_npz(const struct predictions *predictions, size_t batch, const char *path) {
    soma_array arrays[SOMA_MAX_ENDS + 1];
    const char *names[SOMA_MAX_ENDS + 1];
    float *values[SOMA_MAX_ENDS] = {0};
    size_t count = soma_network_output_count(predictions->network);
    exit_status status = predict_outputs(predictions, batch, arrays, names, values);
    if (predictions->as_classes || predictions->as_labels || predictions->sequence) {
        arrays[count] = class_array(predictions);
        names[count++] = predictions->as_classes ? "classes" : "labels";
    }
    if (status == STATUS_DONE) {
        soma_status cause = soma_write_npz(path, names, arrays, count);
        if (cause != SOMA_OK) status = fail_from_library(cause, STATUS_FAILED, "--output");
    }
    for (size_t i = 0; i < SOMA_MAX_ENDS; i++) free(values[i]);
    return status;
}

void predictions_report(const struct predictions *predictions, report *object) {
    char text[24];
    report *files = soma_dataset_file(predictions->dataset, 0) ? report_array(object, "files") : NULL;
    for (size_t i = 0; files && i < predictions->samples; i++)
        report_append_text(files, soma_dataset_file(predictions->dataset, i));
    report *ids = soma_dataset_id_name(predictions->dataset) ? report_array(object, "ids") : NULL;
    for (size_t i = 0; ids && i < predictions->samples; i++)
        report_append_text(ids, soma_dataset_id(predictions->dataset, i));
    report *array = report_array(object, "predictions");
    for (size_t sample = 0; sample < predictions->samples; sample++) {
        if (predictions->as_classes) {
            report_append_text(array, class_label(predictions, (size_t)predictions->classes[sample], text));
            continue;
        }
        report *row = report_append_array(array);
        const int32_t *labels = predictions->sequence ? predictions->classes + sample * predictions->sequence : NULL;
        const size_t steps = predictions->sequence ? sequence_length(predictions, sample) : 0;
        for (size_t i = 0; i < steps; i++) report_append_text(row, sequence_label(predictions, labels[i], text));
        if (predictions->sequence) continue;
        for (size_t i = 0; predictions->as_labels && i < predictions->outputs; i++)
            if (predictions->classes[sample * predictions->outputs + i])
                report_append_text(row, class_label(predictions, i, text));
        for (size_t i = 0; !predictions->as_labels && i < predictions->outputs; i++)
            report_append_number(row, (double)predictions->values[sample * predictions->outputs + i]);
    }
}
