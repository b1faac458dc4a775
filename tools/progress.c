/* SPDX-License-Identifier: MIT */
/* Shows training while it runs. */
#include "progress.h"
#include "metrics.h"
#include <string.h>

#define SECONDS_BETWEEN_DRAWS 0.2 /* asking for the figures waits for the device, so ask rarely */

struct progress progress_start(uint32_t epochs, size_t samples) {
    return (struct progress){
        .bar = bar_start(message_stream()), .epochs = epochs, .samples = samples, .last_draw = clock_since_start()};
}

const char *short_number(double value, char text[16]) {
    static const char *const units[] = {"", "k", "M", "G", "T"};
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) value /= 1000, unit++;
    snprintf(text, 16, "%.*f%s", unit && value < 99.95 ? 1 : 0, value, units[unit]);
    return text;
}

static const char *short_time(double seconds, char text[32]) {
    unsigned long whole = seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 999999999;
    if (whole < 3600)
        snprintf(text, 32, "%lu:%02lu", whole / 60, whole % 60);
    else
        snprintf(text, 32, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
    return text;
}

static size_t append_figures(char *text, size_t size, const soma_metrics *metrics, const char *prefix) {
    size_t length = (size_t)snprintf(text, size, "  %s%s %.4f", prefix, metrics_loss_name(metrics), metrics->loss);
    for (uint32_t i = 0; i < metrics->metric_count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "  %s%s %.4f", prefix, metrics->metric_name[i],
                                   metrics->metric[i]);
    return length < size ? length : size - 1;
}

static int digits_of(uint32_t number) {
    return snprintf(NULL, 0, "%u", number);
}

void progress_batch(struct progress *progress, soma_network *network, const soma_progress *now) {
    double time = clock_since_start();
    if (!progress->bar.stream || !progress->bar.terminal || time - progress->last_draw < SECONDS_BETWEEN_DRAWS) return;
    soma_metrics metrics;
    if (now->samples == 0 || soma_fit_metrics(network, &metrics) != SOMA_OK) return;
    progress->last_draw = time;
    char head[48], tail[256], rate[16], left[32];
    snprintf(head, sizeof head, "Epoch %*u/%u ", digits_of(now->epochs), now->epoch, now->epochs);
    size_t length = append_figures(tail, sizeof tail, &metrics, "");
    double speed = (double)now->samples / (now->seconds > 0 ? now->seconds : 1e-9);
    snprintf(tail + length, sizeof tail - length, "  %s samples/s  %s left", short_number(speed, rate),
             short_time((double)(now->samples_in_epoch - now->samples) / speed, left));
    bar_draw(&progress->bar, head, (double)now->samples / (double)now->samples_in_epoch, tail);
}

void progress_epoch(struct progress *progress, const soma_epoch *epoch) {
    FILE *stream = progress->bar.stream;
    if (!stream) return;
    char figures[512], rate[16];
    size_t length = append_figures(figures, sizeof figures, &epoch->train, "");
    if (epoch->has_validation) append_figures(figures + length, sizeof figures - length, &epoch->validation, "val_");
    double speed = (double)progress->samples / (epoch->seconds > 0 ? epoch->seconds : 1e-9);
    bar_clear(&progress->bar);
    fprintf(stream, "Epoch %*u/%u%s  %s samples/s  %.2f s\n", digits_of(progress->epochs), epoch->epoch,
            progress->epochs, figures, short_number(speed, rate), epoch->seconds);
    fflush(stream);
    progress->last_draw = clock_since_start();
}

void progress_end(struct progress *progress) {
    bar_clear(&progress->bar);
}
