/* SPDX-License-Identifier: MIT */
/* Writes predictions as CSV, as NPY and into the JSON object. */
#include "predictions.h"
#include <string.h>

/* A single unit is the probability of the second of two classes. */
static size_t class_count(const struct predictions *predictions) {
    return predictions->outputs == 1 ? 2 : predictions->outputs;
}

static double probability(const struct predictions *predictions, size_t sample, size_t class_number) {
    const float *row = predictions->values + sample * predictions->outputs;
    if (predictions->outputs > 1) return row[class_number];
    return class_number == 1 ? (double)row[0] : 1 - (double)row[0];
}

/* The class's name, or its number, into text. */
static const char *class_label(const struct predictions *predictions, size_t class_number, char text[24]) {
    const char *name = soma_network_class_name(predictions->network, class_number);
    snprintf(text, 24, "%zu", class_number);
    return name ? name : text;
}

/* A field of CSV, in quotes where it must be (RFC 4180). */
static void write_field(FILE *stream, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stream);
        return;
    }
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"') fputc('"', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}

static void write_csv_header(const struct predictions *predictions, FILE *stream) {
    char text[24];
    if (predictions->as_classes) {
        fputs("class,probability", stream);
        for (size_t i = 0; i < class_count(predictions); i++) {
            fputc(',', stream);
            write_field(stream, class_label(predictions, i, text));
        }
    } else {
        for (size_t i = 0; i < predictions->outputs; i++) fprintf(stream, "%soutput_%zu", i ? "," : "", i + 1);
    }
    fputc('\n', stream);
}

void predictions_write_csv(const struct predictions *predictions, FILE *stream) {
    char text[24];
    write_csv_header(predictions, stream);
    for (size_t sample = 0; sample < predictions->samples; sample++) {
        if (predictions->as_classes) {
            size_t chosen = (size_t)predictions->classes[sample];
            write_field(stream, class_label(predictions, chosen, text));
            fprintf(stream, ",%.9g", probability(predictions, sample, chosen));
            for (size_t i = 0; i < class_count(predictions); i++)
                fprintf(stream, ",%.9g", probability(predictions, sample, i));
        } else {
            const float *row = predictions->values + sample * predictions->outputs;
            for (size_t i = 0; i < predictions->outputs; i++) fprintf(stream, "%s%.9g", i ? "," : "", (double)row[i]);
        }
        fputc('\n', stream);
    }
}

/* The magic, the version, the length of what follows, and a Python dictionary that ends in a newline at a multiple of
 * 64 bytes. */
static void write_npy_header(FILE *stream, const char *type, const char *shape) {
    char text[256];
    enum { BEFORE = 10 };
    int length =
        snprintf(text, sizeof text - 64, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
    while ((BEFORE + length + 1) % 64 != 0) text[length++] = ' ';
    text[length++] = '\n';
    const unsigned char start[BEFORE] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(length & 0xff), (unsigned char)(length >> 8)};
    fwrite(start, 1, sizeof start, stream);
    fwrite(text, 1, (size_t)length, stream);
}

void predictions_write_npy(const struct predictions *predictions, FILE *stream) {
    char shape[128];
    size_t length = (size_t)snprintf(shape, sizeof shape, "%zu,", predictions->samples);
    if (predictions->as_classes) {
        write_npy_header(stream, "<i4", shape);
        fwrite(predictions->classes, sizeof *predictions->classes, predictions->samples, stream);
        return;
    }
    size_t sizes[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_shape(soma_network_output(predictions->network, 0), sizes);
    for (uint32_t i = 0; i < rank; i++)
        length += (size_t)snprintf(shape + length, sizeof shape - length, " %zu,", sizes[i]);
    write_npy_header(stream, "<f4", shape);
    fwrite(predictions->values, sizeof *predictions->values, predictions->samples * predictions->outputs, stream);
}

void predictions_report(const struct predictions *predictions, report *object) {
    char text[24];
    report *array = report_array(object, "predictions");
    for (size_t sample = 0; sample < predictions->samples; sample++) {
        if (predictions->as_classes) {
            report_append_text(array, class_label(predictions, (size_t)predictions->classes[sample], text));
            continue;
        }
        report *row = report_append_array(array);
        for (size_t i = 0; i < predictions->outputs; i++)
            report_append_number(row, (double)predictions->values[sample * predictions->outputs + i]);
    }
}
