/* SPDX-License-Identifier: MIT */
/* How good forecasts are: against those that know nothing but the last value, and the last season. */
#ifndef SOMA_TOOLS_FORECAST_H
#define SOMA_TOOLS_FORECAST_H

#include "options.h"
#include "report.h"

enum forecaster { FORECAST_MODEL, FORECAST_NAIVE, FORECAST_SEASONAL, FORECASTERS };

/* Errors in the units of the table, of each column that is forecast. */
struct forecast_error {
    double absolute[FORECASTERS], squared[FORECASTERS]; /* means; the second's root */
};

struct forecasts {
    soma_series_info series;              /* season: of the command line, or what the network keeps */
    size_t samples, counted;              /* windows, and those of which all can say something */
    float *values[FORECASTERS], *targets; /* [samples, horizon * columns]; of no season NULL */
    struct forecast_error *error;         /* [columns] */
};

/* Nothing, where the network has learnt of no series. Clear them also after a failure. */
exit_status forecasts_make(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                           struct forecasts *forecasts);
void forecasts_clear(struct forecasts *forecasts);

/* A table of the errors, "forecast" in the object, and a warning where the model loses. */
void forecasts_say(const struct forecasts *forecasts, const soma_network *network);
void forecasts_report(const struct forecasts *forecasts, const soma_network *network, report *object);
/* The last windows: what was, and what each would have said. */
exit_status forecasts_plot(const struct forecasts *forecasts, const soma_network *network, const soma_dataset *dataset,
                           const char *path, const char *title);

#endif
