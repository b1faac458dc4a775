/* SPDX-License-Identifier: MIT */
/* Writes the course of training as CSV. */
#include "history.h"
#include "metrics.h"
#include "output_file.h"

static void write_names(FILE *stream, const soma_metrics *metrics, const char *prefix) {
    fprintf(stream, ",%s%s", prefix, metrics_loss_name(metrics));
    for (uint32_t i = 0; i < metrics->metric_count; i++) fprintf(stream, ",%s%s", prefix, metrics->metric_name[i]);
}

static void write_values(FILE *stream, const soma_metrics *metrics) {
    fprintf(stream, ",%.9g", metrics->loss);
    for (uint32_t i = 0; i < metrics->metric_count; i++) fprintf(stream, ",%.9g", metrics->metric[i]);
}

exit_status history_write(const char *path, const soma_history *history) {
    struct output_text file;
    exit_status status = output_text_open("history", path, &file);
    if (status != STATUS_DONE) return status;
    fputs("epoch", file.stream);
    if (history->count) {
        write_names(file.stream, &history->epochs[0].train, "");
        if (history->epochs[0].has_validation) write_names(file.stream, &history->epochs[0].validation, "val_");
    }
    fputs(",learning_rate,seconds\n", file.stream);
    for (uint32_t i = 0; i < history->count; i++) {
        const soma_epoch *epoch = &history->epochs[i];
        fprintf(file.stream, "%u", epoch->epoch);
        write_values(file.stream, &epoch->train);
        if (epoch->has_validation) write_values(file.stream, &epoch->validation);
        fprintf(file.stream, ",%.9g,%.6f\n", epoch->learning_rate, epoch->seconds);
    }
    return output_text_close(&file);
}
