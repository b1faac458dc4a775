/* SPDX-License-Identifier: MIT */
/* Writes the course of training as CSV, or as lines of JSON. */
#include "history.h"
#include "file_name.h"
#include "metrics.h"
#include "output_file.h"
#include <math.h>
#include <stdlib.h>

static void write_names(FILE *stream, const soma_metrics *metrics, const char *prefix) {
    fprintf(stream, ",%s%s", prefix, metrics_loss_name(metrics));
    for (uint32_t i = 0; i < metrics->metric_count; i++) fprintf(stream, ",%s%s", prefix, metrics->metric_name[i]);
}

static void write_values(FILE *stream, const soma_metrics *metrics) {
    fprintf(stream, ",%.9g", metrics->loss);
    for (uint32_t i = 0; i < metrics->metric_count; i++) fprintf(stream, ",%.9g", metrics->metric[i]);
}

/* A place for each value that another epoch has. */
static void write_blanks(FILE *stream, const soma_metrics *metrics) {
    for (uint32_t i = 0; i <= metrics->metric_count; i++) fputc(',', stream);
}

/* NULL: no epoch was validated. */
static const soma_metrics *first_validation(const soma_history *history) {
    for (uint32_t i = 0; i < history->count; i++)
        if (history->epochs[i].has_validation) return &history->epochs[i].validation;
    return NULL;
}

static void write_table(FILE *stream, const soma_history *history) {
    const soma_metrics *validation = first_validation(history);
    fputs("epoch", stream);
    if (history->count) write_names(stream, &history->epochs[0].train, "");
    if (validation) write_names(stream, validation, "val_");
    fputs(",learning_rate,seconds\n", stream);
    for (uint32_t i = 0; i < history->count; i++) {
        const soma_epoch *epoch = &history->epochs[i];
        fprintf(stream, "%u", epoch->epoch);
        write_values(stream, &epoch->train);
        if (epoch->has_validation)
            write_values(stream, &epoch->validation);
        else if (validation)
            write_blanks(stream, validation);
        fprintf(stream, ",%.9g,%.6f\n", epoch->learning_rate, epoch->seconds);
    }
}

/* JSON has no infinity, and nothing that is no number. */
static void write_member(FILE *stream, const char *prefix, const char *name, double value) {
    fprintf(stream, ", \"%s%s\": ", prefix, name);
    if (isfinite(value))
        fprintf(stream, "%.9g", value);
    else
        fputs("null", stream);
}

static void write_members(FILE *stream, const char *prefix, const soma_metrics *metrics) {
    write_member(stream, prefix, metrics_loss_name(metrics), metrics->loss);
    for (uint32_t i = 0; i < metrics->metric_count; i++)
        write_member(stream, prefix, metrics->metric_name[i], metrics->metric[i]);
}

static void write_lines(FILE *stream, const soma_history *history) {
    for (uint32_t i = 0; i < history->count; i++) {
        const soma_epoch *epoch = &history->epochs[i];
        fprintf(stream, "{\"epoch\": %u", epoch->epoch);
        write_members(stream, "", &epoch->train);
        if (epoch->has_validation) write_members(stream, "val_", &epoch->validation);
        write_member(stream, "", "learning_rate", epoch->learning_rate);
        write_member(stream, "", "seconds", epoch->seconds);
        fputs("}\n", stream);
    }
}

static void write_history(FILE *stream, const char *path, const soma_history *history) {
    if (ends_in(path, ".jsonl"))
        write_lines(stream, history);
    else
        write_table(stream, history);
}

exit_status history_write(const char *path, const soma_history *history) {
    struct output_text file;
    exit_status status = output_text_open("history", path, &file);
    if (status != STATUS_DONE) return status;
    write_history(file.stream, path, history);
    return output_text_close(&file);
}

void history_keep(const char *path, const soma_history *history) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = output_is_stream(path) ? NULL : open_memstream(&text, &size);
    if (!stream) return;
    write_history(stream, path, history);
    if (fclose(stream) == 0) soma_write_file(path, text, size);
    free(text);
}
