/* SPDX-License-Identifier: MIT */
/* The history of a fit, and the watch over a figure from epoch to epoch. */
#include "train/history.h"

#include <math.h>
#include <string.h>

soma_status soma_history_append(soma_history *history, const soma_epoch *epoch) {
    /* One at a time: beside an epoch of training this costs nothing. */
    soma_epoch *epochs = soma_realloc(history->epochs, (size_t)history->count + 1, sizeof *epochs);
    if (!epochs) return soma_out_of_memory(((size_t)history->count + 1) * sizeof *epochs, "the history");
    history->epochs = epochs;
    epochs[history->count++] = *epoch;
    return SOMA_OK;
}

void soma_history_clear(soma_history *history) {
    if (!history) return;
    soma_free(history->epochs);
    memset(history, 0, sizeof *history);
}

static double monitored(soma_monitor monitor, const soma_epoch *epoch) {
    const soma_metrics *metrics = epoch->has_validation ? &epoch->validation : &epoch->train;
    return monitor == SOMA_MONITOR_METRIC ? metrics->metric[0] : metrics->loss;
}

bool soma_watch_epoch(soma_watch *watch, const soma_epoch *epoch) {
    double value = monitored(watch->monitor, epoch);
    double sign = watch->rises ? -1.0 : 1.0;
    bool better = !isnan(value) && (!watch->started || sign * value < sign * watch->best);
    bool improved = !isnan(value) && (!watch->started || sign * value < sign * watch->reference - watch->min_delta);
    watch->started |= better;
    if (better) watch->best = value;
    if (improved) watch->reference = value;
    watch->waited = improved ? 0 : watch->waited + 1;
    return better;
}
