/* SPDX-License-Identifier: MIT */
/* See forecast.h. */
#include "forecast.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[FORECASTERS] = {"model", "naive", "seasonal"};

/* ------------------------------------------------------------------------------------------------------- figures */

static bool is_known(const struct forecasts *forecasts, size_t sample) {
    const size_t width = forecasts->series.horizon * forecasts->series.targets;
    for (int i = 0; i < FORECASTERS; i++)
        for (size_t j = 0; forecasts->values[i] && j < width; j++)
            if (isnan(forecasts->values[i][sample * width + j])) return false;
    return true;
}

static void add_errors(struct forecasts *forecasts, size_t sample) {
    const size_t columns = forecasts->series.targets, width = forecasts->series.horizon * columns;
    for (int i = 0; i < FORECASTERS; i++)
        for (size_t j = 0; forecasts->values[i] && j < width; j++) {
            const double right = forecasts->targets[sample * width + j];
            const double distance = fabs((double)forecasts->values[i][sample * width + j] - right);
            forecasts->error[j % columns].absolute[i] += distance;
            forecasts->error[j % columns].squared[i] += distance * distance;
        }
}

static void find_errors(struct forecasts *forecasts) {
    for (size_t sample = 0; sample < forecasts->samples; sample++) {
        if (!is_known(forecasts, sample)) continue;
        forecasts->counted++;
        add_errors(forecasts, sample);
    }
    const double count = (double)(forecasts->counted * forecasts->series.horizon);
    for (size_t column = 0; column < forecasts->series.targets; column++)
        for (int i = 0; i < FORECASTERS; i++) {
            struct forecast_error *error = &forecasts->error[column];
            error->absolute[i] = forecasts->values[i] ? error->absolute[i] / count : NAN;
            error->squared[i] = forecasts->values[i] ? sqrt(error->squared[i] / count) : NAN;
        }
}

/* Where none of the windows has a season before it, there is nothing to hold the model against but the last value. */
static void leave_season_out(const struct settings *settings, struct forecasts *forecasts) {
    warn("--season: %zu steps before any of the %zu windows of %s nothing is known; the seasonal forecast is left out",
         forecasts->series.season, forecasts->samples, settings->data);
    free(forecasts->values[FORECAST_SEASONAL]);
    forecasts->values[FORECAST_SEASONAL] = NULL;
    forecasts->series.season = 0;
    memset(forecasts->error, 0, forecasts->series.targets * sizeof *forecasts->error);
    find_errors(forecasts);
}

static soma_status fill(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                        struct forecasts *forecasts) {
    const size_t count = forecasts->samples, season = forecasts->series.season;
    soma_status cause = soma_predict(network, dataset, 0, settings->batch, forecasts->values[FORECAST_MODEL]);
    if (cause == SOMA_OK) cause = soma_dataset_read_target(dataset, 0, 0, count, forecasts->targets);
    if (cause == SOMA_OK) cause = soma_dataset_read_naive(dataset, 0, 0, count, forecasts->values[FORECAST_NAIVE]);
    if (cause == SOMA_OK && season)
        cause = soma_dataset_read_naive(dataset, season, 0, count, forecasts->values[FORECAST_SEASONAL]);
    return cause;
}

exit_status forecasts_make(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                           struct forecasts *forecasts) {
    soma_dataset_info info;
    *forecasts = (struct forecasts){.samples = 0};
    soma_dataset_get_info(dataset, &info);
    if (!soma_network_get_series(network, &forecasts->series)) return STATUS_DONE;
    const size_t width = forecasts->series.horizon * forecasts->series.targets;
    if (settings->season) forecasts->series.season = settings->season;
    /* Of another shape there are quantiles, several for each value. */
    if (soma_tensor_count(soma_network_output(network, 0)) != width) return STATUS_DONE;
    forecasts->samples = info.samples;
    forecasts->error = calloc(forecasts->series.targets, sizeof *forecasts->error);
    forecasts->targets = calloc(info.samples * width, sizeof *forecasts->targets);
    bool room = forecasts->error && forecasts->targets;
    for (int i = 0; i < FORECASTERS; i++) {
        if (i == FORECAST_SEASONAL && !forecasts->series.season) continue;
        forecasts->values[i] = calloc(info.samples * width, sizeof(float));
        room &= forecasts->values[i] != NULL;
    }
    if (!room) return fail(STATUS_FAILED, "out of memory for forecasts of %zu windows", info.samples);
    soma_status cause = fill(settings, network, dataset, forecasts);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    find_errors(forecasts);
    if (!forecasts->counted && forecasts->values[FORECAST_SEASONAL]) leave_season_out(settings, forecasts);
    if (!forecasts->counted) warn("the model's forecasts of %s are no finite numbers", settings->data);
    return STATUS_DONE;
}

void forecasts_clear(struct forecasts *forecasts) {
    for (int i = 0; i < FORECASTERS; i++) free(forecasts->values[i]);
    free(forecasts->targets);
    free(forecasts->error);
    *forecasts = (struct forecasts){.samples = 0};
}

/* ----------------------------------------------------------------------------------------------------- what is said */

static void say_column(const struct forecasts *forecasts, size_t column, const char *name) {
    const struct forecast_error *error = &forecasts->error[column];
    say_result("Forecast %-24.24s        MAE       RMSE\n", name);
    for (int i = 0; i < FORECASTERS; i++) {
        char text[48];
        if (!forecasts->values[i]) continue;
        snprintf(text, sizeof text, i == FORECAST_SEASONAL ? "%s naive, %zu steps" : "%s", names[i],
                 forecasts->series.season);
        say_result("         %-24s %10.5g %10.5g\n", text, error->absolute[i], error->squared[i]);
    }
}

static void warn_of_loss(const struct forecasts *forecasts, size_t column, const char *name) {
    const struct forecast_error *error = &forecasts->error[column];
    for (int i = FORECAST_NAIVE; i < FORECASTERS; i++)
        if (forecasts->values[i] && !(error->squared[FORECAST_MODEL] < error->squared[i]))
            warn("the forecasts%s%s lose to %s, by a root mean square error of %.5g to %.5g: nothing of use was learnt "
                 "yet",
                 *name ? " of " : "", name,
                 i == FORECAST_NAIVE ? "always saying the last value" : "saying what was a season before",
                 error->squared[FORECAST_MODEL], error->squared[i]);
}

void forecasts_say(const struct forecasts *forecasts, const soma_network *network) {
    if (!forecasts->counted) return;
    say_result("%zu windows, %zu steps ahead", forecasts->counted, forecasts->series.horizon);
    if (forecasts->counted < forecasts->samples)
        say_result("; before %zu others the series goes back less than a season without a gap",
                   forecasts->samples - forecasts->counted);
    say_result("\n");
    for (size_t i = 0; i < forecasts->series.targets; i++) {
        const char *name = soma_network_series_target(network, i);
        say_column(forecasts, i, name ? name : "");
        warn_of_loss(forecasts, i, name ? name : "");
    }
}

void forecasts_report(const struct forecasts *forecasts, const soma_network *network, report *object) {
    report *array = forecasts->counted ? report_array(object, "forecast") : NULL;
    for (size_t i = 0; array && i < forecasts->series.targets; i++) {
        const struct forecast_error *error = &forecasts->error[i];
        report *one = report_append_object(array);
        report_text(one, "column", soma_network_series_target(network, i));
        report_count(one, "windows", forecasts->counted);
        if (forecasts->series.season) report_count(one, "season", forecasts->series.season);
        for (int j = 0; j < FORECASTERS; j++) {
            char key[32];
            if (!forecasts->values[j]) continue;
            snprintf(key, sizeof key, "%s_mae", names[j]);
            report_number(one, key, error->absolute[j]);
            snprintf(key, sizeof key, "%s_rmse", names[j]);
            report_number(one, key, error->squared[j]);
        }
    }
}
