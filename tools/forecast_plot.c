/* SPDX-License-Identifier: MIT */
/* Draws the last windows of a series as SVG: what was, what the model says of it, and what those say who know nothing.
 */
#include "forecast.h"
#include "output_file.h"
#include "plot_scale.h"
#include "svg.h"
#include <math.h>
#include <stdlib.h>

enum { LEFT = 78, WIDTH = 720, HEIGHT = 200, TOP = 96, STEP = 268, MOST_PANELS = 6, MOST_WINDOWS = 4 };

static const char style[] =
    "<style>\n"
    ".ground{fill:#ffffff}.text{fill:#1d2530}.soft{fill:#667085}.grid{stroke:#e6e9ee}\n"
    ".was{stroke:#1d2530}.c0{stroke:#2563eb}.c1{stroke:#a3adbb}.c2{stroke:#e8590c}\n"
    "@media (prefers-color-scheme: dark){\n"
    ".ground{fill:#10151c}.text{fill:#e7ebf1}.soft{fill:#98a3b3}.grid{stroke:#262e3a}.was{stroke:#e7ebf1}\n"
    "}\n"
    "</style>\n";

struct panel {
    FILE *stream;
    const struct forecasts *forecasts;
    const soma_dataset *dataset;
    size_t column;
    size_t sample[MOST_WINDOWS], windows; /* the last first, none over another */
    size_t first, end;                    /* rows */
    float *past;                          /* [end - first, columns] of what was */
    struct plot_scale y;
    int top;
};

static size_t row_of(const struct panel *panel, size_t sample) {
    return soma_dataset_series_row(panel->dataset, sample);
}

static void choose_windows(struct panel *panel) {
    const soma_series_info *series = &panel->forecasts->series;
    size_t before = SIZE_MAX;
    for (size_t i = panel->forecasts->samples; i-- > 0 && panel->windows < MOST_WINDOWS;) {
        const size_t row = row_of(panel, i);
        if (panel->windows && row + series->horizon > before) continue;
        panel->sample[panel->windows++] = i;
        before = row;
    }
    panel->end = row_of(panel, panel->sample[0]) + series->horizon;
    panel->first = before > series->window ? before - series->window : 0;
}

/* What was: before the last window's target, and that. */
static soma_status read_past(struct panel *panel) {
    const soma_series_info *series = &panel->forecasts->series;
    const size_t last = panel->sample[0], known = row_of(panel, last) - panel->first;
    const size_t width = series->horizon * series->targets;
    panel->past = calloc((panel->end - panel->first) * series->targets, sizeof *panel->past);
    if (!panel->past) return SOMA_OUT_OF_MEMORY;
    for (size_t i = 0; i < width; i++)
        panel->past[known * series->targets + i] = panel->forecasts->targets[last * width + i];
    return soma_dataset_read_past(panel->dataset, last, known, panel->past);
}

static double x_of(const struct panel *panel, size_t row) {
    const double span = (double)(panel->end - 1 - panel->first);
    return LEFT + WIDTH * (span > 0 ? (double)(row - panel->first) / span : 0.5);
}

static double y_of(const struct panel *panel, double value) {
    return panel->top + HEIGHT * (1 - plot_scale_place(&panel->y, value));
}

static double value_of(const struct panel *panel, int who, size_t window, size_t step) {
    const soma_series_info *series = &panel->forecasts->series;
    const size_t width = series->horizon * series->targets;
    return panel->forecasts->values[who][panel->sample[window] * width + step * series->targets + panel->column];
}

static double past_of(const struct panel *panel, size_t row) {
    return panel->past[(row - panel->first) * panel->forecasts->series.targets + panel->column];
}

static void find_scale(struct panel *panel) {
    double low = INFINITY, high = -INFINITY;
    for (size_t row = panel->first; row < panel->end; row++) {
        if (isnan(past_of(panel, row))) continue;
        low = fmin(low, past_of(panel, row));
        high = fmax(high, past_of(panel, row));
    }
    for (size_t window = 0; window < panel->windows; window++)
        for (size_t step = 0; step < panel->forecasts->series.horizon; step++) {
            low = fmin(low, value_of(panel, FORECAST_MODEL, window, step));
            high = fmax(high, value_of(panel, FORECAST_MODEL, window, step));
        }
    panel->y = plot_scale_of_values(low, high, false);
}

static void draw_axis(const struct panel *panel, const char *name) {
    char label[32];
    fprintf(panel->stream, "<text class=\"text\" x=\"%d\" y=\"%d\" font-size=\"14\" font-weight=\"600\">", LEFT,
            panel->top - 12);
    svg_print_escaped(panel->stream, name, 60);
    fputs("</text>\n", panel->stream);
    for (size_t i = 0; i < panel->y.count; i++) {
        const double y = y_of(panel, panel->y.tick[i]);
        plot_scale_label(&panel->y, panel->y.tick[i], label, sizeof label);
        fprintf(panel->stream, "<path class=\"grid\" d=\"M%d %.1fh%d\"/>\n", LEFT, y, WIDTH);
        fprintf(panel->stream, "<text class=\"soft\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
                y + 4, label);
    }
}

static void draw_past(const struct panel *panel) {
    bool draws = false;
    fputs("<path class=\"was\" style=\"fill:none\" stroke-width=\"1.4\" d=\"", panel->stream);
    for (size_t row = panel->first; row < panel->end; row++) {
        const double value = past_of(panel, row);
        if (!isnan(value))
            fprintf(panel->stream, "%c%.1f %.1f", draws ? 'L' : 'M', x_of(panel, row), y_of(panel, value));
        draws = !isnan(value);
    }
    fputs("\"/>\n", panel->stream);
}

/* From the last value that it knew. */
static void draw_forecast(const struct panel *panel, int who, size_t window) {
    const size_t begin = row_of(panel, panel->sample[window]);
    fprintf(panel->stream, "<path class=\"c%d\" style=\"fill:none\" stroke-width=\"%s\"%s d=\"", who,
            who == FORECAST_MODEL ? "2.2" : "1.2", who == FORECAST_MODEL ? "" : " stroke-dasharray=\"4 3\"");
    char letter = 'M';
    if (begin > panel->first && !isnan(past_of(panel, begin - 1))) {
        fprintf(panel->stream, "M%.1f %.1f", x_of(panel, begin - 1), y_of(panel, past_of(panel, begin - 1)));
        letter = 'L';
    }
    for (size_t step = 0; step < panel->forecasts->series.horizon; step++) {
        const double value = fmin(fmax(value_of(panel, who, window, step), panel->y.low), panel->y.high);
        if (isnan(value_of(panel, who, window, step))) continue;
        fprintf(panel->stream, "%c%.1f %.1f", letter, x_of(panel, begin + step), y_of(panel, value));
        letter = 'L';
    }
    fputs("\"/>\n", panel->stream);
}

static void draw_legend(FILE *stream, const struct forecasts *forecasts) {
    static const char *const texts[] = {"what was", "model", "naive", "seasonal naive"};
    static const char *const classes[] = {"was", "c0", "c1", "c2"};
    for (int i = 0; i < (forecasts->values[FORECAST_SEASONAL] ? 4 : 3); i++)
        fprintf(stream,
                "<path class=\"%s\" stroke-width=\"2\" d=\"M%d 62h22\"/><text class=\"soft\" x=\"%d\" "
                "y=\"66\">%s</text>\n",
                classes[i], LEFT + 120 * i, LEFT + 28 + 120 * i, texts[i]);
}

static exit_status draw_panels(struct panel *panel, const soma_network *network) {
    choose_windows(panel);
    soma_status cause = read_past(panel);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, "--plot");
    for (size_t column = 0; column < panel->forecasts->series.targets && column < MOST_PANELS; column++) {
        const char *name = soma_network_series_target(network, column);
        panel->column = column;
        panel->top = TOP + STEP * (int)column;
        find_scale(panel);
        draw_axis(panel, name ? name : "");
        for (int who = FORECASTERS; who-- > 0;)
            for (size_t i = 0; panel->forecasts->values[who] && i < panel->windows; i++) draw_forecast(panel, who, i);
        draw_past(panel);
    }
    return STATUS_DONE;
}

exit_status forecasts_plot(const struct forecasts *forecasts, const soma_network *network, const soma_dataset *dataset,
                           const char *path, const char *title) {
    const size_t columns = forecasts->series.targets < MOST_PANELS ? forecasts->series.targets : MOST_PANELS;
    const int width = LEFT + WIDTH + 28, height = TOP + STEP * (int)columns - 40;
    struct panel panel = {.forecasts = forecasts, .dataset = dataset};
    struct output_text file;
    exit_status status = output_text_open("plot", path, &file);
    if (status != STATUS_DONE) return status;
    panel.stream = file.stream;
    svg_begin(file.stream, width, height, title);
    fprintf(file.stream, "%s<rect class=\"ground\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", style, width, height);
    fputs("<text class=\"text\" x=\"28\" y=\"38\" font-size=\"17\" font-weight=\"600\">", file.stream);
    svg_print_escaped(file.stream, title, 100);
    fputs("</text>\n", file.stream);
    draw_legend(file.stream, forecasts);
    status = draw_panels(&panel, network);
    free(panel.past);
    fputs("</svg>\n", file.stream);
    if (status == STATUS_DONE) return output_text_close(&file);
    output_text_discard(&file);
    return status;
}
